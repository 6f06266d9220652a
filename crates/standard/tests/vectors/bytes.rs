//! What is in the files: no character, another encoding, quotes and line ends out of place.

use crate::case::{Case, Files, actual, case, ms932, replaced};

/// One row of sound actuals with these bytes in place of the office's name, a text in quotes.
fn office(bytes: &[u8]) -> Files {
    let mut files = actual();
    files[0].1 = replaced(&files[0].1, "\"見本の事業所\"", bytes);
    files
}

fn body(change: impl Fn(Vec<u8>) -> Vec<u8>) -> Files {
    actual().into_iter().map(|(name, bytes)| (name, change(bytes))).collect()
}

/// Three rows, on three days.
fn rows() -> Vec<u8> {
    let row = actual().remove(0).1;
    ["20260401", "20260402", "20260403"].map(|day| replaced(&row, "20260401", day.as_bytes())).concat()
}

fn text() -> String {
    encoding_rs::SHIFT_JIS.decode(&actual()[0].1).0.into_owned()
}

fn utf_16(big: bool) -> Vec<u8> {
    text().encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = characters();
    cases.extend(encodings());
    cases.extend(quotes());
    cases.extend(lines());
    cases.extend(sizes());
    cases
}

fn characters() -> Vec<Case> {
    let wrong: &[(&str, &str, &str, &[u8])] = &[
        ("half-character-at-end", "値の終わりが文字の半分", "half a character at the end of a value", b"\"A\x83\""),
        ("half-character-before-a-comma", "カンマの前が文字の半分", "half a character before a comma", b"\"A\x83,\""),
        ("byte-80", "バイト80", "byte 80", b"\"\x80\""),
        ("byte-a0", "バイトA0", "byte A0", b"\"\xA0\""),
        ("byte-fd", "バイトFD", "byte FD", b"\"\xFD\""),
        ("byte-fe", "バイトFE", "byte FE", b"\"\xFE\""),
        ("byte-ff", "バイトFF", "byte FF", b"\"\xFF\""),
        ("hole-in-the-table", "文字のない番号8540", "a code point without a character", b"\"\x85\x40\""),
        ("trail-byte-7f", "2バイト目が7F", "a second byte 7F", b"\"\x83\x7F\""),
        ("nul", "値の中にNUL", "a NUL in a value", b"\"A\0B\""),
        ("escape", "値の中に制御文字", "an escape in a value", b"\"\x1B\""),
        ("delete", "値の中にDEL", "a DEL in a value", b"\"\x7F\""),
        ("end-of-file-mark", "値の中に1A", "a 1A in a value", b"\"\x1A\""),
    ];
    let sound: &[(&str, &str, &str, &[u8])] = &[
        ("second-byte-backslash", "2バイト目が5C（ソ・表・能）", "second bytes 5C", b"\"\x83\x5C\x95\x5C\x94\x5C\""),
        ("second-byte-bars", "2バイト目が7B・7C・5B", "second bytes 7B, 7C and 5B", b"\"\x83\x7B\x83\x7C\x83\x5B\""),
        ("nec-row-13", "NEC特殊文字（①Ⅳ㈱）", "signs of NEC row 13", b"\"\x87\x40\x87\x57\x87\x8A\""),
        ("ibm-extensions", "IBM拡張文字（髙・﨑）", "kanji of the IBM extensions", b"\"\xFB\xFC\xFA\xB1\""),
        ("nec-selected", "NEC選定IBM拡張文字", "kanji of NEC's selection", b"\"\xED\x40\xEE\xFC\""),
        ("half-width-katakana", "半角カタカナ", "half-width katakana", b"\"\xD0\xCE\xDD\""),
        (
            "katakana-that-look-like-utf-8",
            "UTF-8に見える半角カタカナ",
            "half-width katakana that look like UTF-8",
            b"\"\xC3\xB1\xC3\xB1\"",
        ),
        (
            "wave-dash-and-its-like",
            "～－∥￠￡￢",
            "the signs other tables map elsewhere",
            b"\"\x81\x60\x81\x7C\x81\x61\x81\x91\x81\x92\x81\xCA\"",
        ),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (name, ja, en, bytes) in wrong {
        cases.push(case("bytes", *name, ja, en, office(bytes)).clause("4.3").refused(&["V19"]));
    }
    for (name, ja, en, bytes) in sound {
        cases.push(case("bytes", *name, ja, en, office(bytes)).clause("4.3").about(&["A41"]));
    }
    for (name, ja, en, bytes) in [
        ("gaiji-f040", "外字F040", "gaiji F040", &b"\"\xF0\x40\""[..]),
        ("gaiji-f9fc", "外字F9FC", "gaiji F9FC", b"\"\xF9\xFC\""),
    ] {
        cases.push(case("bytes", name, ja, en, office(bytes)).refused(&["V20"]));
        let (ja, en) = (format!("{ja}を受け取る"), format!("{en}, received"));
        cases.push(case("bytes", format!("{name}-received"), &ja, &en, office(bytes)).import().warned(&["V20"]));
    }
    let cut = body(|mut bytes| {
        bytes.truncate(bytes.len() - 2);
        bytes.push(0x83);
        bytes
    });
    cases.push(
        case(
            "bytes",
            "half-character-at-end-of-file",
            "ファイルの最後が文字の半分",
            "half a character as the last byte of the file",
            cut,
        )
        .refused(&["V19"]),
    );
    cases
}

fn encodings() -> Vec<Case> {
    let marked = |mark: &'static [u8], bytes: Vec<u8>| body(move |_| [mark, &bytes].concat());
    let own = actual().remove(0).1;
    let files = [
        (
            "bom-before-ms932",
            "MS932の前にUTF-8のBOM",
            "a UTF-8 mark before MS932",
            marked(b"\xEF\xBB\xBF", own.clone()),
        ),
        ("utf-8", "文字コードがUTF-8", "UTF-8", marked(b"", text().into_bytes())),
        ("utf-8-with-bom", "BOM付きUTF-8", "UTF-8 with its mark", marked(b"\xEF\xBB\xBF", text().into_bytes())),
        (
            "utf-16-little",
            "BOM付きUTF-16（LE）",
            "UTF-16, little-endian, with its mark",
            marked(b"\xFF\xFE", utf_16(false)),
        ),
        ("utf-16-big", "BOM付きUTF-16（BE）", "UTF-16, big-endian, with its mark", marked(b"\xFE\xFF", utf_16(true))),
        (
            "utf-16-little-without-mark",
            "BOMのないUTF-16（LE）",
            "UTF-16, little-endian, without a mark",
            marked(b"", utf_16(false)),
        ),
        (
            "utf-16-big-without-mark",
            "BOMのないUTF-16（BE）",
            "UTF-16, big-endian, without a mark",
            marked(b"", utf_16(true)),
        ),
        ("euc-jp", "文字コードがEUC-JP", "EUC-JP", marked(b"", encoding_rs::EUC_JP.encode(&text()).0.into_owned())),
        (
            "iso-2022-jp",
            "文字コードがISO-2022-JP",
            "ISO-2022-JP",
            marked(b"", encoding_rs::ISO_2022_JP.encode(&text()).0.into_owned()),
        ),
        ("all-nul", "NULだけ", "nothing but NUL", marked(b"", vec![0; 512])),
        ("all-ff", "FFだけ", "nothing but FF", marked(b"", vec![0xFF; 512])),
        (
            "end-of-file-mark-after",
            "最後に1A（古いDOS）",
            "a 1A after the last row, as DOS left it",
            marked(b"", [&own[..], b"\x1A"].concat()),
        ),
    ];
    let make = |(name, ja, en, files)| case("bytes", name, ja, en, files).clause("4.3").refused(&["V19"]);
    files.map(make).into()
}

fn quotes() -> Vec<Case> {
    let row = actual().remove(0).1;
    let open = replaced(&row, "\"見本の事業所\"", &ms932("\"見本の事業所"));
    let days = ["20260402", "20260403"].map(|day| replaced(&row, "20260401", day.as_bytes()));
    let one_open = [&row, &open, &days[0], &days[1]].map(|bytes| &bytes[..]).concat();
    let to_the_end = [row.clone(), replaced(&row, "見本の事業所\"", b"A")].concat();
    let make =
        |name: &str, ja: &str, en: &str, files: Files| case("bytes", name, ja, en, files).clause("別紙 footnote");
    vec![
        make(
            "quote-open-in-one-row",
            "2行目の引用符が閉じていない",
            "an unbalanced quote costs one record",
            body(|_| one_open.clone()),
        )
        .refused(&["V22"]),
        make(
            "quote-open-to-the-end",
            "引用符が最後まで閉じていない",
            "a quote open to the end of the file",
            body(|_| to_the_end.clone()),
        )
        .refused(&["V22"]),
        make(
            "quote-inside-a-value",
            "値の中の引用符が二重でない",
            "a quote inside a value is not doubled",
            office(b"\"A\"B\""),
        )
        .refused(&["V22"]),
        make("quote-doubled", "値の中の引用符が二重", "a doubled quote inside a value", office(b"\"A\"\"B\"")),
        make("quotes-alone", "値が引用符だけ", "a value of one quote", office(b"\"\"\"\"")),
        make("comma-inside", "値の中にカンマ", "a comma inside a value", office(b"\"A,B\"")),
        make("line-end-inside", "値の中に改行", "a line end inside a value", office(b"\"A\r\nB\"")),
        make("line-feed-inside", "値の中にLF", "a line feed inside a value", office(b"\"A\nB\"")),
        make("carriage-return-inside", "値の中にCR", "a carriage return inside a value", office(b"\"A\rB\"")),
        make("tab-inside", "値の中にタブ", "a tab inside a value", office(b"\"A\tB\"")),
        make("empty-text", "空のフリーテキスト", "an empty text in quotes", office(b"\"\"")).about(&["A03"]),
        make("nothing-for-text", "フリーテキストが無", "nothing for a text", office(b"")).about(&["A03"]),
    ]
}

fn lines() -> Vec<Case> {
    let ends = |end: &'static [u8]| {
        body(move |_| {
            rows().split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).fold(Vec::new(), |mut all, row| {
                all.extend(row.strip_suffix(b"\r").unwrap_or(row));
                all.extend(end);
                all
            })
        })
    };
    let make = |name: &str, ja: &str, en: &str, files: Files| case("bytes", name, ja, en, files).about(&["A01"]);
    vec![
        make("line-feeds", "改行がLF", "lines end in LF", ends(b"\n")),
        make("bare-carriage-returns", "改行がCRだけ", "lines end in bare CR", ends(b"\r")).refused(&["V21"]),
        make(
            "no-last-line-end",
            "最後の行に改行がない",
            "no line end after the last row",
            body(|bytes| bytes[..bytes.len() - 2].to_vec()),
        ),
        make(
            "empty-line-at-end",
            "最後に空行",
            "an empty line at the end",
            body(|bytes| [&bytes[..], b"\r\n"].concat()),
        )
        .refused(&["V21"]),
        case("bytes", "empty-file", "空のファイル", "an empty file", body(|_| Vec::new()))
            .about(&["A37"])
            .warned(&["V39"]),
        case("bytes", "one-line-end", "改行だけのファイル", "a file of one line end", body(|_| b"\r\n".to_vec()))
            .about(&["A37"])
            .warned(&["V39"]),
    ]
}

