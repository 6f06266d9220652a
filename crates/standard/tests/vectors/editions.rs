//! Editions: 3.x (202208), 4.0 (202504), what nobody knows, and mixtures.

use crate::case::{Case, Files, actual, case, plan, renamed, replaced, replaced_all, schedule, without};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = third();
    cases.extend(fourth());
    cases.extend(unknown());
    cases
}

/// Names without service types.
fn old_names(files: Files) -> Files {
    renamed(renamed(files, "_43_", "_"), "_11_", "_")
}

/// Names with three-character codes.
fn names_of_4_0(files: Files) -> Files {
    renamed(renamed(files, "_43_", "_430_"), "_11_", "_111_")
}

fn versioned(files: Files, version: &str) -> Files {
    files.into_iter().map(|(name, bytes)| (name, replaced_all(&bytes, "202407", version))).collect()
}

/// In a month before 2025-04.
fn earlier(files: Files) -> Files {
    let month = |(name, bytes): (String, Vec<u8>)| {
        (name.replace("_202604_", "_202502_"), replaced_all(&bytes, "202604", "202502"))
    };
    files.into_iter().map(month).collect()
}

/// Without TAISコード, 福祉用具届出コード and 用具名称: No.16–18 of 第6表, No.10–12 of 第7表.
fn old_columns(files: Files) -> Files {
    let cut = |(name, bytes): (String, Vec<u8>)| {
        let gone = match &name {
            name if name.starts_with("UPSIKYU") => 9..12,
            name if name.starts_with("UPPLAN") || name.starts_with("UPJSK") => 15..18,
            _ => return (name, bytes),
        };
        let rows = bytes.split_inclusive(|byte| *byte == b'\n').map(|row| {
            let cells = row.split(|byte| *byte == b',').enumerate();
            cells.filter(|(at, _)| !gone.contains(at)).map(|(_, cell)| cell).collect::<Vec<_>>().join(&b","[..])
        });
        let bytes = rows.collect::<Vec<_>>().concat();
        (name, bytes)
    };
    files.into_iter().map(cut).collect()
}

fn third() -> Vec<Case> {
    let old_plan = versioned(old_names(without(plan(), "UP3KYO")), "202208");
    let old_schedule = earlier(old_names(versioned(old_columns(schedule()), "202208")));
    let old_actual = earlier(old_names(versioned(old_columns(actual()), "202208")));
    let delete = |name: &str| -> Files { vec![(name.into(), b"202208,131016,0000000001,202502\r\n".to_vec())] };
    let old_delete = delete("DLTPLAN_202502_1370000001_1370000002_20250120093000.CSV");
    let new_name = delete("DLTPLAN_202502_1370000001_43_1370000002_11_20250120093000.CSV");
    let late = renamed(old_delete.clone(), "DLTPLAN_202502", "DLTPLAN_202504");
    let late = late.into_iter().map(|(name, bytes)| (name, replaced_all(&bytes, "202502", "202504"))).collect();
    let too_wide = earlier(old_names(versioned(actual(), "202208")));
    let with_sheet_3 = versioned(old_names(plan()), "202208");
    let prevention = vec![(
        "UPKIHON_1370000003_1370000002_20250120093000.CSV".to_string(),
        b"202208,131016,0000000001,20250120\r\n".to_vec(),
    )];
    let make = |name, ja, en, files| case("editions", name, ja, en, files).clause("更新履歴 4.0");
    vec![
        make("3x-plan", "版3.xの計画書（第3表がない）", "a plan of edition 3.x has no sheet 3", old_plan.clone())
            .warned(&["V02", "V12", "V26"]),
        make("3x-plan-received", "版3.xの計画書を受け取る", "a plan of edition 3.x is received", old_plan)
            .import()
            .warned(&["V02", "V12", "V26"]),
        make(
            "3x-schedule",
            "版3.xの利用票（22項目と34項目）",
            "a schedule of edition 3.x, 22 and 34 columns",
            old_schedule,
        )
        .warned(&["V02", "V26"]),
        make("3x-actuals", "版3.xの実績（22項目）", "actuals of edition 3.x, 22 columns", old_actual)
            .warned(&["V02", "V26"]),
        make("3x-withdrawal", "版3.xの取り下げ", "a withdrawal of edition 3.x", old_delete).warned(&["V02", "V26"]),
        make("3x-contents-under-a-new-name", "名前は4.1、中身は版3.x", "a name of 4.1 with contents of 3.x", new_name)
            .warned(&["V26"]),
        make("3x-after-2025-03", "2025年4月以後の版3.x", "edition 3.x after 2025-03", late)
            .refused(&["V02", "V26", "V27"]),
        make("3x-with-columns-of-4", "版3.xの版数で4.1の項目数", "version 202208 with the columns of 4.1", too_wide)
            .refused(&["V02", "V21", "V26"]),
        make("3x-with-sheet-3", "版3.xに第3表がある", "a plan of edition 3.x with a sheet 3", with_sheet_3)
            .refused(&["V01", "V02", "V12", "V26"]),
        make(
            "3x-name-of-prevention",
            "版3.xの名前の予防ファイル",
            "a file of prevention under a name of 3.x",
            prevention,
        )
        .refused(&["V01"]),
    ]
}

