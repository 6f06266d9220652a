//! 第２表 居宅サービス計画書（２）

use super::entry::{Block, Entry, Mark};
use askama::Template;

#[derive(Template)]
#[template(path = "forms/sheet2.html")]
pub(crate) struct Sheet2<'a> {
    /// All rows, for what is the same in all of them.
    all: Block<'a>,
    rows: Vec<Line<'a>>,
    about: Block<'a>,
}

/// 一行
pub(crate) struct Line<'a> {
    entry: Entry<'a>,
    /// Goes on with the 課題, the long-term goal or the short-term goal of the line above: no rule between them.
    goes_on: [bool; 3],
}

impl<'a> Sheet2<'a> {
    /// The three numbers give the printed order (README 9.3); what was there before stands above what took its place.
    pub(crate) fn of(mut entries: Vec<Entry<'a>>, about: Block<'a>) -> Self {
        let number = |entry: &Entry<'_>, ident| entry.integer(ident).unwrap_or(0);
        let numbers = |entry: &Entry<'_>| ["issue_no", "goal_no", "support_no"].map(|ident| number(entry, ident));
        entries.sort_by_key(|entry| (numbers(entry), entry.mark != Mark::Removed));
        let all = Block(entries.clone());
        let mut above: Option<[i64; 3]> = None;
        let mut rows = Vec::new();
        for entry in entries {
            let [issue, goal, support] = numbers(&entry);
            let blank = |ident| entry.cell(ident).is_blank();
            let same_issue = above.is_some_and(|[above, ..]| above == issue);
            let same_goal = same_issue && above.is_some_and(|[_, above, _]| above == goal);
            let goes_on = [
                same_issue && blank("issue"),
                same_goal && blank("long_term_goal") && blank("long_term_period"),
                same_goal && blank("short_term_goal") && blank("short_term_period"),
            ];
            above = Some([issue, goal, support]);
            rows.push(Line { entry, goes_on });
        }
        Self { all, rows, about }
    }
}