fn sizes() -> Vec<Case> {
    let kanji = |count: usize| ms932(&format!("\"{}\"", "字".repeat(count)));
    let column = |from: &str, to: Vec<u8>| body(move |bytes| replaced(&bytes, from, &to));
    let make = |name: &str, ja: &str, en: &str, files: Files| case("bytes", name, ja, en, files).about(&["A04"]);
    vec![
        make("cell-of-10000-characters", "1万文字の値", "a value of 10,000 characters", office(&kanji(10_000))),
        make(
            "number-of-10000-digits",
            "1万桁の単位数",
            "a number of 10,000 digits",
            column(",250,", [b",", &b"9".repeat(10_000)[..], b","].concat()),
        )
        .refused(&["V35"]),
        make(
            "row-of-1000-columns",
            "1000項目の行",
            "a row of 1,000 columns",
            body(|bytes| replaced(&bytes, "\r\n", &[&b",".repeat(975)[..], b"\r\n"].concat())),
        )
        .refused(&["V21"]),
        make(
            "row-of-one-column",
            "1項目の行",
            "a row of one column",
            body(|bytes| [&bytes[..], b"202407\r\n"].concat()),
        )
        .refused(&["V21"]),
        make(
            "commas-alone",
            "カンマだけの行",
            "a row of commas",
            body(|bytes| [&bytes[..], &b",".repeat(24), b"\r\n"].concat()),
        )
        .refused(&["V29"]),
    ]
}
