//! Sets about invented people, sent and opened through the verbs of the store.

use crate::world::{OFFICE_A, OFFICE_B, World, from};
use fumibako_store::{Acceptance, Answer, Asker, Error, Sealer, Store, TransmissionId};
use standard::sample::{self, Request, SampleFile};
use standard::{Profile, SourceFile, UnitKind};
use std::sync::Arc;

/// 第6表・第7表 from office A to office B; the serial tells them apart.
pub(crate) fn schedule(second: u32) -> Vec<SampleFile> {
    let (sender_type, receiver_type) = sample::types_for(UnitKind::Schedule);
    let request = Request {
        seed: 7,
        people: 1,
        sender: OFFICE_A.parse().expect("number"),
        sender_type,
        receiver: OFFICE_B.parse().expect("number"),
        receiver_type,
        serial: format!("2026040109{:02}{:02}", second / 60, second % 60).parse().expect("serial"),
        month: "202604".parse().expect("month"),
        names: None,
    };
    sample::make(UnitKind::Schedule, &request)
}

impl World {
    /// The desks of both offices, which may send each other anything.
    pub(crate) async fn correspondents(&self) -> (Asker, Asker) {
        const TYPES: &str = "UPDATE office SET service_types = '11 43 46 66' WHERE is_operator = 0";
        let mut connection = self.connection().await;
        sqlx::query(TYPES).execute(&mut connection).await.expect("changed");
        (self.desk(OFFICE_A).await, self.desk(OFFICE_B).await)
    }

    /// The same desk as the register knows it now.
    pub(crate) async fn again(&self, desk: &Asker) -> Asker {
        const DIGEST: &str = "SELECT certificate_digest FROM certificate WHERE device_id = $1";
        let mut connection = self.connection().await;
        let id = desk.device_id.to_string();
        let digest: String = sqlx::query_scalar(DIGEST).bind(id).fetch_one(&mut connection).await.expect("there");
        self.store.asker(&digest, from()).await.expect("asked").expect("known")
    }

    /// The desk of an office in a data folder that another version left.
    pub(crate) async fn desk_of(&self, number: &str) -> Asker {
        const DIGEST: &str = "
            SELECT c.certificate_digest FROM certificate c JOIN device d ON d.device_id = c.device_id
              JOIN office o ON o.office_id = d.office_id WHERE o.office_number = $1 ORDER BY d.enrolled_at LIMIT 1";
        let mut connection = self.connection().await;
        let digest: String = sqlx::query_scalar(DIGEST).bind(number).fetch_one(&mut connection).await.expect("there");
        self.store.asker(&digest, from()).await.expect("asked").expect("known")
    }

    pub(crate) async fn sends(&self, sender: &Asker, second: u32) -> TransmissionId {
        match send(&self.store, sender, second).await.expect("sent") {
            Answer::Done(Acceptance::New(set)) => set.id,
            other => panic!("{other:?}"),
        }
    }

    /// Opened, and the same bytes.
    pub(crate) async fn opens(&self, desk: &Asker, id: TransmissionId, second: u32) {
        let opened = match self.store.open_set(desk, id, None).await.expect("opened") {
            Answer::Done(opened) => opened,
            other => panic!("{other:?}"),
        };
        let sent = schedule(second);
        assert_eq!(opened.len(), sent.len());
        for (opened, sent) in opened.iter().zip(&sent) {
            assert!(opened.name == sent.name && opened.bytes == sent.bytes, "{}", sent.name);
        }
    }
}

pub(crate) async fn send(store: &Arc<Store>, sender: &Asker, second: u32) -> Result<Answer<Acceptance>, Error> {
    let files = schedule(second);
    let sources: Vec<SourceFile<'_>> =
        files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect();
    let receiver = store.office(OFFICE_B.parse().expect("number")).await?.expect("registered");
    let report = standard::check(&sources, Profile::Export);
    let letter = exchange::address(&sender.office.register, Some(&receiver.register), &report.units[0], &sources)
        .expect("allowed");
    let sealed = store.seal(&mut Sealer::new(), sender, &receiver, &letter, 0, &sources)?;
    store.accept(sender, sealed).await
}
