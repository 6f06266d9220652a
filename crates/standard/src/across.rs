//! ファイルのあいだの検査 — what is missing in one file of a unit and stands in another, once all have been read.
//!
//! The table of the unit tells whether anything is missing. Only then are the files walked once more, to say where.

use crate::calendar;
use crate::contents::Contents;
use crate::layout::{Layout, layout};
use crate::links::{COSTS_DIGEST, FLAGS, Links, PLAN_DIGEST, SERVED, TOLD, has};
use crate::read::{self, Record};
use crate::report::{FINDINGS_PER_RULE_AND_FILE_MAX, Findings};
use crate::rows::{KeyColumns, NO_COLUMN, Row, Say, Spot};
use crate::rules::v69::{self, Line};
use crate::rules::{v34, v66, v80, v81, v82, v83, v84};
use crate::{FileKind, UnitKind};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// Services of one person that are held against each other.
const SERVICES_MAX: usize = 1_000;

/// People remembered as told of.
const PEOPLE_MAX: usize = 10_000;

/// A file of the unit.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) file: usize,
    pub(crate) kind: FileKind,
}

/// Says what is missing.
pub(crate) fn check(unit: usize, parts: &[Part], contents: &mut dyn Contents, links: &Links, found: &mut Findings) {
    if !links.on || links.table.full {
        return;
    }
    match links.kind {
        Some(UnitKind::CarePlan) => plans(unit, parts, contents, links, found),
        Some(UnitKind::Schedule | UnitKind::PreventionSchedule) => months(unit, parts, contents, links, found),
        _ => {}
    }
}

fn part(parts: &[Part], kind: FileKind) -> Option<&Part> {
    parts.iter().find(|part| part.kind == kind)
}

/// Whether a file has no row: then it lacks everybody, and that is one finding.
fn is_blank(parts: &[Part], kind: FileKind, links: &Links) -> bool {
    part(parts, kind).is_some() && links.table.iter().all(|entry| entry[FLAGS] & has(kind) == 0)
}

/// V80 and V84, at the rows of 第1表.
fn plans(unit: usize, parts: &[Part], contents: &mut dyn Contents, links: &Links, found: &mut Findings) {
    let asked = v83::applies(links);
    let lacks = |flags: u64| {
        flags & has(FileKind::Up1kyo) != 0 && (flags & has(FileKind::Uphosoku) == 0 || (asked && flags & SERVED == 0))
    };
    if !links.table.iter().any(|entry| lacks(entry[FLAGS])) {
        return;
    }
    let Some(sheet) = part(parts, FileKind::Up1kyo) else { return };
    let blank = is_blank(parts, FileKind::Uphosoku, links);
    let mut told = false;
    found.begin(Some(unit), Some(sheet.file));
    walk(sheet, contents, links, |row, person, key, layout| {
        let flags = links.flags(key);
        if flags & TOLD != 0 || !links.speak(person) {
            return;
        }
        let mut say = Say { found: &mut *found, file: sheet.file, layout };
        if flags & has(FileKind::Uphosoku) == 0 && !(blank && told) {
            told = true;
            say.spot(&v80::RULE, row.spot(), None, "この利用者と作成日の補足情報がありません");
        }
        if asked && links.flags(person) & SERVED == 0 {
            say.spot(&v84::RULE, row.spot(), None, "");
        }
    });
}

/// V81, V82 and V66.
fn months(unit: usize, parts: &[Part], contents: &mut dyn Contents, links: &Links, found: &mut Findings) {
    let planned = |flags: u64| flags & has(FileKind::Upplan) != 0;
    let whole = has(FileKind::Upsikyu) | has(FileKind::Uphosoku);
    let lacks = |entry: &[u64; 4]| planned(entry[FLAGS]) && entry[FLAGS] & whole != whole;
    let differs = |entry: &[u64; 4]| {
        planned(entry[FLAGS]) && entry[FLAGS] & has(FileKind::Upsikyu) != 0 && entry[PLAN_DIGEST] != entry[COSTS_DIGEST]
    };
    let lacking = links.table.iter().any(lacks);
    let differing = links.table.iter().any(differs);
    let (Some(schedule), Some(costs)) = (part(parts, FileKind::Upplan), part(parts, FileKind::Upsikyu)) else { return };
    if !lacking && !differing {
        return;
    }

    let blank = [FileKind::Upsikyu, FileKind::Uphosoku].map(|kind| is_blank(parts, kind, links));
    let mut told_blank = [false; 2];
    let mut compared: BTreeMap<u64, Services> = BTreeMap::new();
    let mut lacked = BTreeSet::new();
    let mut more = 0u64;
    let mut last = 0;
    found.begin(Some(unit), Some(schedule.file));
    walk(schedule, contents, links, |row, person, key, layout| {
        let Some(entry) = links.table.get(key) else { return };
        if entry[FLAGS] & TOLD != 0 || !links.speak(person) || key == last {
            return;
        }
        last = key;
        if lacks(&entry) && !lacked.contains(&key) {
            let mut missing = Vec::new();
            for (at, (kind, name)) in
                [(FileKind::Upsikyu, "第7表"), (FileKind::Uphosoku, "補足情報")].iter().enumerate()
            {
                if entry[FLAGS] & has(*kind) == 0 && !(blank[at] && told_blank[at]) {
                    told_blank[at] = true;
                    missing.push(*name);
                }
            }
            if !missing.is_empty() {
                let detail = format!("この利用者の{}がありません", missing.join("と"));
                Say { found: &mut *found, file: schedule.file, layout }.spot(&v81::RULE, row.spot(), None, &detail);
            }
            // Scattered people come more than once.
            if lacked.len() < PEOPLE_MAX {
                lacked.insert(key);
            }
        }
        if differs(&entry) && !compared.contains_key(&key) {
            if (compared.len() as u64) < FINDINGS_PER_RULE_AND_FILE_MAX {
                compared.insert(key, Services::default());
            } else {
                more += 1;
            }
        }
    });
    if compared.is_empty() {
        return;
    }
    gather(schedule, contents, links, &mut compared, |services| &mut services.planned);
    gather(costs, contents, links, &mut compared, |services| &mut services.charged);
    // Those beyond the bound are counted, not looked at.
    for _ in 0..more {
        found.admits(&v82::RULE, v82::RULE.severity_under(found.profile));
    }
    for (part, other) in [(schedule, false), (costs, true)] {
        if other {
            found.begin(Some(unit), Some(part.file));
        }
        let Some(table) = table(part, contents) else { continue };
        let mut say = Say { found: &mut *found, file: part.file, layout: table };
        for services in compared.values() {
            let (here, there) = match other {
                false => (&services.planned, &services.charged),
                true => (&services.charged, &services.planned),
            };
            services_of(here, there, other, &mut say);
        }
    }
}

