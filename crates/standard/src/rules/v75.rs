//! V75: 第7表の合計額 — what the rows add up to.

use super::example::{cost, month_set, name, planned, schedule, supplement, text};
use super::{Needs, OnImport, Rule};
use crate::Layout;
use crate::Severity;
use crate::rows::Spot;
use crate::rules::v69::Line;

/// 第7表の合計額
pub const RULE: Rule = Rule {
    code: "V75",
    clause: "第7表（計算の整合）",
    severity: Severity::Warning,
    on_import: OnImport::Same,
    what: "第7表の小計または合計が、明細の行を足した値と違います。",
    fix: "別表を計算し直してから書き出してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: month_set!(
        concat!(
            schedule!(),
            planned!("250,,20260402,,0900,1000,1,111211,,,\"\",,", "1370000002,\"ひだまり\",,0,1370000001,")
        ),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"ひだまり\",1370000002,,111211,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"ひだまり\",1370000002,,11AAAA,,,\"\",0,,,0,500,500,,,,500,,5700,,5130,,570,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,500,500,,,,500,,5700,,5130,,570,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
    bad: month_set!(
        schedule!(),
        concat!(
            cost!(
                "\"ひだまり\",1370000002,,111111,,,\"\",250,,,1,250,250,,,,250,11.40,2850,90,2565,,285,0,,,,0,9999999999,,1370000001,"
            ),
            cost!(
                "\"\",9999999999,,999999,,,\"\",0,,,0,300,250,,,,250,,2850,,2565,,285,0,,,,0,9999999999,,1370000001,"
            )
        )
    ),
};

/// The columns that are added up, 第7表.17–22, 24, 26, 28, 29.
pub(crate) const COLUMNS: [&str; SUMS] = [
    "service_units_amount",
    "benefit_management_units",
    "type_limit_over_units",
    "type_limit_within_units",
    "category_limit_over_units",
    "category_limit_within_units",
    "total_cost",
    "insurance_claim_amount",
    "copay_amount_covered",
    "copay_amount_full",
];
/// How many they are.
pub(crate) const SUMS: usize = 10;
/// 給付管理単位数: filled for what is inside the limit.
const INSIDE: usize = 1;
/// Columns about the limit: only rows inside it fill them.
const LIMIT: std::ops::RangeInclusive<usize> = 1..=5;
/// Places and types of one person that are added up.
const GROUPS_MAX: usize = 64;

type Values = [Option<i64>; SUMS];

/// A cell as a number.
#[inline]
pub(crate) fn value(cell: &[u8]) -> Option<i64> {
    let (digits, sign) = cell.strip_prefix(b"-").map_or((cell, 1), |digits| (digits, -1));
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let number = digits.iter().fold(0, |sum: i64, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')));
    Some(sign * number)
}

/// What rows add up to in a column, and how many of them fill it.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    amount: i64,
    filled: u32,
}

/// Rows of one office, service type and satellite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    office: [u8; 10],
    kind: [u8; 2],
    satellite: [u8; 2],
    rows: u32,
    inside: u32,
    second: Spot,
    of_all: [Sum; SUMS],
    of_inside: [Sum; SUMS],
    /// Columns a subtotal of any sort fills.
    summed: [bool; SUMS],
    subtotal: Option<(Spot, Values)>,
}

impl Group {
    /// Rows inside the limit.
    pub(crate) fn inside(&self) -> u32 {
        self.inside
    }

    /// The second of them.
    pub(crate) fn second(&self) -> Spot {
        self.second
    }

    fn is_beside(&self, other: &Group) -> bool {
        self.office == other.office && self.kind == other.kind
    }
}

/// 別表 of one person.
pub(crate) struct Sheet {
    groups: Vec<Group>,
    last: usize,
    total: Option<(Spot, Values)>,
    full: bool,
}

impl Sheet {
    pub(crate) fn new() -> Sheet {
        Sheet { groups: Vec::with_capacity(GROUPS_MAX), last: 0, total: None, full: false }
    }

    pub(crate) fn clear(&mut self) {
        self.groups.clear();
        (self.last, self.total, self.full) = (0, None, false);
    }

    /// Whether the person has more than is added up.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether the office and type of a group have a subtotal at any place.
    pub(crate) fn has_subtotal(&self, group: &Group) -> bool {
        self.groups.iter().any(|other| other.is_beside(group) && other.subtotal.is_some())
    }

    /// Takes a row in.
    pub(crate) fn add(&mut self, line: Line, office: &[u8], satellite: &[u8], code: &[u8], values: Values, spot: Spot) {
        if line == Line::Total {
            self.total = self.total.or(Some((spot, values)));
            return;
        }
        let (Some(office), Some(kind)) = (office.first_chunk(), code.first_chunk()) else { return };
        let mut place = [0; 2];
        place.iter_mut().zip(satellite).for_each(|(to, from)| *to = *from);
        let Some(group) = self.group(*office, *kind, place) else { return };
        if line != Line::Detail {
            group.summed.iter_mut().zip(values).for_each(|(summed, value)| *summed |= value.is_some());
            if line == Line::Inside {
                group.subtotal = group.subtotal.or(Some((spot, values)));
            }
            return;
        }
        let inside = values[INSIDE].is_some();
        group.rows += 1;
        group.inside += u32::from(inside);
        if inside && group.inside == 2 {
            group.second = spot;
        }
        let sums = group.of_all.iter_mut().zip(&mut group.of_inside);
        for ((of_all, of_inside), value) in sums.zip(values) {
            let Some(value) = value else { continue };
            of_all.amount = of_all.amount.saturating_add(value);
            of_all.filled += 1;
            if inside {
                of_inside.amount = of_inside.amount.saturating_add(value);
                of_inside.filled += 1;
            }
        }
    }

