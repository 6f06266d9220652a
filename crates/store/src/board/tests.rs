//! Any order of arrival, both sides equal, flag and history in agreement (R1.8).

use super::{ChainState, Roster, person_id, take_back, write};
use crate::database::Together;
use crate::{Error, HostClock, MasterKey, NewOffice, Office, OfficeAdded, Store, TransmissionId};
use standard::truth::Subject;
use standard::value::{InsuredNumber, InsurerNumber, PersonKey};
use standard::{OfficeNumber, ServiceMonth, UnitKey, UnitKind};
use std::sync::Arc;

const TRANSMISSION: &str = "
    INSERT INTO transmission (transmission_id, accepted_index, sender_office_id, sender_type, receiver_office_id,
                              receiver_type, kind, serial, service_month, digest, commitment_salt, envelope, warnings,
                              size_bytes, accepted_at)
    VALUES ($1, $2, $3, '43', $4, '11', $5, $6, '202604', '', $7, $7, 0, 0, '2026-04-01T00:00:00.000Z')";
const TAKEN_BACK: &str = "UPDATE transmission SET withdrawn_at = '2026-04-02T00:00:00.000Z' WHERE transmission_id = $1";
const CURRENT: &str = "
    SELECT transmission_id FROM person_set
     WHERE office_id = $1 AND person_index = $2 AND latest = 1 AND deletes = 0";

async fn office(store: &Store, number: &str, kind: &str) -> Office {
    let new = NewOffice {
        number: number.parse().expect("a number"),
        name: "架空の事業所".to_owned(),
        service_types: [kind.parse().expect("a service type")].into(),
    };
    match store.add_office(new).await.expect("added") {
        OfficeAdded::Done(office) => office,
        other => panic!("{other:?}"),
    }
}

fn person(number: &str) -> PersonKey {
    PersonKey {
        insurer: InsurerNumber::from_bytes(b"131016").expect("an insurer"),
        insured: InsuredNumber::from_bytes(number.as_bytes()).expect("a number"),
    }
}

fn unit(serial: usize) -> UnitKey {
    let number = |text: &str| text.parse::<OfficeNumber>().expect("a number");
    UnitKey {
        serial: format!("20260401{:02}{:02}{:02}", serial / 3600, serial / 60 % 60, serial % 60)
            .parse()
            .expect("a serial"),
        sender: number("1370000011"),
        sender_type: Some("43".parse().expect("a service type")),
        receiver: number("1370000022"),
        receiver_type: Some("11".parse().expect("a service type")),
    }
}

/// Every order of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(of - 1);
    let with = |order: &Vec<usize>| (0..of).map(|at| [&order[..at], &[of], &order[at..]].concat()).collect::<Vec<_>>();
    shorter.iter().flat_map(with).collect()
}

struct Desk {
    store: Store,
    sender: Office,
    receiver: Office,
    people: [PersonKey; 2],
    month: ServiceMonth,
    index: i64,
    /// Before the first serial of a case: no two sets have the same.
    serials: usize,
}

impl Desk {
    /// Sets 1, 2 and 4 are plans and 3 is a delete; set 2 is about the first person only.
    async fn takes(&mut self, which: usize) -> TransmissionId {
        let serial = self.serials + which;
        let (id, deletes) = (TransmissionId::fresh(), which == 3);
        let people = if which == 2 { &self.people[..1] } else { &self.people[..] };
        let roster = Roster::about(people, Subject::Schedule(self.month), &unit(serial), deletes);
        let rows = self.store.index_rows(&self.sender, &self.receiver, &roster).await.expect("made");
        let kind = if deletes { UnitKind::ScheduleDelete } else { UnitKind::Schedule };
        self.index += 1;
        let (index, from, to) = (self.index, self.sender.id.to_string(), self.receiver.id.to_string());
        let work = self.store.writer.run(move |c| {
            Box::pin(async move {
                let query = sqlx::query(TRANSMISSION).bind(id.to_string()).bind(index).bind(from).bind(to);
                let query = query.bind(kind.id()).bind(unit(serial).serial.to_string());
                query.bind(Vec::<u8>::new()).execute(&mut *c).await?;
                let id = id.to_string();
                let mut together = Together::default();
                write(&mut together, &id, &rows);
                together.run(c).await.map(|_| ())
            })
        });
        work.await.expect("written");
        id
    }

    async fn takes_back(&self, id: TransmissionId) {
        let work = self.store.writer.run(move |c| {
            Box::pin(async move {
                sqlx::query(TAKEN_BACK).bind(id.to_string()).execute(&mut *c).await?;
                take_back(c, id).await
            })
        });
        work.await.expect("taken back");
    }

    /// What one office goes by for a person, by flag and by history; and the history.
    async fn goes_by(&self, office: &Office, person: &PersonKey) -> Result<Vec<(TransmissionId, ChainState)>, Error> {
        let id = person_id(&self.store.keys, office.id, person)?;
        let flags: Vec<String> = sqlx::query_scalar(CURRENT)
            .bind(office.id.to_string())
            .bind(id.to_string())
            .fetch_all(&self.store.reads)
            .await?;
        let chains = self.store.chains_of(office.id, id, self.month).await?;
        let steps: Vec<_> =
            chains.into_iter().flat_map(|chain| chain.steps).map(|step| (step.id, step.state)).collect();
        let current = steps.iter().filter(|(_, state)| *state == ChainState::Current);
        assert_eq!(current.map(|(id, _)| id.to_string()).collect::<Vec<_>>(), flags);
        Ok(steps)
    }
}

