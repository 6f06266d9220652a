//! Documents through the program, read back by poppler's tools, which are not ours.

use print::{
    Align, Attachment, Block, CHARACTERS_MAX, Column, Document, Fact, Failure, Limit, Orientation, Place, PrintError,
    Printer, Section,
};
use proptest::prelude::*;
use std::path::Path;
use std::process::{Command, Stdio};

fn printer() -> Printer {
    Printer::new(env!("CARGO_BIN_EXE_fumibako-print"))
}

fn document(sections: Vec<Section>) -> Document {
    Document {
        title: "データ送受信記録".into(),
        subtitle: "見本".into(),
        made_at: "2026-11-26T01:02:03Z".into(),
        facts: vec![Fact::new("事業所", "ひかり居宅介護支援事業所（1370000001）"), Fact::new("期間", "令和8年11月")],
        sections,
        footer: "見本の交換所".into(),
        ..Document::default()
    }
}

fn section(blocks: Vec<Block>) -> Section {
    Section { heading: "一覧".into(), blocks, new_page: false }
}

fn paragraph(text: &str) -> Document {
    document(vec![section(vec![Block::Paragraph { text: text.into() }])])
}

fn table(rows: Vec<Vec<String>>) -> Block {
    let columns = vec![
        Column { align: Align::Right, ..Column::new("番号", 1) },
        Column::new("事業所名", 4),
        Column::new("できごと", 4),
        Column::new("指紋", 5),
    ];
    Block::Table { columns, rows, empty: "ありません。".into() }
}

fn print(document: &Document) -> Vec<u8> {
    printer().print(document).unwrap_or_else(|error| panic!("{error}"))
}

fn tool(program: &str, args: &[&str], pdf: &Path) -> String {
    let output = Command::new(program).args(args).arg(pdf).arg("-").output().unwrap_or_else(|error| {
        panic!("{program}: {error}; install poppler-utils (cargo xtask test does)");
    });
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

struct Paper {
    folder: tempfile::TempDir,
}

impl Paper {
    fn new(pdf: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("a.pdf"), pdf).expect("pdf");
        Self { folder }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("a.pdf")
    }

    fn text(&self) -> String {
        tool("pdftotext", &["-layout"], &self.path())
    }

    /// Without white space and places to break, since lines break where they must.
    fn run(&self) -> String {
        closed(&tool("pdftotext", &["-raw"], &self.path()))
    }

    fn pages(&self) -> Vec<String> {
        self.text().trim_end_matches('\u{c}').split('\u{c}').map(str::to_owned).collect()
    }
}

fn closed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200B}').collect()
}

#[test]
fn every_value_stands_on_the_paper() {
    let steps = vec!["受け取った証明書を開きます。".to_owned(), "指紋を比べます。".to_owned()];
    let digest = "0123456789abcdef".repeat(4);
    let rows = vec![vec!["1".into(), "あおば訪問介護".into(), "受領".into(), digest.clone()]];
    let made = document(vec![section(vec![
        Block::Paragraph {
            text: "この記録は、交換所の証跡から作られました。\n二行目。".into()
        },
        Block::Steps { items: steps.clone() },
        Block::Facts { facts: vec![Fact::new("指紋", digest.clone())] },
        table(rows),
        table(vec![]),
    ])]);
    let text = Paper::new(&print(&made)).run();
    let wanted = ["データ送受信記録", "見本", "ひかり居宅介護支援事業所（1370000001）", "令和8年11月", "一覧"];
    for value in wanted.into_iter().chain(steps.iter().map(String::as_str)) {
        assert!(text.contains(&closed(value)), "{value} is not in {text}");
    }
    for value in ["証跡から作られました。", "二行目。", "あおば訪問介護", "ありません。", "見本の交換所"]
    {
        assert!(text.contains(value), "{value} is not in {text}");
    }
    assert_eq!(text.matches(&digest).count(), 2, "{text}");
    assert!(text.contains("2026年11月26日10時02分"), "Japanese time: {text}");
}

