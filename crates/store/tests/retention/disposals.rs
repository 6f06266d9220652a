use crate::world::{World, name};
use fumibako_store::{DisposalEntered, DisposalId, DisposalProof};
use jiff::SignedDuration;

fn proof(evidence: u8) -> DisposalProof {
    DisposalProof {
        method: "破砕".to_owned(),
        tool: "破砕機".to_owned(),
        residual_check: "破片が5mm以下であることを見た".to_owned(),
        performed_by: "kaneda".to_owned(),
        qualification: "情報機器の廃棄の研修を修了".to_owned(),
        evidence_digest: format!("{evidence:02x}").repeat(32),
    }
}

fn id(entered: DisposalEntered) -> DisposalId {
    match entered {
        DisposalEntered::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn r11_7_a_device_is_not_closed_without_all_that_proves_its_end_nor_by_who_entered_it() {
    let world = World::new().await;
    let (sato, suzuki) = (name("sato"), name("suzuki"));
    let opened = world.store.open_disposal("", "銘板", None, &sato).await.expect("asked");
    assert_eq!(opened, DisposalEntered::Incomplete);
    let opened = world.store.open_disposal("SN-1", " ", None, &sato).await.expect("asked");
    assert_eq!(opened, DisposalEntered::Incomplete);
    let device = id(world.store.open_disposal("SN-1", "機器台帳", None, &sato).await.expect("asked"));
    let again = world.store.open_disposal("SN-1", "機器台帳", None, &suzuki).await.expect("asked");
    assert_eq!(again, DisposalEntered::Twice);
    for lacking in [
        DisposalProof { residual_check: String::new(), ..proof(1) },
        DisposalProof { qualification: " ".to_owned(), ..proof(1) },
        DisposalProof { performed_by: String::new(), ..proof(1) },
        DisposalProof { evidence_digest: "ab".to_owned(), ..proof(1) },
        DisposalProof { evidence_digest: "zz".repeat(32), ..proof(1) },
    ] {
        let closed = world.store.close_disposal(device, lacking.clone(), &suzuki).await.expect("asked");
        assert_eq!(closed, DisposalEntered::Incomplete, "{lacking:?}");
    }
    let unheard = world.store.close_disposal(DisposalId::fresh(), proof(1), &suzuki).await.expect("asked");
    assert_eq!(unheard, DisposalEntered::NotOpen, "not in the register");
    let own = world.store.close_disposal(device, proof(1), &sato).await.expect("asked");
    assert_eq!(own, DisposalEntered::OwnEntry);
    assert_eq!(
        world.store.close_disposal(device, proof(1), &suzuki).await.expect("asked"),
        DisposalEntered::Done(device)
    );
    assert_eq!(world.store.close_disposal(device, proof(2), &suzuki).await.expect("asked"), DisposalEntered::NotOpen);
    let (_, devices) = world.store.disposals().await.expect("listed");
    let opened_at = &devices[0].opened_at;
    assert!(!world.store.disposal_is_overdue(opened_at));
    world.later(SignedDuration::from_hours(24 * 90) + SignedDuration::from_secs(1));
    assert!(world.store.disposal_is_overdue(opened_at));
}

#[tokio::test]
async fn r11_8_a_batch_stays_open_for_its_tenth_device_and_evidence_proves_one_thing() {
    let world = World::new().await;
    let (sato, suzuki) = (name("sato"), name("suzuki"));
    let batch = id(world.store.open_disposal_batch("架空処理株式会社", "2027-12", &sato).await.expect("asked"));
    let empty = world.store.close_disposal_batch(batch, &suzuki).await.expect("asked");
    assert_eq!(empty, DisposalEntered::Lacks(0));
    let mut devices = Vec::new();
    for number in 0..10_u8 {
        let serial = format!("SN-{number}");
        devices.push(id(world.store.open_disposal(&serial, "機器台帳", Some(batch), &sato).await.expect("asked")));
    }
    for (number, device) in (0..9).zip(&devices) {
        id(world.store.close_disposal(*device, proof(number), &suzuki).await.expect("asked"));
    }
    let lacking = world.store.close_disposal_batch(batch, &suzuki).await.expect("asked");
    assert_eq!(lacking, DisposalEntered::Lacks(1));
    let reused = world.store.close_disposal(devices[9], proof(3), &suzuki).await.expect("asked");
    assert_eq!(reused, DisposalEntered::Twice);
    id(world.store.close_disposal(devices[9], proof(9), &suzuki).await.expect("asked"));
    id(world.store.close_disposal_batch(batch, &suzuki).await.expect("asked"));
    let late = world.store.open_disposal("SN-11", "機器台帳", Some(batch), &sato).await.expect("asked");
    assert_eq!(late, DisposalEntered::NotOpen);
}
