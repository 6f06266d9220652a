//! 保存期間・消去手順・保全 (R11.1, R11.6).

use super::{Where, below, block_on, explain, kinds, officer, own_request};
use crate::terminal::{Done, Failure, Outcome, say};
use standard::OfficeNumber;
use store::{ArchiveSet, HoldId, HoldPlaced, HoldReleased, HoldScope, Kind, NewRule, OperatorName, RuleSet};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// 情報種別ごとの消去手順の一覧
    List {
        #[command(flatten)]
        place: Where,
    },
    /// 消去手順を定めます（二人で）。定めるまで、その種別は消去されません
    Set {
        #[command(flatten)]
        place: Where,
        /// 情報種別（fumibako retention list の左の列）
        #[arg(value_parser = kind)]
        kind: Kind,
        /// 保存する日数
        #[arg(long)]
        keep_days: i64,
        /// これより前には、だれも消去できない日数
        #[arg(long)]
        minimum_days: Option<i64>,
        /// 消去を行える職員の識別名（二人以上）
        #[arg(long, required = true, value_delimiter = ',', value_parser = officer)]
        staff: Vec<OperatorName>,
        #[command(flatten)]
        two: Two,
    },
    /// 事業所の記録として長く保存します（二人で）。0日で終わりにします
    Archive {
        #[command(flatten)]
        place: Where,
        /// 事業所番号（10桁）
        number: OfficeNumber,
        /// 完結の日から保存する日数
        #[arg(long)]
        days: i64,
        /// 根拠（例: 市の条例）
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        two: Two,
    },
    /// 保全: 消去を止めます
    Hold {
        #[command(flatten)]
        place: Where,
        /// 何を（all、種別、事業所番号、または対象の番号）
        subject: String,
        /// 理由
        #[arg(long)]
        reason: String,
        /// 運営者の識別名
        #[arg(long, value_parser = officer)]
        by: OperatorName,
    },
    /// 保全を解きます（二人で）
    Release {
        #[command(flatten)]
        place: Where,
        /// 保全の番号
        hold: HoldId,
        #[command(flatten)]
        two: Two,
    },
    /// 保全の一覧
    Holds {
        #[command(flatten)]
        place: Where,
    },
}

/// 申請と承認.
#[derive(clap::Args)]
pub(crate) struct Two {
    /// 申請する運営者の識別名
    #[arg(long, value_parser = officer)]
    pub(crate) by: OperatorName,
    /// 承認する、別の運営者の識別名
    #[arg(long, value_parser = officer)]
    pub(crate) approved_by: OperatorName,
}

pub(crate) fn kind(id: &str) -> Result<Kind, String> {
    Kind::from_id(id).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.into_iter().map(Kind::id).collect();
        format!("情報種別は次のどれかにしてください: {}", known.join("、"))
    })
}

pub(crate) fn run(command: &Command) -> Outcome {
    block_on(async {
        match command {
            Command::List { place } => list(place).await,
            Command::Set { place, kind, keep_days, minimum_days, staff, two } => {
                let minimum_days = minimum_days.unwrap_or(kind.facts().minimum_days);
                let new = NewRule { kind: *kind, keep_days: *keep_days, minimum_days, staff: staff.clone() };
                set(place, new, two).await
            }
            Command::Archive { place, number, days, reason, two } => archive(place, *number, *days, reason, two).await,
            Command::Hold { place, subject, reason, by } => hold(place, subject, reason, by).await,
            Command::Release { place, hold, two } => release(place, *hold, two).await,
            Command::Holds { place } => holds(place).await,
        }
    })
}

async fn list(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let rules = store.retention_rules().await.map_err(explain)?;
    let archives = store.retention_archives().await.map_err(explain)?;
    store.close().await;
    for rule in rules {
        let words = kinds::words(rule.kind);
        say!("{:<14} {}", rule.kind.id(), words.label);
        below(&format!("いつ: {}", words.condition));
        below(&format!("方法: {}", words.method));
        if rule.kind.facts().ends != store::Ends::ByErasure {
            continue;
        }
        below(&format!("保存: {}日（{}日より前には消去できません）", rule.keep_days, rule.minimum_days));
        match (rule.version, &rule.set_by, &rule.approved_by, &rule.set_at) {
            (0, ..) => below("手順: 未定。fumibako retention set で定めるまで、消去されません"),
            (version, Some(by), Some(approved), Some(at)) => {
                below(&format!("手順: 第{version}版 {}（申請 {by}、承認 {approved}）", store::japanese_time(at)));
                below(&format!("職員: {}", rule.staff.join("、")));
            }
            _ => {}
        }
    }
    for archive in archives.iter().filter(|archive| archive.minimum_days > 0) {
        say!("事業所 {} の記録は {}日保存します", archive.office, archive.minimum_days);
        below(&format!("根拠: {}", archive.reason));
    }
    Ok(Done::All)
}

