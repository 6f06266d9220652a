//! 第6表 予定, 第7表, 補足; 実績; their withdrawal.

use std::collections::BTreeSet;

use super::month::{self, Cost, Line, Plan};
use super::services::Style;
use super::sheet::{Row, Sheet};
use super::{Case, Maker, Purpose};
use crate::FileKind;

/// The three files, people added until there are enough or 第6表 has grown to `bytes`.
pub(super) fn sheets(maker: &Maker<'_>, bytes: usize) -> Vec<Sheet> {
    let mut schedule = Sheet::new(FileKind::Upplan);
    let mut costs = Sheet::new(FileKind::Upsikyu);
    let mut supplement = Sheet::new(FileKind::Uphosoku);
    for case in maker.cases() {
        let plan = Plan::new(&mut maker.dice(case.index, Purpose::Month), &case.care, maker.month);
        for line in &plan.lines {
            let mut row = line_row(&mut schedule, maker, &case, line, &plan);
            row.put("created_on", maker.planned_on()).put("updated_by_office", maker.planner());
        }
        for cost in &plan.costs {
            cost_row(&mut costs, maker, &case, cost);
        }
        maker.supplement(&mut supplement, &case, Some(&plan));
        if schedule.len() >= bytes {
            break;
        }
    }
    vec![schedule, costs, supplement]
}

pub(super) fn actuals(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut sheet = Sheet::new(FileKind::Upjsk);
    for case in maker.cases() {
        let (plan, lines) = reported(maker, &case);
        for line in &lines {
            let mut row = line_row(&mut sheet, maker, &case, line, &plan);
            row.put("created_on", maker.month.after(1).on(3)).put("updated_by_office", &line.provider.number);
        }
    }
    vec![sheet]
}

fn reported(maker: &Maker<'_>, case: &Case) -> (Plan, Vec<Line>) {
    let plan = Plan::new(&mut maker.dice(case.index, Purpose::Month), &case.care, maker.month);
    let lines = month::actuals(&mut maker.dice(case.index, Purpose::Actuals), &plan.lines, |line| {
        maker.forwards() || (line.provider.number == maker.provider() && line.service.code == maker.provider_type())
    });
    (plan, lines)
}

pub(super) fn withdrawal(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut sheet = Sheet::new(FileKind::Dltplan);
    for case in maker.cases() {
        maker.keyed(&mut sheet, &case).put("target_month", maker.month);
    }
    vec![sheet]
}

pub(super) fn actuals_withdrawal(maker: &Maker<'_>) -> Vec<Sheet> {
    let mut sheet = Sheet::new(FileKind::Dltjsk);
    for case in maker.cases() {
        let (_, lines) = reported(maker, &case);
        let scopes: BTreeSet<_> = lines.iter().map(|line| (&line.provider.number, line.service.code)).collect();
        for (office, service_type) in scopes {
            maker
                .keyed(&mut sheet, &case)
                .put("target_month", maker.month)
                .put("service_office_no", office)
                .put("service_type", service_type);
        }
    }
    vec![sheet]
}

fn line_row<'a>(sheet: &'a mut Sheet, maker: &Maker<'_>, case: &Case, line: &Line, plan: &Plan) -> Row<'a> {
    let mut row = maker.keyed(sheet, case);
    row.put("target_month", maker.month)
        .put("plan_office_no", maker.planner())
        .put("plan_manager_name", maker.manager())
        .put("units", line.units)
        .put("service_date", line.day)
        .put("prorated_days", &line.mask)
        .put("start_time", &line.start)
        .put("end_time", &line.end)
        .put("service_count", line.count)
        .put("service_code", &line.code)
        .put("detail_no", &line.detail_no)
        .put("service_office_no", &line.provider.number)
        .put("service_office_name", &line.provider.name)
        .put("satellite_no", line.satellite)
        .put("over_30_days", 0);
    if let Some(stay) = plan.stay.filter(|_| line.service.style == Style::Stay) {
        row.put("short_stay_days_until_previous_month", stay.before);
    }
    if let Some(thing) = &line.thing {
        row.put("tais_code", &thing.tais)
            .put("equipment_notification_code", &thing.notification)
            .put("equipment_name", &thing.name);
    }
    row
}

fn cost_row(sheet: &mut Sheet, maker: &Maker<'_>, case: &Case, cost: &Cost) {
    let mut row = maker.keyed(sheet, case);
    row.put("created_on", maker.planned_on())
        .put("target_month", maker.month)
        .put("service_office_name", &cost.name)
        .put("service_office_no", &cost.office)
        .put("satellite_no", cost.satellite)
        .put("service_code", &cost.code)
        .put("units", cost.units)
        .put("count_or_days", cost.count)
        .put("service_units_amount", cost.amount)
        .put("total_cost", cost.total)
        .put("insurance_claim_amount", cost.claimed)
        .put("copay_amount_covered", cost.paid)
        .put("copay_amount_full", cost.paid_in_full)
        .put("over_30_days", 0)
        .put("office_code_fixed", "9999999999")
        .put("updated_by_office", maker.planner());
    if let Some(limited) = cost.limited {
        row.put("benefit_management_units", limited.over + limited.within)
            .put("category_limit_over_units", limited.over)
            .put("category_limit_within_units", limited.within);
    }
    if let Some(units) = cost.by_type {
        row.put("type_limit_over_units", 0).put("type_limit_within_units", units);
    }
    if let Some(price) = cost.price {
        row.put("unit_price", format_args!("{:02}.{:02}", price / 100, price % 100));
    }
    if let Some(rate) = cost.rate {
        row.put("benefit_rate", rate);
    }
    if let Some(stay) = cost.stay {
        row.put("short_stay_days_until_previous_month", stay.before)
            .put("short_stay_days_planned_this_month", stay.planned)
            .put("short_stay_days_cumulative", stay.before + stay.planned);
    }
    if let Some(thing) = &cost.thing {
        row.put("tais_code", &thing.tais)
            .put("equipment_notification_code", &thing.notification)
            .put("equipment_name", &thing.name);
    }
}
