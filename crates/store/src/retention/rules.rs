//! 消去手順 as data: each change a new version, agreed to by two people.

use super::{Ends, Kind};
use crate::database::Connection;
use crate::record::{self, Act};
use crate::{Error, OfficeId, OperatorName, Store, clock};
use identity::role::Deed;
use ledger::Action;
use sqlx::FromRow;
use standard::OfficeNumber;
use std::collections::{BTreeSet, HashMap};

/// A hundred years: whoever asks for more has mistyped.
const DAYS_MAX: i64 = 36_525;
/// People of one procedure.
const STAFF_MAX: usize = 50;
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 500;
/// Offices that keep their copies here as their own record.
const ARCHIVES_MAX: i64 = 300_000;

/// A procedure as it is in force: the operator's newest, or the program's until there is one.
#[derive(Clone, Debug)]
pub struct RuleInForce {
    /// For which kind.
    pub kind: Kind,
    /// 0: the operator has set none; then nothing of the kind is erased.
    pub version: u64,
    /// Days it is kept.
    pub keep_days: i64,
    /// Days before which nobody may erase it.
    pub minimum_days: i64,
    /// Who may erase it.
    pub staff: Vec<String>,
    /// Who set it.
    pub set_by: Option<String>,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// When, RFC 3339 in UTC.
    pub set_at: Option<String>,
}

/// A procedure to be set.
#[derive(Clone, Debug)]
pub struct NewRule {
    /// For which kind.
    pub kind: Kind,
    /// Days it is kept.
    pub keep_days: i64,
    /// Days before which nobody may erase it.
    pub minimum_days: i64,
    /// Who may erase it; two at least, since it takes two.
    pub staff: Vec<OperatorName>,
}

/// What came of setting one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSet {
    /// In force from now on, as this version.
    Done(u64),
    /// It takes two people.
    OwnRequest,
    /// Nothing of this kind is erased by a procedure.
    NotErasable,
    /// Shorter than the law or this program asks for: so many days at least.
    BelowMinimum(i64),
    /// Kept for less than it must be, negative, or beyond all measure.
    Days,
    /// Fewer than two people, or more than a procedure names.
    Staff,
}

/// 事業所の記録としての保存: an office's own choice of how long its copies are kept here.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The office.
    pub office: OfficeNumber,
    /// Days from the end of a set.
    pub minimum_days: i64,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub set_by: String,
    /// Who agreed.
    pub approved_by: String,
    /// When.
    pub set_at: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveSet {
    /// In force.
    Done,
    /// It takes two people.
    OwnRequest,
    /// No such office.
    NoOffice,
    /// Not a number of days, or no reason.
    Incomplete,
}

const NEWEST: &str = "
    SELECT version, keep_days, minimum_days, staff, set_by, approved_by, set_at FROM retention_rule
     WHERE kind = $1 ORDER BY version DESC LIMIT 1";
const INSERT: &str = "
    INSERT INTO retention_rule (kind, version, keep_days, minimum_days, staff, set_by, approved_by, set_at)
    SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7 FROM retention_rule WHERE kind = $1
    RETURNING version";
const INSERT_ARCHIVE: &str = "
    INSERT INTO retention_archive (office_id, version, minimum_days, reason, set_by, approved_by, set_at)
    SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6 FROM retention_archive WHERE office_id = $1
    RETURNING version";
const ARCHIVES: &str = "
    SELECT a.office_id, o.office_number, a.minimum_days, a.reason, a.set_by, a.approved_by, a.set_at
      FROM retention_archive a JOIN office o ON o.office_id = a.office_id
     WHERE a.version = (SELECT max(b.version) FROM retention_archive b WHERE b.office_id = a.office_id)
     ORDER BY o.office_number LIMIT $1";

#[derive(FromRow)]
struct Row {
    version: i64,
    keep_days: i64,
    minimum_days: i64,
    staff: String,
    set_by: String,
    approved_by: String,
    set_at: String,
}

