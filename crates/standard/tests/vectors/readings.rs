//! The readings of README 12: what the standard leaves open, and how it is read here.

use crate::case::{Case, Files, case, good, ms932, plan, renamed, replaced, schedule, with};

const VISIT: &str = "250,,20260401,,0900,1000,1,111111,,,\"\",";

/// 実績 with these rows: 単位数 to 明細判別コード, and サテライト枝番.
fn actuals(rows: &[(&str, &str)]) -> Files {
    let row = |(service, satellite): &(&str, &str)| {
        format!(
            "202407,131016,0000000001,20260501,202604,1370000001,\"計画 花子\",{service},1370000002,\"ひだまり\",{satellite},0,1370000002,\r\n"
        )
    };
    let text: String = rows.iter().map(row).collect();
    vec![("UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV".into(), ms932(&text))]
}

fn visit(from: &str, to: &str) -> Files {
    actuals(&[(&VISIT.replace(from, to), "")])
}

fn reading(id: &str, name: &str, ja: &str, en: &str, files: Files) -> Case {
    case("readings", format!("{id}-{name}"), ja, en, files).about(&[id])
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = form();
    cases.extend(plans());
    cases.extend(days());
    cases.extend(equipment());
    cases.extend(sums());
    cases
}

fn form() -> Vec<Case> {
    let delete = |body: &[u8]| -> Files {
        vec![("DLTPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV".into(), body.to_vec())]
    };
    let header = delete(b"version,insurer,insured,month\r\n202407,131016,0000000001,202604\r\n");
    let header_and_fault = delete(b"version,insurer,insured,month\r\n202407,13101,0000000001,202604\r\n");
    let quoted = delete(b"\"202407\",\"131016\",\"H000000001\",\"202604\"\r\n");
    let unquoted = vec![(
        "UPJSK_202604_1370000002_11_1370000001_43_20260501093000.CSV".to_string(),
        ms932(
            "202407,131016,0000000001,20260501,202604,1370000001,計画 花子,250,,20260401,,0900,1000,1,111111,,,,,1370000002,ひだまり,,0,1370000002,\r\n",
        ),
    )];
    let none = actuals(&[]);
    let unplanned = || with(actuals(&[(VISIT, "")]), "UPJSK", "1370000001,\"計画", ",\"計画");
    let plain = actuals(&[(VISIT, "")]);
    vec![
        reading("A02", "header-row", "見出し行がある", "a header row is skipped and reported", header).warned(&["V24"]),
        reading(
            "A02",
            "rows-count-the-header",
            "行番号は見出し行を含めて数える",
            "rows are counted with the header",
            header_and_fault,
        )
        .refused(&["V24", "V31"]),
        reading("A03", "quoted-numbers", "数字の項目も引用符で囲む", "numbers in quotes", quoted),
        reading("A03", "unquoted-text", "フリーテキストを囲まない", "texts without quotes", unquoted).warned(&["V23"]),
        reading("A05", "no-planner", "計画担当の事業所番号が空", "an empty planning office", unplanned())
            .refused(&["V29"]),
        reading(
            "A05",
            "no-planner-received",
            "計画担当の事業所番号が空のものを受け取る",
            "an empty planning office, received",
            unplanned(),
        )
        .import()
        .warned(&["V29"]),
        reading(
            "A05",
            "no-units-received",
            "単位数が空のものを受け取る",
            "empty units, received",
            visit("250,,", ",,"),
        )
        .import()
        .warned(&["V29"]),
        reading("A35", "units-of-zero", "率の加算の単位数が0", "units of 0 for a rate", visit("250,,", "0,,")),
        reading("A36", "negative-units", "負の単位数", "negative units", visit("250,,", "-250,,")),
        reading("A36", "padded-units", "0で埋めた単位数", "units padded with zeros", visit("250,,", "000250,,")),
        reading("A36", "plus-sign", "正の符号", "a plus sign", visit("250,,", "+250,,")).refused(&["V36"]),
        reading("A36", "fraction", "小数の単位数", "units with a fraction", visit("250,,", "2.5,,")).refused(&["V36"]),
        reading("A36", "full-width-units", "全角の単位数", "units in full-width digits", visit("250,,", "２５０,,"))
            .refused(&["V36"]),
        reading("A36", "padded-count", "0で埋めた回数", "a count padded with a zero", visit(",1,111111", ",01,111111")),
        reading("A36", "count-of-zero", "回数が0", "a count of 0", visit(",1,111111", ",0,111111")).warned(&["V63"]),
        reading("A37", "no-rows", "行のないファイル", "a file without rows", none).warned(&["V39"]),
        reading(
            "A33",
            "own-care-manager",
            "小規模多機能が計画する",
            "a service with its own care manager plans",
            renamed(good("V81"), "_43_", "_73_"),
        ),
        reading(
            "A18",
            "mixed-types",
            "一つの実績に複数の種類",
            "actuals of several types in one file",
            actuals(&[(VISIT, ""), (VISIT, "1"), ("250,,20260401,,9999,9999,1,171003,00999-000021,,\"\",", "")]),
        ),
        reading(
            "A49",
            "no-updating-office",
            "更新業者コードが空",
            "an empty updating office",
            with(plain, "UPJSK", ",0,1370000002,", ",0,,"),
        ),
    ]
}

