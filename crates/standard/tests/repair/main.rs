//! Files as other software writes them, named and brought into the canonical form.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod decisions;
mod properties;
#[path = "../holds/repaired.rs"]
mod repaired;
mod writing;

use fumibako_standard::UnitKind;
use fumibako_standard::dialect::{self, Manner};
use fumibako_standard::repair::{Accepted, Repaired, repair};
use writing::{File, sample, sources, write};

pub(crate) fn holds(files: &[File], repaired: &Repaired) {
    repaired::repair_holds(&sources(files), repaired);
}

/// Repaired completely, with these files to show for it.
pub(crate) fn becomes(files: &[File], expected: &[File]) -> Repaired {
    let repaired = repair(&sources(files), &Accepted::none());
    assert!(repaired.decisions.is_empty(), "{:?}", repaired.decisions);
    holds(files, &repaired);
    assert_eq!(repaired.files.len(), expected.len());
    for (file, expected) in repaired.files.iter().zip(expected) {
        assert_eq!(file.name, expected.name);
        if file.bytes != expected.bytes {
            let [is, was] =
                [&file.bytes, &expected.bytes].map(|bytes| encoding_rs::SHIFT_JIS.decode(bytes).0.into_owned());
            let line = is.lines().zip(was.lines()).find(|(is, was)| is != was);
            panic!("{}: {line:?}", file.name);
        }
    }
    repaired
}

/// A set in this manner is named as such, in these words, and comes back in the form it had before.
fn is_named_and_repaired(kind: UnitKind, manner: Manner, sentence: &str) {
    let sound = sample(kind, 7, 12);
    let files = write(&sound, &[manner]);
    assert!(files != sound, "{manner:?} changes nothing");
    let dialects = dialect::of(&sources(&files));
    assert!(dialects.iter().any(|dialect| dialect.sentence() == sentence), "{dialects:?}");
    let others: Vec<_> = dialects.iter().filter(|dialect| dialect.manner != manner).collect();
    assert!(others.is_empty(), "{others:?}");
    let repaired = becomes(&files, &sound);
    assert!(repaired.changes.iter().all(|change| change.manners.iter().eq([manner])), "{:?}", repaired.changes);
}

#[test]
fn utf8_with_a_mark_is_named_and_becomes_ms932() {
    is_named_and_repaired(UnitKind::CarePlan, Manner::Utf8Mark, "このファイルは、UTF-8（BOM付き）で書かれています");
}

/// Little text, in it a character like 﨑 or ㈱, and bytes that could be MS932 as well: found by the properties.
#[test]
fn utf8_that_could_be_ms932_is_told_by_what_it_says() {
    let sound = sample(fumibako_standard::unit::UNITS[1].kind, 16_235_345_714_103_303_263, 1);
    becomes(&write(&sound, &[Manner::Utf8]), &sound);
}

#[test]
fn utf8_without_a_mark_is_named_and_becomes_ms932() {
    is_named_and_repaired(UnitKind::Schedule, Manner::Utf8, "このファイルは、UTF-8（BOMなし）で書かれています");
}

#[test]
fn utf16_is_named_and_becomes_ms932() {
    is_named_and_repaired(UnitKind::PreventionPlan, Manner::Utf16, "このファイルは、UTF-16で書かれています");
}

#[test]
fn big_endian_utf16_becomes_ms932_too() {
    let sound = sample(UnitKind::Actual, 3, 4);
    let mut files = write(&sound, &[Manner::Utf16]);
    for file in &mut files {
        file.bytes.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    }
    becomes(&files, &sound);
}

#[test]
fn line_feeds_are_named_and_become_crlf() {
    is_named_and_repaired(UnitKind::Schedule, Manner::LineFeed, "このファイルは、LFだけの改行で書かれています");
}

#[test]
fn a_missing_final_line_end_is_named_and_added() {
    let sentence = "このファイルは、最後の行に改行のない形で書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::NoFinalLineEnd, sentence);
}

#[test]
fn blank_lines_are_named_and_removed() {
    is_named_and_repaired(UnitKind::Actual, Manner::BlankLines, "このファイルは、空の行のある形で書かれています");
}

#[test]
fn the_end_mark_of_old_programs_is_named_and_removed() {
    let sentence = "このファイルは、ファイル末尾に終わりの記号（0x1A）のある形で書かれています";
    is_named_and_repaired(UnitKind::Actual, Manner::EndMark, sentence);
}

#[test]
fn trailing_commas_are_named_and_removed() {
    let sentence = "このファイルは、行末に余分なコンマのある形で書かれています";
    for kind in [UnitKind::CarePlan, UnitKind::Schedule, UnitKind::PreventionPlan] {
        is_named_and_repaired(kind, Manner::TrailingCommas, sentence);
    }
}

