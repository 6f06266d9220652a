//! A set is held against what the same office sent before, and against nothing else (V87–V89).

use crate::device::Device;
use crate::samples::{Set, actuals, care_plan, file, request, schedule};
use crate::vault;
use crate::world::{Offices, World, shared_world};
use sqlx::Connection as _;
use standard::sample::{self, SampleFile};
use standard::{HistorySet, SourceFile, UnitKind};

async fn world() -> &'static World {
    shared_world!()
}

async fn offices() -> Offices {
    world().await.offices().await
}

/// The set is accepted; the codes of its warnings.
async fn warned(sender: &Device, set: &[SampleFile]) -> Vec<String> {
    let answer = sender.sends(set).await;
    answer.accepted();
    let warnings = answer.sets()[0]["warnings"].as_array().unwrap().clone();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
}

fn withdrawal(sender: &Device, receiver: &Device, second: u32) -> Set {
    sample::make(UnitKind::ScheduleDelete, &request(UnitKind::ScheduleDelete, sender, receiver, second))
}

#[tokio::test]
async fn an_older_set_after_a_newer_one_is_warned_of() {
    let Offices { sender, receiver, stranger } = offices().await;
    assert!(warned(&sender, &schedule(&sender, &receiver, 5)).await.is_empty());
    assert_eq!(warned(&sender, &schedule(&sender, &receiver, 3)).await, ["V88"]);
    assert!(warned(&sender, &schedule(&sender, &receiver, 7)).await.is_empty(), "a newer one is as it should be");
    assert!(warned(&sender, &care_plan(&sender, &receiver, 2)).await.is_empty(), "a plan is no month");
    assert!(warned(&sender, &schedule(&sender, &stranger, 1)).await.is_empty(), "another receiver is another story");
}

#[tokio::test]
async fn the_same_set_again_is_nothing_older() {
    let Offices { sender, receiver, .. } = offices().await;
    let set = schedule(&sender, &receiver, 1);
    assert!(warned(&sender, &set).await.is_empty());
    let again = sender.sends(&set).await;
    again.already();
    assert_eq!(again.sets()[0]["warnings"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn what_is_deleted_twice_is_warned_of() {
    let Offices { sender, receiver, .. } = offices().await;
    // It may have come there by another way: nothing is said of what was never sent from here.
    assert!(warned(&sender, &withdrawal(&sender, &receiver, 1)).await.is_empty());
    assert!(warned(&sender, &schedule(&sender, &receiver, 2)).await.is_empty());
    assert!(warned(&sender, &withdrawal(&sender, &receiver, 3)).await.is_empty());
    assert_eq!(warned(&sender, &withdrawal(&sender, &receiver, 4)).await, ["V87"]);
}

#[tokio::test]
async fn actuals_that_lack_a_place_they_had_are_warned_of() {
    let Offices { sender, receiver, .. } = offices().await;
    let mut with_a_satellite = actuals(&receiver, &sender, 1);
    let rows = &mut file(&mut with_a_satellite, "UPJSK").bytes;
    let first = rows.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    let mut cells: Vec<&[u8]> = first.split(|byte| *byte == b',').collect();
    assert_eq!(cells.len(), 25);
    cells[21] = b"1";
    let row = cells.join(&b',');
    rows.extend(row);
    assert!(warned(&receiver, &with_a_satellite).await.is_empty());
    assert_eq!(warned(&receiver, &actuals(&receiver, &sender, 2)).await, ["V89"]);
}

#[tokio::test]
async fn a_set_that_was_withdrawn_counts_no_more() {
    let Offices { sender, receiver, .. } = offices().await;
    let newer = sender.sends(&schedule(&sender, &receiver, 5)).await.accepted();
    assert_eq!(sender.withdraws(&newer).await.status, 200);
    assert!(warned(&sender, &schedule(&sender, &receiver, 3)).await.is_empty());
}

#[tokio::test]
async fn what_lies_on_disk_tells_nothing_without_the_key() {
    let Offices { sender, receiver, stranger } = offices().await;
    let mut indexes: Vec<Vec<String>> = Vec::new();
    for to in [&receiver, &stranger] {
        let set = schedule(&sender, to, 1);
        let id = sender.sends(&set).await.accepted();
        let mut database = vault::database(&world().await.exchange.data()).await;
        let rows = sqlx::query_scalar("SELECT item_index FROM transmission_item WHERE transmission_id = $1")
            .bind(id)
            .fetch_all(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
        let sources: Vec<SourceFile<'_>> =
            set.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
        let about = HistorySet::read(&sources);
        assert_eq!(rows.len(), about[0].items.len());
        for (index, item) in rows.iter().flat_map(|index: &String| about[0].items.iter().map(move |item| (index, item)))
        {
            let prints = [format!("{:016x}", item.print), format!("{:016x}", item.print.swap_bytes())];
            assert!(index.len() == 32 && prints.iter().all(|print| !index.contains(print)));
        }
        indexes.push(rows);
    }
    assert!(
        !indexes[0].is_empty() && indexes[0].iter().all(|index| !indexes[1].contains(index)),
        "one person, two offices"
    );
}
