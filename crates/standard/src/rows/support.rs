use super::plain::has_parent;
use super::{Machine, NO_COLUMN, Now, Row, Say, Spot};
use crate::calendar;
use crate::fingerprint::Print;
use crate::links::Links;
use crate::rules::{v77, v78};
use crate::{FileKind, Layout};

/// Rows of one plan that are held against each other.
const ROWS_MAX: usize = 4_096;
/// Pairs of numbers up to 99.
const PAIRS: usize = 100 * 100;

/// 介護予防サービス・支援計画書（別表）
pub(super) struct Support {
    /// 課題ＮＯ, 支援計画ＮＯ, 利用サービスＮＯ.
    numbers: [usize; 3],
    issue_texts: [usize; 4],
    plan_texts: [usize; 3],
    service_texts: [usize; 3],
    // Of the plan at hand.
    rows: Vec<([u8; 3], Spot)>,
    /// 課題 and 支援計画 met, with the fingerprints of their texts.
    firsts: Vec<([u8; 2], [u64; 4])>,
    /// Where in `firsts` each pair of numbers is, from 1; 0 of what was not met.
    places: Vec<u16>,
    silent: bool,
}

fn place_of([issue, plan]: [u8; 2]) -> usize {
    usize::from(issue) * 100 + usize::from(plan)
}

impl Support {
    pub(super) fn new(layout: &Layout) -> Support {
        let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
        Support {
            numbers: ["issue_no", "support_plan_no", "service_no"].map(index),
            issue_texts: ["overall_issue", "proposed_goal_and_measures", "intention", "goal"].map(index),
            plan_texts: ["support_points", "self_care_and_informal_support", "insured_service_or_program"].map(index),
            service_texts: ["service_kind_text", "service_office_text", "service_period"].map(index),
            rows: Vec::with_capacity(64),
            firsts: Vec::with_capacity(64),
            places: vec![0; PAIRS],
            silent: false,
        }
    }

    /// The number of a level; 1 where nothing of the level stands in the row.
    fn number(&self, row: &Row<'_, '_>, level: usize) -> Option<u8> {
        let column = self.numbers.get(level).copied().unwrap_or(NO_COLUMN);
        let value = row.value(column);
        if value.is_empty() {
            let texts = [&self.issue_texts[..], &self.plan_texts, &self.service_texts];
            let filled = |texts: &&[usize]| texts.iter().any(|text| !row.is_empty(*text));
            return (level > 0 && !texts.iter().skip(level).any(filled)).then_some(1);
        }
        calendar::number(value).filter(|number| (1..=99).contains(number)).map(|number| number as u8)
    }

    /// V78: a text that is there again is the same.
    fn texts(&mut self, row: &Row<'_, '_>, key: [u8; 2], columns: &[usize], say: &mut Say<'_>) {
        let print = |column: usize| Print::new(0).with(row.value(column)).end();
        let Some(place) = self.places.get_mut(place_of(key)) else { return };
        match self.firsts.get(usize::from(*place).wrapping_sub(1)) {
            Some((_, prints)) => {
                let differs = |(column, first): &(&usize, &u64)| !row.is_empty(**column) && print(**column) != **first;
                if let Some((column, _)) = columns.iter().zip(prints).find(differs) {
                    say.cell(&v78::RULE, row, *column, "");
                }
            }
            None if self.firsts.len() < ROWS_MAX => {
                let mut prints = [0; 4];
                prints.iter_mut().zip(columns).for_each(|(to, column)| *to = print(*column));
                self.firsts.push((key, prints));
                *place = self.firsts.len() as u16;
            }
            None => {}
        }
    }
}

impl Machine for Support {
    fn remembers(&self) -> bool {
        true
    }

    fn open(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        has_parent(FileKind::UpyoboSub, row, say, now, links);
    }

    fn within(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &mut Now, _: &mut Links) {
        let [issue, plan, service] = [0, 1, 2].map(|level| self.number(row, level));
        let (Some(issue), Some(plan), Some(service)) = (issue, plan, service) else {
            let levels = [issue, plan, service];
            let level = levels.iter().position(Option::is_none).unwrap_or(0);
            let column = self.numbers.get(level).copied().unwrap_or(NO_COLUMN);
            // A number that is none at all is V36's.
            if row.faulty & super::bit(column) == 0 {
                say.cell(&v77::RULE, row, column, "番号が空か、1から99ではありません");
            }
            self.silent = true;
            return;
        };
        if self.rows.len() < ROWS_MAX && now.rows <= ROWS_MAX as u64 {
            self.rows.push(([issue, plan, service], row.spot()));
        } else {
            self.silent = true;
        }
        let columns = self.issue_texts;
        self.texts(row, [issue, 0], &columns, say);
        let columns = self.plan_texts;
        self.texts(row, [issue, plan], &columns, say);
    }

    fn close(&mut self, say: &mut Say<'_>, now: &Now, _: &mut Links) {
        if !self.silent && !now.spoiled {
            self.rows.sort_unstable_by_key(|(numbers, spot)| (*numbers, spot.row));
            let numbers = self.rows.iter().map(|(numbers, _)| *numbers);
            if let Some((at, level)) = v77::first_broken(numbers)
                && let Some((_, spot)) = self.rows.get(at)
            {
                say.spot(&v77::RULE, *spot, self.numbers.get(level).copied(), "");
            }
        }
        self.rows.clear();
        for (key, _) in self.firsts.drain(..) {
            if let Some(place) = self.places.get_mut(place_of(key)) {
                *place = 0;
            }
        }
        self.silent = false;
    }
}
