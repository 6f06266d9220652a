//! `fumibako sample` — writes sets about people and offices that do not exist.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use standard::sample::{self, Request, SampleFile};
use standard::unit::UNITS;
use standard::{OfficeNumber, Serial, ServiceMonth, ServiceType, UnitKind};

/// Bounds, so that a slip of the finger does not fill a disk.
const PEOPLE_MAX: u32 = 100_000;
const OFFICES_MAX: u32 = 1_000;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 書き出すフォルダー（なければ作ります）
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// 送信単位の種類。schedule,actual のように並べられます。all はすべて
    #[arg(long, value_delimiter = ',', default_value = "all", value_name = "ID")]
    kind: Vec<String>,
    /// 送信単位ごとの利用者の人数
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=i64::from(PEOPLE_MAX)))]
    people: u32,
    /// 相手の事業所の数
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(OFFICES_MAX)))]
    offices: u32,
    /// 乱数の種。同じ種からは同じ見本ができます
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 対象年月（YYYYMM）。指定がなければファイル連番の月
    #[arg(long, value_name = "YYYYMM")]
    month: Option<ServiceMonth>,
    /// 最初のファイル連番（YYYYMMDDHHMMSS）。指定がなければ現在の日時
    #[arg(long, value_name = "YYYYMMDDHHMMSS")]
    serial: Option<Serial>,
    /// 送信元の事業所番号
    #[arg(long, value_name = "NUMBER")]
    sender: Option<OfficeNumber>,
    /// 送信元のサービス種類コード
    #[arg(long, value_name = "TYPE")]
    sender_type: Option<ServiceType>,
    /// 送信先の事業所番号
    #[arg(long, value_name = "NUMBER")]
    receiver: Option<OfficeNumber>,
    /// 送信先のサービス種類コード
    #[arg(long, value_name = "TYPE")]
    receiver_type: Option<ServiceType>,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("送信単位の種類「{0}」はありません。使えるもの: all, {known}", known = ids())]
    Kind(String),
    #[error("対象年月は{EARLIEST}から指定してください（現在の標準仕様が適用される最初の月です）。")]
    Month,
    #[error("--sender と --receiver に同じ事業所は指定できません。")]
    SameOffice,
    #[error(
        "事業所やサービス種類を指定するときは、送る向きが同じ種類だけを --kind で選んでください（計画と実績では逆向きです）。"
    )]
    Direction,
    #[error("--receiver（実績では --sender）を指定したときは --offices は1つだけです。")]
    OneOffice,
    #[error("ファイル連番を作れません。--serial で指定してください。")]
    Serial,
    #[error("{0} がすでにあります。上書きはしません。別のフォルダーか --serial を指定してください。")]
    Exists(PathBuf),
    #[error("{0} に書き込めません（{1}）。")]
    Write(PathBuf, io::Error),
    #[error("結果を表示できません（{0}）。")]
    Output(io::Error),
}

const EARLIEST: ServiceMonth = ServiceMonth::EDITION_4;

struct Set {
    kind: UnitKind,
    request: Request,
    files: Vec<SampleFile>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match make(args).and_then(|sets| write(&args.folder, &sets)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Where even this cannot be written, the exit code has to do.
            let _ = writeln!(anstream::stderr(), "見本を作れませんでした: {problem}");
            2.into()
        }
    }
}

fn make(args: &Args) -> Result<Vec<Set>, Problem> {
    let kinds = kinds(&args.kind)?;
    let plans = |kind: &&UnitKind| sample::types_for(**kind).0.may_plan();
    let addressed = args.sender.is_some() || args.receiver.is_some();
    let addressed = addressed || args.sender_type.is_some() || args.receiver_type.is_some();
    if addressed && (1..kinds.len()).contains(&kinds.iter().filter(plans).count()) {
        return Err(Problem::Direction);
    }
    let first = match args.serial {
        Some(serial) => serial,
        None => Moment::now().serial().ok_or(Problem::Serial)?,
    };
    let month = match args.month {
        Some(month) => month,
        None => first.to_string()[..6].parse().map_err(|_| Problem::Serial)?,
    };
    if month < EARLIEST {
        return Err(Problem::Month);
    }
    let mut moment = Moment::from(first);
    let mut sets = Vec::new();
    for office in 0..args.offices {
        for kind in &kinds {
            let serial = moment.serial().ok_or(Problem::Serial)?;
            let request = request(args, *kind, office, serial, month)?;
            sets.push(Set { kind: *kind, files: sample::make(*kind, &request), request });
            // Every set has a serial of its own; two within one second are never sent to one office.
            moment = moment.later();
        }
    }
    Ok(sets)
}

fn kinds(ids: &[String]) -> Result<Vec<UnitKind>, Problem> {
    if ids.iter().any(|id| id == "all") {
        return Ok(UNITS.iter().map(|entry| entry.kind).collect());
    }
    let wanted: BTreeSet<UnitKind> = ids
        .iter()
        .map(|id| UnitKind::from_id(id).ok_or_else(|| Problem::Kind(id.clone())))
        .collect::<Result<_, _>>()?;
    Ok(wanted.into_iter().collect())
}

