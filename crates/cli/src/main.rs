//! 文箱 — the program. Alone reads the environment; everything else is told.

mod check;
mod client;
mod convert;
mod diff;
mod evidence;
mod operator;
mod reconcile;
mod repair;
mod rule;
mod sample;
mod terminal;
mod vectors;

use clap::{Parser, Subcommand};
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
    /// アカウント（運営者。最初の管理者を招くときと、非常のとき）
    #[command(subcommand)]
    Account(operator::account::Command),
}

fn main() -> ExitCode {
    // A panic's message may quote data; where it happened is enough to find it (R6.8).
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        anstream::eprintln!("内部の誤りで止まりました（{place}）。運営者に知らせてください。");
    }));
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
        Command::Account(command) => terminal::finish(operator::account::run(&command)),
    }
}
