use super::schedule::Digest;
use super::{Machine, NO_COLUMN, Now, Row, Say, bit};
use crate::fingerprint::Seen;
use crate::links::{COSTS_DIGEST, Links, TOLD, has, told};
use crate::rules::v69::{self, Line};
use crate::rules::v75::{self, SUMS};
use crate::rules::{v58, v59, v70, v71, v72, v74, v81};
use crate::{FileKind, Layout, ServiceCodes};

/// 第7表
pub(super) struct Costs<'c> {
    office: usize,
    satellite: usize,
    code: usize,
    equipment: [usize; 3],
    /// 単位数 of a sum is 0, what comes after it empty.
    units: usize,
    empty: [usize; 2],
    inside: usize,
    sums: [usize; SUMS],
    sum_columns: u128,
    codes: Option<&'c ServiceCodes>,
    // Of the person at hand.
    seen: Seen,
    digest: Digest,
    totals: u64,
    /// Nothing can be said about the total: its code or office is another rule's.
    total_unknown: bool,
    table: v75::Sheet,
    /// What the person's rows add up to is not known.
    sums_unknown: bool,
}

impl<'c> Costs<'c> {
    pub(super) fn new(layout: &Layout, codes: Option<&'c ServiceCodes>) -> Costs<'c> {
        let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
        let sums = v75::COLUMNS.map(index);
        Costs {
            office: index("service_office_no"),
            satellite: index("satellite_no"),
            code: index("service_code"),
            equipment: ["tais_code", "equipment_notification_code", "equipment_name"].map(index),
            units: index("units"),
            empty: ["discounted_rate", "discounted_units"].map(index),
            inside: index("benefit_management_units"),
            sums,
            sum_columns: sums.into_iter().fold(0, |columns, column| columns | bit(column)),
            codes,
            seen: Seen::new(),
            digest: Digest::default(),
            totals: 0,
            total_unknown: false,
            table: v75::Sheet::new(),
            sums_unknown: false,
        }
    }

    fn total(&mut self, row: &Row<'_, '_>, is_total: bool, say: &mut Say<'_>) {
        let nobody = row.value(self.office) == v70::NOBODY;
        if is_total != nobody {
            say.cell(&v70::RULE, row, self.office, if is_total { v70::OFFICE } else { v70::ELSEWHERE });
        }
        if is_total {
            self.totals += 1;
            if self.totals > 1 {
                say.spot(&v70::RULE, row.spot(), None, v70::AGAIN);
            }
        }
        // A row of nobody's that is no total was meant to be one.
        self.total_unknown |= nobody && !is_total;
    }
}

impl Machine for Costs<'_> {
    fn remembers(&self) -> bool {
        true
    }

    fn alone(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        if row.any_faulty(bit(self.code)) {
            return;
        }
        let code = row.value(self.code);
        if v69::line(code) != Line::Detail {
            if !v72::is_zero(row.value(self.units)) && !row.any_faulty(bit(self.units)) {
                say.cell(&v72::RULE, row, self.units, v72::ZERO);
            }
            for column in self.empty {
                if !row.is_empty(column) {
                    say.cell(&v72::RULE, row, column, v72::EMPTY);
                }
            }
            return;
        }
        let Some(kind) = code.first_chunk::<2>() else { return };
        let [tais, notification, _] = self.equipment;
        if v58::is_equipment(*kind) {
            if row.is_empty(tais) && row.is_empty(notification) && tais != NO_COLUMN {
                say.cell(&v58::RULE, row, tais, "");
            }
        } else if let Some(filled) = self.equipment.into_iter().find(|column| !row.is_empty(*column)) {
            say.cell(&v59::RULE, row, filled, "");
        }
        if !row.is_empty(self.inside) && self.codes.is_some_and(|codes| codes.is_outside_limit(code)) {
            say.cell(&v74::RULE, row, self.inside, "");
        }
    }

    fn open(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        let scheduled = matches!(links.kind, Some(crate::UnitKind::Schedule | crate::UnitKind::PreventionSchedule));
        if scheduled && now.flags & has(FileKind::Upplan) == 0 && now.flags & TOLD == 0 && links.speak(now.person) {
            say.spot(&v81::RULE, row.spot(), None, "この利用者の第6表がありません");
            links.mark(now.key, told(FileKind::Upsikyu));
        }
    }

    fn within(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &mut Now, _: &mut Links) {
        if row.any_faulty(bit(self.code) | bit(self.office) | bit(self.satellite)) {
            now.doubtful = true;
            self.total_unknown = true;
            self.sums_unknown = true;
            return;
        }
        let (code, office, satellite) = (row.value(self.code), row.value(self.office), row.value(self.satellite));
        let line = v69::line(code);
        self.total(row, line == Line::Total, say);
        self.sums_unknown |= row.any_faulty(self.sum_columns);
        let values = self.sums.map(|column| v75::value(row.value(column)));
        if line == Line::Detail {
            self.digest.add(&mut self.seen, office, satellite, code);
        }
        self.table.add(line, office, satellite, code, values, row.spot());
    }

    fn close(&mut self, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        if !now.spoiled {
            if self.totals == 0 && !self.total_unknown {
                say.spot(&v70::RULE, now.first, None, v70::NONE);
            }
            if !self.sums_unknown && !self.table.is_full() {
                if let Some(spot) = v71::broken(&self.table) {
                    say.spot(&v71::RULE, spot, None, "");
                }
                if self.totals <= 1 {
                    self.table.differences(|spot, columns| {
                        let column = columns.iter().position(|differs| *differs).and_then(|at| self.sums.get(at));
                        let layout = say.layout;
                        let detail = || v75::describe(layout, &self.sums, columns);
                        say.spot_with(&v75::RULE, spot, column.copied(), detail);
                    });
                }
            }
        }
        if let Some(entry) = links.table.entry(now.key) {
            entry[COSTS_DIGEST] = self.digest.bits();
        }
        self.seen.clear();
        self.digest = Digest::default();
        self.table.clear();
        (self.totals, self.total_unknown, self.sums_unknown) = (0, false, false);
    }
}
