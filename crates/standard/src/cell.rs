//! セルの検査 — what a column asks of its cells. This is what every cell of a large file goes through.

use crate::layout::{Form, Length, Required};
use crate::ms932::{self, BAD};
use crate::read::Span;
use crate::rules::{
    Rule, v23, v26, v28, v29, v30, v31, v32, v33, v34, v35, v36, v37, v38, v40, v41, v43, v44, v48, v50, v52, v53, v54,
    v57, v62, v63, v69, v73,
};
use crate::{CodeTable, Column, FileKind, ServiceMonth};

/// What is asked of a column.
pub(crate) struct Test {
    pub(crate) column: &'static Column,
    form: Check,
    /// The rule on an empty cell.
    empty: Option<&'static Rule>,
}

enum Check {
    Text,
    ShortText(u16),
    Version([u8; 6]),
    Insurer,
    Insured,
    Office,
    /// V48.
    OfficeOfPlan,
    Date,
    /// V40: with a month, or with a plan; neither where the name does not tell.
    SupplementDate(Option<bool>),
    Month {
        of_name: Option<[u8; 6]>,
    },
    /// V41.
    SupplementMonth(Option<[u8; 6]>),
    Listed(&'static CodeTable),
    /// V62.
    Over30Days,
    ServiceType,
    /// V43.
    FrameType,
    ServiceCode,
    /// V69.
    CostCode,
    Max(u16),
    Integer(u16),
    /// V63.
    Times(u16),
    /// V44.
    PlanNumber,
    Decimal,
    PostalCode,
    /// V50.
    Time,
    /// V54.
    Start,
    /// V54.
    End,
    /// V52, V53; days of the month.
    Days(u8),
    /// V73.
    Fixed,
    Unused,
}

/// 補足の使い方 — what the unit and the file name say about the rows of a supplement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SupplementUse {
    /// With 第1〜3表.
    Plan,
    /// With 第6・7表 of this month.
    Month(ServiceMonth),
    /// The name does not tell, or another rule has spoken about it.
    Unknown,
}

/// What the file name says about the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub(crate) month: Option<ServiceMonth>,
    pub(crate) supplement: SupplementUse,
}

impl Test {
    pub(crate) fn new(kind: FileKind, column: &'static Column, version: [u8; 6], named: Named) -> Test {
        let max = match column.length {
            Length::Exact(length) | Length::Max(length) | Length::Printed(length, _) => length,
            Length::Free => u16::MAX,
        };
        let Named { month, supplement } = named;
        let form = match (kind, column.form, column.ident) {
            (_, _, "csv_version") => Check::Version(version),
            (_, _, "identifier_unused") => Check::Unused,
            (_, _, "office_code_fixed") => Check::Fixed,
            (FileKind::Upsikyu, Form::ServiceCode, _) => Check::CostCode,
            (_, Form::ServiceCode, _) => Check::ServiceCode,
            (FileKind::Up2kyo, Form::Office, "service_office_no") => Check::OfficeOfPlan,
            (_, Form::Office, _) => Check::Office,
            (FileKind::Up2kyo, Form::Integer, "issue_no" | "goal_no" | "support_no") => Check::PlanNumber,
            // The standard leaves its length out: two digits are written, three are taken (README A06).
            (FileKind::Upplan | FileKind::Upjsk, Form::Integer, "detail_no") => Check::Integer(3),
            // V77 speaks about their length.
            (FileKind::UpyoboSub, Form::Integer, _) => Check::Integer(u16::MAX),
            (_, Form::Integer, "service_count") => Check::Times(max),
            (_, Form::Integer, _) => Check::Integer(max),
            (_, Form::Decimal, _) => Check::Decimal,
            (FileKind::Upplan | FileKind::Upjsk, Form::Time, "start_time") => Check::Start,
            (FileKind::Upplan | FileKind::Upjsk, Form::Time, _) => Check::End,
            (_, Form::Time, _) => Check::Time,
            (_, Form::DayMask, _) => Check::Days(month.map_or(31, ServiceMonth::days)),
            (_, Form::Text, _) if max == u16::MAX => Check::Text,
            (_, Form::Text, _) => Check::ShortText(max),
            (_, Form::Insurer, _) => Check::Insurer,
            (_, Form::Insured, _) => Check::Insured,
            (FileKind::Uphosoku, Form::Date, "care_plan_date") => Check::SupplementDate(match supplement {
                SupplementUse::Plan => Some(false),
                SupplementUse::Month(_) => Some(true),
                SupplementUse::Unknown => None,
            }),
            (_, Form::Date, _) => Check::Date,
            (FileKind::Uphosoku, Form::Month, _) => Check::SupplementMonth(match supplement {
                SupplementUse::Plan => Some(v41::OF_A_PLAN),
                SupplementUse::Month(month) => Some(month.digits()),
                SupplementUse::Unknown => None,
            }),
            (_, Form::Month, _) => Check::Month { of_name: month.map(ServiceMonth::digits) },
            (_, Form::PostalCode, _) => Check::PostalCode,
            (_, Form::Flag, "over_30_days") => Check::Over30Days,
            (_, Form::Code | Form::Flag, ident) => match column.codes {
                Some(codes) => Check::Listed(codes),
                None if ident.starts_with("frame") && ident.ends_with("service_type") => Check::FrameType,
                None if ident.ends_with("service_type") => Check::ServiceType,
                None => Check::Max(max),
            },
            (_, Form::Phone | Form::Digits, _) => Check::Max(max),
        };
        let empty = match (&form, column.required, column.ident) {
            (_, Required::Yes | Required::Inferred, _) => Some(&v29::RULE),
            (_, _, "entrusted") => Some(&v30::RULE),
            (Check::PlanNumber, ..) => Some(&v44::RULE),
            (Check::Fixed, ..) => Some(&v73::RULE),
            _ => None,
        };
        Test { column, form, empty }
    }