fn plans() -> Vec<Case> {
    let coverage = with(plan(), "UP2KYO", ",Y,\"訪問介護\",1370000002,", ",,\"家政婦\",,");
    let mut repeated = plan();
    let sheet = repeated.iter_mut().find(|(name, _)| name.starts_with("UP2KYO")).expect("the file is there");
    let second = replaced(
        &replaced(&sheet.1, "1,\"歩く\",1,\"外出\"", &ms932("1,\"\",1,\"\"")),
        "\"三月\",1,",
        &ms932("\"三月\",2,"),
    );
    sheet.1.extend(second);
    let times = |name: &str, ja: &str, en: &str, to: &str| {
        reading("A26", name, ja, en, with(plan(), "UP3KYO", "0900,1000", to))
    };
    let quoted = with(good("V77"), "UPYOBO_SUB", ",1,\"外出\"", ",\"1\",\"外出\"");
    vec![
        reading("A24", "blank-coverage", "保険対象区分が空欄", "a blank coverage is N", coverage).warned(&["V84"]),
        reading("A25", "blank-cells", "同じ課題・目標を空欄にした第2表", "blank cells repeat the line above", repeated),
        times("whole-day", "0:00から24:00まで", "from 0:00 to 24:00", "0000,2400"),
        times("a-point", "始まりと終わりが同じ時刻", "a point in time", "0600,0600"),
        times("beyond-2400", "24:01から", "from 24:01", "2401,2400").refused(&["V50"]),
        times("minute-60", "9時60分から", "from 9:60", "0960,1000").refused(&["V50"]),
        times("three-digits", "時刻が3桁", "a time of three digits", "900,1000").refused(&["V50"]),
        times("no-time", "第3表に9999", "9999 in sheet 3", "9999,9999").refused(&["V50"]),
        reading(
            "A42",
            "quoted-numbers",
            "支援計画の番号を引用符で囲む",
            "numbers of the support plan in quotes",
            quoted,
        ),
    ]
}

fn days() -> Vec<Case> {
    let day = |day: u8, mask: &str| format!("179,,202604{day:02},{mask},0900,1000,1,761112,,,\"\",");
    let masked = |mask: &str| actuals(&[(&day(1, mask), "")]);
    let two =
        actuals(&[(&day(1, "1100000000000000000000000000000"), ""), (&day(3, "0011000000000000000000000000000"), "")]);
    let times = |name: &str, ja: &str, en: &str, to: &str| reading("A26", name, ja, en, visit("0900,1000", to));
    vec![
        times("visit-to-2400", "24:00に終わる訪問", "a visit that ends at 24:00", "2300,2400"),
        times("visit-without-time", "時刻のないサービス", "a service without times", "9999,9999"),
        times("visit-from-2400", "24:00に始まる訪問", "a visit that begins at 24:00", "2400,2400").refused(&["V54"]),
        times("visit-at-minute-60", "23時60分", "a visit at 23:60", "2360,2400").refused(&["V54"]),
        times("one-end-without-time", "終わりだけ9999", "9999 at one end", "0900,9999").warned(&["V55"]),
        reading("A27", "other-masks", "行ごとに違う日割対象日", "another mask on each row", two),
        reading(
            "A27",
            "mask-beyond-the-month",
            "月末より後の日割対象日",
            "a mask beyond the last day",
            masked("0000000000000000000000000000011"),
        )
        .warned(&["V53"]),
        reading("A27", "mask-of-zeros", "一日もない日割対象日", "a mask without a day", masked(&"0".repeat(31)))
            .warned(&["V53"]),
        reading("A27", "mask-of-twos", "0と1以外の日割対象日", "a mask of twos", masked(&"2".repeat(31)))
            .refused(&["V52"]),
        reading("A38", "day-of-another-month", "ほかの月の日", "a day of another month", visit("20260401", "20260501"))
            .refused(&["V51"]),
        reading("A38", "day-that-is-none", "実在しない日", "a day that is none", visit("20260401", "20260431"))
            .refused(&["V33"]),
    ]
}

