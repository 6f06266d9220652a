//! 見本データ — sets of files about people and offices that do not exist, in strict conformity with the standard.
//!
//! Everything follows from the seed: the same request gives the same bytes, and the kinds of one seed belong
//! together — the actuals report the schedule, a withdrawal names what the upload brought.

mod calendar;
mod care;
mod dice;
mod image;
mod month;
mod people;
mod plan;
mod prevention;
mod schedule;
mod services;
mod sheet;
#[cfg(test)]
mod tests;
mod themes;

use crate::{FileKind, FileName, OfficeNumber, Serial, ServiceMonth, ServiceType, UnitKind};
use calendar::{Day, Month};
use care::{Care, Side};
use dice::Dice;
use month::Plan;
use people::Person;
use sheet::{Row, Sheet};

/// What to make a sample of.
#[derive(Clone)]
pub struct Request {
    /// Decides everything that is invented.
    pub seed: u64,
    /// 利用者: how many people the set is about.
    pub people: usize,
    /// 送信元
    pub sender: OfficeNumber,
    /// 送信元のサービス種類
    pub sender_type: ServiceType,
    /// 送信先
    pub receiver: OfficeNumber,
    /// 送信先のサービス種類
    pub receiver_type: ServiceType,
    /// ファイル連番
    pub serial: Serial,
    /// 対象年月, from 2025-04, the first month of the current edition. Plans are dated in the month before.
    pub month: ServiceMonth,
    /// Names to plant instead of invented ones, used in turn; they must be MS932 text.
    pub names: Option<Vec<PersonName>>,
}

/// 氏名 — in kanji and in full-width katakana.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName {
    /// 利用者氏名
    pub kanji: String,
    /// 利用者氏名フリガナ
    pub kana: String,
}

/// A file of a sample set.
#[derive(Clone, PartialEq, Eq)]
pub struct SampleFile {
    /// File name by the rules of the standard.
    pub name: String,
    /// MS932 text, or a JPEG image.
    pub bytes: Vec<u8>,
}

/// Makes one set of this kind. Sender and receiver must suit it; [`types_for`] knows a pair that does.
///
/// # Panics
///
/// When a planted name cannot be written in MS932.
pub fn make(kind: UnitKind, request: &Request) -> Vec<SampleFile> {
    let maker = Maker::new(kind, request);
    let mut images = 0;
    let mut basic_info = || {
        let (sheets, count) = prevention::basic_info(&maker);
        images = count;
        sheets
    };
    let sheets = match kind {
        UnitKind::CarePlan => plan::sheets(&maker),
        UnitKind::CarePlanDelete => plan::withdrawal(&maker),
        UnitKind::Schedule | UnitKind::PreventionSchedule => schedule::sheets(&maker, usize::MAX),
        UnitKind::ScheduleDelete | UnitKind::PreventionScheduleDelete => schedule::withdrawal(&maker),
        UnitKind::Actual | UnitKind::PreventionActual => schedule::actuals(&maker),
        UnitKind::ActualDelete | UnitKind::PreventionActualDelete => schedule::actuals_withdrawal(&maker),
        UnitKind::PreventionBasicInfo => basic_info(),
        UnitKind::PreventionPlanWithBasicInfo => prevention::plan(&maker).into_iter().chain(basic_info()).collect(),
        UnitKind::PreventionPlan => prevention::plan(&maker),
        UnitKind::PreventionBasicInfoDelete => prevention::basic_info_withdrawal(&maker),
        UnitKind::PreventionPlanDelete => prevention::plan_withdrawal(&maker),
    };
    let mut files = maker.files(sheets);
    files.extend((1..=images).map(|branch| SampleFile { name: maker.image_name(branch), bytes: image::grey_pixel() }));
    files
}

/// A schedule set whose 第6表 is at least `bytes` long, for measuring. `request.people` is ignored.
pub fn make_large_schedule(request: &Request, bytes: usize) -> Vec<SampleFile> {
    let maker = Maker { people: usize::MAX, ..Maker::new(UnitKind::Schedule, request) };
    maker.files(schedule::sheets(&maker, bytes))
}

