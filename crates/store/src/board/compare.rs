//! 予実突合: made when somebody asks for it, since the contents are sealed, and kept as a sealed number until another set takes
//! the place of one that was compared.

use super::current::{Current, unpacked};
use super::labels::{OfficeLabels, RESULT};
use super::month::{BoardAsked, BoardLine, Only, Order, SetState};
use super::{person_id, short_index};
use crate::batch::{Text, asking, filled};
use crate::database::Connection;
use crate::hex::{hex, unhex};
use crate::people::Person;
use crate::{Answer, Error, OfficeId, OpenedFile, PersonId, Reading, Store, TransmissionId, clock};
use futures_util::{StreamExt as _, stream};
use standard::reconcile::{self, Finding, Insurers, Service, Side, reconcile};
use standard::{FileKind, OfficeNumber, ServiceMonth, SourceFile};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

/// People and partners that are compared by one press.
pub const PAIRS_AT_ONCE_MAX: usize = 200;
/// Sets that are opened at the same time.
const OPENED_AT_ONCE: usize = 8;

const WHERE: Error = Error::Impossible("month_comparison");

/// 突合の結果 of a person and a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Differences found.
    pub differences: u64,
    /// Of them, accepted ones.
    pub accepted: u64,
}

impl Standing {
    /// Differences that nobody has accepted.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.differences.saturating_sub(self.accepted)
    }
}

/// What a comparison rests on and what it came to.
#[derive(Clone, Debug)]
pub struct Kept {
    /// 連携先.
    pub partner: OfficeNumber,
    /// The plans and the actuals that were compared.
    pub sets: (Vec<TransmissionId>, Vec<TransmissionId>),
    /// Differences found.
    pub differences: u64,
}

/// What came of a press.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// So many were compared.
    pub done: u64,
    /// So many are left for another press.
    pub left: u64,
    /// So many wait for a set to be collected first.
    pub closed: u64,
    /// So many could not be compared because a set does not open.
    pub damaged: u64,
}

