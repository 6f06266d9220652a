//! 介護予防サービス・支援計画書

use super::entry::{Block, Entry, Mark};
use askama::Template;

#[derive(Template)]
#[template(path = "forms/prevention_plan.html")]
pub(crate) struct PreventionPlan<'a> {
    pub(crate) plan: Block<'a>,
    /// All rows, for what is the same in all of them.
    all: Block<'a>,
    rows: Vec<Line<'a>>,
}

/// 一行
pub(crate) struct Line<'a> {
    entry: Entry<'a>,
    /// Goes on with the 課題 or the 支援計画 of the line above.
    goes_on: [bool; 2],
}

/// アセスメント領域: its name and its four columns.
struct Area {
    name: &'static str,
    current: &'static str,
    intention: &'static str,
    exists: &'static str,
    issue: &'static str,
}

const AREAS: [Area; 4] = [
    Area {
        name: "運動・移動について",
        current: "mobility_current",
        intention: "mobility_intention",
        exists: "mobility_issue_exists",
        issue: "mobility_issue",
    },
    Area {
        name: "日常生活（家庭生活）について",
        current: "daily_life_current",
        intention: "daily_life_intention",
        exists: "daily_life_issue_exists",
        issue: "daily_life_issue",
    },
    Area {
        name: "社会参加、対人関係・コミュニケーションについて",
        current: "social_current",
        intention: "social_intention",
        exists: "social_issue_exists",
        issue: "social_issue",
    },
    Area {
        name: "健康管理について",
        current: "health_current",
        intention: "health_intention",
        exists: "health_issue_exists",
        issue: "health_issue",
    },
];

/// 必要な事業プログラム: name, 該当数, out of how many, 要否.
const PROGRAMS: [(&str, &str, u8, &str); 6] = [
    ("運動不足", "checklist_count_exercise", 5, "program_needed_exercise"),
    ("栄養改善", "checklist_count_nutrition", 2, "program_needed_nutrition"),
    ("口腔内ケア", "checklist_count_oral", 3, "program_needed_oral"),
    ("閉じこもり予防", "checklist_count_seclusion", 2, "program_needed_seclusion"),
    ("物忘れ予防", "checklist_count_forgetfulness", 3, "program_needed_forgetfulness"),
    ("うつ予防", "checklist_count_depression", 5, "program_needed_depression"),
];

impl<'a> PreventionPlan<'a> {
    /// Lines in the order of their three numbers (README 9.11).
    pub(crate) fn of(mut plan: Vec<Entry<'a>>, mut lines: Vec<Entry<'a>>) -> Self {
        let number = |entry: &Entry<'_>, ident| entry.integer(ident).unwrap_or(0);
        let numbers =
            |entry: &Entry<'_>| ["issue_no", "support_plan_no", "service_no"].map(|ident| number(entry, ident));
        plan.sort_by_key(|row| row.mark == Mark::Removed);
        lines.sort_by_key(|entry| (numbers(entry), entry.mark != Mark::Removed));
        let all = Block([&plan[..], &lines].concat());
        let mut above: Option<[i64; 3]> = None;
        let mut rows = Vec::new();
        for entry in lines {
            let these @ [issue, support, _] = numbers(&entry);
            let blank = |idents: &[&str]| idents.iter().all(|ident| entry.cell(ident).is_blank());
            let same_issue = above.is_some_and(|[above, ..]| above == issue);
            let same_support = same_issue && above.is_some_and(|[_, above, _]| above == support);
            let goes_on = [
                same_issue && blank(&["overall_issue", "proposed_goal_and_measures", "intention", "goal"]),
                same_support
                    && blank(&["support_points", "self_care_and_informal_support", "insured_service_or_program"]),
            ];
            above = Some(these);
            rows.push(Line { entry, goes_on });
        }
        Self { plan: Block(plan), all, rows }
    }

    fn areas(&self) -> &'static [Area] {
        &AREAS
    }

    fn programs(&self) -> &'static [(&'static str, &'static str, u8, &'static str)] {
        &PROGRAMS
    }
}
