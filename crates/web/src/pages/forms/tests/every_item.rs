//! 印字の漏れがないこと: one column after the other gets another value, and the form must show it.

use super::planted::{file, value};
use super::{forms, named, text_of};
use crate::pages::forms::unprinted;
use standard::layout::EDITIONS;
use standard::{FileKind, Layout};

/// Every sheet of every edition.
fn layouts() -> impl Iterator<Item = &'static Layout> {
    EDITIONS.iter().flat_map(|edition| edition.layouts.iter().copied())
}

fn page(layout: &Layout, other: Option<&str>) -> String {
    forms(&[named(layout.kind, file(layout, other))])
}

#[test]
fn every_item_of_the_standard_has_its_place_on_a_form() {
    let (mut looked_at, mut faults) = (0, Vec::new());
    for layout in layouts() {
        let first = page(layout, None);
        let first_text = text_of(&first);
        for column in layout.columns.iter().filter(|column| !unprinted::contains(column.ident)) {
            let place = format!("{} {}", layout.kind.id(), column.ident);
            let (one, other) = (value(layout.kind, column, 0), value(layout.kind, column, 1));
            assert_ne!(one.cell, other.cell, "{place}: two values to tell apart");
            let second = page(layout, Some(column.ident));
            if first == second {
                faults.push(format!("{place}: another value makes no other form"));
            }
            if !first_text.contains(&super::squeezed(&one.shown)) {
                faults.push(format!("{place}: {} is not printed", one.shown));
            }
            if !one.ringed && !other.ringed {
                let often = |text: &str, what: &str| text.matches(&super::squeezed(what)).count();
                let (before, after) = (often(&first_text, &one.shown), often(&text_of(&second), &one.shown));
                if after >= before {
                    faults.push(format!("{place}: {} stands there {before} times and then {after}", one.shown));
                }
            }
            looked_at += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(looked_at > 900, "{looked_at}");
}

#[test]
fn what_is_not_printed_is_listed_and_makes_no_difference() {
    for (ident, reason) in unprinted::UNPRINTED {
        assert!(!reason.is_empty());
        let mut known = false;
        for layout in layouts().filter(|layout| layout.index(ident).is_some()) {
            known = true;
            if ident != "csv_version" {
                assert_eq!(page(layout, None), page(layout, Some(ident)), "{ident} is printed after all");
            }
        }
        assert!(known, "no sheet has a column {ident}");
    }
}

#[test]
fn every_kind_of_file_makes_a_form() {
    for kind in FileKind::ALL.into_iter().filter(|kind| *kind != FileKind::UpkihonImage) {
        let layout = layouts().find(|layout| layout.kind == kind).expect("a layout");
        assert!(page(layout, None).contains("<h3"), "{}", kind.id());
    }
}

#[test]
fn hostile_cells_stay_text_and_break_no_form() {
    const HOSTILE: [&[u8]; 9] = [
        b"<script>alert(1)</script>",
        b"=HYPERLINK(1)",
        b"99999999",
        b"-1",
        b"2400",
        b"\x00\x1b[2J",
        b"\x81",
        b"A",
        b"\"</table>\"\"\"",
    ];
    for layout in layouts() {
        for at in 1..layout.columns.len() {
            for hostile in HOSTILE {
                let row = file(layout, None);
                let mut cells: Vec<&[u8]> = row.trim_ascii_end().split(|byte| *byte == b',').collect();
                cells[at] = hostile;
                let bytes = [cells.join(&b','), b"\r\n".to_vec()].concat();
                let page = forms_of(&named(layout.kind, bytes));
                let place = format!("{} {}", layout.kind.id(), layout.columns[at].ident);
                assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{place}");
                assert_eq!(page.matches("<table").count(), page.matches("</table>").count(), "{place}");
            }
        }
    }
}

/// The forms of a file, whether or not all of it can be shown.
fn forms_of(file: &standard::sample::SampleFile) -> String {
    use askama::Template as _;
    let set = [standard::SourceFile { name: &file.name, bytes: &file.bytes }];
    let book = crate::pages::forms::book::Book::read(&set, None, "/sets/x/pictures");
    crate::pages::forms::page::Sheets { people: book.people, printed: false }.render().expect("a page")
}