    /// The rule a cell breaks, if any.
    #[inline(always)]
    pub(crate) fn broken(&self, value: &[u8], span: &Span) -> Option<&'static Rule> {
        if value.is_empty() {
            return self.empty;
        }
        if span.class & BAD != 0 {
            // V19 has spoken.
            return None;
        }
        let (holds, rule) = match &self.form {
            Check::Text => (v23::holds(value, span.quoted), &v23::RULE),
            Check::ShortText(max) => match v35::fits(value, *max) || span.doubled && v35::fits_doubled(value, *max) {
                true => (v23::holds(value, span.quoted), &v23::RULE),
                false => (false, &v35::RULE),
            },
            Check::Version(version) => (value == version, &v26::RULE),
            Check::Insurer => (v31::holds(value), &v31::RULE),
            Check::Insured => (v32::holds(value), &v32::RULE),
            Check::Office => (v35::is_office(value), &v35::RULE),
            Check::OfficeOfPlan => (v48::holds(value), &v48::RULE),
            Check::Date => (v33::is_date(value, false), &v33::RULE),
            Check::SupplementDate(monthly) => match v33::is_date(value, true) {
                true => (monthly.is_none_or(|monthly| v40::holds(value, monthly)), &v40::RULE),
                false => (false, &v33::RULE),
            },
            Check::Month { of_name } => match of_name {
                Some(month) if value == month => (true, &v28::RULE),
                _ if !v33::is_month(value, false) => (false, &v33::RULE),
                Some(_) => (false, &v28::RULE),
                None => (true, &v28::RULE),
            },
            Check::SupplementMonth(of_name) => match of_name {
                Some(month) if value == month => (true, &v41::RULE),
                _ if !v33::is_month(value, true) => (false, &v33::RULE),
                Some(_) => (false, &v41::RULE),
                None => (true, &v41::RULE),
            },
            Check::Listed(codes) => (v34::is_listed(value, codes), &v34::RULE),
            Check::Over30Days => (v62::holds(value), &v62::RULE),
            Check::ServiceType => (v34::is_service_type(value), &v34::RULE),
            Check::FrameType => match v34::is_service_type(value) {
                true => (v43::holds(value), &v43::RULE),
                false => (false, &v34::RULE),
            },
            Check::ServiceCode => match v34::is_service_code(value) {
                true => (v57::holds(value), &v57::RULE),
                false => (false, &v34::RULE),
            },
            Check::CostCode => (v69::holds(value), &v69::RULE),
            Check::Max(max) => (v35::fits(value, *max), &v35::RULE),
            Check::Integer(max) => match v36::is_integer(value) {
                true => (v35::fits_digits(value, *max), &v35::RULE),
                false => (false, &v36::RULE),
            },
            Check::Times(max) => match v36::is_integer(value) {
                true if v35::fits_digits(value, *max) => (v63::holds(value), &v63::RULE),
                true => (false, &v35::RULE),
                false => (false, &v36::RULE),
            },
            Check::PlanNumber => match v36::is_integer(value) {
                true => (v44::holds(value), &v44::RULE),
                false => (false, &v36::RULE),
            },
            Check::Decimal => (v36::is_decimal(value), &v36::RULE),
            Check::PostalCode => (v37::holds(value), &v37::RULE),
            Check::Time => (v50::is_time(value), &v50::RULE),
            Check::Start => (v54::is_start(value), &v54::RULE),
            Check::End => (v54::is_end(value), &v54::RULE),
            Check::Days(days) => match v52::holds(value) {
                true => (v53::holds(value, *days), &v53::RULE),
                false => (false, &v52::RULE),
            },
            Check::Fixed => (v73::holds(value), &v73::RULE),
            Check::Unused => (false, &v38::RULE),
        };
        if holds { None } else { Some(rule) }
    }
}

