//! 予実突合 of one person: for each partner the two sides beside each other, what differs, what was written, which version counts.

use super::board::difference_words;
use super::calendar::{Day, ServiceBlock, blocks, days};
use super::{href, sets_text, wording};
use crate::guard::SignedIn;
use crate::pages::forms::grouped;
use crate::pages::frame::Frame;
use crate::problem::Problem;
use crate::wording::month;
use askama::Template;
use identity::role::Deed;
use standard::reconcile::{Finding, Insurers, Office, Service, Side, reconcile};
use standard::value::PersonKey;
use standard::{FileKind, OfficeNumber, ServiceMonth, SourceFile};
use std::collections::BTreeMap;
use store::{
    AcceptedDifference, BoardLine, BoardPerson, COMMENT_CHARACTERS_MAX, Chain, ChainStep, Comment, Kept, OpenedFile,
    PersonId, Reading, SetState, Store, TransmissionId, difference_key, differences_of, offices_compared,
};

/// The files of the sets that were opened.
pub(super) type Opened = BTreeMap<TransmissionId, Vec<OpenedFile>>;
/// What stands around a partner's part: comments and accepted differences.
pub(super) type Around = BTreeMap<OfficeNumber, (Vec<Comment>, Vec<AcceptedDifference>)>;

#[derive(Template)]
#[template(path = "month/person.html")]
pub(super) struct PersonPage {
    frame: Frame,
    name: String,
    kana: String,
    number: String,
    insurer: String,
    month: String,
    month_digits: String,
    print: bool,
    print_href: String,
    screen_href: String,
    board_href: String,
    action: String,
    may_act: bool,
    days: Vec<Day>,
    partners: Vec<PartnerPart>,
    chains: Vec<ChainView>,
    comment_max: usize,
}

struct PartnerPart {
    number: String,
    name: String,
    plans: Vec<SetLink>,
    actuals: Vec<SetLink>,
    sets: String,
    standing: String,
    standing_look: &'static str,
    /// Why there is nothing to compare, or not yet.
    said: Vec<String>,
    blocks: Vec<ServiceBlock>,
    plan_units: String,
    actual_units: String,
    comments: Vec<CommentView>,
    /// 一方向の受渡し: nobody there reads a comment.
    is_outside: bool,
    fault: Option<&'static str>,
    written: String,
}

struct SetLink {
    href: String,
    text: String,
    look: &'static str,
    at: String,
}

struct CommentView {
    who: String,
    at: String,
    text: String,
    ours: bool,
}

struct ChainView {
    title: String,
    steps: Vec<StepView>,
}

struct StepView {
    href: Option<String>,
    kind: &'static str,
    serial: String,
    from: String,
    at: String,
    state: &'static str,
    look: &'static str,
    current: bool,
}

/// What is shown of a comparison.
#[derive(Default)]
struct Compared {
    blocks: Vec<ServiceBlock>,
    plan_units: i64,
    actual_units: i64,
    said: Vec<String>,
    differences: Option<u64>,
}

impl PersonPage {
    /// The page, and what the comparisons came to.
    #[allow(clippy::too_many_arguments, reason = "each is a thing of its own, read by the handler")]
    pub(super) fn new(
        signed_in: &SignedIn,
        store: &Store,
        (id, of_month): (PersonId, ServiceMonth),
        of: BoardPerson,
        chains: &[Chain],
        mut around: Around,
        opened: &Opened,
        reading: Reading,
    ) -> Result<(Self, Vec<Kept>), Problem> {
        let ours = signed_in.person.office.register.number;
        let mut kept = Vec::new();
        let mut partners = Vec::with_capacity(of.lines.len());
        for line in &of.lines {
            let (comments, accepted) = around.remove(&line.partner).unwrap_or_default();
            let compared = match &of.label {
                Some(label) => {
                    let index = |office: OfficeNumber, service: &Service, finding: &Finding| {
                        store.difference_index(id, of_month, &difference_key(office, service, finding))
                    };
                    compare(line, ours, (label.person, of_month), opened, &accepted, &index)?
                }
                None => Compared { said: vec![wording::NO_LABEL.to_owned()], ..Compared::default() },
            };
            if let Some(differences) = compared.differences {
                kept.push(Kept { partner: line.partner, sets: line.sets(), differences });
            }
            partners.push(PartnerPart::new(line, compared, comments));
        }
        let text = |part: fn(&store::Label) -> String| of.label.as_ref().map(part).unwrap_or_default();
        let page = Self {
            frame: signed_in.frame("予実突合"),
            name: match text(|label| label.name.reveal().clone()) {
                name if name.is_empty() && of.label.is_some() => "（氏名の届いていない利用者）".to_owned(),
                name if name.is_empty() => wording::NO_LABEL.to_owned(),
                name => name,
            },
            kana: text(|label| label.kana.reveal().clone()),
            number: text(|label| label.person.insured.as_str().to_owned()),
            insurer: text(|label| label.person.insurer.as_str().to_owned()),
            month: month(&of_month.to_string()),
            month_digits: of_month.to_string(),
            print: reading == Reading::Print,
            print_href: format!("{}&print", href(id, of_month)),
            screen_href: href(id, of_month),
            board_href: format!("/month?month={of_month}"),
            action: format!("/month/people/{id}"),
            may_act: signed_in.person.may(Deed::ReconcileSets),
            days: days(of_month),
            partners,
            chains: chains.iter().map(ChainView::new).collect(),
            comment_max: COMMENT_CHARACTERS_MAX,
        };
        Ok((page, kept))
    }