    fn group(&mut self, office: [u8; 10], kind: [u8; 2], satellite: [u8; 2]) -> Option<&mut Group> {
        let is = |group: &Group| group.office == office && group.kind == kind && group.satellite == satellite;
        if !self.groups.get(self.last).is_some_and(is) {
            self.last = match self.groups.iter().position(is) {
                Some(at) => at,
                None if self.groups.len() < GROUPS_MAX => {
                    self.groups.push(Group {
                        office,
                        kind,
                        satellite,
                        rows: 0,
                        inside: 0,
                        second: Spot::default(),
                        of_all: [Sum::default(); SUMS],
                        of_inside: [Sum::default(); SUMS],
                        summed: [false; SUMS],
                        subtotal: None,
                    });
                    self.groups.len() - 1
                }
                None => {
                    self.full = true;
                    return None;
                }
            };
        }
        self.groups.get_mut(self.last)
    }

    /// Hands over each subtotal that differs from its rows; if none does, the total if it differs. One mistake in a row
    /// shows in both.
    pub(crate) fn differences(&self, mut say: impl FnMut(Spot, &[bool; SUMS])) {
        let mut told = false;
        for group in &self.groups {
            let Some((spot, values)) = &group.subtotal else { continue };
            let differs = |column: usize, value: &Option<i64>| {
                value.is_some_and(|value| self.of_subtotal(group, column).is_some_and(|sums| !sums.contains(&value)))
            };
            let columns = mark(values, differs);
            if columns.contains(&true) {
                told = true;
                say(*spot, &columns);
            }
        }
        if let Some((spot, values)) = self.total.as_ref().filter(|_| !told) {
            let differs = |column: usize, value: &Option<i64>| {
                value.is_some_and(|value| self.of_total(column).is_some_and(|sum| sum != value))
            };
            let columns = mark(values, differs);
            if columns.contains(&true) {
                say(*spot, &columns);
            }
        }
    }

    /// What a subtotal may be: of its own place, or of all places of the office and type if it names none (A29).
    /// Nothing where a row does not fill the column.
    fn of_subtotal(&self, group: &Group, column: usize) -> Option<[i64; 2]> {
        let sum = |groups: &mut dyn Iterator<Item = &Group>| {
            let (mut amount, mut rows, mut filled) = (0, 0, 0);
            for group in groups {
                let sum = group.of_inside.get(column).copied().unwrap_or_default();
                amount += sum.amount;
                filled += sum.filled;
                rows += group.inside;
            }
            (rows > 0 && filled == rows).then_some(amount)
        };
        let own = sum(&mut std::iter::once(group));
        if group.satellite != [0; 2] {
            return own.map(|own| [own; 2]);
        }
        let of_all = sum(&mut self.groups.iter().filter(|other| other.is_beside(group)));
        let of_all_details = own.or(of_all)?;
        Some([own.unwrap_or(of_all_details), of_all.unwrap_or(of_all_details)])
    }

    /// What the total must be, where every row says so or none does.
    fn of_total(&self, column: usize) -> Option<i64> {
        let (mut amount, mut any) = (0, false);
        for group in &self.groups {
            let (sums, rows) =
                if LIMIT.contains(&column) { (&group.of_inside, group.inside) } else { (&group.of_all, group.rows) };
            let sum = sums.get(column).copied().unwrap_or_default();
            let of_summed = |other: &&Group| other.is_beside(group) && other.summed.get(column) == Some(&true);
            match sum.filled {
                0 if self.groups.iter().find(of_summed).is_some() => return None,
                0 if !LIMIT.contains(&column) && rows > 0 => return None,
                0 => {}
                filled if filled == rows => any = true,
                _ => return None,
            }
            amount += sum.amount;
        }
        any.then_some(amount)
    }
}

fn mark(values: &Values, differs: impl Fn(usize, &Option<i64>) -> bool) -> [bool; SUMS] {
    let mut columns = [false; SUMS];
    for (column, (mark, value)) in columns.iter_mut().zip(values).enumerate() {
        *mark = differs(column, value);
    }
    columns
}

/// The items that differ.
pub(crate) fn describe(layout: &Layout, places: &[usize; SUMS], differs: &[bool; SUMS]) -> String {
    let named = places.iter().zip(differs).filter(|(_, differs)| **differs);
    let names: Vec<&str> =
        named.filter_map(|(place, _)| layout.columns.get(*place)).map(|column| column.name).collect();
    format!("{}が明細の合計と違います", names.join("、"))
}