/// The services of a person in both tables.
#[derive(Default)]
struct Services {
    planned: Vec<Service>,
    charged: Vec<Service>,
}

#[derive(Clone, Copy)]
struct Service {
    office: [u8; 10],
    code: [u8; 6],
    satellite: [u8; 2],
    spot: Spot,
}

fn gather(
    part: &Part,
    contents: &mut dyn Contents,
    links: &Links,
    compared: &mut BTreeMap<u64, Services>,
    side: impl Fn(&mut Services) -> &mut Vec<Service>,
) {
    let Some(table) = table(part, contents) else { return };
    let index = |ident| table.index(ident).unwrap_or(NO_COLUMN);
    let (office, code, satellite) = (index("service_office_no"), index("service_code"), index("satellite_no"));
    walk(part, contents, links, |row, _, key, _| {
        let Some(services) = compared.get_mut(&key) else { return };
        let code = row.value(code);
        let (Ok(office), Ok(service)) = (row.value(office).try_into(), code.try_into()) else { return };
        if v69::line(code) != Line::Detail || !v34::is_service_code(code) {
            return;
        }
        let mut place = [0; 2];
        place.iter_mut().zip(row.value(satellite)).for_each(|(to, from)| *to = *from);
        let list = side(services);
        if list.len() < SERVICES_MAX {
            list.push(Service { office, code: service, satellite: place, spot: row.spot() });
        }
    });
}

/// Services here that are not there; where all are, the places that are not.
fn services_of(here: &[Service], there: &[Service], costs: bool, say: &mut Say<'_>) {
    // Of so many not all were kept: nothing is said rather than something wrong.
    if here.len().max(there.len()) >= SERVICES_MAX {
        return;
    }
    let services = |list: &[Service]| list.iter().map(|one| (one.office, one.code)).collect::<BTreeSet<_>>();
    let kind = |one: &Service| [one.code[0], one.code[1]];
    let (own, others) = (services(here), services(there));
    if own != others {
        let detail = if costs { "第6表にないサービスです" } else { "第7表にないサービスです" };
        let mut told = BTreeSet::new();
        for service in here {
            let name = (service.office, service.code);
            if !others.contains(&name) && told.insert(name) {
                say.spot(&v82::RULE, service.spot, None, detail);
            }
        }
        return;
    }
    let places =
        |list: &[Service]| list.iter().map(|one| (one.office, kind(one), one.satellite)).collect::<BTreeSet<_>>();
    let there = places(there);
    let mut told = BTreeSet::new();
    // What is said at 第6表 is not said again at 第7表.
    for service in here {
        let place = (service.office, kind(service), service.satellite);
        if there.contains(&place) || !told.insert((place.0, place.1)) {
            continue;
        }
        let own: BTreeSet<_> = places(here).into_iter().filter(|own| (own.0, own.1) == (place.0, place.1)).collect();
        let missing = there.iter().any(|other| (other.0, other.1) == (place.0, place.1) && !own.contains(other));
        if !costs || !missing {
            let column = say.layout.index("satellite_no");
            let detail = if costs { "第6表にない枝番です" } else { "第7表にない枝番です" };
            say.spot(&v66::RULE, service.spot, column, detail);
        }
    }
}

fn table(part: &Part, contents: &mut dyn Contents) -> Option<&'static Layout> {
    layout(part.kind, read::edition_in(contents, part.file)?)
}

/// Every row of a file that has a key.
fn walk(
    part: &Part,
    contents: &mut dyn Contents,
    links: &Links,
    mut see: impl FnMut(&Row<'_, '_>, u64, u64, &'static Layout),
) {
    let Some(layout) = table(part, contents) else { return };
    let keys = KeyColumns::of(layout, links);
    read::each(contents, part.file, |record| {
        let sound = record.len() == layout.columns.len() && record.quote_fault().is_none() && is_row(record);
        if let Some((person, key)) = keys.prints(record).filter(|_| sound) {
            see(&Row { record, faulty: 0 }, person, key, layout);
        }
        ControlFlow::Continue(())
    });
}

fn is_row(record: &Record<'_, '_>) -> bool {
    calendar::all_digits(record.value(0))
}
