//! One call: what is to become of each of its sets, and that it does.

use super::{Parcel, SendAnswer, SetAnswer, Stray, sources};
use crate::api::FindingView;
use crate::app::App;
use crate::problem::Problem;
use exchange::misdirection::{PartnerFacts, cautions};
use exchange::{Enclosure, Refusal, enclosure};
use futures_util::future::join_all;
use standard::survey::{self, Survey};
use standard::{Context, Finding, HistorySet, OfficeNumber, Profile, Report, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Acceptance, Answer, Asker, Hand, Office, OutgoingId, SealedSet, Sealer, Store};

/// Checked where it arrived: below this it takes less than changing threads twice.
const CHECKED_AT_ONCE_BYTES_MAX: usize = 64 << 10;

/// What has been decided about a call before it came.
#[derive(Default)]
pub(crate) struct Terms {
    /// Receivers of which somebody has read what is to be known before sending. `None`: it was a program, which reads nothing.
    pub(crate) acknowledged: Option<BTreeSet<OfficeNumber>>,
    /// What was held and is confirmed by a second person with this call.
    pub(crate) releases: Option<OutgoingId>,
}

/// Checks, addresses, seals and takes in every set of a parcel.
pub(crate) async fn send(app: &App, hand: &Hand, parcel: Parcel, terms: Terms) -> Result<SendAnswer, Problem> {
    let (parcel, about, report) = checked(app, asker(hand), parcel).await?;
    if parcel.has_lost(&report.units) {
        return Err(super::parcel::no_target());
    }
    let receivers: BTreeSet<_> = report.units.iter().map(|unit| unit.receiver).collect();
    let receivers = app.store.offices(&receivers).await?;
    let facts = match &terms.acknowledged {
        Some(read) => {
            let unread: Vec<Office> =
                receivers.iter().filter(|office| !read.contains(&office.register.number)).cloned().collect();
            if unread.is_empty() { BTreeMap::new() } else { app.store.partner_facts(asker(hand), &unread).await? }
        }
        None => BTreeMap::new(),
    };
    let call = Call { sender: asker(hand).clone(), parcel, about, report, receivers, facts, releases: terms.releases };

    let store = Arc::clone(&app.store);
    let (decisions, strays) = blocking(move || {
        let mut sealer = Sealer::new();
        let decide = |index| call.decide(&store, &mut sealer, index);
        let decisions = (0..call.report.units.len()).map(decide).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, store::Error>((decisions, call.strays()))
    })
    .await??;

    if !strays.is_empty() {
        app.store.record_refusal_by(hand, Refusal::NoSet).await?;
    }
    // All at once, so that the sets of one call share one commit.
    let sets = join_all(decisions.into_iter().map(|decision| decision.carry_out(app, hand))).await;
    Ok(SendAnswer { sets: sets.into_iter().collect::<Result<_, _>>()?, strays })
}

/// What a person sees of a parcel before it goes.
pub(crate) async fn look_over(app: &App, sender: &Asker, parcel: Parcel) -> Result<(Parcel, Survey, Report), Problem> {
    let (parcel, _, report) = checked(app, sender, parcel).await?;
    blocking(move || {
        let survey = survey::of_report(&sources(&parcel.files), &report);
        (parcel, survey, report)
    })
    .await
}

async fn checked(app: &App, sender: &Asker, parcel: Parcel) -> Result<(Parcel, Vec<HistorySet>, Report), Problem> {
    let small = parcel.files.iter().map(|file| file.bytes.len()).sum::<usize>() <= CHECKED_AT_ONCE_BYTES_MAX;
    let read = move || {
        let about = HistorySet::read(&sources(&parcel.files));
        (parcel, about)
    };
    let (parcel, about) = if small { read() } else { blocking(read).await? };
    let history = app.store.history(sender, &about).await?;
    let check = move || {
        let context = Context { history: &history, ..Context::default() };
        let report = standard::check_with(&sources(&parcel.files), Profile::Export, &context);
        (parcel, report)
    };
    let (parcel, report) = if small { check() } else { blocking(check).await? };
    Ok((parcel, about, report))
}

fn asker(hand: &Hand) -> &Asker {
    match hand {
        Hand::Program(asker) => asker,
        Hand::Person(person) => &person.asker,
    }
}

/// One call, read and checked.
struct Call {
    sender: Asker,
    parcel: Parcel,
    /// What its sets are about.
    about: Vec<HistorySet>,
    report: Report,
    /// The registered offices among the receivers it names.
    receivers: Vec<Office>,
    /// What is known of the receivers of which nobody has read anything.
    facts: BTreeMap<OfficeNumber, PartnerFacts>,
    releases: Option<OutgoingId>,
}

/// What is to become of one set.
enum Decision {
    Take(SetAnswer, Box<SealedSet>, Vec<FindingView>),
    Refuse(SetAnswer, Refusal, Vec<FindingView>),
}