/// Service types of a sender and a receiver between whom this kind of set may travel.
pub fn types_for(kind: UnitKind) -> (ServiceType, ServiceType) {
    let (sender, receiver) = match kind {
        UnitKind::CarePlan | UnitKind::CarePlanDelete | UnitKind::Schedule | UnitKind::ScheduleDelete => ("43", "11"),
        UnitKind::Actual | UnitKind::ActualDelete => ("11", "43"),
        UnitKind::PreventionBasicInfo
        | UnitKind::PreventionPlanWithBasicInfo
        | UnitKind::PreventionPlan
        | UnitKind::PreventionBasicInfoDelete
        | UnitKind::PreventionPlanDelete => ("46", "66"),
        UnitKind::PreventionSchedule | UnitKind::PreventionScheduleDelete => ("46", "A2"),
        UnitKind::PreventionActual | UnitKind::PreventionActualDelete => ("A2", "46"),
    };
    let known = |code: &str| code.parse().expect("a known service type");
    (known(sender), known(receiver))
}

/// A request, taken apart.
struct Maker<'a> {
    request: &'a Request,
    kind: UnitKind,
    people: usize,
    month: Month,
    prevention: bool,
    /// Whether the set reports actuals.
    reports: bool,
}

/// One person of the set and what is planned for them.
struct Case {
    index: usize,
    person: Person,
    care: Care,
    plan_date: Day,
}

/// Each has chance of its own, so that one kind of file does not disturb another.
#[derive(Clone, Copy)]
enum Purpose {
    Person,
    Plan,
    Month,
    Actuals,
    Prevention,
}

impl Case {
    /// 相談日
    fn consulted_on(&self) -> Day {
        self.plan_date.plus(-7)
    }
}

impl<'a> Maker<'a> {
    fn new(kind: UnitKind, request: &'a Request) -> Self {
        Maker {
            request,
            kind,
            people: request.people,
            month: Month { year: i32::from(request.month.year()), month: u32::from(request.month.month()) },
            prevention: !matches!(
                kind,
                UnitKind::CarePlan
                    | UnitKind::CarePlanDelete
                    | UnitKind::Schedule
                    | UnitKind::ScheduleDelete
                    | UnitKind::Actual
                    | UnitKind::ActualDelete
            ),
            reports: matches!(
                kind,
                UnitKind::Actual
                    | UnitKind::ActualDelete
                    | UnitKind::PreventionActual
                    | UnitKind::PreventionActualDelete
            ),
        }
    }

    fn dice(&self, index: usize, purpose: Purpose) -> Dice {
        Dice::new(self.request.seed, index as u64 * 8 + purpose as u64)
    }

    fn cases(&self) -> impl Iterator<Item = Case> {
        (0..self.people).map(|index| {
            let mut dice = self.dice(index, Purpose::Person);
            let names = self.request.names.as_deref();
            let person = Person::new(&mut dice, self.request.seed, index, names, self.month);
            let plan_date = self.month.after(-1).on(dice.between(8, 25));
            let side =
                Side { service_type: self.provider_type(), number: self.provider(), prevention: self.prevention };
            let care = Care::new(&mut dice, self.request.seed, &side);
            Case { index, person, care, plan_date }
        })
    }

    /// Whether an entrusted office passes on what the service offices reported.
    fn forwards(&self) -> bool {
        self.reports && self.request.sender_type.is_care_manager()
    }

    /// 事業所番号 of the office that gives the service.
    fn provider(&self) -> &str {
        if self.reports { self.request.sender.as_str() } else { self.request.receiver.as_str() }
    }

    fn provider_type(&self) -> &str {
        if self.reports { self.request.sender_type.as_str() } else { self.request.receiver_type.as_str() }
    }

    /// 事業所番号 of the office that plans.
    fn planner(&self) -> &str {
        let receives = self.reports && !self.forwards();
        if receives { self.request.receiver.as_str() } else { self.request.sender.as_str() }
    }