#[derive(FromRow)]
struct ArchiveRow {
    office_id: String,
    office_number: String,
    minimum_days: i64,
    reason: String,
    set_by: String,
    approved_by: String,
    set_at: String,
}

/// The rule as an erasure needs it.
pub(crate) struct Rule {
    pub(crate) version: i64,
    pub(crate) keep_days: i64,
    pub(crate) minimum_days: i64,
    staff: BTreeSet<String>,
}

impl Rule {
    /// Whether this person is staff of the procedure: named in it, or signed in with a role that gives the right (R11.1).
    pub(crate) fn allows(&self, who: &OperatorName, deed: Deed) -> bool {
        who.holds(deed) || self.staff.contains(&who.to_string())
    }
}

/// The operator's rule for a kind; none where none was set: then nothing is erased (R11.1).
pub(crate) async fn rule_in_force(c: &mut Connection, kind: Kind) -> Result<Option<Rule>, Error> {
    let row: Option<Row> = sqlx::query_as(NEWEST).bind(kind.id()).fetch_optional(c).await?;
    Ok(row.map(|row| Rule {
        version: row.version,
        keep_days: row.keep_days,
        minimum_days: row.minimum_days.max(kind.facts().minimum_days),
        staff: row.staff.split_ascii_whitespace().map(str::to_owned).collect(),
    }))
}

/// Days an office has its sets kept, by its id.
pub(crate) struct Archives(HashMap<String, i64>);

impl Archives {
    pub(crate) fn days_of(&self, offices: [&str; 2]) -> i64 {
        offices.iter().filter_map(|office| self.0.get(*office)).copied().max().unwrap_or(0)
    }
}

pub(crate) async fn archives(c: &mut Connection) -> Result<Archives, Error> {
    let rows: Vec<ArchiveRow> = sqlx::query_as(ARCHIVES).bind(ARCHIVES_MAX).fetch_all(c).await?;
    Ok(Archives(rows.into_iter().map(|row| (row.office_id, row.minimum_days)).collect()))
}

