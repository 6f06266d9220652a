//! The forms held against the standard: every item has a place, on the page and on paper.

mod changed;
mod every_item;
mod paper;
mod planted;

use super::book::{Book, ROWS_OF_ONE_MAX};
use super::changes::Changes;
use super::page::Sheets;
use askama::Template as _;
use standard::SourceFile;
use standard::sample::{self, Request, SampleFile};
use standard::{FileKind, UnitKind};

/// A set of invented people.
fn set(kind: UnitKind, seed: u64, people: usize, serial: &str) -> Vec<SampleFile> {
    let (sender_type, receiver_type) = sample::types_for(kind);
    let number = |text: &str| text.parse().expect("a number");
    let request = Request {
        seed,
        people,
        sender: number("0390000100"),
        sender_type,
        receiver: number("0390001000"),
        receiver_type,
        serial: serial.parse().expect("a serial"),
        month: "202604".parse().expect("a month"),
        names: None,
    };
    sample::make(kind, &request)
}

fn sources(files: &[SampleFile]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}

/// A file of this kind, of one sender to one receiver.
fn named(kind: FileKind, bytes: Vec<u8>) -> SampleFile {
    let month = if kind.has_month() { "202604_" } else { "" };
    let name = format!("{}_{month}0390000100_43_0390001000_11_20260325090000.CSV", kind.id());
    SampleFile { name, bytes }
}

/// The forms of a set, without the page around them.
fn forms(files: &[SampleFile]) -> String {
    let sources = sources(files);
    let book = Book::read(&sources, None, "/sets/x/pictures");
    assert!(book.unread.is_empty(), "{:?}", book.unread);
    Sheets { people: book.people, printed: true }.render().expect("a page")
}

/// The same, compared with what was sent before.
fn compared(before: &[SampleFile], after: &[SampleFile]) -> String {
    let (before, after) = (sources(before), sources(after));
    let changes = Changes::between(&[before], &after);
    let book = Book::read(&after, Some(&changes), "/sets/x/pictures");
    Sheets { people: book.people, printed: true }.render().expect("a page")
}

/// A file that a browser opens without us.
fn standing_alone(forms: &str) -> String {
    let styles = [include_str!("../../../../templates/style.css"), include_str!("../../../../templates/forms.css")];
    format!(
        "<!DOCTYPE html><html lang=\"ja\"><meta charset=\"utf-8\"><title>様式</title><style>{}</style><main>{forms}</main></html>",
        styles.join("\n")
    )
}

/// What is to be read on a page: no tags, no spaces, no grouping of digits.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    squeezed(
        &text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&"),
    )
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace() && *letter != ',').collect()
}

#[test]
fn more_rows_than_anybody_has_are_cut_and_it_is_said() {
    let layout = standard::layout(FileKind::Upplan, standard::Edition::V202407).expect("a layout");
    let rows = planted::file(layout, None).repeat(ROWS_OF_ONE_MAX + 1);
    let set = [named(FileKind::Upplan, rows)];
    let book = Book::read(&sources(&set), None, "");
    assert!(book.cut);
    assert_eq!(book.people[0].rows, ROWS_OF_ONE_MAX);
}

#[test]
fn what_is_no_row_is_counted_and_the_rest_is_shown() {
    let layout = standard::layout(FileKind::Dltplan, standard::Edition::V202407).expect("a layout");
    let rows = [planted::file(layout, None), b"202407,\"broken\r\n".to_vec()].concat();
    let set = [named(FileKind::Dltplan, rows), named(FileKind::Upjsk, b"209912,who,knows\r\n".to_vec())];
    let book = Book::read(&sources(&set), None, "");
    assert_eq!(book.unread, [(FileKind::Upjsk.label(), 1), (FileKind::Dltplan.label(), 1)]);
    assert_eq!(book.people.len(), 1);
}

/// How large the page of an ordinary set is. With `--nocapture` it also says how long it took, the best of twenty.
#[test]
fn an_ordinary_set_makes_a_small_page() {
    for (kind, people) in [(UnitKind::CarePlan, 2), (UnitKind::Schedule, 2), (UnitKind::PreventionPlanWithBasicInfo, 2)]
    {
        let files = set(kind, 7, people, "20260325090000");
        let page = forms(&files);
        let once = |_| {
            let started = std::time::Instant::now();
            assert_eq!(forms(&files), page);
            started.elapsed()
        };
        let took = (0..20).map(once).min().unwrap_or_default();
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        println!("{}: {people} people, {bytes} bytes of CSV, {} bytes of page, {took:?}", kind.id(), page.len());
        assert!(page.len() < 95_000, "{} makes {} bytes", kind.id(), page.len());
    }
}
