//! Rows for the examples: invented people, invented offices.

/// A file name of edition 4.1, from a care manager to a service office.
macro_rules! name {
    ($head:literal) => {
        concat!($head, "_1370000001_43_1370000002_11_20260320093000.CSV")
    };
}

/// The way back: from the service office to the care manager.
macro_rules! back {
    ($head:literal) => {
        concat!($head, "_1370000002_11_1370000001_43_20260501093000.CSV")
    };
}

/// A file name of 予防: from a centre to a service office.
macro_rules! centre {
    ($head:literal) => {
        concat!($head, "_1370000003_46_1370000002_A2_20260320093000.CSV")
    };
}

/// A file of text.
macro_rules! text {
    ($name:expr, $text:expr) => {
        $crate::rules::ExampleFile { name: $name, body: $crate::rules::Body::Text($text) }
    };
}

/// A file of bytes.
macro_rules! bytes {
    ($name:expr, $bytes:expr) => {
        $crate::rules::ExampleFile { name: $name, body: $crate::rules::Body::Bytes($bytes) }
    };
}

macro_rules! plan_1 {
    () => { plan_1!("202407", "123-4567") };
    ($version:literal, $postal:literal) => {
        concat!(
            $version, ",131016,0000000001,20260320,", $postal, ",\"東京都千代田区\",\"\",\"計画 花子\",\"ふみばこ居宅\",100-0001,",
            "\"東京都千代田区\",\"\",1370000001,20260320,20240401,21,2,20260301,20260401,20280331,21,\"散歩を続けたい\",\"\",",
            "\"見守る\",1,\"\",1370000001,\r\n"
        )
    };
}

macro_rules! plan_2 {
    () => { plan_2!("202407") };
    ($version:literal) => {
        concat!(
            $version, ",131016,0000000001,20260320,20260320,1,\"歩く\",1,\"外出\",\"散歩\",\"半年\",\"三月\",1,\"付き添い\",Y,",
            "\"訪問介護\",1370000002,\"ひだまり\",\"週1回\",\"三月\",1370000001,\r\n"
        )
    };
}

/// A line of 第2表: 課題ＮＯ, 課題, 援助目標ＮＯ, 援助内容ＮＯ, 保険対象区分, 事業所.
macro_rules! sheet_2 {
    ($issue_no:literal, $issue:literal, $goal:literal, $support:literal, $coverage:literal, $office:literal) => {
        concat!(
            "202407,131016,0000000001,20260320,20260320,",
            $issue_no,
            ",\"",
            $issue,
            "\",",
            $goal,
            ",\"外出\",\"散歩\",\"半年\",\"三月\",",
            $support,
            ",\"付き添い\",",
            $coverage,
            ",\"訪問介護\",",
            $office,
            ",\"ひだまり\",\"週1回\",\"三月\",1370000001,\r\n"
        )
    };
}

/// A row of 第3表, from No.6 on.
macro_rules! sheet_3 {
    ($rest:literal) => {
        concat!("202407,131016,0000000001,20260320,20260320,", $rest, "\r\n")
    };
}

/// 第1〜3表 and what goes with them.
macro_rules! plan_set {
    ($sheet_2:expr, $sheet_3:expr) => {
        plan_set!($sheet_2, $sheet_3, supplement!("20260320", "000000"))
    };
    ($sheet_2:expr, $sheet_3:expr, $supplement:expr) => {
        &[
            text!(name!("UP1KYO"), plan_1!()),
            text!(name!("UP2KYO"), $sheet_2),
            text!(name!("UP3KYO"), $sheet_3),
            text!(name!("UPHOSOKU_000000"), $supplement),
        ]
    };
}

macro_rules! plan_3 {
    () => {
        "202407,131016,0000000001,20260320,20260320,\"訪問介護\",1,0900,1000,\"\",,,\"\"\r\n"
    };
}

macro_rules! supplement {
    ($date:literal, $month:literal) => {
        supplement!("202407", $date, "123-4567", $month)
    };
    ($version:literal, $date:literal, $postal:literal, $month:literal) => {
        concat!(
            $version,
            ",131016,0000000001,",
            $date,
            ",\"ﾐﾎﾝ ﾀﾛｳ\",\"見本 太郎\",1,19400101,",
            $postal,
            ",\"東京都千代田区\",\"\",03-0000-0000,",
            "20260301,20260401,20280331,2,,21,16765",
            ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,",
            ",,,,,1370000001,1370000001,,",
            $month,
            "\r\n"
        )
    };
}

macro_rules! actual {
    () => {
        actual!("250")
    };
    ($units:literal) => {
        actual!("\"見本の事業所\"", $units, "0", "", "")
    };
    ($office:literal, $units:literal, $over:literal, $satellite:literal, $unused:literal) => {
        concat!(
            "202407,131016,0000000001,20260501,202604,1370000001,\"計画 花子\",",
            $units,
            ",,20260401,,0900,1000,1,111111,,,\"\",,",
            "1370000002,",
            $office,
            ",",
            $satellite,
            ",",
            $over,
            ",1370000002,",
            $unused,
            "\r\n"
        )
    };
}

/// A row of 実績, from No.8 to No.19 and from No.20 on.
macro_rules! done {
    ($service:literal, $office:literal) => {
        concat!("202407,131016,0000000001,20260501,202604,1370000001,\"計画 花子\",", $service, $office, "\r\n")
    };
}