#[test]
fn the_document_is_pdf_a_3_with_its_fonts_in_it() {
    let pdf = print(&paragraph("本文"));
    let paper = Paper::new(&pdf);
    let metadata = Command::new("pdfinfo").arg("-meta").arg(paper.path()).output().expect("pdfinfo");
    let metadata = String::from_utf8(metadata.stdout).expect("UTF-8");
    let part = metadata.contains("<pdfaid:part>3</pdfaid:part>") || metadata.contains("pdfaid:part=\"3\"");
    assert!(part && metadata.contains("onformance"), "{metadata}");
    let fonts = Command::new("pdffonts").arg(paper.path()).output().expect("pdffonts");
    let fonts = String::from_utf8(fonts.stdout).expect("UTF-8");
    assert!(fonts.contains("IPAex"), "{fonts}");
    for line in fonts.lines().skip(2) {
        // The columns from the right: object, generation, unicode map, subset, embedded.
        let embedded = line.split_whitespace().rev().nth(4);
        assert_eq!(embedded, Some("yes"), "{line}");
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    assert_eq!(print(&paragraph("本文")), print(&paragraph("本文")));
}

#[test]
fn attachments_come_back_byte_for_byte() {
    let every_byte: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let files = [("all.bin", every_byte), ("empty.json", Vec::new()), ("receipt-1.json", b"{\"a\": 1}\n".to_vec())];
    let attachments = files
        .iter()
        .map(|(name, bytes)| Attachment {
            name: (*name).into(),
            media_type: "application/octet-stream".into(),
            description: "受領の証明".into(),
            bytes: bytes.clone(),
        })
        .collect();
    let paper = Paper::new(&print(&Document { attachments, ..paragraph("本文") }));
    let out = paper.folder.path().join("out");
    std::fs::create_dir(&out).expect("folder");
    let done =
        Command::new("pdfdetach").arg("-saveall").arg("-o").arg(&out).arg(paper.path()).status().expect("pdfdetach");
    assert!(done.success());
    for (name, bytes) in &files {
        assert!(std::fs::read(out.join(name)).expect("attachment") == *bytes, "{name}");
    }
    assert_eq!(std::fs::read_dir(&out).expect("folder").count(), files.len());
}

#[test]
fn long_tables_repeat_their_head_and_never_cut_a_row() {
    const ROWS: usize = 90;
    let cell = |row: usize| {
        format!("始{row:04}の長い説明が何行かにわたって続きます。折り返してもこの行は分かれません。終{row:04}")
    };
    let rows = (0..ROWS).map(|row| vec![row.to_string(), "あおば訪問介護".into(), cell(row), "f".repeat(64)]).collect();
    let lying = Document { orientation: Orientation::Landscape, ..document(vec![section(vec![table(rows)])]) };
    for made in [lying.clone(), Document { orientation: Orientation::Portrait, ..lying }] {
        let pages: Vec<String> = Paper::new(&print(&made)).pages().iter().map(|page| closed(page)).collect();
        assert!(pages.len() > 2, "{} pages", pages.len());
        for page in &pages {
            assert!(page.contains("できごと") && page.contains("指紋"), "a page without the head: {page}");
        }
        for row in 0..ROWS {
            let at = |mark: String| pages.iter().position(|page| page.contains(&mark));
            let (begin, end) = (at(format!("始{row:04}")), at(format!("終{row:04}")));
            assert!(begin.is_some() && begin == end, "row {row} is cut: {begin:?} {end:?}");
        }
    }
}

#[test]
fn hostile_text_is_just_text() {
    for hostile in [
        "#pagebreak() #sys.inputs #read(\"/etc/passwd\") [*x*] $x$ `code` @label <label> // comment /* */ \\u{41} ~ -- ---",
        "= 見出し\n- 箇条\n+ 番号\n/ 用語: 説明",
        "\"}) #panic(\"終\")",
        "https://example.com/ 'single' \"double\" ...",
    ] {
        let text = Paper::new(&print(&paragraph(hostile))).run();
        assert!(text.contains(&closed(hostile)), "{hostile} became {text}");
    }
    let hidden = Paper::new(&print(&paragraph("a\u{0}b\u{1b}[31mc\u{202e}d\u{200b}e"))).run();
    assert!(hidden.contains("a〔U+0000〕b〔U+001B〕[31mc〔U+202E〕d〔U+200B〕e"), "{hidden}");
}

#[test]
fn ten_thousand_characters_in_one_cell_are_all_there() {
    let long: String = (0..2_500).map(|number| format!("{number:04}")).collect();
    let kana: String = "いろはにほへとちりぬるを".chars().cycle().take(9_999).chain(['終']).collect();
    let row = |text: &str| vec!["1".into(), "名前".into(), text.to_owned(), String::new()];
    let text = Paper::new(&print(&document(vec![section(vec![table(vec![row(&long)])])]))).run();
    assert!(text.chars().filter(char::is_ascii_digit).count() >= 10_000);
    let text = Paper::new(&print(&document(vec![section(vec![table(vec![row(&kana)])])]))).run();
    let iroha = |c: &char| "いろはにほへとちりぬるを".contains(*c);
    assert!(text.chars().filter(iroha).count() >= 9_999 && text.contains('終'));
    let fact = Document { facts: vec![Fact::new("長い", kana)], ..paragraph("本文") };
    assert!(Paper::new(&print(&fact)).run().contains('終'));
    let beyond = paragraph(&"あ".repeat(CHARACTERS_MAX + 1));
    let refused = printer().print(&beyond);
    let limit = Limit::Characters;
    assert!(matches!(refused, Err(PrintError::Refused(Failure::TooLarge { limit: l })) if l == limit), "{refused:?}");
}

#[test]
fn rare_characters_of_names_are_printed_and_unknown_ones_refused_by_place() {
    // 𠮷 is beyond JIS X 0213 and only in the second font.
    let text = Paper::new(&print(&paragraph("𠮷野家 髙橋 﨑山 葛󠄀城"))).run();
    assert!(text.contains("𠮷野家") && text.contains("髙橋") && text.contains("﨑山"), "{text}");
    for unknown in ["\u{E000}", "\u{10FFFF}", "𓀀", "م"] {
        let place = Place { section: Some(1), block: Some(1), row: Some(1), column: Some(3) };
        let row = vec!["1".into(), "名前".into(), format!("文字{unknown}"), String::new()];
        let refused = printer().print(&document(vec![section(vec![table(vec![row])])]));
        match refused {
            Err(PrintError::Refused(Failure::Glyph { place: met })) => assert_eq!(met, place),
            other => panic!("{unknown:?}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_font_package_is_named() {
    let nowhere = tempfile::tempdir().expect("folder");
    let refused = printer().fonts(nowhere.path()).print(&paragraph("本文"));
    match refused {
        Err(PrintError::Refused(Failure::Fonts { package })) => assert_eq!(package, "fonts-ipaexfont"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_document_is_refused_without_quoting_it() {
    for request in
        ["", "{}", "[1]", "{\"title\": \"山田花子\"", "{\"title\":\"山田花子\",\"made_at\":\"x\",\"surplus\":1}"]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fumibako-print"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("program");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), request.as_bytes()).expect("request");
        let output = child.wait_with_output().expect("output");
        assert!(!output.status.success() && output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains("\"failure\":\"not-a-document\"") && !said.contains("山田"), "{said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the text, the answer is a PDF or a named place, never a defect of the typesetter.
    #[test]
    fn any_text_is_printed_or_refused_by_name(text in any::<String>(), cell in "\\PC{0,40}") {
        let row = vec!["1".into(), cell, text.clone(), String::new()];
        let made = Document {
            facts: vec![Fact::new("項目", text.clone())],
            title: text,
            ..document(vec![section(vec![table(vec![row])])])
        };
        let answer = printer().print(&made);
        let fine = matches!(&answer, Ok(pdf) if pdf.starts_with(b"%PDF-"))
            || matches!(&answer, Err(PrintError::Refused(Failure::Glyph { .. })));
        prop_assert!(fine, "{:?}", answer.map(|pdf| pdf.len()));
    }
}