#[test]
fn a_header_row_is_named_and_removed() {
    is_named_and_repaired(UnitKind::CarePlan, Manner::HeaderRow, "このファイルは、見出し行のある形で書かれています");
}

#[test]
fn unquoted_text_is_named_and_quoted() {
    let sentence = "このファイルは、引用符で囲まない文章の項目で書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::UnquotedText, sentence);
}

#[test]
fn quoted_numbers_are_named_and_unquoted() {
    let sentence = "このファイルは、引用符で囲んだ数字やコードの項目で書かれています";
    is_named_and_repaired(UnitKind::Schedule, Manner::QuotedNumbers, sentence);
}

#[test]
fn the_versions_202410_and_202504_are_named_and_become_202407() {
    let sentence = "このファイルは、CSVバージョン「202410」（版4.1の発行月）で書かれています";
    is_named_and_repaired(UnitKind::Schedule, Manner::Version202410, sentence);
    let sentence = "このファイルは、CSVバージョン「202504」（版4.0）で書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::Version202504, sentence);
}

#[test]
fn lower_case_file_names_are_named_and_become_canonical() {
    let sentence = "このファイルは、英小文字のファイル名（または大文字の.JPG）で書かれています";
    is_named_and_repaired(UnitKind::Schedule, Manner::LowerCaseName, sentence);
}

#[test]
fn full_width_names_are_named_and_become_canonical() {
    let sentence = "このファイルは、全角の下線や英数字のあるファイル名で書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::FullWidthName, sentence);
}

#[test]
fn full_width_digits_in_cells_are_named_and_become_half_width() {
    let sentence = "このファイルは、全角の英数字を使った数字やコードの項目で書かれています";
    is_named_and_repaired(UnitKind::Schedule, Manner::FullWidthCells, sentence);
}

#[test]
fn blanks_around_values_are_named_and_removed() {
    let sentence = "このファイルは、前後に空白を付けた数字やコードの項目で書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::Blanks, sentence);
}

#[test]
fn dates_with_separators_are_named_and_become_eight_digits() {
    for (manner, form) in
        [(Manner::SlashDates, "2025/04/01"), (Manner::HyphenDates, "2025-04-01"), (Manner::KanjiDates, "2025年4月1日")]
    {
        let sentence = format!("このファイルは、「{form}」の形の日付で書かれています");
        is_named_and_repaired(UnitKind::CarePlan, manner, &sentence);
        is_named_and_repaired(UnitKind::Schedule, manner, &sentence);
    }
}

#[test]
fn times_with_a_colon_are_named_and_become_four_digits() {
    is_named_and_repaired(UnitKind::Schedule, Manner::ColonTimes, "このファイルは、「9:00」の形の時刻で書かれています");
}

#[test]
fn other_hyphens_are_named_and_become_half_width() {
    let sentence = "このファイルは、半角ではないハイフンを使ったTAISコード・郵便番号・電話番号などで書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::Hyphens, sentence);
}

#[test]
fn a_tais_code_is_repaired_with_any_hyphen() {
    let sound = tais("00123-000456");
    for hyphen in ["‐", "‑", "–", "—", "―", "−", "－", "ー", "ｰ"] {
        let files = tais(&format!("00123{hyphen}000456"));
        let text = encoding_rs::SHIFT_JIS.decode(&files[0].bytes).0.into_owned();
        let files = vec![File { name: files[0].name.clone(), bytes: text.replace("HYPHEN", hyphen).into_bytes() }];
        let repaired = becomes(&files, &sound);
        assert!(repaired.changes.iter().any(|change| change.manners.contains(Manner::Hyphens)), "{hyphen}");
        assert!(repaired.changes.iter().any(|change| change.item == Some("TAISコード")), "{hyphen}");
    }
}

/// Actuals of one rented thing; a hyphen MS932 does not have is spelt out.
fn tais(code: &str) -> Vec<File> {
    let code: String = code.chars().map(|c| if c.is_ascii() { c.to_string() } else { "HYPHEN".into() }).collect();
    let row = format!(
        "202407,131016,0000000001,20260501,202604,1370000001,\"計画 花子\",250,,20260401,,9999,9999,1,171001,{code},,\
         \"歩行器\",1,1370000002,\"見本の貸与所\",,0,1370000002,\r\n"
    );
    let name = "UPJSK_202604_1370000002_17_1370000001_43_20260501093000.CSV".to_owned();
    vec![File { name, bytes: fumibako_standard::write::ms932(&row).unwrap() }]
}

#[test]
fn postal_codes_without_hyphen_are_named_and_get_it() {
    let sentence = "このファイルは、ハイフンのない7桁の郵便番号で書かれています";
    is_named_and_repaired(UnitKind::CarePlan, Manner::BarePostalCodes, sentence);
}

#[test]
fn padded_numbers_are_named_and_lose_their_zeros() {
    is_named_and_repaired(
        UnitKind::Schedule,
        Manner::PaddedNumbers,
        "このファイルは、先頭を0で埋めた数で書かれています",
    );
}