    pub(super) fn notice(mut self, notice: Option<&'static str>) -> Self {
        self.frame = self.frame.notice(notice);
        self
    }

    /// With what was written and what is wrong with it, beside its box.
    pub(super) fn faulty(mut self, partner: OfficeNumber, written: &str, fault: &'static str) -> Self {
        let number = partner.to_string();
        if let Some(part) = self.partners.iter_mut().find(|part| part.number == number) {
            (part.fault, part.written) = (Some(fault), written.to_owned());
        }
        self.frame = self.frame.faulty(true);
        self
    }
}

/// Both sides of a line beside each other.
fn compare(
    line: &BoardLine,
    ours: OfficeNumber,
    (person, month): (PersonKey, ServiceMonth),
    opened: &Opened,
    accepted: &[AcceptedDifference],
    index: &dyn Fn(OfficeNumber, &Service, &Finding) -> Result<String, store::Error>,
) -> Result<Compared, Problem> {
    let mut compared = Compared::default();
    let mut side = |sets: &[SetState], kind: FileKind, name: &str| {
        let files: Vec<SourceFile<'_>> =
            sets.iter().filter_map(|set| opened.get(&set.id)).flatten().map(source).collect();
        let closed = sets.iter().filter(|set| !set.is_open_to_us()).count();
        let unread = sets.iter().filter(|set| set.is_open_to_us() && !opened.contains_key(&set.id)).count();
        if sets.is_empty() {
            compared.said.push(format!("{name}は、まだありません。"));
        }
        if closed > 0 {
            compared.said.push(format!(
                "{name}が届いていますが、まだ受け取っていません。上の状態を押して開くと、ここに出ます。"
            ));
        }
        if unread > 0 {
            compared.said.push(format!("{name}の一部を開けませんでした。送信元に再送を頼んでください。"));
        }
        (Side::read(&files, kind), closed + unread == 0)
    };
    let (plan, plan_whole) = side(&line.plans, FileKind::Upplan, "予定");
    let (actual, actual_whole) = side(&line.actuals, FileKind::Upjsk, "実績");
    let plan = plan.of_offices(&offices_compared(&actual, ours, line.partner));
    let reconciled = reconcile(&plan, &actual, &Insurers::Exact);
    let Some(found) = reconciled.people.iter().find(|found| found.person == person && found.month == month) else {
        return Ok(compared);
    };
    if reconciled.unread != (0, 0) {
        compared.said.push("形がくずれていて比べられない行があります。送信元に確かめてください。".to_owned());
    }
    let whole = plan_whole && actual_whole;
    // One side alone has nothing to differ from.
    let offices: Vec<Office> = if line.is_pair() && whole {
        compared.differences = Some(differences_of(found));
        found.offices.clone()
    } else {
        found.offices.iter().cloned().map(without_findings).collect()
    };
    let mut indexes = BTreeMap::new();
    for office in &offices {
        for service in &office.services {
            for finding in &service.findings {
                let key = difference_key(office.office, service, finding);
                indexes.insert(key, index(office.office, service, finding)?);
            }
        }
    }
    let named = |office: OfficeNumber, service: &Service, finding: &Finding| {
        let index = indexes.get(&difference_key(office, service, finding)).cloned().unwrap_or_default();
        let by = accepted.iter().find(|accepted| accepted.difference_index == index).map(|accepted| {
            let name = accepted.by.as_ref().map(|name| format!("{} ", name.reveal())).unwrap_or_default();
            format!("{name}{}", store::japanese_time(&accepted.accepted_at))
        });
        (index, by)
    };
    for service in offices.iter().flat_map(|office| &office.services) {
        compared.plan_units = compared.plan_units.saturating_add(service.plan.units);
        compared.actual_units = compared.actual_units.saturating_add(service.actual.units);
    }
    compared.blocks = blocks((&plan, &actual), &offices, (person, month), &named);
    Ok(compared)
}

