//! 文箱 — the program. Alone reads the environment; everything else is told.

mod check;
mod client;
mod convert;
mod diff;
mod evidence;
mod memory;
mod operator;
mod reconcile;
mod repair;
mod rule;
mod sample;
mod terminal;
mod vectors;

use clap::{Parser, Subcommand};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "fumibako", version, about = "文箱 — ケアプランデータ連携の交換所")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// CSVファイルを標準仕様に照らして検査します
    Check(check::Args),
    /// 検査項目の説明を表示します
    Rule(rule::Args),
    /// 架空の人・事業所による見本データを作ります
    Sample(sample::Args),
    /// CSVファイルの組を正準JSONに、正準JSONをCSVファイルに変換します
    Convert(convert::Args),
    /// 同じ利用者・年月の二組を比べて、変わったところを表示します
    Diff(diff::Args),
    /// 標準仕様と違う書き方のファイルを直した写しを作ります
    Repair(repair::Args),
    /// 予定と実績を突き合わせます
    Reconcile(reconcile::Args),
    /// 検査用データで、別のプログラムの検査を確かめます（ソフトの開発者）
    #[command(subcommand)]
    Vectors(vectors::Command),
    /// アクセス記録を、交換所の外で確かめます（事業所・監査の担当）
    #[command(subcommand)]
    Ledger(evidence::Command),
    /// 証明を確かめます（事業所・監査の担当）
    #[command(subcommand)]
    Receipt(evidence::receipt::Command),
    /// 送受信の記録の書類と、証跡の公開鍵（運営者）
    #[command(subcommand)]
    Evidence(operator::evidence::Command),
    /// データを送ります（事業所の端末で）
    Send(client::send::Args),
    /// 届いているデータを受け取ります（事業所の端末で）
    Collect(client::collect::Args),
    /// この端末の証明書を更新します（事業所の端末で）
    Renew(client::renew::Args),
    /// 交換所を新しく作ります（運営者）
    Init(operator::init::Args),
    /// 交換所を動かします（運営者）
    Serve(operator::serve::Args),
    /// データベース（運営者。PostgreSQL に置いたとき）
    #[command(subcommand)]
    Database(operator::database::Command),
    /// 事業所台帳（運営者）
    #[command(subcommand)]
    Office(operator::office::Command),
    /// 端末の登録
    #[command(subcommand)]
    Device(operator::device::Command),
    /// 認証局と証明書発行台帳（運営者）
    #[command(subcommand)]
    Authority(operator::authority::Command),
    /// 保存期間・消去手順・保全（運営者）
    #[command(subcommand)]
    Retention(operator::retention::Command),
    /// データの消去と、その証明書（運営者。verify はだれでも）
    #[command(subcommand)]
    Erasure(operator::erasure::Command),
    /// 期限の過ぎたものを消去します（運営者）
    Expire(operator::expire::Args),
    /// 控え（運営者）
    #[command(subcommand)]
    Backup(operator::backup::Command),
    /// 機器・媒体の廃棄と、外部に委託した破棄の台帳（運営者）
    #[command(subcommand)]
    Disposal(operator::disposal::Command),
    /// 鍵（運営者の鍵の管理者）
    #[command(subcommand)]
    Key(operator::key::Command),
    /// アカウント（運営者。最初の管理者を招くときと、非常のとき）
    #[command(subcommand)]
    Account(operator::account::Command),
    /// 責任者・規程・教育訓練の台帳（運営者。非常のとき）
    #[command(subcommand)]
    Register(operator::register::Command),
    /// 窓口の暗号方式の点検（運営者。verify はだれでも）
    #[command(subcommand)]
    Tls(operator::tls::Command),
}

/// No core dumps, and no other process of this account may read our memory: keys and contents are in it (R6.8).
fn leave_nothing_behind() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let refused =
        setrlimit(Resource::Core, none).is_err() || set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err();
    if refused {
        // Never seen on Linux. The work goes on; the operating system is asked for the same in docs/operating.md.
        anstream::eprintln!("コアダンプを止められませんでした。");
    }
}

/// A panic's message may quote data; where it happened is enough to find it (R6.8).
fn panic_quietly() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        anstream::eprintln!("内部の誤りで止まりました（{place}）。運営者に知らせてください。");
    }));
}

fn main() -> ExitCode {
    leave_nothing_behind();
    panic_quietly();
    match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Rule(args) => rule::run(&args),
        Command::Sample(args) => sample::run(&args),
        Command::Convert(args) => terminal::finish(convert::run(&args)),
        Command::Diff(args) => terminal::finish(diff::run(&args)),
        Command::Repair(args) => terminal::finish(repair::run(&args)),
        Command::Reconcile(args) => terminal::finish(reconcile::run(&args)),
        Command::Vectors(command) => terminal::finish(vectors::run(&command)),
        Command::Ledger(command) => terminal::finish(evidence::run(&command)),
        Command::Receipt(command) => terminal::finish(evidence::receipt::run(&command)),
        Command::Evidence(command) => terminal::finish(operator::evidence::run(&command)),
        Command::Send(args) => terminal::finish(client::send::run(&args)),
        Command::Collect(args) => terminal::finish(client::collect::run(&args)),
        Command::Renew(args) => terminal::finish(client::renew::run(&args)),
        Command::Init(args) => terminal::finish(operator::init::run(&args)),
        Command::Serve(args) => terminal::finish(operator::serve::run(&args)),
        Command::Database(command) => terminal::finish(operator::database::run(&command)),
        Command::Office(command) => terminal::finish(operator::office::run(&command)),
        Command::Device(command) => terminal::finish(operator::device::run(&command)),
        Command::Authority(command) => terminal::finish(operator::authority::run(&command)),
        Command::Retention(command) => terminal::finish(operator::retention::run(&command)),
        Command::Erasure(command) => terminal::finish(operator::erasure::run(&command)),
        Command::Expire(args) => terminal::finish(operator::expire::run(&args)),
        Command::Backup(command) => terminal::finish(operator::backup::run(&command)),
        Command::Disposal(command) => terminal::finish(operator::disposal::run(&command)),
        Command::Key(command) => terminal::finish(operator::key::run(&command)),
        Command::Account(command) => terminal::finish(operator::account::run(&command)),
        Command::Register(command) => terminal::finish(operator::register::run(&command)),
        Command::Tls(command) => terminal::finish(operator::tls::run(&command)),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// The name of an invented person, as a panic's message might quote it.
    const CANARY: &str = "贋鏡　硯子";

    #[test]
    fn r6_8_a_panic_says_where_and_not_what() {
        const MARK: &str = "FUMIBAKO_TEST_PANICS";
        if std::env::var_os(MARK).is_some() {
            super::leave_nothing_behind();
            super::panic_quietly();
            let name = CANARY.to_owned();
            panic!("cannot take {name}");
        }
        let again = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "tests::r6_8_a_panic_says_where_and_not_what", "--nocapture"])
            .env(MARK, "1")
            .output()
            .expect("run");
        let said = format!("{}{}", String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&again.stderr));
        assert!(!again.status.success() && said.contains("内部の誤り") && said.contains("main.rs:"), "{said}");
        assert!(!said.contains("贋鏡") && !said.contains("cannot take"), "{said}");
    }
}
