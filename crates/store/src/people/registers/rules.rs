//! 運用管理規程: versions of the operating rules, by the fingerprint of the document. One enters a version, another approves it, and
//! only then it is in force.

use super::words;
use crate::people::accounts::grant_place;
use crate::people::{LISTED_MAX, Person};
use crate::record::{self, Act};
use crate::{Error, OperatingRuleId, Store, clock};
use identity::role::Deed;
use ledger::Action;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;
use standard::value::Private;
use std::collections::BTreeSet;

/// What came of entering a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAdded {
    /// Waits for another person's approval.
    Done(OperatingRuleId),
    /// The title is empty or too long, or there is no document.
    Unfit,
    /// The document is the one of the version before.
    Same,
    /// Not this person's to do.
    NotAllowed,
}

/// What came of approving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleApproved {
    /// In force from now on, in place of the version before.
    Done,
    /// Whoever entered it does not approve it.
    OwnRule,
    /// There is none of this id here that waits.
    NotWaiting,
    /// Not this person's to do.
    NotAllowed,
}

/// A version.
#[derive(Clone, Debug)]
pub struct OperatingRule {
    /// Which.
    pub id: OperatingRuleId,
    /// 規程の名前.
    pub title: String,
    /// Counts up for each title.
    pub version: i64,
    /// SHA-256 of the document, in hexadecimal.
    pub document_digest: String,
    /// Who entered it, while known by name.
    pub made_by: Option<Private<String>>,
    /// When, RFC 3339.
    pub made_at: String,
    /// Whether the one who asks entered it.
    pub made_by_id: String,
    /// Who approved it.
    pub approved_by: Option<Private<String>>,
    /// When.
    pub approved_at: Option<String>,
    /// Whether it counts: the highest version of its title that was approved.
    pub in_force: bool,
}

/// The version is counted here, so that two people who enter one at once get two.
const INSERT: &str = "
    INSERT INTO operating_rule (rule_id, office_id, title, version, document_digest, made_by, made_at)
    SELECT $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6 FROM operating_rule
     WHERE coalesce(office_id, '') = $7 AND title = $3
    RETURNING version";

const SAME: &str = "
    SELECT document_digest FROM operating_rule WHERE coalesce(office_id, '') = $1 AND title = $2
     ORDER BY version DESC LIMIT 1";

const LIST: &str = "
    SELECT rule_id, title, version, document_digest, made_by, made_at, approved_by, approved_at
      FROM operating_rule WHERE coalesce(office_id, '') = $1 ORDER BY title, version DESC LIMIT $2";

const WAITING: &str = "
    SELECT made_by FROM operating_rule
     WHERE rule_id = $1 AND coalesce(office_id, '') = $2 AND approved_at IS NULL";

const APPROVE: &str = "
    UPDATE operating_rule SET approved_by = $3, approved_at = $4
     WHERE rule_id = $1 AND coalesce(office_id, '') = $2 AND approved_at IS NULL AND made_by <> $3
    RETURNING version";

#[derive(FromRow)]
struct Row {
    rule_id: String,
    title: String,
    version: i64,
    document_digest: String,
    made_by: String,
    made_at: String,
    approved_by: Option<String>,
    approved_at: Option<String>,
}

impl Store {
    /// Enters a version of rules of this person's office, by its document, of which only the fingerprint is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_rule(&self, by: &Person, title: &str, document: &[u8]) -> Result<RuleAdded, Error> {
        if !by.may(Deed::KeepRegisters) {
            return Ok(RuleAdded::NotAllowed);
        }
        let Some(title) = words(title).filter(|_| !document.is_empty()) else { return Ok(RuleAdded::Unfit) };
        let digest: [u8; 32] = Sha256::digest(document).into();
        let (id, now) = (OperatingRuleId::fresh(), self.clock.now());
        let act = Act::person(Action::RegisterRule, by, now).object(id).hex("document", &digest);
        let (place, title, digest) = (grant_place(by), title.to_owned(), crate::hex::hex(&digest));
        let office = (!by.office.is_operator).then(|| by.office.id.to_string());
        let hand = by.account_id.to_string();
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let before: Option<String> =
                        sqlx::query_scalar(SAME).bind(&place).bind(&title).fetch_optional(&mut *c).await?;
                    if before.as_ref() == Some(&digest) {
                        return Ok(RuleAdded::Same);
                    }
                    let version: i64 = sqlx::query_scalar(INSERT)
                        .bind(id.to_string())
                        .bind(office)
                        .bind(title)
                        .bind(digest)
                        .bind(hand)
                        .bind(clock::text(now))
                        .bind(place)
                        .fetch_one(&mut *c)
                        .await?;
                    record::append(c, &act.number("version", version.unsigned_abs()).done()?).await?;
                    Ok(RuleAdded::Done(id))
                })
            })
            .await
    }

    /// Puts a version into force that another person entered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_rule(&self, by: &Person, id: OperatingRuleId) -> Result<RuleApproved, Error> {
        if !by.may(Deed::ApproveRules) {
            return Ok(RuleApproved::NotAllowed);
        }
        let (place, hand, now) = (grant_place(by), by.account_id.to_string(), self.clock.now());
        let made_by: Option<String> =
            sqlx::query_scalar(WAITING).bind(id.to_string()).bind(&place).fetch_optional(&self.reads).await?;
        match made_by {
            None => return Ok(RuleApproved::NotWaiting),
            Some(made_by) if made_by == hand => return Ok(RuleApproved::OwnRule),
            Some(_) => {}
        }
        let act = Act::person(Action::RegisterRuleApprove, by, now).object(id);
        self.writer
            .run(move |c| {
                Box::pin(async move {
                    let approved: Option<i64> = sqlx::query_scalar(APPROVE)
                        .bind(id.to_string())
                        .bind(place)
                        .bind(hand)
                        .bind(clock::text(now))
                        .fetch_optional(&mut *c)
                        .await?;
                    let Some(version) = approved else { return Ok(RuleApproved::NotWaiting) };
                    record::append(c, &act.number("version", version.unsigned_abs()).done()?).await?;
                    Ok(RuleApproved::Done)
                })
            })
            .await
    }

    pub(super) async fn rules_at(&self, place: &str) -> Result<Vec<OperatingRule>, Error> {
        let rows: Vec<Row> = sqlx::query_as(LIST).bind(place).bind(LISTED_MAX).fetch_all(&self.reads).await?;
        let mut rules = Vec::with_capacity(rows.len());
        let mut settled: BTreeSet<String> = BTreeSet::new();
        for row in rows {
            // Newest first: the first approved one of a title is the one that counts.
            let in_force = row.approved_at.is_some() && settled.insert(row.title.clone());
            let approved_by = match &row.approved_by {
                Some(hand) => self.maker(hand).await?,
                None => None,
            };
            rules.push(OperatingRule {
                id: row.rule_id.parse().map_err(|_| Error::Impossible("operating_rule.rule_id"))?,
                made_by: self.maker(&row.made_by).await?,
                made_by_id: row.made_by,
                title: row.title,
                version: row.version,
                document_digest: row.document_digest,
                made_at: row.made_at,
                approved_by,
                approved_at: row.approved_at,
                in_force,
            });
        }
        Ok(rules)
    }
}