fn without_findings(mut office: Office) -> Office {
    for service in &mut office.services {
        service.findings.clear();
        service.notes.clear();
    }
    office
}

impl PartnerPart {
    fn new(line: &BoardLine, compared: Compared, comments: Vec<Comment>) -> Self {
        let open = compared.blocks.iter().flat_map(|block| &block.differences);
        let (all, open) = (open.clone().count(), open.filter(|difference| difference.accepted.is_none()).count());
        let (standing, standing_look) = match (compared.differences, open) {
            (Some(_), 0) if all == 0 => ("予定と実績は一致しています。".to_owned(), "good"),
            (Some(_), 0) => (format!("差異 {all}件は、すべて了承済みです。"), "good"),
            (Some(_), open) => (format!("差異が {open}件あります。"), "late"),
            (None, _) if !line.is_pair() => ("予定と実績がそろうと、突き合わせます。".to_owned(), ""),
            (None, _) => difference_words(line),
        };
        Self {
            number: line.partner.to_string(),
            name: line.partner_name.clone(),
            plans: line.plans.iter().map(SetLink::new).collect(),
            actuals: line.actuals.iter().map(SetLink::new).collect(),
            sets: sets_text(line),
            standing,
            standing_look,
            said: compared.said,
            plan_units: grouped(compared.plan_units),
            actual_units: grouped(compared.actual_units),
            blocks: compared.blocks,
            comments: comments.into_iter().map(|comment| CommentView::new(comment, &line.partner_name)).collect(),
            is_outside: line.is_outside,
            fault: None,
            written: String::new(),
        }
    }
}

impl SetLink {
    fn new(set: &SetState) -> Self {
        let (text, look) = wording::standing(set);
        let at = store::japanese_time(&set.accepted_at);
        Self { href: format!("/sets/{}", set.id), text: text.to_owned(), look, at }
    }
}

impl CommentView {
    fn new(comment: Comment, partner: &str) -> Self {
        let who = match (comment.ours, comment.by) {
            (true, Some(name)) => format!("{}（この事業所）", name.reveal()),
            (true, None) => "この事業所".to_owned(),
            (false, _) => partner.to_owned(),
        };
        Self {
            who,
            at: store::japanese_time(&comment.made_at),
            text: comment.text.map_or_else(|| wording::NO_LABEL.to_owned(), standard::value::Private::into_revealed),
            ours: comment.ours,
        }
    }
}

impl ChainView {
    fn new(chain: &Chain) -> Self {
        let title = match chain.month {
            Some(of) => format!("{} {}", chain.family.label(), month(&of.to_string())),
            None => chain.family.label().to_owned(),
        };
        Self { title, steps: chain.steps.iter().map(StepView::new).collect() }
    }
}

impl StepView {
    fn new(step: &ChainStep) -> Self {
        let (state, look) = wording::version(step.state);
        let gone = step.state == store::ChainState::TakenBack;
        Self {
            href: (!gone).then(|| format!("/sets/{}", step.id)),
            kind: step.kind.label(),
            serial: step.unit.serial.to_string(),
            from: format!("{} → {}", step.unit.sender, step.unit.receiver),
            at: store::japanese_time(&step.accepted_at),
            state,
            look,
            current: step.state == store::ChainState::Current,
        }
    }
}

fn source(file: &OpenedFile) -> SourceFile<'_> {
    SourceFile { name: &file.name, bytes: &file.bytes }
}
