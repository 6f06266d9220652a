//! `fumibako rule` — what a rule wants, and `docs/rules.md`, both out of the rules themselves.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use standard::rules::{Body, Example, OnImport};
use standard::{RULES, Rule, Severity};

use crate::check::screen;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// 検査項目の番号（V52など）。指定がなければ一覧
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let text = match &args.code {
        None => list(),
        Some(code) => match standard::rules::rule(&code.to_ascii_uppercase()) {
            Some(rule) => page(rule),
            None => {
                let _ = writeln!(anstream::stderr(), "検査項目「{code}」はありません。一覧: fumibako rule");
                return 2.into();
            }
        },
    };
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => 2.into(),
        _ => ExitCode::SUCCESS,
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "誤り",
        Severity::Warning => "注意",
    }
}

fn weight(rule: &Rule) -> String {
    let on_export = severity(rule.severity);
    match rule.on_import {
        OnImport::Same => on_export.to_owned(),
        OnImport::Warning => format!("{on_export}（取り込むときは注意）"),
        OnImport::WarningWhereInferred => {
            format!("{on_export}（標準の必須の印がはっきりしない項目は、取り込むときは注意）")
        }
    }
}

fn list() -> String {
    RULES.iter().map(|rule| format!("{} {} {}\n", rule.code, severity(rule.severity), rule.what)).collect()
}

fn page(rule: &Rule) -> String {
    let mut page = format!("{} {}\n", rule.code, weight(rule));
    let mut line = |head: &str, text: &str| {
        let margin = 3 + screen::width(head);
        for (at, line) in screen::wrap(text, screen::WIDTH - margin).iter().enumerate() {
            let head = if at == 0 { head } else { "" };
            writeln!(page, "  {head}{:1$}{line}", "", margin - 2 - screen::width(head))
                .expect("a String takes everything");
        }
    };
    line("内容:  ", rule.what);
    line("直し方:", rule.fix);
    line("根拠:  ", rule.clause);
    if let Some(other) = rule.shown_as {
        line("表示:  ", &format!("結果には {other} として出ます"));
    }
    for (head, example) in [("よい例", rule.good), ("悪い例", rule.bad)] {
        for file in example {
            writeln!(page, "  {head}: {}", file.name).expect("a String takes everything");
            for row in rows(&file.body) {
                writeln!(page, "    {row}").expect("a String takes everything");
            }
        }
    }
    page
}

fn rows(body: &Body) -> Vec<String> {
    match body {
        Body::Text(text) => text.lines().map(str::to_owned).collect(),
        Body::Bytes(bytes) => {
            let plain = |byte: &u8| byte.escape_ascii().to_string();
            vec![bytes.iter().map(plain).collect()]
        }
    }
}

/// `docs/rules.md`
#[cfg_attr(not(test), expect(dead_code, reason = "the document is compared by a test, which also writes it"))]
fn document() -> String {
    let mut page = String::from(
        "# 検査項目\n\n`fumibako check` が見る項目です。この文書は検査項目そのものから作られます。手で書き換えないでください。\n\n",
    );
    page.push_str("| 番号 | 重さ | 内容 |\n|---|---|---|\n");
    for rule in RULES {
        let anchor = rule.code.to_ascii_lowercase();
        writeln!(page, "| [{}](#{anchor}) | {} | {} |", rule.code, severity(rule.severity), cell(rule.what))
            .expect("a String takes everything");
    }
    for rule in RULES {
        write!(page, "\n## {}\n\n{}\n\n", rule.code, rule.what).expect("a String takes everything");
        let mut item = |head: &str, text: &str| writeln!(page, "- {head}: {text}").expect("a String takes everything");
        item("重さ", &weight(rule));
        item("直し方", rule.fix);
        item("標準仕様の箇所", rule.clause);
        if let Some(other) = rule.shown_as {
            item("表示", &format!("結果には {other} として出ます"));
        }
        examples(&mut page, "よい例", rule.good);
        examples(&mut page, "悪い例", rule.bad);
    }
    page
}

fn examples(page: &mut String, head: &str, example: Example) {
    if example.is_empty() {
        return;
    }
    write!(page, "\n{head}:\n\n```text\n").expect("a String takes everything");
    for file in example {
        writeln!(page, "{}", file.name).expect("a String takes everything");
        for row in rows(&file.body) {
            writeln!(page, "  {row}").expect("a String takes everything");
        }
    }
    page.push_str("```\n");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, fs};

    #[test]
    fn the_document_says_what_the_rules_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules.md");
        if env::var_os("FUMIBAKO_BLESS").is_some() {
            fs::write(path, document()).unwrap();
        }
        let kept = fs::read_to_string(path).unwrap_or_default();
        assert!(kept == document(), "docs/rules.md differs from the rules; FUMIBAKO_BLESS=1 rewrites it");
    }

    #[test]
    fn every_rule_has_a_page() {
        for rule in RULES {
            let page = page(rule);
            assert!(page.contains(rule.code) && page.contains("直し方"), "{}", rule.code);
        }
    }
}
