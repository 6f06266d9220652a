//! 送信単位 — the sets of files sent together, as data, and the grouping of files by their names.

use crate::name::{self, FileName, NameEdition, NameFault};
use crate::{FileKind, OfficeNumber, Serial, ServiceMonth, ServiceType};
use std::collections::BTreeMap;

/// 送信単位の種類 — the fifteen of 2.4 and 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// 第1〜3表
    CarePlan,
    /// 第6・7表
    Schedule,
    /// 第1表_削除
    CarePlanDelete,
    /// 第6表_削除
    ScheduleDelete,
    /// 実績
    Actual,
    /// 実績_削除
    ActualDelete,
    /// 利用者基本情報
    PreventionBasicInfo,
    /// 支援計画書と利用者基本情報
    PreventionPlanWithBasicInfo,
    /// 支援計画書
    PreventionPlan,
    /// 予防の利用票
    PreventionSchedule,
    /// 利用者基本情報_削除
    PreventionBasicInfoDelete,
    /// 支援計画書_削除
    PreventionPlanDelete,
    /// 予防の利用票_削除
    PreventionScheduleDelete,
    /// 予防の実績
    PreventionActual,
    /// 予防の実績_削除
    PreventionActualDelete,
}

/// 送信単位の一行 — what a unit is made of.
#[derive(Debug)]
pub struct UnitEntry {
    /// The unit.
    pub kind: UnitKind,
    /// Its id in the reference.
    pub id: &'static str,
    /// Its name on screen.
    pub label: &'static str,
    /// The clause of the standard.
    pub clause: &'static str,
    /// 予防: told from its 居宅 twin by the service types.
    pub prevention: bool,
    /// Must be present.
    pub required: &'static [FileKind],
    /// May be present.
    pub optional: &'static [FileKind],
}

use FileKind::*;
const SUBS: &[FileKind] = &[UpkihonSub1, UpkihonSub2, UpkihonImage];

/// The fifteen units.
#[rustfmt::skip]
pub static UNITS: &[UnitEntry] = &[
    unit(UnitKind::CarePlan,                    "care_plan",                       "居宅サービス計画書（第1〜3表）",           "2.4(1)①", false, &[Up1kyo, Up2kyo, Up3kyo, Uphosoku], &[]),
    unit(UnitKind::Schedule,                    "schedule",                        "サービス利用票・別表（第6・7表）",         "2.4(1)②", false, &[Upplan, Upsikyu, Uphosoku],        &[]),
    unit(UnitKind::CarePlanDelete,              "care_plan_delete",                "居宅サービス計画書の削除",                 "2.4(1)③", false, &[Dlt1kyo],                          &[]),
    unit(UnitKind::ScheduleDelete,              "schedule_delete",                 "サービス利用票の削除",                     "2.4(1)④", false, &[Dltplan],                          &[]),
    unit(UnitKind::Actual,                      "actual",                          "実績情報",                                 "2.4(2)①", false, &[Upjsk],                            &[]),
    unit(UnitKind::ActualDelete,                "actual_delete",                   "実績情報の削除",                           "2.4(2)②", false, &[Dltjsk],                           &[]),
    unit(UnitKind::PreventionBasicInfo,         "prevention_basic_info",           "利用者基本情報",                           "3.4(1)",  true,  &[Upkihon],                          SUBS),
    unit(UnitKind::PreventionPlanWithBasicInfo, "prevention_plan_with_basic_info", "介護予防支援計画書・利用者基本情報",       "3.4(2)",  true,  &[Upyobo, UpyoboSub, Upkihon],       SUBS),
    unit(UnitKind::PreventionPlan,              "prevention_plan",                 "介護予防支援計画書",                       "3.4(3)",  true,  &[Upyobo, UpyoboSub],                &[]),
    unit(UnitKind::PreventionSchedule,          "prevention_schedule",             "サービス利用票・別表（予防・総合事業）",   "3.4(4)",  true,  &[Upplan, Upsikyu, Uphosoku],        &[]),
    unit(UnitKind::PreventionBasicInfoDelete,   "prevention_basic_info_delete",    "利用者基本情報の削除",                     "3.4(5)",  true,  &[Dltkihon],                         &[]),
    unit(UnitKind::PreventionPlanDelete,        "prevention_plan_delete",          "介護予防支援計画書の削除",                 "3.4(6)",  true,  &[Dltyobo],                          &[]),
    unit(UnitKind::PreventionScheduleDelete,    "prevention_schedule_delete",      "サービス利用票の削除（予防・総合事業）",   "3.4(7)",  true,  &[Dltplan],                          &[]),
    unit(UnitKind::PreventionActual,            "prevention_actual",               "実績情報（予防・総合事業）",               "3.4(8)",  true,  &[Upjsk],                            &[]),
    unit(UnitKind::PreventionActualDelete,      "prevention_actual_delete",        "実績情報の削除（予防・総合事業）",         "3.4(9)",  true,  &[Dltjsk],                           &[]),
];