/// All of them in one row, as [`unpacked`] reads it.
macro_rules! kept {
    ($people:literal) => {
        concat!(
            "SELECT string_agg(c.person_index || ' ' || c.partner_id || ' ' || c.basis || ' ' || c.result_sealed || ' ' ||
                        (SELECT count(*) FROM accepted_difference a
                          WHERE a.office_id = c.office_id AND a.month = c.month AND a.person_index = c.person_index
                            AND a.partner_id = c.partner_id AND a.basis = c.basis), ',') AS results
               FROM month_comparison c WHERE c.office_id = $1 AND c.month = $2 ",
            $people
        )
    };
}
static KEPT: Text = LazyLock::new(|| asking(kept!("AND c.person_index IN {}"), 3));
pub(super) const ALL_KEPT: &str = kept!("");
const KEEP: &str = "
    INSERT INTO month_comparison (office_id, person_index, month, partner_id, basis, result_sealed, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (office_id, month, person_index, partner_id) DO UPDATE
       SET basis = excluded.basis, result_sealed = excluded.result_sealed, made_at = excluded.made_at";

/// Results by person and partner: what they rest on, and what they came to.
pub(super) type Standings = BTreeMap<(String, String), (String, Standing)>;

/// The kept results of some people.
pub(super) async fn standings(
    store: &Store,
    labels: &OfficeLabels,
    month: ServiceMonth,
    people: &[String],
) -> Result<Standings, Error> {
    let mut query = sqlx::query_scalar(KEPT.as_str()).bind(labels.office().to_string()).bind(month.to_string());
    for person in filled(people) {
        query = query.bind(person);
    }
    standings_of(labels, month, query.fetch_one(&store.reads).await?)
}

fn standings_of(labels: &OfficeLabels, month: ServiceMonth, packed: Option<String>) -> Result<Standings, Error> {
    let mut standings = Standings::new();
    for [person, partner, basis, sealed, accepted] in unpacked(packed.as_deref()).ok_or(WHERE)? {
        let sealed = unhex(sealed).ok_or(Error::Damaged)?;
        let Some(text) = labels.open(RESULT, &row_of(person, partner, month), &sealed)? else { continue };
        let differences = text.parse().map_err(|_| Error::Damaged)?;
        let accepted = accepted.parse().map_err(|_| WHERE)?;
        let standing = Standing { differences, accepted };
        standings.insert((person.to_owned(), partner.to_owned()), (basis.to_owned(), standing));
    }
    Ok(standings)
}

fn row_of(person: &str, partner: &str, month: ServiceMonth) -> String {
    format!("{person}/{partner}/{month}")
}

/// Every difference of a person's services.
#[must_use]
pub fn differences_of(person: &reconcile::Person) -> u64 {
    let services = person.offices.iter().flat_map(|office| &office.services);
    services.map(|service| service.findings.len() as u64).sum()
}

/// A difference in one spelling; what is kept of it is a keyed index.
#[must_use]
pub fn difference_key(office: OfficeNumber, service: &Service, finding: &Finding) -> String {
    format!("{office}/{}/{}/{:?}", service.code, service.satellite, finding)
}

/// Whose rows of the two sides are compared: what was reported, and the two offices themselves. A plan may be about others
/// too, whose reports go elsewhere.
#[must_use]
pub fn offices_compared(actual: &Side, ours: OfficeNumber, partner: OfficeNumber) -> BTreeSet<OfficeNumber> {
    actual.offices().into_iter().chain([ours, partner]).collect()
}

/// The sets of a line.
pub(super) fn sets_of(line: &BoardLine) -> (Vec<TransmissionId>, Vec<TransmissionId>) {
    let ids = |sets: &[SetState]| {
        let mut ids: Vec<TransmissionId> = sets.iter().map(|set| set.id).collect();
        ids.sort_unstable();
        ids
    };
    (ids(&line.plans), ids(&line.actuals))
}

impl BoardLine {
    /// The sets that a comparison of this line rests on: plans, actuals.
    #[must_use]
    pub fn sets(&self) -> (Vec<TransmissionId>, Vec<TransmissionId>) {
        sets_of(self)
    }

    /// Whether there is something to compare.
    #[must_use]
    pub fn is_pair(&self) -> bool {
        !self.plans.is_empty() && !self.actuals.is_empty()
    }

    /// Whether all of it may be opened without collecting anything.
    #[must_use]
    pub fn is_open_to_us(&self) -> bool {
        self.plans.iter().chain(&self.actuals).all(SetState::is_open_to_us)
    }
}

/// The people who share the same sets with the same partner are compared together.
type Groups = BTreeMap<(OfficeNumber, Vec<TransmissionId>, Vec<TransmissionId>), BTreeSet<PersonId>>;

impl Store {
    /// What a comparison of these sets rests on, as rows name it.
    pub(super) fn basis(&self, plans: &[TransmissionId], actuals: &[TransmissionId]) -> Result<String, Error> {
        let list = |ids: &[TransmissionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        short_index(&self.keys, "month_comparison.basis", &format!("{}/{}", list(plans), list(actuals)))
    }

    /// The same of a line.
    pub(super) fn basis_of(&self, line: &BoardLine) -> Result<String, Error> {
        let (plans, actuals) = sets_of(line);
        self.basis(&plans, &actuals)
    }

    /// The kept result, if it is of these very sets.
    pub(super) fn standing_of(
        &self,
        standings: &Standings,
        key: &(String, String),
        line: &BoardLine,
    ) -> Result<Option<Standing>, Error> {
        let Some((basis, standing)) = standings.get(key).filter(|_| line.is_pair()) else { return Ok(None) };
        Ok((*basis == self.basis_of(line)?).then_some(*standing))
    }

    /// The kept results of everybody of a month.
    pub(super) async fn standings_of_month(&self, office: OfficeId, month: ServiceMonth) -> Result<Standings, Error> {
        let labels = self.labels_of(office).await?;
        let query = sqlx::query_scalar(ALL_KEPT).bind(office.to_string()).bind(month.to_string());
        standings_of(&labels, month, query.fetch_one(&self.reads).await?)
    }

    /// Whether one of them says of what is current of this person that there are differences which nobody has accepted: some
    /// were made before another set took the place of one.
    pub(super) fn differs(&self, person: &Current, standings: &Standings) -> Result<bool, Error> {
        for (partner, pair) in &person.pairs {
            if let Some((basis, standing)) = standings.get(&(person.id.clone(), partner.clone()))
                && standing.open() > 0
                && *basis == self.basis(&pair.plans, &pair.actuals)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Compares what has not been compared, up to [`PAIRS_AT_ONCE_MAX`]. Every set that is opened for it is recorded as
    /// looked at by this person; none is collected by it.
    ///
    /// # Errors
    /// When the database or the key store fails.
    pub async fn compare_month(
        self: &Arc<Self>,
        person: &Person,
        month: ServiceMonth,
        partner: Option<OfficeNumber>,
    ) -> Result<Compared, Error> {
        let (only, order, search) = (Only::All, Order::Number, String::new());
        let board = self.board(person, &BoardAsked { month, partner, only, order, search, page: None }).await?;
        let mut compared = Compared::default();
        let (mut groups, mut taken) = (Groups::new(), 0);
        for of in &board.people {
            for line in of.lines.iter().filter(|line| line.is_pair() && line.comparison.is_none()) {
                if !line.is_open_to_us() {
                    compared.closed += 1;
                } else if taken == PAIRS_AT_ONCE_MAX {
                    compared.left += 1;
                } else {
                    taken += 1;
                    let (plans, actuals) = sets_of(line);
                    groups.entry((line.partner, plans, actuals)).or_default().insert(of.id);
                }
            }
        }
        let wanted: BTreeSet<TransmissionId> =
            groups.keys().flat_map(|(_, plans, actuals)| plans.iter().chain(actuals)).copied().collect();
        let opened = self.open_all(person, wanted).await?;
        let (ours, office, keys) = (person.office.register.number, person.office.id, Arc::clone(&self.keys));
        let work = move || {
            let mut results: Vec<(PersonId, Kept)> = Vec::new();
            let mut damaged = 0;
            for ((partner, plans, actuals), people) in groups {
                let files = |ids: &[TransmissionId]| {
                    let sets: Option<Vec<&Vec<OpenedFile>>> = ids.iter().map(|id| opened.get(id)).collect();
                    sets.map(|sets| sets.into_iter().flatten().map(source).collect::<Vec<_>>())
                };
                let (Some(plan), Some(actual)) = (files(&plans), files(&actuals)) else {
                    damaged += people.len() as u64;
                    continue;
                };
                let actual = Side::read(&actual, FileKind::Upjsk);
                let offices = offices_compared(&actual, ours, partner);
                let plan = Side::read(&plan, FileKind::Upplan).of_offices(&offices);
                for found in reconcile(&plan, &actual, &Insurers::Exact).people {
                    let id = person_id(&keys, office, &found.person)?;
                    if found.month == month && people.contains(&id) {
                        let sets = (plans.clone(), actuals.clone());
                        results.push((id, Kept { partner, sets, differences: differences_of(&found) }));
                    }
                }
            }
            Ok::<_, Error>((results, damaged))
        };
        let (results, damaged) = tokio::task::spawn_blocking(work).await.map_err(|_| WHERE)??;
        compared.done = results.len() as u64;
        compared.damaged = damaged;
        self.keep_comparisons(person, month, results).await?;
        Ok(compared)
    }

    async fn open_all(
        self: &Arc<Self>,
        person: &Person,
        wanted: BTreeSet<TransmissionId>,
    ) -> Result<BTreeMap<TransmissionId, Vec<OpenedFile>>, Error> {
        let open = |id: TransmissionId| async move { (id, self.read_set(person, id, Reading::View).await) };
        let mut opening = stream::iter(wanted.into_iter().map(open)).buffer_unordered(OPENED_AT_ONCE);
        let mut opened = BTreeMap::new();
        while let Some((id, answer)) = opening.next().await {
            match answer {
                Ok(Answer::Done(files)) => drop(opened.insert(id, files)),
                // Taken back or erased meanwhile, or damaged, which is recorded: not compared.
                Ok(_) | Err(Error::Damaged) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }

    /// Keeps what a comparison came to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_comparisons(
        &self,
        person: &Person,
        month: ServiceMonth,
        results: Vec<(PersonId, Kept)>,
    ) -> Result<(), Error> {
        let office = person.office.id;
        let labels = self.labels_of(office).await?;
        let at = clock::text(self.clock.now());
        let mut rows = Vec::with_capacity(results.len());
        let mut partners: BTreeMap<OfficeNumber, OfficeId> = BTreeMap::new();
        for (id, kept) in results {
            let partner = match partners.get(&kept.partner) {
                Some(partner) => *partner,
                None => {
                    let Some(partner) = self.partner_id(office, kept.partner).await? else { continue };
                    partners.insert(kept.partner, partner);
                    partner
                }
            };
            let (id, partner) = (id.to_string(), partner.to_string());
            let text = kept.differences.to_string();
            let sealed = labels.seal(RESULT, &row_of(&id, &partner, month), text.as_bytes())?;
            // Where the office keeps its key itself, nothing is kept here either.
            let Some(sealed) = sealed else { continue };
            let sealed = hex(&sealed);
            rows.push(NewRow { person: id, partner, basis: self.basis(&kept.sets.0, &kept.sets.1)?, sealed });
        }
        if rows.is_empty() {
            return Ok(());
        }
        let (office, month) = (office.to_string(), month.to_string());
        self.writer.run(move |c| Box::pin(async move { keep(c, (&office, &month), &rows, &at).await })).await
    }
}

struct NewRow {
    person: String,
    partner: String,
    basis: String,
    /// In hexadecimal.
    sealed: String,
}

async fn keep(c: &mut Connection, (office, month): (&str, &str), rows: &[NewRow], at: &str) -> Result<(), Error> {
    for row in rows {
        let query = sqlx::query(KEEP).bind(office).bind(&row.person).bind(month).bind(&row.partner);
        query.bind(&row.basis).bind(&row.sealed).bind(at).execute(&mut *c).await?;
    }
    Ok(())
}

fn source(file: &OpenedFile) -> SourceFile<'_> {
    SourceFile { name: &file.name, bytes: &file.bytes }
}