    fn planner_name(&self) -> &'static str {
        if self.prevention {
            "文箱市地域包括支援センター（架空）"
        } else {
            "㈱例示 居宅介護支援事業所ふみ"
        }
    }

    /// 介護支援専門員
    fn manager(&self) -> &'static str {
        if self.prevention { "雛形　支援子" } else { "想定　計画子" }
    }

    fn plan_kind(&self) -> u32 {
        if self.request.sender_type == ServiceType::PREVENTION_CARE_MANAGEMENT { 2 } else { 1 }
    }

    fn entrusted(&self) -> u32 {
        let Request { sender_type, receiver_type, .. } = self.request;
        if [sender_type, receiver_type].contains(&&ServiceType::CARE_MANAGEMENT) { 2 } else { 1 }
    }

    /// When the month was planned: late in the month before.
    fn planned_on(&self) -> Day {
        self.month.after(-1).on(25)
    }

    /// A new row with the insurer and the insured person.
    fn keyed<'s>(&self, sheet: &'s mut Sheet, case: &Case) -> Row<'s> {
        let mut row = sheet.row();
        row.put("insurer_no", case.person.insurer).put("insured_no", &case.person.insured);
        row
    }

    /// 利用者補足情報, with the plan of a month or, without one, for 第1〜3表.
    fn supplement(&self, sheet: &mut Sheet, case: &Case, plan: Option<&Plan>) {
        let Person { name, sex, birth, postal_code, address, phone, .. } = &case.person;
        let mut row = self.keyed(sheet, case);
        row.put("person_name_kana", &name.kana)
            .put("person_name", &name.kanji)
            .put("sex", sex)
            .put("birth_date", birth)
            .put("person_postal_code", postal_code)
            .put("person_address1", &address[0])
            .put("person_address2", &address[1])
            .put("person_phone", phone)
            .put("certification_date", case.person.certified_on)
            .put("limit_valid_from", case.person.valid_from)
            .put("limit_valid_to", case.person.valid_to)
            .put("certification_status", "2")
            .put("care_level", case.care.level)
            .put("category_limit_units", case.care.limit())
            .put("consent_received_by_office", self.planner())
            .put("updated_by_office", self.planner());
        let Some(plan) = plan else {
            row.put("care_plan_date", case.plan_date).put("target_month", "000000");
            return;
        };
        row.put("care_plan_date", "00000000").put("target_month", self.month).put("total_over_limit_units", plan.over);
        if let Some(frame) = &plan.frame {
            row.put("frame1_service_type", frame.service_type)
                .put("frame1_limit_units", frame.limit)
                .put("frame1_total_units", frame.total)
                .put("frame1_over_limit_units", 0);
        }
        if let Some(stay) = plan.stay {
            row.put("short_stay_days_until_previous_month", stay.before)
                .put("short_stay_days_cumulative", stay.before + stay.planned);
        }
        // 区分変更: the level before, one step lower, and the day it changed.
        let lower = match case.care.level {
            "13" => "12",
            "22" => "21",
            "23" => "22",
            "24" => "23",
            "25" => "24",
            _ => return,
        };
        if self.dice(case.index, Purpose::Plan).one_in(8) {
            row.put("care_level_changed_on", self.month.on(10)).put("previous_care_level", lower);
        }
    }

    fn files(&self, sheets: Vec<Sheet>) -> Vec<SampleFile> {
        let file = |sheet: Sheet| SampleFile { name: self.name(sheet.kind()).to_string(), bytes: sheet.into_bytes() };
        sheets.into_iter().map(file).collect()
    }

    fn name(&self, kind: FileKind) -> FileName {
        let Request { sender, sender_type, receiver, receiver_type, serial, month, .. } = *self.request;
        // 補足 of 第1〜3表 carries no month.
        let month = (self.kind != UnitKind::CarePlan).then_some(month);
        FileName::new(kind, month, (sender, sender_type), (receiver, receiver_type), serial)
    }

    fn image_name(&self, branch: u16) -> String {
        self.name(FileKind::UpkihonImage).with_branch(branch).to_string()
    }
}
