//! What a finding says besides its rule: the words a clerk acts on.

use fumibako_standard::rules::rule;
use fumibako_standard::{Profile, SourceFile, check};

fn good(code: &str) -> Vec<(String, Vec<u8>)> {
    let rule = rule(code).expect("a rule");
    rule.good.iter().map(|file| (file.name.to_string(), file.bytes())).collect()
}

/// The detail of each finding of this rule, in order.
fn details(files: &[(String, Vec<u8>)], code: &str) -> Vec<String> {
    let files: Vec<SourceFile<'_>> = files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect();
    let report = check(&files, Profile::Export);
    let of_rule = report.findings.into_iter().filter(|finding| finding.rule.code == code);
    of_rule.map(|finding| finding.detail.unwrap_or_default()).collect()
}

fn only(files: Vec<(String, Vec<u8>)>, kinds: &[&str]) -> Vec<(String, Vec<u8>)> {
    files.into_iter().filter(|(name, _)| kinds.iter().any(|kind| name.starts_with(kind))).collect()
}

/// A good set whose last file has another name in one part.
fn apart(code: &str, from: &str, to: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = good(code);
    let last = files.last_mut().expect("a file");
    assert!(last.0.contains(from), "{} has no {from}", last.0);
    last.0 = last.0.replace(from, to);
    files
}

#[test]
fn v09_names_the_nearest_unit_and_what_it_lacks() {
    assert_eq!(
        details(&only(good("V09"), &["UP1KYO"]), "V09"),
        ["「居宅サービス計画書（第1〜3表）」としては、UP2KYO（居宅サービス計画2表）、UP3KYO（居宅サービス計画３表）、\
          UPHOSOKU（利用者補足情報）がありません。"]
    );
    // A supplement with a month goes with a schedule, one without with a plan.
    assert_eq!(
        details(&only(good("V11"), &["UPHOSOKU"]), "V09"),
        [
            "「サービス利用票・別表（第6・7表）」としては、UPPLAN（第6表（サービス利用票）予定）、UPSIKYU（第7表（サービス利用票別表））がありません。"
        ]
    );
    assert_eq!(
        details(&only(good("V09"), &["UPHOSOKU"]), "V09"),
        ["「居宅サービス計画書（第1〜3表）」としては、UP1KYO（居宅サービス計画1表）、UP2KYO（居宅サービス計画2表）、\
          UP3KYO（居宅サービス計画３表）がありません。"]
    );
}

/// Of two units that both have a place for it, the one that lacks less is meant.
#[test]
fn v09_names_the_unit_that_lacks_least() {
    let files: Vec<_> =
        good("V77").into_iter().filter(|(name, _)| name.starts_with("UPYOBO_") && !name.contains("_SUB")).collect();
    assert_eq!(
        details(&files, "V09"),
        ["「介護予防支援計画書」としては、UPYOBO_SUB（介護予防サービス・支援計画書（別表）支援計画）がありません。"]
    );
}

/// 利用者補足情報 without a month goes with a plan, even where the offices are those of 予防, which has no such plan.
#[test]
fn v09_believes_the_supplement_before_the_offices() {
    let supplement = only(apart("V09", "_43_", "_46_"), &["UPHOSOKU"]);
    assert_eq!(
        details(&supplement, "V09"),
        ["「居宅サービス計画書（第1〜3表）」としては、UP1KYO（居宅サービス計画1表）、UP2KYO（居宅サービス計画2表）、\
          UP3KYO（居宅サービス計画３表）がありません。"]
    );
}

#[test]
fn v09_says_what_is_too_much() {
    let mut files = good("V11");
    files.extend(only(good("V09"), &["UP1KYO"]));
    let key = |name: &str| name.split('_').skip_while(|part| part.len() != 10).collect::<Vec<_>>().join("_");
    let shared = key(&files[0].0);
    let last = files.last_mut().expect("a file");
    last.0 = format!("UP1KYO_{shared}");
    assert_eq!(
        details(&files, "V09"),
        ["「サービス利用票・別表（第6・7表）」としては、UP1KYO（居宅サービス計画1表）が余分です。"]
    );
}

#[test]
fn v09_says_in_what_a_neighbour_differs() {
    let lacking = "「サービス利用票・別表（第6・7表）」としては、";
    for (from, to, part) in [
        ("20260320093000", "20260320093007", "ファイル連番（20260320093007）"),
        ("_1370000001_", "_1370000009_", "送信元の事業所番号（1370000009）"),
        ("_43_", "_46_", "送信元のサービス種類コード"),
        ("_1370000002_", "_1370000009_", "送信先の事業所番号（1370000009）"),
        ("_11_", "_15_", "送信先のサービス種類コード"),
    ] {
        let files = apart("V11", from, to);
        let found = details(&files, "V09");
        assert!(found[0].starts_with(lacking), "{found:?}");
        let kind = files[2].0.split('_').next().expect("a kind");
        assert!(found[0].contains(&format!("{part}が違う{kind}")), "{part}: {found:?}");
        assert_eq!(found[0].matches("が違う").count(), 1, "one neighbour: {found:?}");
        assert!(!found[0].trim_start_matches(lacking).contains('と'), "one difference: {found:?}");
    }
}

#[test]
fn v09_takes_no_stranger_for_a_neighbour() {
    // Serial, sender and receiver differ: still a neighbour. With a type as well: another set.
    let rename = |more: &[(&str, &str)]| {
        let mut files = apart("V11", "20260320093000", "20260320093007");
        let last = files.last_mut().expect("a file");
        for (from, to) in more {
            last.0 = last.0.replace(from, to);
        }
        details(&files, "V09")
    };
    let three = rename(&[("_1370000001_", "_1370000009_"), ("_1370000002_", "_1370000008_")]);
    assert!(
        three[0].contains("ファイル連番（20260320093007）と送信元の事業所番号（1370000009）と送信先の事業所番号"),
        "{three:?}"
    );
    let four = rename(&[("_1370000001_", "_1370000009_"), ("_1370000002_", "_1370000008_"), ("_11_", "_15_")]);
    assert!(four.iter().all(|detail| !detail.contains("が違う")), "{four:?}");
}
