use super::windows::Windows;
use super::{
    EXAMPLES_MAX, FAILED_SIGN_INS_PER_HOUR, FINDINGS_MAX, Finding, Findings, Found, Known, NIGHT_FROM_HOUR,
    NIGHT_UNTIL_HOUR, PAGES_PER_HOUR, PERSON_READS_PER_HOUR, PROGRAM_READS_PER_HOUR, Pattern, REFUSALS_PER_HOUR,
    REMEMBERED_MAX,
};
use crate::{Action, Actor, Detail, Entry, EntryDraft, Outcome, Timestamp, Token};

const HOUR_MS: i64 = 3_600_000;
/// Japan Standard Time, without summer time.
const JAPAN_HOURS: i64 = 9;

/// Looks at a period, one entry after the other.
#[derive(Debug)]
pub struct Examiner {
    known: Known,
    found: Found,
    unlisted: u64,
    entries: u64,
    person_reads: Windows,
    program_reads: Windows,
    pages: Windows,
    sign_ins: Windows,
    refusals: Windows,
}

impl Examiner {
    /// Begins, knowing what was so before.
    #[must_use]
    pub fn new(known: Known) -> Self {
        Self {
            known,
            found: Found::new(),
            unlisted: 0,
            entries: 0,
            person_reads: Windows::new(PERSON_READS_PER_HOUR),
            program_reads: Windows::new(PROGRAM_READS_PER_HOUR),
            pages: Windows::new(PAGES_PER_HOUR),
            sign_ins: Windows::new(FAILED_SIGN_INS_PER_HOUR),
            refusals: Windows::new(REFUSALS_PER_HOUR),
        }
    }

    /// The next entry, with its position in the log.
    pub fn look(&mut self, index: u64, entry: &Entry) {
        let look = Look { index, entry: entry.fields() };
        self.entries += 1;
        // Before anything is learnt of this entry.
        self.after_leaving(&look);
        self.learn(&look);
        self.reading(&look);
        self.sign_in(&look);
        self.refusal(&look);
        self.operator(&look);
        if !look.entry.clock.is_sound() || look.entry.action == Action::ClockChange {
            self.add(Pattern::Clock, String::new(), None, None, &look);
        }
        if look.entry.action == Action::BoxDamaged {
            self.add(Pattern::Damaged, look.actor(), look.person(), look.office(), &look);
        }
    }

    /// What is known by now, for whoever looks at what comes next.
    #[must_use]
    pub fn into_known(self) -> Known {
        self.known
    }

    /// What was found, the gravest first, then the earliest.
    #[must_use]
    pub fn finish(self) -> Findings {
        let mut list: Vec<Finding> = self.found.into_values().collect();
        list.sort_by(|one, other| {
            (one.pattern, one.first_index, &one.subject).cmp(&(other.pattern, other.first_index, &other.subject))
        });
        Findings { list, unlisted: self.unlisted, entries: self.entries }
    }

    /// Anything by an account, office or device that had ended, done or tried.
    fn after_leaving(&mut self, look: &Look<'_>) {
        let entry = look.entry;
        let ended = |id: &&Token| self.known.ended.contains(*id);
        let actor = match &entry.actor {
            Actor::Person(id) | Actor::Device(id) => Some(id).filter(ended),
            _ => None,
        };
        // Whoever tries to sign in is not known yet; the account is what the attempt was about.
        let tried = entry
            .object
            .as_ref()
            .filter(|_| matches!(entry.action, Action::SessionStart | Action::AccountRedeem))
            .filter(ended);
        let device = entry.device.as_ref().map(crate::Device::id).filter(ended);
        // What the operator does about a closed office is no doing of that office.
        let own_doing = matches!(family(entry.action), "set" | "session" | "page" | "access" | "ledger" | "software");
        let office = entry.office.as_ref().filter(ended).filter(|_| own_doing && entry.actor != Actor::System);
        if let Some(who) = actor.or(tried).or(device).or(office) {
            let account = actor.or(tried).cloned();
            self.add(Pattern::AfterLeaving, who.to_string(), account, look.office(), look);
        }
    }

