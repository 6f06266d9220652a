//! The page around the forms of a set.

use super::book::{Book, Folder};
use super::changes::Changes;
use super::wording;
use crate::guard::SignedIn;
use crate::pages::frame::Frame;
use askama::Template;
use standard::FileKind;
use std::ops::Range;
use store::{Transmission, Version};

/// People on one page; more are on further ones.
const PEOPLE_PER_PAGE: usize = 100;
/// Rows on one page, unless a single person has more: so that a page stays one that a browser can hold.
const ROWS_PER_PAGE: usize = 8_000;
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
    /// People of the whole set.
    people: usize,
    sheets: Sheets<'a>,
    /// For software that takes files one by one.
    files: Vec<File>,
}

struct File {
    name: String,
    href: String,
    size: String,
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
    pub(crate) fn new(signed_in: &SignedIn, around: Around<'_>, book: Book<'a>, changes: Option<&Changes<'_>>) -> Self {
        let Around { set, versions, view, received, remarks } = around;
        let id = set.id.to_string();
        let people = book.people.len();
        let parts = parts(&book.people);
        let page = view.page.clamp(1, parts.len());
        let part = parts.get(page - 1).cloned().unwrap_or_default();
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
        acts.push(Act { href: format!("/sets/{id}/receipt"), label: wording::TO_RECEIPT });
        acts.push(Act { href: "/".to_owned(), label: wording::TO_LISTS });
        let before = if earlier.is_empty() { wording::VERSION_FIRST } else { wording::VERSION_AFTER };
        let now = if later.is_empty() { wording::VERSION_NEWEST } else { wording::VERSION_OLD };
        let (number, name) = if received { (set.sender, &set.sender_name) } else { (set.receiver, &set.receiver_name) };
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
            marked: changes.is_some_and(|changes| !changes.changed.is_empty()),
            pages: parts.iter().enumerate().map(|(at, part)| link(view, at + 1, page, part, &id)).collect(),
            first: part.start + 1,
            people,
            files: set.files.iter().map(|file| File::new(file, &id)).collect(),
            sheets: Sheets {
                people: book.people.into_iter().skip(part.start).take(part.len()).collect(),
                printed: view.print,
            },
        }
    }
}

impl File {
    fn new(file: &store::StoredFile, id: &str) -> Self {
        Self {
            name: file.name.clone(),
            // Names of the standard are letters, digits and a few signs that an address takes as they are.
            href: format!("/sets/{id}/files/{}", file.name),
            size: format!("{} KB", file.size_bytes.div_ceil(1024)),
        }
    }
}

fn outcome(changes: &Changes<'_>, people: usize) -> Vec<String> {
    let (compared, changed) = (changes.compared.len(), changes.changed.len());
    if compared == 0 {
        return vec![wording::NO_VERSION_BEFORE.to_owned()];
    }
    let mut said = vec![wording::compared(people, compared, changed)];
    if changes.pictures {
        said.push(wording::PICTURE_CHANGED.to_owned());
    } else if changed == 0 {
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

/// The people of each page; one page at least.
fn parts(people: &[Folder<'_>]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = std::iter::once(0..0).collect();
    let mut rows = 0;
    for (at, folder) in people.iter().enumerate() {
        rows += folder.rows;
        match parts.last_mut() {
            Some(part) if part.start == part.end || (part.len() < PEOPLE_PER_PAGE && rows <= ROWS_PER_PAGE) => {
                part.end = at + 1
            }
            _ => {
                parts.push(at..at + 1);
                rows = folder.rows;
            }
        }
    }
    parts
}

fn link(view: View, number: usize, page: usize, part: &Range<usize>, id: &str) -> PageLink {
    PageLink {
        href: View { page: number, ..view }.href(id),
        label: format!("{}〜{}人目", part.start + 1, part.end),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn people(rows: &[usize]) -> Vec<Folder<'static>> {
        let folder = |rows: &usize| Folder {
            name: crate::pages::forms::cell::Cell::default(),
            insured: String::new(),
            rows: *rows,
            forms: Vec::new(),
        };
        rows.iter().map(folder).collect()
    }

    #[test]
    fn a_page_ends_where_it_would_grow_too_long_and_nobody_is_left_out() {
        assert_eq!(parts(&people(&[])).len(), 1);
        assert_eq!(parts(&people(&[10; 250])), [0..100, 100..200, 200..250]);
        assert_eq!(parts(&people(&[9_000, 5_000, 3_000, 1])), [0..1, 1..3, 3..4]);
    }

    #[test]
    fn an_address_says_how_a_set_is_looked_at_and_nothing_else() {
        assert_eq!(View { changes: false, print: false, page: 1 }.href("x"), "/sets/x");
        assert_eq!(View { changes: true, print: true, page: 2 }.href("x"), "/sets/x?changes&print&page=2");
    }
}
