//! Who serves a person, when in the week, and at what office. Plan, schedule and actuals all follow from it.

use super::dice::Dice;
use super::services::{self, EQUIPMENT, Service, Style};

/// サービス提供事業所 of the sample.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) number: String,
    pub(super) name: String,
}

/// One weekly appointment.
#[derive(Clone)]
pub(super) struct Slot {
    /// 1 is Monday.
    pub(super) weekday: u32,
    /// Minutes from midnight.
    pub(super) start: u32,
    pub(super) end: u32,
    /// Which of the service's items.
    pub(super) item: usize,
    pub(super) satellite: bool,
}

/// A service as planned for one person.
pub(super) struct Planned {
    pub(super) service: &'static Service,
    pub(super) provider: Provider,
    pub(super) slots: Vec<Slot>,
    /// Places in `EQUIPMENT`; a thing may stand there twice.
    pub(super) things: Vec<usize>,
}

/// Everything planned for one person. The receiver's own service, if it has one, is the first.
pub(super) struct Care {
    /// 要介護状態区分コード
    pub(super) level: &'static str,
    pub(super) planned: Vec<Planned>,
}

/// The service office's side of a set: type and number, and whether the scheme is 予防.
pub(super) struct Side<'a> {
    pub(super) service_type: &'a str,
    pub(super) number: &'a str,
    pub(super) prevention: bool,
}

/// 要介護状態区分コード and 区分支給限度基準額.
const LEVELS_CARE: &[(&str, u32)] = &[("21", 16_765), ("22", 19_705), ("23", 27_048), ("24", 30_938), ("25", 36_217)];
const LEVELS_PREVENTION: &[(&str, u32)] = &[("12", 5_032), ("13", 10_531)];

const OFFICE_NAMES: &[&str] = &[
    "㈱ふみ介護サービス",
    "社会福祉法人 仮野会 みほん苑",
    "医療法人例示会　想定クリニック",
    "ケアセンター“ひながた”",
    "有限会社そら－ケア",
    "NPO法人 手のひら",
    "ﾍﾙﾊﾟｰｽﾃｰｼｮﾝ例示",
    "合同会社①番館",
];

impl Care {
    pub(super) fn new(dice: &mut Dice, seed: u64, side: &Side<'_>) -> Self {
        let main = services::find(side.service_type);
        let program = side.prevention && side.service_type.starts_with('A') && dice.one_in(3);
        let level = match (side.prevention, program) {
            (true, true) => "06",
            (true, false) => dice.pick(LEVELS_PREVENTION).0,
            (false, _) => dice.pick(LEVELS_CARE).0,
        };
        let companions = match (side.prevention, program) {
            (true, true) => services::COMPANIONS_PROGRAM,
            (true, false) => services::COMPANIONS_PREVENTION,
            (false, _) => services::COMPANIONS_CARE,
        };
        let wanted = dice.between(u32::from(main.is_none()), 3) as usize;
        let mut chosen: Vec<&'static Service> = main.into_iter().collect();
        let first = dice.below(companions.len() as u32) as usize;
        for at in 0..companions.len() {
            let code = companions[(first + at) % companions.len()];
            let Some(service) = services::find(code) else { continue };
            let fits = chosen.iter().all(|other| {
                other.code != code
                    && (other.style != service.style || matches!(service.style, Style::Visit | Style::Monthly))
                    && !lodges(other)
            }) || (matches!(service.style, Style::Equipment | Style::Guidance)
                && chosen.iter().all(|other| other.style != service.style));
            if fits && chosen.len() < wanted + usize::from(main.is_some()) {
                chosen.push(service);
            }
        }
        let planned = chosen
            .into_iter()
            .enumerate()
            .map(|(at, service)| {
                let provider = if at == 0 && main.is_some() {
                    Provider { number: side.number.to_owned(), name: main_name(service, side.number) }
                } else {
                    invented(dice, seed, service)
                };
                Planned {
                    service,
                    provider,
                    slots: slots(dice, service, at == 0),
                    things: if service.style == Style::Equipment { things(dice) } else { Vec::new() },
                }
            })
            .collect();
        Care { level, planned }
    }

    /// 区分支給限度基準額
    pub(super) fn limit(&self) -> u32 {
        let all = LEVELS_CARE.iter().chain(LEVELS_PREVENTION);
        all.into_iter().find(|(code, _)| *code == self.level).map_or(5_032, |(_, limit)| *limit)
    }
}

/// Services that take a person whole, so that no visit or day care stands beside them.
fn lodges(service: &Service) -> bool {
    matches!(service.code, "73" | "75" | "77")
}

fn main_name(service: &Service, number: &str) -> String {
    let place = number.bytes().fold(0_usize, |sum, byte| sum + usize::from(byte));
    format!("{} {}", OFFICE_NAMES[place % OFFICE_NAMES.len()], service.label)
}

/// One of eight offices of the region; the number is the same for every person of a seed.
fn invented(dice: &mut Dice, seed: u64, service: &Service) -> Provider {
    let which = dice.below(OFFICE_NAMES.len() as u32);
    let region = seed % 1_000;
    // 総合事業 offices have a letter in their number.
    let head = if service.code.starts_with('A') { "03A9" } else { "0399" };
    Provider {
        number: format!("{head}{region:03}{:02}{}", type_digits(service.code), which),
        name: format!("{} {}", OFFICE_NAMES[which as usize], service.label),
    }
}

fn type_digits(code: &str) -> u32 {
    code.bytes().fold(0, |sum, byte| (sum * 7 + u32::from(byte)) % 100)
}

fn slots(dice: &mut Dice, service: &Service, main: bool) -> Vec<Slot> {
    let satellites = main && matches!(service.style, Style::Visit | Style::DayCare) && dice.one_in(6);
    let per_week = match service.style {
        Style::Visit => dice.between(1, 5),
        Style::DayCare => dice.between(1, 3),
        Style::Monthly => dice.between(1, 2),
        Style::Stay | Style::Equipment | Style::Guidance => return Vec::new(),
    } as usize;
    let first = dice.below(7);
    // Never twice on a day.
    [0, 2, 4, 1, 5]
        .into_iter()
        .take(per_week)
        .map(|after| {
            let item = match service.style {
                Style::Monthly => 0,
                _ => dice.below(service.items.len() as u32) as usize,
            };
            // Each type has its own part of the day, so that nobody is in two places at once.
            let (start, length) = match (service.style, service.code) {
                (Style::DayCare, _) => (9 * 60 + 30, 7 * 60 + 5),
                (Style::Monthly, _) => (10 * 60, 90),
                (_, "11" | "A3" | "A4") => (7 * 60 + 15 * dice.below(6), 45),
                (_, "71") => (22 * 60 + 10 * dice.below(6), 20),
                (_, "12" | "62") => (17 * 60, 50),
                _ => (18 * 60 + 10 * dice.below(6), 40),
            };
            Slot {
                weekday: (first + after) % 7 + 1,
                start,
                end: start + length,
                item,
                satellite: satellites && dice.one_in(2),
            }
        })
        .collect()
}

fn things(dice: &mut Dice) -> Vec<usize> {
    let mut things: Vec<usize> = (0..dice.between(1, 4)).map(|_| dice.below(EQUIPMENT.len() as u32) as usize).collect();
    if dice.one_in(3) {
        things.extend([0, 0]); // a rail for the living room, a rail for the corridor
    }
    things.sort_unstable();
    things
}

/// HHMM
pub(super) fn clock(minutes: u32) -> String {
    format!("{:02}{:02}", minutes / 60, minutes % 60)
}
