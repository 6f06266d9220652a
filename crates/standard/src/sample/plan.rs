//! 第1表〜第3表, 補足 and their withdrawal.

use super::care::clock;
use super::dice::Dice;
use super::people::Person;
use super::services::EQUIPMENT;
use super::sheet::{Row, Sheet};
use super::themes;
use super::{Case, Maker, Purpose};
use crate::FileKind;

pub(super) fn sheets(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut first = Sheet::new(FileKind::Up1kyo);
    let mut second = Sheet::new(FileKind::Up2kyo);
    let mut third = Sheet::new(FileKind::Up3kyo);
    let mut supplement = Sheet::new(FileKind::Uphosoku);
    for case in maker.cases() {
        let mut dice = maker.dice(case.index, Purpose::Plan);
        sheet1(&mut first, maker, &case, &mut dice);
        sheet2(&mut second, maker, &case, &mut dice);
        sheet3(&mut third, maker, &case, &mut dice);
        maker.supplement(&mut supplement, &case, None);
    }
    vec![first, second, third, supplement]
}

pub(super) fn withdrawal(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut sheet = Sheet::new(FileKind::Dlt1kyo);
    for case in maker.cases() {
        maker.keyed(&mut sheet, &case).put("care_plan_date", case.plan_date);
    }
    vec![sheet]
}

fn sheet1(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, dice: &mut Dice) {
    let Person { postal_code, address, certified_on, valid_from, valid_to, .. } = &case.person;
    let reason = dice.below(5);
    let first = case.plan_date.plus(-i64::from(dice.between(0, 900)));
    let mut row = maker.keyed(sheet, case);
    row.put("created_on", case.plan_date)
        .put("person_postal_code", postal_code)
        .put("person_address1", &address[0])
        .put("person_address2", &address[1])
        .put("planner_name", maker.manager())
        .put("planner_office_name", maker.planner_name())
        .put("planner_office_postal_code", "039-9001")
        .put("planner_office_address1", "架空県文箱市本町１－１")
        .put("planner_office_no", maker.planner())
        .put("care_plan_date", case.plan_date)
        .put("first_care_plan_date", first)
        .put("plan_category", dice.pick(&["11", "21", "21", "21", "52"]))
        .put("certification_status", "2")
        .put("certification_date", certified_on)
        .put("certification_valid_from", valid_from)
        .put("certification_valid_to", valid_to)
        .put("care_level", case.care.level)
        .put("issue_analysis_result", dice.pick(themes::WISHES))
        .put("review_board_opinion", dice.pick(themes::OPINIONS))
        .put("overall_support_policy", dice.pick(themes::POLICIES))
        .put("updated_by_office", maker.planner());
    if (1..=3).contains(&reason) {
        row.put("life_support_reason", reason);
    }
    if reason == 3 {
        row.put("life_support_reason_other", "日中独居，火の取扱いに不安があるため");
    }
}

fn sheet2(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, dice: &mut Dice) {
    let short = format!("{}～{}", case.plan_date.reiwa(), case.plan_date.plus(183).reiwa());
    for (issue, planned) in (1..).zip(&case.care.planned) {
        let theme = dice.pick(themes::of(planned.service.style));
        let frequency = match planned.slots.len() {
            0 => "随時".to_owned(),
            times => format!("週{times}回"),
        };
        line2(sheet, maker, case, [issue, 1, 1])
            .put("issue", theme.issue)
            .put("long_term_goal", theme.long_term)
            .put("short_term_goal", theme.short_term[0])
            .put("service_content", theme.content)
            .put("insurance_coverage", "Y")
            .put("service_kind_text", planned.service.label)
            .put("service_office_no", &planned.provider.number)
            .put("service_office_name", &planned.provider.name)
            .put("frequency", &frequency);
        // As printed: what the line above says is not repeated.
        let (content, kind, who) = theme.informal;
        line2(sheet, maker, case, [issue, 1, 2])
            .put("service_content", content)
            .put("insurance_coverage", "N")
            .put("service_kind_text", kind)
            .put("service_office_name", who)
            .put("frequency", "毎日");
        if dice.one_in(2) {
            line2(sheet, maker, case, [issue, 1, 3])
                .put("short_term_goal", theme.short_term[1])
                .put("short_term_period", &short)
                .put("service_content", "できることはご自分で行い、声かけ・見守り")
                .put("insurance_coverage", "N")
                .put("service_kind_text", "本人・家族")
                .put("frequency", "適宜");
        }
        if let Some(goal) = theme.second_goal {
            line2(sheet, maker, case, [issue, 2, 1])
                .put("long_term_goal", goal)
                .put("short_term_goal", theme.short_term[1])
                .put("service_content", "一緒に行う家事, 体操")
                .put("insurance_coverage", "Y")
                .put("service_kind_text", planned.service.label)
                .put("service_office_no", &planned.provider.number)
                .put("service_office_name", &planned.provider.name)
                .put("frequency", &frequency);
        }
    }
}

/// A line of 第2表 by its 課題ＮＯ, 援助目標ＮＯ and 援助内容ＮＯ.
fn line2<'a>(sheet: &'a mut Sheet, maker: &Maker<'_>, case: &Case, numbers: [u32; 3]) -> Row<'a> {
    let [issue, goal, support] = numbers;
    let from = case.plan_date.reiwa();
    let short = format!("{from}～{}", case.plan_date.plus(183).reiwa());
    let mut row = maker.keyed(sheet, case);
    row.put("sheet_created_on", case.plan_date)
        .put("care_plan_date", case.plan_date)
        .put("issue_no", issue)
        .put("goal_no", goal)
        .put("support_no", support)
        .put("service_period", &short)
        .put("updated_by_office", maker.planner());
    if support == 1 {
        row.put("long_term_period", format_args!("{from}～{}", case.plan_date.plus(365).reiwa()))
            .put("short_term_period", &short);
    }
    row
}

fn sheet3(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, dice: &mut Dice) {
    for planned in &case.care.planned {
        for slot in &planned.slots {
            line3(sheet, maker, case)
                .put("care_service_content", planned.service.label)
                .put("weekday", slot.weekday)
                .put("service_start_time", clock(slot.start))
                .put("service_end_time", clock(slot.end));
        }
    }
    for (activity, start, end) in themes::DAILY {
        line3(sheet, maker, case)
            .put("daily_activity", activity)
            .put("activity_start_time", start)
            .put("activity_end_time", end);
    }
    for planned in case.care.planned.iter().filter(|planned| planned.slots.is_empty()) {
        let label = planned.service.label;
        for thing in &planned.things {
            line3(sheet, maker, case).put("non_weekly_service", format_args!("{label}：{}", EQUIPMENT[*thing].1));
        }
        if planned.things.is_empty() {
            line3(sheet, maker, case).put("non_weekly_service", label);
        }
    }
    line3(sheet, maker, case).put("non_weekly_service", dice.pick(themes::NON_WEEKLY));
}

fn line3<'a>(sheet: &'a mut Sheet, maker: &Maker<'_>, case: &Case) -> Row<'a> {
    let mut row = maker.keyed(sheet, case);
    row.put("weekly_plan_created_on", case.plan_date).put("care_plan_date", case.plan_date);
    row
}