/// Faults of a filled cell that many at once of mean slipped columns.
pub(crate) fn is_form(rule: &Rule) -> bool {
    matches!(rule.number(), 31..=37 | 44 | 48 | 50 | 52 | 54 | 62 | 69)
}

/// Faults after which the value still says what it says.
pub(crate) fn is_readable(rule: &Rule) -> bool {
    matches!(rule.number(), 23 | 30 | 38 | 43 | 53 | 57 | 63 | 73)
}

/// More about a cell at fault. Never its text.
pub(crate) fn detail(rule: &Rule, column: &Column, value: &[u8]) -> Option<String> {
    match rule.number() {
        26 => Some("CSVバージョンが6桁の数字ではありません".into()),
        29 if column.required == Required::Inferred => Some("標準仕様の表からは必須と読み取れる項目です".into()),
        34 => column.codes.map(|codes| format!("「{}」にない値です", codes.name)),
        35 => v35::describe(value, column.length),
        44 if value.is_empty() => Some("番号が空です".into()),
        _ => None,
    }
}

/// Which character of a cell the rule is about, where it is about one.
pub(crate) fn character(rule: &Rule, column: &Column, value: &[u8]) -> Option<u32> {
    let digit = |letter: &[u8]| matches!(letter, [b'0'..=b'9']);
    let first_but = |fits: &dyn Fn(usize, &[u8]) -> bool| ms932::position(value, |at, letter| !fits(at, letter));
    // The first character that does not belong; if all do, the first there is too much of.
    let digits = |count: u32| first_but(&|at, letter| digit(letter) && at < count as usize);
    match rule.number() {
        26 | 31 => digits(6),
        32 => first_but(&|at, letter| at < 10 && (digit(letter) || at == 0 && letter == b"H")),
        33 => digits(if column.form == Form::Month { 6 } else { 8 }),
        34 if column.form == Form::ServiceCode => {
            first_but(&|at, letter| at < 6 && matches!(letter, [b'0'..=b'9' | b'A'..=b'Z']))
        }
        35 => v35::character(value, column.length),
        36 if column.form == Form::Decimal => first_but(&|_, letter| digit(letter) || letter == b"."),
        36 => first_but(&|at, letter| digit(letter) || at == 0 && letter == b"-"),
        37 => first_but(&|at, letter| at < 8 && if at == 3 { letter == b"-" } else { digit(letter) }),
        44 => first_but(&|_, letter| digit(letter)),
        48 => first_but(&|at, letter| at < 10 && matches!(letter, [b'0'..=b'9' | b'A'..=b'Z'])),
        50 | 54 => digits(4),
        52 => first_but(&|at, letter| at < 31 && matches!(letter, [b'0' | b'1'])),
        _ => None,
    }
}
