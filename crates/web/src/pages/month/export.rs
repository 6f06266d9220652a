//! Excel: the month as it is asked for, one row per person and partner.

use super::board::difference_words;
use super::wording;
use crate::wording::month;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, XlsxError};
use standard::ServiceMonth;
use store::{Board, BoardLine, SetState};

const HEADS: [(&str, f64); 9] = [
    ("被保険者番号", 14.0),
    ("氏名", 18.0),
    ("フリガナ", 20.0),
    ("連携先の事業所番号", 18.0),
    ("連携先", 34.0),
    ("予定", 26.0),
    ("実績", 26.0),
    ("突合", 22.0),
    ("連絡（件）", 10.0),
];

/// The workbook's bytes. Every cell is text or a number: nothing that is written there is ever run (R1.9).
pub(super) fn workbook(of: ServiceMonth, board: &Board) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let head = Format::new().set_bold().set_align(FormatAlign::Top).set_text_wrap();
    let text = Format::new().set_num_format("@").set_align(FormatAlign::Top).set_text_wrap();
    let sheet = book.add_worksheet();
    sheet.set_name(month(&of.to_string()))?;
    sheet.set_landscape().set_paper_size(9).set_freeze_panes(1, 0)?;
    sheet.set_repeat_rows(0, 0)?.set_print_fit_to_pages(1, 0);
    for (column, (name, width)) in (0..).zip(HEADS) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, name, &head)?;
    }
    let mut row = 0;
    for person in &board.people {
        let (number, name, kana) = match &person.label {
            Some(label) => (label.person.insured.as_str(), label.name.reveal().as_str(), label.kana.reveal().as_str()),
            None => ("", wording::NO_LABEL, ""),
        };
        for line in &person.lines {
            row += 1;
            let partner = line.partner.to_string();
            let (plan, actual, difference) = (states(&line.plans), actuals(line), difference_words(line).0);
            let cells = [number, name, kana, &partner, &line.partner_name, &plan, &actual, &difference];
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string_with_format(row, column, cell, &text)?;
            }
            sheet.write_number(row, 8, u32::try_from(line.comments).unwrap_or(u32::MAX))?;
        }
    }
    if row > 0 {
        sheet.autofilter(0, 0, row, 8)?;
    }
    book.save_to_buffer()
}

fn states(sets: &[SetState]) -> String {
    if sets.is_empty() {
        return "なし".to_owned();
    }
    sets.iter().map(|set| wording::standing(set).0).collect::<Vec<_>>().join("、")
}

fn actuals(line: &BoardLine) -> String {
    match line.actuals.is_empty() && !line.plans.is_empty() {
        true => "実績がまだ".to_owned(),
        false => states(&line.actuals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader as _, Xlsx};
    use standard::value::{InsuredNumber, InsurerNumber, PersonKey, Private};
    use std::io::Cursor;
    use store::{BoardPerson, Label, PersonId, State, TransmissionId};

    fn person(name: &str) -> BoardPerson {
        let key = PersonKey {
            insurer: InsurerNumber::from_bytes(b"131016").expect("an insurer"),
            insured: InsuredNumber::from_bytes(b"0000000101").expect("a number"),
        };
        let plan = SetState {
            id: TransmissionId::fresh(),
            kind: standard::UnitKind::Schedule,
            sent: true,
            state: State::Imported,
            accepted_at: "2026-04-01T00:00:00.000Z".to_owned(),
        };
        BoardPerson {
            id: PersonId::fresh(),
            label: Some(Label {
                person: key,
                name: Private::new(name.to_owned()),
                kana: Private::new("ミホン".to_owned()),
            }),
            lines: vec![BoardLine {
                is_outside: false,
                partner: "1370000029".parse().expect("an office"),
                partner_name: "架空の訪問介護".to_owned(),
                plans: vec![plan],
                actuals: Vec::new(),
                comparison: None,
                comments: 2,
            }],
        }
    }

    #[test]
    fn r1_9_what_is_written_out_is_read_back_and_no_cell_is_a_formula() {
        let board = Board {
            partners: Vec::new(),
            people: vec![person("=HYPERLINK(\"x\")"), person("見本　花子")],
            people_total: 2,
            skipped: 0,
            page: 1,
            pages: 1,
            cut: false,
            unlabelled: 0,
        };
        let bytes = workbook("202604".parse().expect("a month"), &board).expect("made");
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
        let name = book.sheet_names().first().cloned().expect("a sheet");
        assert_eq!(name, "2026年4月分");
        let sheet = book.worksheet_range(&name).expect("read");
        let rows: Vec<Vec<Data>> = sheet.rows().map(<[Data]>::to_vec).collect();
        assert_eq!(rows.len(), 3);
        let text = |row: usize, column: usize| rows[row][column].to_string();
        assert_eq!((text(0, 0).as_str(), text(0, 8).as_str()), ("被保険者番号", "連絡（件）"));
        // Numbers of people keep their zeros.
        assert_eq!(rows[1][0], Data::String("0000000101".to_owned()));
        assert_eq!(rows[1][1], Data::String("=HYPERLINK(\"x\")".to_owned()));
        assert_eq!((text(2, 1).as_str(), text(2, 5).as_str()), ("見本　花子", "送った・相手が取込み済み"));
        assert_eq!((text(2, 6).as_str(), rows[2][8].clone()), ("実績がまだ", Data::Float(2.0)));
        let formulas = book.worksheet_formula(&name).expect("read");
        assert!(formulas.used_cells().next().is_none());
    }
}