impl Call {
    /// Addresses a set and, if it may travel, seals it. Takes CPU and nothing else.
    fn decide(&self, store: &Store, sealer: &mut Sealer, index: usize) -> Result<Decision, store::Error> {
        let unit = &self.report.units[index];
        let files = sources(&self.parcel.files);
        let answer = SetAnswer::about(unit, &self.parcel.files);
        let receiver = self.receivers.iter().find(|office| office.register.number == unit.receiver);
        let register = receiver.map(|office| &office.register);
        let confirmed = self.releases.is_some();
        let letter =
            exchange::address_guarded(&self.sender.office.register, register, (&self.report, index), &files, confirmed);
        let letter = letter.and_then(|letter| self.let_go(unit).map(|enclosed| (letter, enclosed)));
        let ((letter, enclosed), receiver) = match (letter, receiver) {
            (Ok(letter), Some(receiver)) => (letter, receiver),
            (Ok(_), None) => return Ok(Decision::Refuse(answer, Refusal::ReceiverUnknown, Vec::new())),
            (Err(refusal), _) => {
                let errors = match refusal {
                    Refusal::Findings | Refusal::Unserved => self.findings(index, Severity::Error),
                    _ => Vec::new(),
                };
                return Ok(Decision::Refuse(answer, refusal, errors));
            }
        };
        let warnings = self.findings(index, Severity::Warning);
        let count = warnings.len() as u64;
        let mut sealed = store.seal_with(sealer, &self.sender, receiver, &letter, count, &files, &enclosed)?;
        if let Some(about) = self.about.iter().find(|set| set.key == unit.key()) {
            store.note(&mut sealed, &self.sender, about)?;
        }
        if let Some(held) = self.releases {
            sealed = sealed.releasing(held);
        }
        Ok(Decision::Take(answer, Box::new(sealed), warnings))
    }

    /// What goes with a set, unless it may not, or there is something to be read about its receiver first.
    fn let_go(&self, unit: &Unit) -> Result<Vec<Enclosure>, Refusal> {
        if let Some(facts) = self.facts.get(&unit.receiver) {
            let sets = self.report.units.iter().filter(|other| other.receiver == unit.receiver).count();
            if !cautions(facts, sets as u64).is_empty() {
                return Err(Refusal::Unacknowledged);
            }
        }
        let of_set = self.parcel.enclosures.iter().filter(|(target, _)| target.is(unit));
        let enclosed: Result<Vec<Enclosure>, _> = of_set.map(|(_, enclosed)| enclosed.clone()).collect();
        enclosed.ok().filter(|enclosed| enclosure::may_go_together(enclosed)).ok_or(Refusal::UnfitEnclosure)
    }

    /// Findings of one set, its own and its files'.
    fn findings(&self, index: usize, severity: Severity) -> Vec<FindingView> {
        let files = sources(&self.parcel.files);
        self.report
            .findings
            .iter()
            .filter(|finding| finding.unit == Some(index) && finding.severity == severity)
            .map(|finding| FindingView::new(finding, &files))
            .collect()
    }

    /// Files that no set claims, with what the naming rules say of them.
    fn strays(&self) -> Vec<Stray> {
        let claimed: BTreeSet<_> = self.report.units.iter().flat_map(|unit| &unit.files).copied().collect();
        let files = sources(&self.parcel.files);
        (0..files.len())
            .filter(|index| !claimed.contains(index))
            .map(|index| {
                let of_file = |finding: &&Finding| finding.place.file == Some(index);
                let findings = self.report.findings.iter().filter(of_file);
                let findings = findings.map(|finding| FindingView::new(finding, &files)).collect();
                Stray {
                    file: files[index].name.to_owned(),
                    problem: Problem::from(Refusal::NoSet).with_findings(findings),
                }
            })
            .collect()
    }
}

impl Decision {
    /// Writes it down: the set, or that it was refused.
    async fn carry_out(self, app: &App, hand: &Hand) -> Result<SetAnswer, Problem> {
        let (answer, sealed, warnings) = match self {
            Self::Take(answer, sealed, warnings) => (answer, sealed, warnings),
            Self::Refuse(answer, refusal, errors) => {
                app.store.record_refusal_by(hand, refusal).await?;
                return Ok(answer.refused(refusal, errors));
            }
        };
        Ok(match app.store.accept_by(hand, *sealed).await? {
            Answer::Done(Acceptance::New(transmission)) => answer.accepted("accepted", transmission, warnings),
            Answer::Done(Acceptance::Already(transmission)) => answer.accepted("already", transmission, warnings),
            Answer::Refused(refusal) => answer.refused(refusal, Vec::new()),
            Answer::NotFound => answer.refused(Refusal::ReceiverUnknown, Vec::new()),
        })
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