async fn set(place: &Where, new: NewRule, two: &Two) -> Outcome {
    let (_, store) = place.open().await?;
    let kind = new.kind;
    let set = store.set_retention_rule(new, &two.by, &two.approved_by).await.map_err(explain)?;
    store.close().await;
    let failure = match set {
        RuleSet::Done(version) => {
            say!("{} の消去手順を定めました（第{version}版）。", kinds::words(kind).label);
            return Ok(Done::All);
        }
        RuleSet::OwnRequest => return Err(own_request()),
        RuleSet::NotErasable => Failure::new(
            "この種別は、消去手順では消去しません。",
            "どう終わるかは fumibako retention list の「方法」を見てください。",
        ),
        RuleSet::BelowMinimum(days) => Failure::new(
            "保存の義務がある日数より短くはできません。",
            format!("--minimum-days と --keep-days を {days} 以上にしてください。"),
        ),
        RuleSet::Days => {
            Failure::new("日数が合いません。", "--keep-days は --minimum-days 以上、100年以内にしてください。")
        }
        RuleSet::Staff => Failure::new(
            "消去は二人で行うため、職員が二人以上要ります。",
            "--staff に、違う識別名をコンマで区切って書いてください。",
        ),
    };
    Err(failure.into())
}

async fn archive(place: &Where, number: OfficeNumber, days: i64, reason: &str, two: &Two) -> Outcome {
    let (_, store) = place.open().await?;
    let set = store.set_retention_archive(number, days, reason, &two.by, &two.approved_by).await.map_err(explain)?;
    store.close().await;
    match set {
        ArchiveSet::Done if days == 0 => say!("{number} の記録の保存を、ふつうの日数に戻しました。"),
        ArchiveSet::Done => say!("{number} の記録を {days}日保存します。"),
        ArchiveSet::OwnRequest => return Err(own_request()),
        ArchiveSet::NoOffice => return Err(no_office(number)),
        ArchiveSet::Incomplete => {
            return Err(Failure::new("日数か根拠が足りません。", "0〜36525の日数と、根拠を書いてください。").into());
        }
    }
    Ok(Done::All)
}

fn no_office(number: OfficeNumber) -> anyhow::Error {
    Failure::new(
        format!("事業所番号 {number} は登録されていません。"),
        "番号を確かめてください。一覧は fumibako office list で見られます。",
    )
    .into()
}

async fn hold(place: &Where, subject: &str, reason: &str, by: &OperatorName) -> Outcome {
    let scope = match (subject, Kind::from_id(subject), subject.parse::<OfficeNumber>()) {
        ("all", ..) => HoldScope::All,
        (_, Some(kind), _) => HoldScope::Kind(kind),
        (_, None, Ok(number)) => HoldScope::Office(number),
        _ => HoldScope::Object(subject.to_owned()),
    };
    let (_, store) = place.open().await?;
    let placed = store.place_hold(scope, reason, by).await.map_err(explain)?;
    store.close().await;
    match placed {
        HoldPlaced::Done(id) => {
            say!("保全しました: {id}");
            say!("解くまで、期限が来ても消去されません。");
            Ok(Done::All)
        }
        HoldPlaced::NoOffice => {
            Err(Failure::new("その事業所は登録されていません。", "番号を確かめてください。").into())
        }
        HoldPlaced::Incomplete => {
            Err(Failure::new("理由が空か、長すぎます。", "500文字までの理由を書いてください。").into())
        }
        HoldPlaced::TooMany => Err(Failure::new(
            "保全が多すぎます。",
            "要らなくなった保全を fumibako retention release で解いてください。",
        )
        .into()),
    }
}

async fn release(place: &Where, hold: HoldId, two: &Two) -> Outcome {
    let (_, store) = place.open().await?;
    let released = store.release_hold(hold, &two.by, &two.approved_by).await.map_err(explain)?;
    store.close().await;
    match released {
        HoldReleased::Done => {
            say!("保全を解きました: {hold}");
            Ok(Done::All)
        }
        HoldReleased::OwnRequest => Err(own_request()),
        HoldReleased::NoSuchHold => Err(Failure::new(
            "その番号の、続いている保全はありません。",
            "一覧は fumibako retention holds で見られます。",
        )
        .into()),
    }
}

async fn holds(place: &Where) -> Outcome {
    let (_, store) = place.open().await?;
    let holds = store.holds().await.map_err(explain)?;
    store.close().await;
    if holds.is_empty() {
        say!("保全はありません。");
    }
    for hold in holds {
        let subject = if hold.subject.is_empty() { "すべて" } else { &hold.subject };
        say!("{}  {subject}", hold.id);
        let end = hold
            .released_at
            .as_deref()
            .map_or_else(|| "続いています".to_owned(), |at| format!("{} に解かれました", store::japanese_time(at)));
        below(&format!("{} {} から、{end}", hold.placed_by, store::japanese_time(&hold.placed_at)));
        below(&format!("理由: {}", hold.reason));
    }
    Ok(Done::All)
}