fn ids() -> String {
    UNITS.iter().map(|entry| entry.id).collect::<Vec<_>>().join(", ")
}

/// `office` counts the offices that serve; the one that plans stays the same.
fn request(args: &Args, kind: UnitKind, office: u32, serial: Serial, month: ServiceMonth) -> Result<Request, Problem> {
    let (sender_type, receiver_type) = sample::types_for(kind);
    let planner = number(0x64);
    let server = number(0x3E8 + office);
    let plans = sender_type.may_plan();
    let (sender, receiver) = if plans { (planner, server) } else { (server, planner) };
    if args.offices > 1 && (if plans { args.receiver } else { args.sender }).is_some() {
        return Err(Problem::OneOffice);
    }
    let request = Request {
        // Each office has people of its own; plan, schedule and actuals of one office are about the same ones.
        seed: args.seed.wrapping_mul(u64::from(OFFICES_MAX)).wrapping_add(u64::from(office)),
        people: args.people as usize,
        sender: args.sender.unwrap_or(sender),
        sender_type: args.sender_type.unwrap_or(sender_type),
        receiver: args.receiver.unwrap_or(receiver),
        receiver_type: args.receiver_type.unwrap_or(receiver_type),
        serial,
        month,
        names: None,
    };
    if request.sender == request.receiver { Err(Problem::SameOffice) } else { Ok(request) }
}

/// 事業所番号 of an invented prefecture.
fn number(at: u32) -> OfficeNumber {
    format!("0390{at:06}").parse().expect("ten digits are an office number")
}

fn write(folder: &Path, sets: &[Set]) -> Result<(), Problem> {
    let files = || sets.iter().flat_map(|set| &set.files).map(|file| (folder.join(&file.name), &file.bytes));
    // Looked at before the first is written, so that a refusal leaves nothing behind.
    if let Some((path, _)) = files().find(|(path, _)| path.exists()) {
        return Err(Problem::Exists(path));
    }
    fs::create_dir_all(folder).map_err(|error| Problem::Write(folder.to_owned(), error))?;
    for (path, bytes) in files() {
        let written =
            OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| file.write_all(bytes));
        match written {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Problem::Exists(path)),
            Err(error) => return Err(Problem::Write(path, error)),
            Ok(()) => {}
        }
    }
    report(folder, sets).map_err(Problem::Output)
}

fn report(folder: &Path, sets: &[Set]) -> io::Result<()> {
    let mut out = io::BufWriter::new(anstream::stdout());
    for Set { kind, request, files } in sets {
        let Request { sender, sender_type, receiver, receiver_type, serial, people, .. } = request;
        writeln!(out, "{}（{}）", kind.label(), kind.id())?;
        writeln!(out, "  {sender}（{sender_type}）から {receiver}（{receiver_type}）へ / 連番 {serial} / {people}人")?;
        for file in files {
            writeln!(out, "  {}", file.name)?;
        }
    }
    let files: usize = sets.iter().map(|set| set.files.len()).sum();
    writeln!(
        out,
        "{}に{}組・{files}ファイルを書き出しました。人も事業所も架空のものです。",
        folder.display(),
        sets.len()
    )?;
    writeln!(out, "検査するには: fumibako check {}", folder.display())?;
    out.flush()
}

/// Seconds since 1970-01-01 on a Japanese clock.
#[derive(Clone, Copy)]
struct Moment(u64);

impl Moment {
    const DAY: u64 = 86_400;

    fn now() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Moment(seconds + 9 * 3_600)
    }

    fn later(self) -> Self {
        Moment(self.0 + 1)
    }

    fn serial(self) -> Option<Serial> {
        let (mut days, seconds) = (self.0 / Self::DAY, self.0 % Self::DAY);
        let mut month = ServiceMonth::new(1970, 1)?;
        while days >= u64::from(month.days()) {
            days -= u64::from(month.days());
            month = following(month)?;
        }
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        format!("{month}{:02}{hour:02}{minute:02}{second:02}", days + 1).parse().ok()
    }
}

impl From<Serial> for Moment {
    fn from(serial: Serial) -> Self {
        let text = serial.to_string();
        let part = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap_or(0);
        let end = text[..6].parse::<ServiceMonth>().ok();
        let mut month = ServiceMonth::new(1970, 1);
        let mut days = part(6..8) - 1;
        while let Some(passed) = month.filter(|month| Some(*month) < end) {
            days += u64::from(passed.days());
            month = following(passed);
        }
        Moment(days * Self::DAY + part(8..10) * 3_600 + part(10..12) * 60 + part(12..14))
    }
}

fn following(month: ServiceMonth) -> Option<ServiceMonth> {
    match month.month() {
        12 => ServiceMonth::new(month.year() + 1, 1),
        other => ServiceMonth::new(month.year(), other + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_its_serial_are_one() {
        for text in ["20280229235959", "19991231000000", "20260401120003"] {
            let serial: Serial = text.parse().unwrap();
            assert_eq!(Moment::from(serial).serial(), Some(serial));
        }
        let evening: Serial = "20251231235959".parse().unwrap();
        let midnight = Moment::from(evening).later();
        assert_eq!(midnight.serial(), "20260101000000".parse().ok());
    }
}
