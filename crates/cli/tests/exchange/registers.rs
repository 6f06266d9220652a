//! The registers through the pages, and what somebody meets whose training is over (R12.6).

use crate::device::Device;
use crate::server::BINARY;
use crate::vault;
use crate::world::World;
use identity::role::Role;
use std::process::Command;

#[tokio::test]
async fn r12_6_without_training_one_has_ones_own_account_and_is_told_why() {
    let world = World::new().await;
    let device = Device::of_operator(&world).await;
    let member = world.exchange.member(&device, Role::OperatorAdministrator).await;
    let browser = member.signs_in(&device).await;
    member.as_if_by_passkey(&world.exchange).await;
    browser.get("/operator/offices").await.done();

    // Invited, and asked for training, long ago.
    let data = world.exchange.data();
    let since = "UPDATE training_rule SET since = '2020-01-01T00:00:00.000Z' WHERE place = $1";
    assert_eq!(vault::execute(&data, since, "").await, 1);
    let invited = "UPDATE account SET created_at = '2020-01-01T00:00:00.000Z' WHERE account_id = $1";
    assert_eq!(vault::execute(&data, invited, &member.account).await, 1);
    for page in ["/operator/offices", "/operator/approvals", "/registers", "/grants"] {
        assert_eq!(browser.get(page).await.sent_on(), "/account", "{page}");
    }
    let account = browser.get("/account").await.done().text();
    assert!(account.contains("教育訓練の期限が切れ"), "{account}");
    let training = browser.get("/registers/training").await.done().text();
    assert!(training.contains("操作を制限しています") && training.contains("ほかの人が記録します"), "{training}");

    // Nobody else is there who could record it: two people at the terminal can.
    let yesterday = jiff::Zoned::now().date().yesterday().unwrap().to_string();
    let record = |approved_by: &str| {
        Command::new(BINARY)
            .args(["register", "training", &member.account, "--subject", "安全管理", "--held-on", &yesterday])
            .args(["--evidence", "受講証 1号", "--by", "op-1", "--approved-by", approved_by, "--config"])
            .arg(world.exchange.config())
            .output()
            .unwrap()
    };
    assert_eq!(record("op-1").status.code(), Some(2), "one person alone");
    assert_eq!(browser.get("/operator/offices").await.sent_on(), "/account");
    let done = record("op-2");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    browser.get("/operator/offices").await.done();
    let again = browser.get("/account").await.done().text();
    assert!(!again.contains("教育訓練の期限が切れ"), "{again}");
}