const fn unit(
    kind: UnitKind,
    id: &'static str,
    label: &'static str,
    clause: &'static str,
    prevention: bool,
    required: &'static [FileKind],
    optional: &'static [FileKind],
) -> UnitEntry {
    UnitEntry { kind, id, label, clause, prevention, required, optional }
}

impl UnitKind {
    /// Its row of the table.
    pub fn entry(self) -> &'static UnitEntry {
        UNITS.iter().find(|entry| entry.kind == self).unwrap_or(&UNITS[0])
    }

    /// The id of the reference, `care_plan`.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        self.entry().label
    }

    /// The unit with this id.
    pub fn from_id(id: &str) -> Option<UnitKind> {
        UNITS.iter().find(|entry| entry.id == id).map(|entry| entry.kind)
    }
}

/// 送信単位の鍵 — what all files of a unit have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey {
    /// ファイル連番.
    pub serial: Serial,
    /// 送信元.
    pub sender: OfficeNumber,
    /// 送信元のサービス種類.
    pub sender_type: Option<ServiceType>,
    /// 送信先.
    pub receiver: OfficeNumber,
    /// 送信先のサービス種類.
    pub receiver_type: Option<ServiceType>,
}

impl UnitKey {
    /// The key in a name.
    pub fn of(name: &FileName) -> UnitKey {
        UnitKey {
            serial: name.serial,
            sender: name.sender,
            sender_type: name.sender_type,
            receiver: name.receiver,
            receiver_type: name.receiver_type,
        }
    }

    /// 予防, by the service types (README 15.1).
    pub fn is_prevention(&self) -> bool {
        [self.sender_type, self.receiver_type].iter().flatten().any(ServiceType::is_prevention)
    }

    /// How many of the five parts differ.
    pub(crate) fn distance(&self, other: &UnitKey) -> usize {
        usize::from(self.serial != other.serial)
            + usize::from(self.sender != other.sender)
            + usize::from(self.sender_type != other.sender_type)
            + usize::from(self.receiver != other.receiver)
            + usize::from(self.receiver_type != other.receiver_type)
    }
}

/// 名前だけで分けた一組 — files with one key.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they have in common.
    pub key: UnitKey,
    /// Their positions in the input and their names, in the standard's order.
    pub files: Vec<(usize, FileName)>,
}

impl Group {
    /// The unit these files form, by their kinds alone. A 3.x plan unit has no UP3KYO.
    pub fn kind(&self) -> Option<UnitKind> {
        let present = self.kinds();
        let old = self.files.iter().all(|(_, name)| name.edition == NameEdition::V3);
        classify(&present, self.key.is_prevention())
            .or_else(|| (old && is_plan_without_sheet_3(&present)).then_some(UnitKind::CarePlan))
    }

    /// The same of files that have arrived: a plan unit without UP3KYO is taken on import, whatever its names (V12), and what
    /// was taken counts.
    pub fn kind_on_arrival(&self) -> Option<UnitKind> {
        self.kind().or_else(|| is_plan_without_sheet_3(&self.kinds()).then_some(UnitKind::CarePlan))
    }

    /// The kinds of its files, each once.
    fn kinds(&self) -> Vec<FileKind> {
        let mut present: Vec<FileKind> = self.files.iter().map(|(_, name)| name.kind).collect();
        present.sort_unstable();
        present.dedup();
        present
    }

    /// 対象年月, where the unit has one: of 第6表 before any other file.
    pub fn service_month(&self) -> Option<ServiceMonth> {
        self.files.iter().find_map(|(_, name)| name.month)
    }
}

/// The unit made of exactly these kinds (no repetitions).
pub(crate) fn classify(present: &[FileKind], prevention: bool) -> Option<UnitKind> {
    let fits = |entry: &&UnitEntry| {
        entry.required.iter().all(|kind| present.contains(kind))
            && present.iter().all(|kind| entry.required.contains(kind) || entry.optional.contains(kind))
    };
    let found = UNITS.iter().find(fits)?;
    let twin = UNITS.iter().filter(fits).find(|entry| entry.prevention == prevention);
    Some(twin.unwrap_or(found).kind)
}

pub(crate) fn is_plan_without_sheet_3(present: &[FileKind]) -> bool {
    present.len() == 3 && [Up1kyo, Up2kyo, Uphosoku].iter().all(|kind| present.contains(kind))
}

/// Groups files by their names alone, in the order of import: ascending serials. The second list holds the
/// positions that belong to no unit, and why.
///
/// A name with nothing wrong but its month or branch stays with its unit.
pub fn group(names: &[&str]) -> (Vec<Group>, Vec<(usize, NameFault)>) {
    let mut units: BTreeMap<UnitKey, Vec<(usize, FileName)>> = BTreeMap::new();
    let mut faults = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let read = match name::parse(name) {
            Ok(read) => Some(read),
            Err(fault) => {
                faults.push((index, fault));
                fault.rest
            }
        };
        if let Some(read) = read {
            units.entry(UnitKey::of(&read)).or_default().push((index, read));
        }
    }
    let groups = units.into_iter().map(|(key, mut files)| {
        files.sort_by_key(|(index, name)| (name.kind.rank(), name.branch, *index));
        Group { key, files }
    });
    (groups.collect(), faults)
}
