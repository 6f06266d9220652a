//! The page around the forms of a set.

use super::book::{Book, Folder};
use super::changes::Changes;
use super::wording;
use crate::guard::SignedIn;
use crate::pages::frame::Frame;
use askama::Template;
use standard::FileKind;
use store::{Transmission, Version};

/// People on one page; more are on further ones.
pub(crate) const PEOPLE_PER_PAGE: usize = 100;
/// Newer versions that are named.
const NEWER_MAX: usize = 5;

#[derive(Template)]
#[template(path = "forms/set.html")]
pub(crate) struct SetPage<'a> {
    frame: Frame,
    lead: &'static str,
    partner_label: &'static str,
    partner: String,
    month: String,
    accepted_label: &'static str,
    accepted: String,
    version: String,
    newer: Vec<Newer>,
    said: Vec<String>,
    acts: Vec<Act>,
    marked: bool,
    pages: Vec<PageLink>,
    /// Number of the first person on this page.
    first: usize,
    sheets: Sheets<'a>,
}

/// The forms themselves, person by person.
#[derive(Template)]
#[template(path = "forms/sheets.html")]
pub(crate) struct Sheets<'a> {
    pub(crate) people: Vec<Folder<'a>>,
    /// Whether they may be printed: what is printed without being asked for is not recorded.
    pub(crate) printed: bool,
}

struct Newer {
    id: String,
    what: &'static str,
    accepted: String,
}

struct Act {
    href: String,
    label: &'static str,
}

struct PageLink {
    href: String,
    label: String,
    here: bool,
}

/// How the set is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    pub(crate) changes: bool,
    pub(crate) print: bool,
    /// From 1.
    pub(crate) page: usize,
}

impl View {
    pub(crate) fn href(self, id: &str) -> String {
        let words = [
            self.changes.then(|| "changes".to_owned()),
            self.print.then(|| "print".to_owned()),
            (self.page > 1).then(|| format!("page={}", self.page)),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        if words.is_empty() { format!("/sets/{id}") } else { format!("/sets/{id}?{}", words.join("&")) }
    }
}

impl Folder<'_> {
    /// Whom the forms are about, as people are called on paper: by name, and by number where no sheet names them.
    pub(crate) fn label(&self) -> String {
        let name: String = self.name.text().chars().map(super::shown::visible).collect();
        match name.trim() {
            "" => format!("被保険者番号 {}", self.insured),
            name => format!("{name}（被保険者番号 {}）", self.insured),
        }
    }
}

/// What stands around the set.
pub(crate) struct Around<'s> {
    pub(crate) set: &'s Transmission,
    pub(crate) versions: &'s [Version],
    pub(crate) view: View,
    pub(crate) received: bool,
    /// What must be said of the comparison besides its outcome.
    pub(crate) remarks: Vec<&'static str>,
}

impl<'a> SetPage<'a> {
    pub(crate) fn new(
        signed_in: &SignedIn,
        around: Around<'_>,
        book: Book<'a>,
        changes: Option<&Changes<'_>>,
    ) -> Self {
        let Around { set, versions, view, received, remarks } = around;
        let id = set.id.to_string();
        let people = book.people.len();
        let last_page = people.div_ceil(PEOPLE_PER_PAGE).max(1);
        let page = view.page.clamp(1, last_page);
        let first = (page - 1) * PEOPLE_PER_PAGE;
        let mut said: Vec<String> = book.unread.iter().map(|(sheet, rows)| wording::unread(sheet, *rows)).collect();
        said.extend(book.cut.then(|| wording::CUT.to_owned()));
        said.extend(changes.into_iter().flat_map(|changes| outcome(changes, people)));
        said.extend(remarks.into_iter().map(str::to_owned));
        let (earlier, later) = split(set, versions);
        let act = |view: View, label| Act { href: view.href(&id), label };
        let mut acts = Vec::new();
        if view.print {
            acts.push(act(View { print: false, ..view }, wording::FOR_SCREEN));
        } else {
            acts.push(act(View { print: true, ..view }, wording::FOR_PRINT));
        }
        if view.changes {
            acts.push(act(View { changes: false, ..view }, wording::HIDE_CHANGES));
        } else if !earlier.is_empty() {
            acts.push(act(View { changes: true, ..view }, wording::SHOW_CHANGES));
        }
        acts.push(Act { href: "/".to_owned(), label: wording::TO_LISTS });
        let before = if earlier.is_empty() { wording::VERSION_FIRST } else { wording::VERSION_AFTER };
        let now = if later.is_empty() { wording::VERSION_NEWEST } else { wording::VERSION_OLD };
        let (number, name) =
            if received { (set.sender, &set.sender_name) } else { (set.receiver, &set.receiver_name) };
        Self {
            frame: signed_in.frame(set.kind.label()),
            lead: if received { wording::LEAD_RECEIVED } else { wording::LEAD_SENT },
            partner_label: if received { "送信元" } else { "送信先" },
            partner: format!("{name}（{number}）"),
            month: set.service_month.map(super::shown::month).unwrap_or_default(),
            accepted_label: if received { "届いた日時" } else { "送った日時" },
            accepted: store::japanese_time(&set.accepted_at),
            version: format!("{now}{before}"),
            newer: later.into_iter().rev().take(NEWER_MAX).map(newer).collect(),
            said,
            acts,
            marked: view.changes,
            pages: (1..=last_page).map(|number| link(view, number, page, people, &id)).collect(),
            first: first + 1,
            sheets: Sheets {
                people: book.people.into_iter().skip(first).take(PEOPLE_PER_PAGE).collect(),
                printed: view.print,
            },
        }
    }
}

fn outcome(changes: &Changes<'_>, people: usize) -> Vec<String> {
    if changes.compared == 0 {
        return vec![wording::NO_VERSION_BEFORE.to_owned()];
    }
    let mut said = vec![wording::compared(people, changes.compared, changes.changed)];
    if changes.pictures {
        said.push(wording::PICTURE_CHANGED.to_owned());
    } else if changes.changed == 0 {
        said.push(wording::NOTHING_CHANGED.to_owned());
    }
    said
}

/// The versions before a set and after it, by serial: that is the order of import.
pub(crate) fn split<'v>(set: &Transmission, versions: &'v [Version]) -> (Vec<&'v Version>, Vec<&'v Version>) {
    versions.iter().partition(|version| version.key.serial < set.serial)
}

fn newer(version: &Version) -> Newer {
    Newer {
        id: version.id.to_string(),
        what: version.kind.label(),
        accepted: store::japanese_time(&version.accepted_at),
    }
}

fn link(view: View, number: usize, page: usize, people: usize, id: &str) -> PageLink {
    let first = (number - 1) * PEOPLE_PER_PAGE + 1;
    PageLink {
        href: View { page: number, ..view }.href(id),
        label: format!("{first}〜{}人目", people.min(first + PEOPLE_PER_PAGE - 1)),
        here: number == page,
    }
}

/// A picture is shown if it begins as a JPEG does; anything else would be for the browser to guess.
pub(crate) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8, 0xFF])
}

/// Whether the file is the picture of this branch.
pub(crate) fn is_picture(name: &str, branch: &str) -> bool {
    let parsed = standard::name::parse(name).ok().filter(|name| name.kind == FileKind::UpkihonImage);
    parsed.and_then(|name| name.branch).is_some_and(|found| found == *branch.as_bytes())
}