impl Store {
    /// The procedure of every kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention_rules(&self) -> Result<Vec<RuleInForce>, Error> {
        let mut connection = self.reads.acquire().await?;
        let mut rules = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            let row: Option<Row> = sqlx::query_as(NEWEST).bind(kind.id()).fetch_optional(&mut *connection).await?;
            let facts = kind.facts();
            rules.push(match row {
                None => RuleInForce {
                    kind,
                    version: 0,
                    keep_days: facts.keep_days,
                    minimum_days: facts.minimum_days,
                    staff: Vec::new(),
                    set_by: None,
                    approved_by: None,
                    set_at: None,
                },
                Some(row) => RuleInForce {
                    kind,
                    version: u64::try_from(row.version).map_err(|_| Error::Impossible("retention_rule.version"))?,
                    keep_days: row.keep_days,
                    minimum_days: row.minimum_days.max(facts.minimum_days),
                    staff: row.staff.split_ascii_whitespace().map(str::to_owned).collect(),
                    set_by: Some(row.set_by),
                    approved_by: Some(row.approved_by),
                    set_at: Some(row.set_at),
                },
            });
        }
        Ok(rules)
    }

    /// Sets the procedure of a kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_retention_rule(
        &self,
        new: NewRule,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<RuleSet, Error> {
        let facts = new.kind.facts();
        if by.is(approved_by) {
            return Ok(RuleSet::OwnRequest);
        }
        if facts.ends != Ends::ByErasure {
            return Ok(RuleSet::NotErasable);
        }
        if new.minimum_days < facts.minimum_days {
            return Ok(RuleSet::BelowMinimum(facts.minimum_days));
        }
        if new.keep_days < new.minimum_days || new.keep_days > DAYS_MAX {
            return Ok(RuleSet::Days);
        }
        let staff: BTreeSet<String> = new.staff.iter().map(ToString::to_string).collect();
        if !(2..=STAFF_MAX).contains(&staff.len()) {
            return Ok(RuleSet::Staff);
        }
        let staff = Vec::from_iter(staff).join(" ");
        let now = self.clock.now();
        let act = Act::officer(Action::RetentionSet, by, now)
            .code("kind", facts.id)
            .number("keep_days", new.keep_days.unsigned_abs())
            .number("minimum_days", new.minimum_days.unsigned_abs())
            .code("approved_by", &name_only(approved_by));
        let (by, approved_by, at) = (by.to_string(), approved_by.to_string(), clock::text(now));
        let version = self
            .writer
            .run(move |c| {
                Box::pin(async move {
                    let version: i64 = sqlx::query_scalar(INSERT)
                        .bind(facts.id)
                        .bind(new.keep_days)
                        .bind(new.minimum_days)
                        .bind(staff)
                        .bind(by)
                        .bind(approved_by)
                        .bind(at)
                        .fetch_one(&mut *c)
                        .await?;
                    record::append(c, &act.number("version", version.unsigned_abs()).done()?).await?;
                    Ok(version)
                })
            })
            .await?;
        Ok(RuleSet::Done(version.unsigned_abs()))
    }

    /// Has an office's copies kept as its own record for so many days; 0 ends it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_retention_archive(
        &self,
        office: OfficeNumber,
        minimum_days: i64,
        reason: &str,
        by: &OperatorName,
        approved_by: &OperatorName,
    ) -> Result<ArchiveSet, Error> {
        if by.is(approved_by) {
            return Ok(ArchiveSet::OwnRequest);
        }
        let reason = reason.trim().to_owned();
        let sound = (1..=REASON_CHARACTERS_MAX).contains(&reason.chars().count());
        if !sound || reason.chars().any(char::is_control) || !(0..=DAYS_MAX).contains(&minimum_days) {
            return Ok(ArchiveSet::Incomplete);
        }
        let Some(office) = self.office(office).await? else { return Ok(ArchiveSet::NoOffice) };
        let now = self.clock.now();
        let entry = Act::officer(Action::RetentionSet, by, now)
            .object(office.id)
            .office(office.register.number)
            .code("kind", "office-archive")
            .number("minimum_days", minimum_days.unsigned_abs())
            .code("approved_by", &name_only(approved_by))
            .done()?;
        let (by, approved_by, at) = (by.to_string(), approved_by.to_string(), clock::text(now));
        let id: OfficeId = office.id;
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let _: i64 = sqlx::query_scalar(INSERT_ARCHIVE)
                        .bind(id.to_string())
                        .bind(minimum_days)
                        .bind(reason)
                        .bind(by)
                        .bind(approved_by)
                        .bind(at)
                        .fetch_one(&mut *c)
                        .await?;
                    record::append(c, &entry).await?;
                    Ok(ArchiveSet::Done)
                })
            })
            .await
    }

    /// Offices whose copies are kept longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention_archives(&self) -> Result<Vec<Archive>, Error> {
        let rows: Vec<ArchiveRow> = sqlx::query_as(ARCHIVES).bind(ARCHIVES_MAX).fetch_all(&self.reads).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Archive {
                    office: row.office_number.parse().map_err(|_| Error::Impossible("office.office_number"))?,
                    minimum_days: row.minimum_days,
                    reason: row.reason,
                    set_by: row.set_by,
                    approved_by: row.approved_by,
                    set_at: row.set_at,
                })
            })
            .collect()
    }
}

/// An actor as one word, for a detail of a ledger entry: the kind of actor is told by the entry's own.
pub(crate) fn name_only(officer: &OperatorName) -> String {
    word_only(&officer.to_string())
}

/// The same of one that is spelt out.
pub(crate) fn word_only(spelt: &str) -> String {
    spelt.split_once(':').map_or(spelt, |(_, name)| name).to_owned()
}