    /// What later entries are held against.
    fn learn(&mut self, look: &Look<'_>) {
        let entry = look.entry;
        if entry.outcome != Outcome::Ok {
            return;
        }
        let about = match entry.action {
            Action::OfficeClose => entry.office.as_ref(),
            _ => entry.object.as_ref(),
        };
        // Whoever left one office of several has not left.
        let left_one_place = look.detail("closed") == Some(&Detail::Number(0));
        match (entry.action, about) {
            (Action::AccountClose, _) if left_one_place => {}
            (Action::AccountClose | Action::AccountSuspend | Action::OfficeClose | Action::DeviceRevoke, Some(id))
                if self.known.ended.len() < REMEMBERED_MAX =>
            {
                self.known.ended.insert(id.clone());
            }
            (Action::AccountResume, Some(id)) => {
                self.known.ended.remove(id);
            }
            (Action::ServerStart, _) if std::mem::replace(&mut self.known.serving, true) => {
                self.add(Pattern::UncleanStop, String::new(), None, None, look);
            }
            (Action::ServerStop, _) => self.known.serving = false,
            _ => {}
        }
    }

    /// Sets and pages: at night, in great number, with a stranger, for the first time.
    fn reading(&mut self, look: &Look<'_>) {
        let entry = look.entry;
        if entry.outcome != Outcome::Ok {
            return;
        }
        let reads = matches!(entry.action, Action::SetView | Action::SetOpen | Action::SetPrint | Action::SetCollect);
        let pair = entry.office.clone().zip(entry.counterpart.clone()).map(|(one, other)| Known::pair(one, other));
        if let Some(pair) = pair.filter(|_| reads || entry.action == Action::SetAccept)
            && !self.known.partners.contains(&pair)
        {
            if entry.action == Action::SetAccept {
                // Each pair by itself would be a list as long as the register; who began exchanging is what counts.
                self.add(Pattern::FirstPartner, String::new(), None, look.office(), look);
                if self.known.partners.len() < REMEMBERED_MAX {
                    self.known.partners.insert(pair);
                }
            } else {
                self.add(Pattern::NoRelation, look.actor(), look.person(), look.office(), look);
            }
        }
        let actor = look.actor();
        let over = match (&entry.actor, entry.action) {
            (Actor::Person(_), Action::PageView) => self.pages.count(&actor, look.index, entry.at),
            (Actor::Person(_), _) if reads => self.person_reads.count(&actor, look.index, entry.at),
            (Actor::Device(_), Action::SetOpen) => self.program_reads.count(&actor, look.index, entry.at),
            _ => Vec::new(),
        };
        for (index, at) in over {
            self.add_at(Pattern::MassReading, actor.clone(), look.person(), look.office(), (index, at));
        }
        let looks = reads
            || matches!(
                entry.action,
                Action::PageView | Action::LedgerRead | Action::LedgerExport | Action::RecoveryView
            );
        if looks && look.person().is_some() && is_night(entry.at) {
            self.add(Pattern::Night, actor, look.person(), look.office(), look);
        }
    }

    fn sign_in(&mut self, look: &Look<'_>) {
        let entry = look.entry;
        let starts = matches!(entry.action, Action::SessionStart | Action::AccountRedeem);
        match &entry.outcome {
            Outcome::Refused(code) if starts => {
                // The account where one is meant, else the terminal at which it was tried.
                let account = entry.object.clone().or_else(|| look.person());
                let subject = account.as_ref().map_or_else(|| look.terminal(), |id| format!("person:{id}"));
                for at in self.sign_ins.count(&subject, look.index, entry.at) {
                    self.add_at(Pattern::FailedSignIns, subject.clone(), account.clone(), look.office(), at);
                }
                if code.as_str() == "other-office" {
                    self.add(Pattern::UnknownTerminal, subject, account, look.office(), look);
                }
            }
            Outcome::Ok if entry.action == Action::SessionStart => {
                if look.number("devices_elsewhere") > 0 {
                    self.add(Pattern::TwoPlaces, look.actor(), look.person(), look.office(), look);
                }
                if matches!(look.code("factor"), Some("recovery-code" | "pass")) {
                    self.add(Pattern::Emergency, look.actor(), look.person(), look.office(), look);
                }
            }
            Outcome::Ok if entry.action == Action::RecoveryOpen => {
                let whose = look.code("account").or(entry.object.as_ref().map(Token::as_str));
                let subject = whose.map_or_else(String::new, |id| format!("person:{id}"));
                self.add(Pattern::Emergency, subject, look.person(), look.office(), look);
            }
            _ => {}
        }
    }

    fn refusal(&mut self, look: &Look<'_>) {
        let entry = look.entry;
        let Outcome::Refused(_) = &entry.outcome else { return };
        let unknown = entry.device.is_none() && matches!(entry.action, Action::AccessRefuse | Action::DeviceEnrol);
        if unknown {
            let from = entry.source.as_ref().map_or_else(String::new, ToString::to_string);
            self.add(Pattern::UnknownTerminal, from, None, look.office(), look);
        } else if !matches!(entry.action, Action::SessionStart | Action::AccountRedeem) {
            let actor = look.actor();
            for at in self.refusals.count(&actor, look.index, entry.at) {
                self.add_at(Pattern::Refusals, actor.clone(), look.person(), look.office(), at);
            }
        }
    }

