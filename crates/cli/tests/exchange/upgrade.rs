//! A data folder of an earlier version is brought up to date, and nothing that counted is lost.

use crate::vault;
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::{Enrolment, HostClock, Store};

/// Before certificates had a table of their own.
const BEFORE_PKI: [&str; 3] = ["0001_first_letter.sql", "0002_ledger_keeps_its_order.sql", "0003_open_sets.sql"];

#[tokio::test]
async fn r7_2_devices_of_before_keep_their_certificates_and_codes_of_before_are_over() {
    let folder = tempfile::tempdir().unwrap();
    let (data, old) = (folder.path().join("data"), folder.path().join("old"));
    fs::create_dir_all(&data).unwrap();
    fs::create_dir(&old).unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations");
    for file in BEFORE_PKI {
        fs::copy(migrations.join(file), old.join(file)).unwrap();
    }
    fs::File::create_new(data.join("fumibako.db")).unwrap();
    let mut database = vault::database(&data).await;
    Migrator::new(old).await.unwrap().run(&mut database).await.unwrap();
    for sql in [
        "INSERT INTO office VALUES ('o', '0300000001', '架空', '43', 'k', x'00', '2026-11-01T00:00:00.000Z', NULL)",
        "INSERT INTO device VALUES ('0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee', 'o', '4a', 'd1', '2100-01-01T00:00:00.000Z',
                                    '2026-11-02T00:00:00.000Z', NULL)",
        "INSERT INTO device VALUES ('0199aaaa-bbbb-7ccc-8ddd-ffffffffffff', 'o', '4b', 'd2', '2100-01-01T00:00:00.000Z',
                                    '2026-11-03T00:00:00.000Z', '2026-11-04T00:00:00.000Z')",
        "INSERT INTO enrolment_code VALUES ('c', 'o', '2026-11-05T00:00:00.000Z', '2100-01-01T00:00:00.000Z', NULL)",
    ] {
        sqlx::query(sql).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();

    let store = Store::open(&data, vault::master(), Arc::new(HostClock)).await.unwrap();
    let devices = store.devices("0300000001".parse().unwrap()).await.unwrap();
    assert_eq!(devices.len(), 2);
    assert!(devices[0].revoked_at.is_none() && devices[1].revoked_at.is_some());
    assert_eq!(devices[0].valid_until, "2100-01-01T00:00:00.000Z");
    let records = store.certificate_register().await.unwrap();
    assert_eq!(records.iter().map(|record| record.serial.as_str()).collect::<Vec<_>>(), ["4a", "4b"]);
    assert!(records.iter().all(|record| record.approved_by.is_none()), "nobody is claimed to have agreed");
    let (_, request) = crate::device::certificate_request();
    let enrolment = store.enrol("0000-0000-0000-0000", &request, crate::inside::HERE).await.unwrap();
    assert!(matches!(enrolment, Enrolment::CodeRefused));
    store.close().await;
    let usable = "SELECT code_index FROM enrolment_code e JOIN enrolment_request r ON r.request_id = e.request_id";
    let mut database = vault::database(&data).await;
    assert!(sqlx::query(usable).fetch_all(&mut database).await.unwrap().is_empty());
}