fn fourth() -> Vec<Case> {
    let make = |name, ja, en, files| case("editions", name, ja, en, files).about(&["A23"]);
    vec![
        make(
            "40-actuals",
            "版4.0の実績（名前も版数も）",
            "actuals of edition 4.0 by name and version",
            versioned(names_of_4_0(actual()), "202504"),
        )
        .warned(&["V02", "V26"]),
        make("40-version", "版数だけ202504", "version 202504 under a name of 4.1", versioned(actual(), "202504"))
            .warned(&["V26"]),
        make("40-name", "名前だけ版4.0", "a name of 4.0 over contents of 4.1", names_of_4_0(actual())).warned(&["V02"]),
        make(
            "40-schedule",
            "版4.0の利用票",
            "a schedule of edition 4.0",
            versioned(names_of_4_0(schedule()), "202504"),
        )
        .warned(&["V02", "V26"]),
        make(
            "40-plan-received",
            "版4.0の計画書を受け取る",
            "a plan of edition 4.0 is received",
            versioned(names_of_4_0(plan()), "202504"),
        )
        .import()
        .warned(&["V02", "V26"]),
        make("41-before-2025-04", "2025年3月以前の4.1", "edition 4.1 before 2025-04", earlier(actual()))
            .refused(&["V27"]),
        make(
            "41-before-2025-04-received",
            "2025年3月以前の4.1を受け取る",
            "edition 4.1 before 2025-04, received",
            earlier(actual()),
        )
        .import()
        .warned(&["V27"]),
    ]
}

fn unknown() -> Vec<Case> {
    let version = |name: &str, ja: &str, en: &str, version: &str| {
        case("editions", name, ja, en, versioned(actual(), version)).about(&["A22"]).refused(&["V26"])
    };
    let mut mixed = actual();
    let other = replaced_all(&replaced(&mixed[0].1, "20260401", b"20260402"), "202407", "202504");
    mixed[0].1.extend(other);
    vec![
        version(
            "unknown-202410",
            "版数202410（公開プログラムに見られる）",
            "version 202410, seen in public programs",
            "202410",
        ),
        version("unknown-202206", "版数202206", "version 202206", "202206"),
        version("unknown-201910", "第1版の版数", "the version of the first edition", "201910"),
        version("unknown-000000", "版数がゼロ", "a version of zeros", "000000"),
        case("editions", "mixed-versions", "一つのファイルに二つの版数", "two versions in one file", mixed)
            .refused(&["V25"]),
    ]
}