    /// What the operator's people do with keys, roles, the log and the command line.
    fn operator(&mut self, look: &Look<'_>) {
        let entry = look.entry;
        let by_system = entry.actor == Actor::System;
        if matches!(entry.actor, Actor::OperatorCli(_)) {
            self.add(Pattern::CommandLine, look.actor(), None, None, look);
        }
        match family(entry.action) {
            "key" | "authority" if !by_system => {
                self.add(Pattern::Keys, format!("{} {}", look.actor(), entry.action.id()), look.person(), None, look);
            }
            "ledger" if !by_system => {
                self.add(Pattern::LogRead, look.actor(), look.person(), look.office(), look);
            }
            _ => {}
        }
        let operator_role =
            matches!(look.code("role"), Some("operator-administrator" | "key-custodian" | "maintenance" | "auditor"));
        let gives = matches!(entry.action, Action::GrantConfirm | Action::AccountAdd) && entry.outcome == Outcome::Ok;
        if gives && operator_role {
            // Whoever got it does not judge it, nor whoever gave it.
            let account = look.code("account").and_then(|id| id.parse().ok()).or_else(|| entry.object.clone());
            let subject = account.as_ref().map_or_else(String::new, |id| format!("person:{id}"));
            self.add(Pattern::OperatorRole, subject, look.person().or(account), None, look);
        }
    }

    fn add(&mut self, pattern: Pattern, subject: String, account: Option<Token>, office: Option<Token>, at: &Look<'_>) {
        self.add_at(pattern, subject, account, office, (at.index, at.entry.at));
    }

    fn add_at(
        &mut self,
        pattern: Pattern,
        subject: String,
        account: Option<Token>,
        office: Option<Token>,
        (index, at): (u64, Timestamp),
    ) {
        let key = (pattern, subject, office);
        if let Some(finding) = self.found.get_mut(&key) {
            finding.entries += 1;
            (finding.last_index, finding.last_at) = (index, at);
            if finding.examples.len() < EXAMPLES_MAX {
                finding.examples.push(index);
            }
            return;
        }
        // Never dropped in silence: how many did not fit is part of the result.
        if self.found.len() >= FINDINGS_MAX {
            self.unlisted += 1;
            return;
        }
        let (subject, office) = (key.1.clone(), key.2.clone());
        let finding = Finding {
            pattern,
            subject,
            account,
            office,
            entries: 1,
            first_index: index,
            first_at: at,
            last_index: index,
            last_at: at,
            examples: vec![index],
        };
        self.found.insert(key, finding);
    }
}

/// One entry under the eye.
struct Look<'a> {
    index: u64,
    entry: &'a EntryDraft,
}

impl Look<'_> {
    fn actor(&self) -> String {
        self.entry.actor.to_string()
    }

    fn person(&self) -> Option<Token> {
        match &self.entry.actor {
            Actor::Person(id) => Some(id.clone()),
            _ => None,
        }
    }

    fn office(&self) -> Option<Token> {
        self.entry.office.clone()
    }

    /// Where it came from: the terminal, else the address.
    fn terminal(&self) -> String {
        match (&self.entry.device, &self.entry.source) {
            (Some(device), _) => format!("device:{}", device.id()),
            (None, Some(source)) => source.to_string(),
            (None, None) => String::new(),
        }
    }

    fn detail(&self, name: &str) -> Option<&Detail> {
        self.entry.details.iter().find(|(found, _)| found.as_str() == name).map(|(_, value)| value)
    }

    fn code(&self, name: &str) -> Option<&str> {
        match self.detail(name)? {
            Detail::Token(token) => Some(token.as_str()),
            Detail::Number(_) => None,
        }
    }

    fn number(&self, name: &str) -> u64 {
        match self.detail(name) {
            Some(Detail::Number(number)) => *number,
            _ => 0,
        }
    }
}

/// `set` of `set.open`.
fn family(action: Action) -> &'static str {
    action.id().split('.').next().unwrap_or_default()
}

fn is_night(at: Timestamp) -> bool {
    let hour = (at.as_millisecond() / HOUR_MS + JAPAN_HOURS) % 24;
    !(NIGHT_UNTIL_HOUR..NIGHT_FROM_HOUR).contains(&hour)
}
