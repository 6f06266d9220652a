//! File names as they arrive: copied, renamed, moved, and made to do harm.

use crate::case::{Case, Files, actual, case, good, plan, renamed, replaced_all};

const NAME: &str = "UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV";

/// One file of sound actuals under another name.
fn named(name: impl Into<String>) -> Files {
    vec![(name.into(), actual().remove(0).1)]
}

pub(crate) fn cases() -> Vec<Case> {
    assert_eq!(actual()[0].0, NAME);
    let mut cases = strange();
    cases.extend(tokens());
    cases.extend(beside());
    cases
}

/// Names that are none of the standard's.
fn strange() -> Vec<Case> {
    let names: &[(&str, &str, &str, String)] = &[
        ("folder-above", "名前が上のフォルダーを指す", "the name leads to the folder above", format!("../{NAME}")),
        ("folder-inside", "名前にフォルダーがある", "the name holds a folder", format!("202604/{NAME}")),
        ("folder-absolute", "名前が絶対パス", "the name is an absolute path", format!("/tmp/{NAME}")),
        ("folder-of-windows", "名前がWindowsのパス", "the name is a path of Windows", format!("C:\\temp\\{NAME}")),
        ("stream-of-windows", "名前にコロンがある", "the name holds a colon", format!("{NAME}:x")),
        ("full-width-underscore", "全角の下線", "full-width underscores", NAME.replace('_', "＿")),
        (
            "combining-low-line",
            "結合文字の下線（仕様書PDFの写し）",
            "combining low lines, as in the printed standard",
            NAME.replace('_', "\u{332}"),
        ),
        ("full-width-digits", "全角の数字", "full-width digits", NAME.replace("1370000001", "１３７０００００００１")),
        ("nul", "名前にNUL", "a NUL in the name", NAME.replace(".CSV", "\0.CSV")),
        ("nul-hides-an-ending", "NULのうしろに別の拡張子", "a NUL before another ending", format!("{NAME}\0.exe")),
        ("line-feed", "名前に改行", "a line feed in the name", NAME.replace(".CSV", "\n.CSV")),
        ("escape", "名前に端末の制御文字", "an escape sequence in the name", format!("\u{1b}[2J{NAME}")),
        (
            "right-to-left",
            "文字の向きを変える記号",
            "a right-to-left override",
            NAME.replace(".CSV", "\u{202e}VSC.CSV"),
        ),
        ("zero-width", "見えない空白", "a zero-width space", NAME.replace("_43_", "_\u{200b}43_")),
        ("byte-order-mark", "名前の先頭にBOM", "a byte order mark before the name", format!("\u{feff}{NAME}")),
        ("very-long", "とても長い名前", "a very long name", NAME.replace(".CSV", &format!("{}.CSV", "0".repeat(300)))),
        (
            "copied-by-windows",
            "Windowsの複写の印",
            "a mark left by copying on Windows",
            NAME.replace(".CSV", " - コピー.CSV"),
        ),
        ("space-before", "名前の前に空白", "a space before the name", format!(" {NAME}")),
        ("space-after", "拡張子のうしろに空白", "a space after the ending", format!("{NAME} ")),
        ("two-endings", "拡張子が二つ", "two endings", format!("{NAME}.exe")),
        ("text-ending", "拡張子が.txt", "the ending .txt", NAME.replace(".CSV", ".txt")),
        ("no-ending", "拡張子がない", "no ending", NAME.replace(".CSV", "")),
        ("zipped", "zipのまま", "still zipped", NAME.replace(".CSV", ".zip")),
        ("part-missing", "区切りの部分が一つ足りない", "a part too few", NAME.replace("_43_", "_")),
        ("part-too-many", "区切りの部分が一つ多い", "a part too many", NAME.replace(".CSV", "_1.CSV")),
        ("unknown-kind", "標準にないファイル種別", "a kind the standard does not have", NAME.replace("UPJSK", "UPJSX")),
        ("kind-in-lower-case", "ファイル種別が小文字", "the kind in lower case", NAME.replace("UPJSK", "upjsk")),
        (
            "a-month-where-none-is",
            "年月のない種別に年月",
            "a month in a kind without one",
            NAME.replace("UPJSK", "UP1KYO"),
        ),
        (
            "no-month",
            "実績の名前に年月がない",
            "actuals without a month in the name",
            NAME.replace("UPJSK_202604", "UPJSK"),
        ),
        ("a-memo", "名前が日本語のメモ", "a memo with a Japanese name", "実績4月分.CSV".into()),
        ("a-dot", "名前が点二つ", "a name of two dots", "..".into()),
    ];
    let make = |(name, ja, en, file): &(&str, &str, &str, String)| {
        case("names", *name, ja, en, named(file.clone())).refused(&["V01"])
    };
    names.iter().map(make).collect()
}