/// A row of 予定, in the same parts.
macro_rules! planned {
    ($service:literal, $office:literal) => {
        concat!("202407,131016,0000000001,20260320,202604,1370000001,\"計画 花子\",", $service, $office, "\r\n")
    };
}

/// A row of 第7表, from No.6 on.
macro_rules! cost {
    ($rest:literal) => {
        concat!("202407,131016,0000000001,20260320,202604,", $rest, "\r\n")
    };
}

/// 第6表, 第7表 and what goes with them.
macro_rules! month_set {
    ($schedule:expr, $costs:expr) => {
        month_set!($schedule, $costs, supplement!("00000000", "202604"))
    };
    ($schedule:expr, $costs:expr, $supplement:expr) => {
        &[
            text!(name!("UPPLAN_202604"), $schedule),
            text!(name!("UPSIKYU_202604"), $costs),
            text!(name!("UPHOSOKU_202604"), $supplement),
        ]
    };
}

/// 補足 with frames of 種類別支給限度額, No.20 to No.55.
macro_rules! frames {
    ($frames:literal) => {
        concat!(
            "202407,131016,0000000001,00000000,\"ﾐﾎﾝ ﾀﾛｳ\",\"見本 太郎\",1,19400101,123-4567,\"東京都千代田区\",\"\",",
            "03-0000-0000,20260301,20260401,20280331,2,,21,16765,", $frames,
            ",,,,,1370000001,1370000001,,202604\r\n"
        )
    };
}

macro_rules! schedule {
    () => {
        concat!(
            "202407,131016,0000000001,20260320,202604,1370000001,\"計画 花子\",250,,20260401,,0900,1000,1,111111,,,\"\",,",
            "1370000002,\"ひだまり\",,0,1370000001,\r\n"
        )
    };
}

macro_rules! costs {
    () => {
        costs!("202604", "11.40")
    };
    ($month:literal, $price:literal) => {
        concat!(
            "202407,131016,0000000001,20260320,",
            $month,
            ",\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,",
            $price,
            ",2850,90,2565,,285,0,",
            ",,,0,9999999999,,1370000001,\r\n",
            "202407,131016,0000000001,20260320,",
            $month,
            ",\"\",9999999999,,999999,,,\"\",0,,,0,250,250,,,,250,,2850,,2565,,285,0,",
            ",,,0,9999999999,,1370000001,\r\n"
        )
    };
}

macro_rules! basic {
    () => { basic!("1", "") };
    ($entrusted:literal, $image:literal) => { basic!($entrusted, $image, "01") };
    ($entrusted:literal, $image:literal, $method:literal) => {
        concat!(
            "202407,131016,0000000001,20260320,1,", $entrusted, ",\"相談 一郎\",", $method, ",\"\",01,,01,\"\",\"ﾐﾎﾝ ﾊﾅｺ\",\"見本 花子\",2,19400101,\"\",,,",
            ",,12,,,,,,,,,,\"\",,\"\",,,,,,\"\",\"\",\"\",,\"\",\"\",\"\",\"\",,\"\",\"\",\"\",,\"\",\"\",\"\",,\"\",\"\",\"\",,\"", $image, "\",",
            "\"\",\"\",\"\",\"\",\"\",\"\",\"\",,\"\"\r\n"
        )
    };
}

macro_rules! timetable {
    () => {
        "202407,131016,0000000001,20260320,\"6:00\",\"起床\",\"\"\r\n"
    };
}

macro_rules! support_plan {
    () => {
        concat!(
            "202407,131016,0000000001,20260320,1,1,\"\",\"見本 花子\",,,,,,,\"\",\"\",\"\",\"\",,,\"\",\"\",\"\",\"\",",
            "\"\",,\"\",\"\",\"\",,\"\",\"\",\"\",,\"\",\"\",\"\",,\"\",\"\",\"\",\"\",,,,,,,,,,,,,\"\",,\"\"\r\n"
        )
    };
}

/// A row of 支援計画: 課題ＮＯ, 総合的課題, 支援計画ＮＯ, 支援のポイント, 利用サービスＮＯ.
macro_rules! support {
    ($issue_no:literal, $issue:literal, $plan_no:literal, $points:literal, $service_no:literal) => {
        concat!(
            "202407,131016,0000000001,20260320,",
            $issue_no,
            ",\"",
            $issue,
            "\",\"\",\"\",\"\",",
            $plan_no,
            ",\"",
            $points,
            "\",\"\",\"\",",
            $service_no,
            ",\"訪問\",\"ひだまり\",\"三月\"\r\n"
        )
    };
}

/// サービスコード表 of the examples.
pub(crate) const CODES: &str = "サービスコード,名称,種別,算定,限度額\r\n\
    111111,訪問の例,基本,,内\r\n114000,早朝の例,加算,,内\r\n116275,処遇改善の例,加算,,外\r\n119000,共生型減算の例,減算,月1回,内\r\n";

pub(crate) use {
    actual, back, basic, bytes, centre, cost, costs, done, frames, month_set, name, plan_1, plan_2, plan_3, plan_set,
    planned, schedule, sheet_2, sheet_3, supplement, support, support_plan, text, timetable,
};
