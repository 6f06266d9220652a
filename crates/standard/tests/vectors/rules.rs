//! The examples of the rules themselves.

use crate::case::{Case, case, files};
use fumibako_standard::rules::{Needs, OnImport};
use fumibako_standard::{RULES, Rule, Severity};
use std::fs;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case> {
    RULES.iter().flat_map(|rule| of_rule(rule)).collect()
}

fn of_rule(rule: &'static Rule) -> Vec<Case> {
    let (ja, en) = titles(rule);
    let make = |kind: &str, ja_kind: &str, en_kind: &str, example| {
        let name = format!("{}-{kind}", rule.code);
        let title = format!("{}: {ja}（{ja_kind}）", rule.code);
        let mut case = case("rules", name, &title, &format!("{}, {en_kind}: {en}", rule.code), files(example));
        case.rules.push(rule.code.into());
        match rule.needs {
            Needs::Nothing => {}
            Needs::ServiceCodes(table) => case.service_codes = Some(table),
            Needs::History(earlier) => case.history = files(earlier),
        }
        case
    };
    let shown = rule.shown_as.unwrap_or(rule.code);
    let bad = make("bad", "悪い例", "bad", rule.bad);
    let bad = match rule.severity {
        Severity::Error => bad.refused(&[shown]),
        Severity::Warning => bad.warned(&[shown]),
    };
    let mut cases = vec![make("good", "よい例", "good", rule.good)];
    if rule.code == "V12" {
        // V12 takes the place of V09 on import (README 15.5).
        cases.push(bad.import());
        cases.push(make("bad-export", "悪い例、送る側", "bad, as sent", rule.bad).refused(&["V09"]));
        return cases;
    }
    cases.push(bad);
    if rule.on_import == OnImport::Warning && rule.shown_as.is_none() {
        let received = make("bad-import", "悪い例、受け取る側", "bad, as received", rule.bad);
        cases.push(received.import().warned(&[shown]));
    }
    cases
}

/// `//! V52: 日割対象日 — 31 characters of 0 and 1.` stands at the head of each rule's file.
fn titles(rule: &Rule) -> (String, String) {
    let path = format!("src/rules/{}.rs", rule.code.to_lowercase());
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the file of the rule");
    let head = source.lines().next().and_then(|line| line.strip_prefix(&format!("//! {}: ", rule.code)));
    let (ja, en) = head.and_then(|head| head.split_once(" — ")).expect("a heading in two languages");
    // Terms of the standard stay in Japanese inside the English; titles promise ASCII.
    let en = en.trim_end_matches('.').split(' ').map(term).collect::<Vec<_>>().join(" ");
    (ja.to_string(), en)
}

/// A term of the standard, in English.
fn term(word: &str) -> String {
    let terms = [
        ("第1表", "sheet 1"),
        ("第2表", "sheet 2"),
        ("第3表", "sheet 3"),
        ("第6表", "sheet 6"),
        ("第7表", "sheet 7"),
        ("補足情報", "the supplement"),
        ("課題ＮＯ", "issue number"),
        ("課題", "issue"),
        ("援助目標", "goal"),
        ("援助内容", "support"),
        ("単位数単価", "the unit price"),
        ("福祉用具貸与", "rented equipment"),
        ("TAISコード", "TAIS code"),
        ("届出コード", "notification code"),
        ("別表", "annex"),
    ];
    terms.iter().fold(word.to_string(), |word, (ja, en)| word.replace(ja, en))
}