/// Names with one part at fault, and those that are accepted all the same.
fn tokens() -> Vec<Case> {
    let make = |name: &str, ja: &str, en: &str, from: &str, to: &str| {
        case("names", name, ja, en, named(NAME.replace(from, to)))
    };
    let office = |name: &str, ja: &str, en: &str, to: &str| make(name, ja, en, "1370000001", to).refused(&["V03"]);
    let serial = |name: &str, ja: &str, en: &str, to: &str| make(name, ja, en, "20260501093000", to).refused(&["V04"]);
    let lettered = actual()
        .into_iter()
        .map(|(name, bytes)| {
            (name.replace("1370000002", "13A0000002"), replaced_all(&bytes, "1370000002", "13A0000002"))
        })
        .collect();
    vec![
        office(
            "office-of-nine-digits",
            "事業所番号が9桁（仕様書の例）",
            "an office number of nine digits, as in examples of the standard",
            "137000001",
        )
        .about(&["A11"]),
        office("office-of-eleven-digits", "事業所番号が11桁", "an office number of eleven digits", "13700000011"),
        office("office-in-lower-case", "事業所番号に小文字", "a small letter in an office number", "13a0000001"),
        office("office-empty", "事業所番号が空", "an empty office number", ""),
        office("office-with-a-hyphen", "事業所番号にハイフン", "a hyphen in an office number", "137-000001"),
        case(
            "names",
            "office-with-a-letter",
            "事業所番号に英大文字",
            "an office number with a capital letter",
            lettered,
        )
        .about(&["A32"]),
        make("type-of-one-character", "サービス種類が1文字", "a service type of one character", "_43_", "_4_")
            .refused(&["V03"]),
        make("type-in-lower-case", "サービス種類が小文字", "a service type in lower case", "_43_", "_af_")
            .refused(&["V03"]),
        make("type-of-nobody", "どこにもないサービス種類", "a service type nobody knows", "_43_", "_ZZ_")
            .warned(&["V07"]),
        serial(
            "serial-of-15-digits",
            "ファイル連番が15桁（仕様書の例）",
            "a serial of 15 digits, as in examples of the standard",
            "202605010930000",
        )
        .about(&["A12"]),
        serial("serial-on-no-day", "実在しない日の連番", "a serial on 30 February", "20260230093000"),
        serial("serial-at-no-time", "実在しない時刻の連番", "a serial at 24:60", "20260501246000"),
        serial("serial-with-a-letter", "連番に英字のO", "the letter O in a serial", "2O260501093000"),
        serial(
            "serial-as-long-as-can-be",
            "255バイトの名前",
            "a name of 255 bytes",
            &format!("20260501093000{}", "0".repeat(255 - NAME.len())),
        ),
        serial("serial-copied-by-a-browser", "ブラウザーの複写の印", "a mark left by a browser", "20260501093000 (1)"),
        make("month-13", "13月", "a month 13", "202604", "202613").refused(&["V05"]),
        make("month-00", "0月", "a month 00", "202604", "202600").refused(&["V05"]),
        make("month-of-zeros", "実績の年月が000000", "actuals of the month 000000", "202604", "000000")
            .refused(&["V05"]),
        make("month-of-four-digits", "年月が4桁", "a month of four digits", "202604", "2604").refused(&["V05"]),
        make("ending-in-lower-case", "拡張子が小文字", "the ending in lower case", ".CSV", ".csv"),
        make("ending-in-mixed-case", "拡張子の大文字小文字が混ざる", "the ending in mixed case", ".CSV", ".Csv"),
    ]
}

/// Several files, some of them strange.
fn beside() -> Vec<Case> {
    let image = "UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg";
    let basic = good("V15");
    assert!(basic.iter().any(|(name, _)| name == image));
    let mut memo = plan();
    memo.push(("memo.txt".into(), b"memo\r\n".to_vec()));
    let mut twins = actual();
    twins.push((NAME.replace(".CSV", ".csv"), twins[0].1.clone()));
    let branch = |to: &str| renamed(basic.clone(), "_0001.jpg", to);
    vec![
        case("names", "memo-beside-a-set", "一式のそばに別の文書がある", "a memo beside a set spoils no unit", memo)
            .refused(&["V01"]),
        case(
            "names",
            "twins-but-for-case",
            "大文字小文字だけ違う同じファイル",
            "the same file twice but for upper and lower case",
            twins,
        )
        .warned(&["V18"]),
        case("names", "picture-in-capitals", "画像の拡張子が.JPG", "a picture ending in .JPG", branch("_0001.JPG"))
            .about(&["A14"]),
        case(
            "names",
            "picture-branch-of-three-digits",
            "画像の枝番が3桁",
            "a branch of three digits",
            branch("_001.jpg"),
        )
        .refused(&["V14", "V15"]),
        case("names", "picture-ending-jpeg", "画像の拡張子が.jpeg", "a picture ending in .jpeg", branch("_0001.jpeg"))
            .refused(&["V01", "V15"]),
    ]
}