fn equipment() -> Vec<Case> {
    let item = |code: &str| actuals(&[(&format!("250,,20260401,,9999,9999,1,171003,{code},,\"\","), "")]);
    let lines: Vec<String> = (1..=101)
        .map(|number| format!("250,,20260401,,9999,9999,1,171003,00999-{number:06},,\"\",{number:03}"))
        .collect();
    let numbered = actuals(&lines.iter().map(|line| (line.as_str(), "")).collect::<Vec<_>>());
    let of_67 = |tais: &str, number: &str| format!("250,,20260401,,9999,9999,1,671003,{tais},,\"\",{number}");
    let prevention = |first: &str, second: &str| {
        renamed(renamed(actuals(&[(first, ""), (second, "")]), "_11_", "_67_"), "_43_", "_46_")
    };
    let same = of_67("00999-000021", "");
    vec![
        reading(
            "A30",
            "twelve-characters",
            "TAISコード12文字",
            "a TAIS code of twelve characters",
            item("00999-000021"),
        ),
        reading(
            "A30",
            "eleven-characters",
            "TAISコード11文字",
            "a TAIS code of eleven characters",
            item("00999-00002"),
        ),
        reading("A30", "no-hyphen", "ハイフンのないTAISコード", "a TAIS code without its hyphen", item("00999000021")),
        reading(
            "A30",
            "full-width-hyphen",
            "全角ハイフンのTAISコード",
            "a TAIS code with a full-width hyphen",
            item("00999－00002"),
        ),
        reading("A06", "three-digits", "明細判別コードが3桁", "detail numbers of three digits", numbered),
        reading(
            "A31",
            "numbered-67",
            "種類67に明細判別コード",
            "detail numbers on type 67",
            prevention(&of_67("00999-000021", "1"), &of_67("00999-000021", "2")),
        ),
        reading(
            "A31",
            "unnumbered-67",
            "種類67の別の品に明細判別コードがない",
            "different items of type 67 without numbers",
            prevention(&of_67("00999-000021", ""), &of_67("00999-000022", "")),
        ),
        reading("A31", "equal-rows-of-67", "種類67の同じ行", "equal rows of type 67", prevention(&same, &same))
            .warned(&["V67"]),
    ]
}

fn sums() -> Vec<Case> {
    let before = |days: &str| with(schedule(), "UPSIKYU", ",285,0,,,,0,", &format!(",285,0,{days},,,0,"));
    let counted = with(
        good("V71"),
        "UPSIKYU",
        "\"ひだまり\",1370000002,,11AAAA,,,\"\",0,,,0,",
        "\"小計\",1370000002,,11AAAA,,,\"\",0,,,9,",
    );
    let satellite = with(
        good("V71"),
        "UPPLAN",
        "111211,,,\"\",,1370000002,\"ひだまり\",,",
        "111211,,,\"\",,1370000002,\"ひだまり\",1,",
    );
    let satellite = with(satellite, "UPSIKYU", "1370000002,,111211", "1370000002,1,111211");
    let off = with(satellite.clone(), "UPSIKYU", "11AAAA,,,\"\",0,,,0,500,", "11AAAA,,,\"\",0,,,0,501,");
    let total = with(good("V81"), "UPSIKYU", "999999,,,\"\",0,,,0,250,", "999999,,,\"\",0,,,0,300,");
    let frame = |kind: &str| with(good("V43"), "UPHOSOKU", "16765,22,", &format!("16765,{kind},"));
    vec![
        reading("A07", "two-digits", "前月までの利用日数が2桁", "days before this month, two digits", before("30")),
        reading(
            "A07",
            "five-digits",
            "前月までの利用日数が5桁",
            "days before this month, five digits",
            before("12345"),
        )
        .warned(&["V35"]),
        reading("A07", "six-digits", "前月までの利用日数が6桁", "days before this month, six digits", before("123456"))
            .refused(&["V35"]),
        reading("A28", "count-on-a-subtotal", "小計の行に名前と回数", "a name and a count on a subtotal", counted),
        reading(
            "A29",
            "subtotal-of-both-places",
            "サテライトと合わせた小計",
            "one subtotal for the office and its satellite",
            satellite,
        ),
        reading("A29", "subtotal-of-neither", "どちらとも合わない小計", "a subtotal that fits neither", off)
            .warned(&["V75"]),
        reading("A45", "total-that-does-not-fit", "明細と合わない合計", "a total that does not fit", total)
            .warned(&["V75"]),
        reading("A50", "frame-2b", "枠に予防の種類2B", "a prevention type in a frame", frame("2B")),
        reading("A50", "frame-23", "枠に種類23", "type 23 in a frame", frame("23")).warned(&["V43"]),
        reading("A50", "frame-of-nobody", "枠にどこにもない種類", "an unknown type in a frame", frame("ZZ"))
            .refused(&["V34"]),
    ]
}