#[test]
fn grouped_numbers_are_named_and_lose_their_commas() {
    let sound = sample(UnitKind::Schedule, 7, 12);
    let files = write(&sound, &[Manner::GroupedNumbers]);
    let sentence = "このファイルは、3桁ごとにコンマで区切った数で書かれています";
    assert!(dialect::of(&sources(&files)).iter().any(|dialect| dialect.sentence() == sentence));
    becomes(&files, &sound);
}

#[test]
fn characters_of_other_tables_are_named_and_become_their_twins() {
    for (twin, other) in
        [("\u{FF5E}", "\u{301C}"), ("\u{FFE5}", "\u{A5}"), ("\u{FFE3}", "\u{203E}"), ("\u{FF0D}", "\u{2212}")]
    {
        let sound = replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", twin);
        let files = utf8(&replaced(&sample(UnitKind::CarePlan, 7, 2), "UP1KYO", other));
        let dialects = dialect::of(&sources(&files));
        assert!(dialects.iter().any(|dialect| dialect.manner == Manner::Twins), "{other}: {dialects:?}");
        let sound: Vec<File> = sound
            .into_iter()
            .map(|file| File {
                bytes: encoding_rs::SHIFT_JIS.encode(&String::from_utf8(file.bytes).unwrap()).0.into_owned(),
                ..file
            })
            .collect();
        becomes(&files, &sound);
    }
}

/// The set in UTF-8, with the name of the care manager in 第1表 (or whichever file) ending in this text.
pub(crate) fn replaced(files: &[File], prefix: &str, text: &str) -> Vec<File> {
    let end = |file: &File| {
        let decoded = encoding_rs::SHIFT_JIS.decode(&file.bytes).0.into_owned();
        match file.name.starts_with(prefix) {
            true => decoded.replacen("\",", &format!("{text}\","), 1),
            false => decoded,
        }
    };
    files.iter().map(|file| File { name: file.name.clone(), bytes: end(file).into_bytes() }).collect()
}

fn utf8(files: &[File]) -> Vec<File> {
    files.to_vec()
}

#[test]
fn an_old_edition_of_its_time_is_named_and_left_as_it_is() {
    let name = |kind: &str| format!("{kind}_202402_1370000001_1370000002_20240320093000.CSV");
    let plan = "202208,131016,0000000001,20240120,202402,1370000001,\"計画 花子\",250,,20240201,,0900,1000,1,111111,,\
                1370000002,\"見本の事業所\",,0,1370000001,\r\n";
    let delete = "202208,131016,0000000001,202402\r\n";
    for (kind, text, named) in [("UPJSK", plan, 2), ("DLTPLAN", delete, 2)] {
        let files = [File { name: name(kind), bytes: fumibako_standard::write::ms932(text).unwrap() }];
        let manners: Vec<Manner> = dialect::of(&sources(&files)).iter().map(|dialect| dialect.manner).collect();
        assert_eq!(manners, [Manner::Version202208, Manner::Name3]);
        assert_eq!(manners.len(), named);
        let repaired = becomes(&files, &files);
        assert!(repaired.changes.is_empty());
    }
}

#[test]
fn many_manners_at_once_are_all_named_and_all_repaired() {
    let manners = [
        Manner::Utf8Mark,
        Manner::LineFeed,
        Manner::NoFinalLineEnd,
        Manner::HeaderRow,
        Manner::QuotedNumbers,
        Manner::Version202410,
        Manner::LowerCaseName,
        Manner::FullWidthName,
        Manner::FullWidthCells,
        Manner::SlashDates,
        Manner::PaddedNumbers,
    ];
    let sound = sample(UnitKind::Schedule, 11, 8);
    let files = write(&sound, &manners);
    let named: Vec<Manner> = dialect::of(&sources(&files)).iter().map(|dialect| dialect.manner).collect();
    for manner in manners {
        assert!(named.contains(&manner), "{manner:?}");
    }
    becomes(&files, &sound);
}

#[test]
fn changes_tell_file_row_column_item_and_reason_and_debug_prints_no_value() {
    let sound = sample(UnitKind::Actual, 5, 3);
    let files = write(&sound, &[Manner::SlashDates, Manner::HeaderRow]);
    let repaired = becomes(&files, &sound);
    let change = repaired.changes.iter().find(|change| change.item == Some("サービス利用日")).unwrap();
    assert_eq!((change.file, change.row, change.column), (0, Some(2), Some(10)));
    let reasons: Vec<_> = change.manners.iter().map(|manner| (manner.why(), manner.done())).collect();
    assert_eq!(reasons, [("V33", "日付を8桁（年月は6桁）の数字にしました")]);
    let written = std::str::from_utf8(&change.written).unwrap();
    assert!(written.starts_with("202602") && !format!("{repaired:?}").contains(written));
}