#[tokio::test]
async fn r1_8_any_order_of_arrival_and_any_withdrawal_leave_both_sides_with_the_same_version() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let master = MasterKey::from_bytes(&[3; 32].into());
    let store = Store::create(folder.path(), master, Arc::new(HostClock)).await.expect("created");
    let (sender, receiver) = (office(&store, "1370000011", "43").await, office(&store, "1370000022", "11").await);
    let month = "202604".parse().expect("a month");
    let mut desk = Desk { store, sender, receiver, people: [person("0000000101"); 2], month, index: 1_000, serials: 0 };
    for (case, order) in orders(4).into_iter().enumerate() {
        for taken_back in 0..=4 {
            // People of their own, so that no case disturbs another.
            let number = |other: usize| person(&format!("{:010}", case * 100 + taken_back * 10 + other));
            desk.people = [number(1), number(2)];
            desk.serials += 5;
            let mut ids = [None; 5];
            for serial in &order {
                ids[*serial] = Some(desk.takes(*serial).await);
            }
            if let Some(id) = ids[taken_back] {
                desk.takes_back(id).await;
            }
            for of in desk.people {
                let ours = desk.goes_by(&desk.sender, &of).await.expect("read");
                let theirs = desk.goes_by(&desk.receiver, &of).await.expect("read");
                assert_eq!(ours, theirs, "{order:?}, {taken_back} taken back");
                // The last plan counts, if it is still there; without it the delete is the last.
                let current = ours.iter().find(|(_, state)| *state == ChainState::Current).map(|(id, _)| *id);
                let expected = match taken_back {
                    4 => None,
                    _ => ids[4],
                };
                assert_eq!(current, expected, "{order:?}, {taken_back} taken back");
            }
        }
    }
    desk.store.close().await;
}

#[tokio::test]
async fn r6_3_a_label_opens_for_its_own_person_and_office_and_nowhere_else() {
    use super::labels::{COMMENT, LABEL};
    let folder = tempfile::tempdir().expect("temporary folder");
    let master = MasterKey::from_bytes(&[3; 32].into());
    let store = Store::create(folder.path(), master, Arc::new(HostClock)).await.expect("created");
    let (ours, theirs) = (office(&store, "1370000011", "43").await, office(&store, "1370000022", "11").await);
    let (labels, others) =
        (store.labels_of(ours.id).await.expect("ours"), store.labels_of(theirs.id).await.expect("theirs"));
    let sealed = labels.seal(LABEL, "person-1", "見本".as_bytes()).expect("sealed").expect("a key is kept");
    assert_eq!(labels.open(LABEL, "person-1", &sealed).expect("opened").as_deref(), Some("見本"));
    assert!(matches!(labels.open(LABEL, "person-2", &sealed), Err(Error::Damaged)), "moved to another row");
    assert!(matches!(labels.open(COMMENT, "person-1", &sealed), Err(Error::Damaged)), "moved to another column");
    assert!(matches!(others.open(LABEL, "person-1", &sealed), Ok(None)), "another office has no key for it");
    for at in [0, 4, 30, sealed.len() - 1] {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1;
        assert!(!matches!(labels.open(LABEL, "person-1", &flipped), Ok(Some(_))), "byte {at} flipped");
    }
    assert!(matches!(labels.open(LABEL, "person-1", &sealed[..sealed.len() - 1]), Err(Error::Damaged)), "cut short");
    store.close().await;
}

#[tokio::test]
async fn whatever_is_asked_of_a_month_is_sought_where_it_lies_and_never_in_the_history() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let master = MasterKey::from_bytes(&[3; 32].into());
    let store = Store::create(folder.path(), master, Arc::new(HostClock)).await.expect("created");
    let a_month = "(office_id=? AND month=?)";
    let a_person = "(office_id=? AND month=? AND person_index=?)";
    let a_matter = "(office_id=? AND month=? AND person_index=? AND subject_index=?)";
    for (sql, part) in [
        (super::current::CURRENT, a_month),
        (super::compare::ALL_KEPT, a_month),
        (super::reminders::MISSING_FROM, a_month),
        (super::lines::LINES.as_str(), a_person),
        (super::chain::CHAIN, a_person),
        // Each month of the office for one person, and how the months are found.
        (super::index::DROP_LABEL, a_person),
        (super::index::DROP_LABEL, "SEARCH n USING PRIMARY KEY (office_id=? AND month>?)"),
        (super::chain::NEWER, a_matter),
        (super::index::OLDER, a_matter),
        (super::index::LATEST_AGAIN, a_matter),
    ] {
        let plan = crate::database::planned(&store.reads, sql).await;
        assert!(plan.contains(part), "{sql}\n{plan}");
        assert!(!plan.contains("SCAN person_set") && !plan.contains("AUTOMATIC"), "{sql}\n{plan}");
    }
    store.close().await;
}
