//! 値 — what the cells of a file mean, by the identifiers of their columns.
//!
//! A cell that does not have the form of its column is a value that says so ([`Value::Unreadable`]); reading never
//! stops at one. Whatever is about a person is [`Private`].

mod care_level;
mod number;
mod private;
mod sheet;
mod time;

pub use care_level::{CareLevel, CareLevelKihon, SupportLevel};
pub(crate) use number::integer;
pub use number::{Decimal, InsuredNumber, InsurerNumber, LineKind, PersonKey, ServiceCode, Tais};
pub use private::Private;
pub use sheet::{Row, Sheet};
pub use time::{Date, DayMask, Time};

use crate::layout::{CodeTable, Form};
use crate::{Column, OfficeNumber, ServiceMonth, ServiceType, ms932};
use std::borrow::Cow;
use std::fmt;

/// コード — a listed code and its meaning.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// The list.
    pub table: &'static CodeTable,
    /// As it stands in the file.
    pub code: &'static str,
    /// In Japanese.
    pub label: &'static str,
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.table.ident == other.table.ident && self.code == other.code
    }
}

impl Eq for Code {}

/// 読めないセル — a cell that does not have the form of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable<'a> {
    /// The form the column asks for.
    pub form: Form,
    /// The bytes, without quotes.
    pub bytes: Private<Cow<'a, [u8]>>,
}

/// 値 — what a cell means. `Debug` prints only which kind of value it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// Null（空）
    Empty,
    /// フリーテキスト, also phone numbers and postal codes: all may be about a person.
    Text(Private<Cow<'a, str>>),
    /// 整数: units, counts, yen, percent.
    Integer(i64),
    /// 99.99
    Decimal(Decimal),
    /// 日付
    Date(Date),
    /// 利用者生年月日
    BirthDate(Private<Date>),
    /// 対象年月
    Month(ServiceMonth),
    /// 00000000 or 000000 of 利用者補足情報: the row is linked by its other key (README 9.1).
    Unlinked,
    /// 時刻
    Time(Time),
    /// 日割対象日
    Days(DayMask),
    /// 該当・非該当
    Flag(bool),
    /// 要介護状態区分コード
    CareLevel(CareLevel),
    /// 要介護状態区分 of 利用者基本情報
    CareLevelKihon(CareLevelKihon),
    /// 要支援状態区分 of 介護予防サービス・支援計画書
    SupportLevel(SupportLevel),
    /// A code of another list.
    Code(Code),
    /// A code without a list: satellite, 届出コード, 識別子, CSVバージョン.
    Symbol(Cow<'a, str>),
    /// TAISコード
    Tais(Tais),
    /// 保険者番号
    Insurer(InsurerNumber),
    /// 被保険者番号
    Insured(Private<InsuredNumber>),
    /// 事業所番号
    Office(OfficeNumber),
    /// サービス種類コード
    ServiceType(ServiceType),
    /// サービスコード
    ServiceCode(ServiceCode),
    /// None of what the column allows.
    Unreadable(Unreadable<'a>),
}

impl<'a> Value<'a> {
    /// What these bytes (a cell without its quotes) mean in this column.
    pub fn read(column: &Column, bytes: Cow<'a, [u8]>) -> Value<'a> {
        if bytes.is_empty() {
            return Value::Empty;
        }
        known(column, &bytes).unwrap_or_else(|| match column.form {
            Form::Text | Form::Phone | Form::PostalCode => {
                worded(column, bytes, |text| Value::Text(Private::new(text)))
            }
            Form::Digits | Form::Code if column.codes.is_none() && !is_service_type(column) => match column.ident {
                "tais_code" => worded(column, bytes, |text| Value::Tais(Tais::of(&text))),
                _ => worded(column, bytes, Value::Symbol),
            },
            _ => unreadable(column, bytes),
        })
    }

    /// Null（空）.
    pub fn is_empty(&self) -> bool {
        matches!(self, Value::Empty)
    }

    /// Whether the cell lacks the form of its column.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Value::Unreadable(_))
    }

    /// The text, of a column of free text.
    pub fn text(&self) -> Option<Private<&str>> {
        match self {
            Value::Text(text) => Some(Private::new(text.reveal())),
            _ => None,
        }
    }

    /// The number, of a column of integers.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The day.
    pub fn date(&self) -> Option<Date> {
        match self {
            Value::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// The month.
    pub fn month(&self) -> Option<ServiceMonth> {
        match self {
            Value::Month(month) => Some(*month),
            _ => None,
        }
    }

    /// The time.
    pub fn time(&self) -> Option<Time> {
        match self {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// The days.
    pub fn days(&self) -> Option<DayMask> {
        match self {
            Value::Days(days) => Some(*days),
            _ => None,
        }
    }

    /// The office.
    pub fn office(&self) -> Option<OfficeNumber> {
        match self {
            Value::Office(office) => Some(*office),
            _ => None,
        }
    }

    /// The service code.
    pub fn service_code(&self) -> Option<ServiceCode> {
        match self {
            Value::ServiceCode(code) => Some(*code),
            _ => None,
        }
    }

    /// The service type.
    pub fn service_type(&self) -> Option<ServiceType> {
        match self {
            Value::ServiceType(code) => Some(*code),
            _ => None,
        }
    }

    /// What a code means, in Japanese, where a list says so.
    pub fn label(&self) -> Option<&'static str> {
        match self {
            Value::Code(code) => Some(code.label),
            Value::CareLevel(level) => Some(level.label()),
            Value::CareLevelKihon(level) => Some(level.label()),
            Value::SupportLevel(level) => Some(level.label()),
            Value::Flag(true) => Some("該当"),
            Value::Flag(false) => Some("非該当"),
            Value::ServiceType(code) => code.name(),
            _ => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Empty => "Empty",
            Value::Text(_) => "Text(..)",
            Value::Integer(_) => "Integer(..)",
            Value::Decimal(_) => "Decimal(..)",
            Value::Date(_) => "Date(..)",
            Value::BirthDate(_) => "BirthDate(..)",
            Value::Month(_) => "Month(..)",
            Value::Unlinked => "Unlinked",
            Value::Time(_) => "Time(..)",
            Value::Days(_) => "Days(..)",
            Value::Flag(_) => "Flag(..)",
            Value::CareLevel(_) => "CareLevel(..)",
            Value::CareLevelKihon(_) => "CareLevelKihon(..)",
            Value::SupportLevel(_) => "SupportLevel(..)",
            Value::Code(_) => "Code(..)",
            Value::Symbol(_) => "Symbol(..)",
            Value::Tais(_) => "Tais(..)",
            Value::Insurer(_) => "Insurer(..)",
            Value::Insured(_) => "Insured(..)",
            Value::Office(_) => "Office(..)",
            Value::ServiceType(_) => "ServiceType(..)",
            Value::ServiceCode(_) => "ServiceCode(..)",
            Value::Unreadable(_) => "Unreadable(..)",
        })
    }
}

/// The value of a column with a form of its own; none where the bytes do not have it, or the form is any text.
fn known(column: &Column, bytes: &[u8]) -> Option<Value<'static>> {
    match column.form {
        Form::Integer => integer(bytes).map(Value::Integer),
        Form::Decimal => Decimal::from_bytes(bytes).map(Value::Decimal),
        Form::Date if bytes == b"00000000" && column.ident == "care_plan_date" => Some(Value::Unlinked),
        Form::Date if column.ident == "birth_date" => {
            Date::from_bytes(bytes).map(|date| Value::BirthDate(Private::new(date)))
        }
        Form::Date => Date::from_bytes(bytes).map(Value::Date),
        Form::Month if bytes == b"000000" => Some(Value::Unlinked),
        Form::Month => ServiceMonth::from_bytes(bytes).ok().map(Value::Month),
        Form::Time => Time::from_bytes(bytes).map(Value::Time),
        Form::DayMask => DayMask::from_bytes(bytes).map(Value::Days),
        Form::Flag => match bytes {
            b"0" => Some(Value::Flag(false)),
            b"1" => Some(Value::Flag(true)),
            _ => None,
        },
        Form::Insurer => InsurerNumber::from_bytes(bytes).map(Value::Insurer),
        Form::Insured => InsuredNumber::from_bytes(bytes).map(|number| Value::Insured(Private::new(number))),
        Form::Office => OfficeNumber::from_bytes(bytes).ok().map(Value::Office),
        Form::ServiceCode => ServiceCode::from_bytes(bytes).map(Value::ServiceCode),
        Form::Code if is_service_type(column) => std::str::from_utf8(bytes).ok()?.parse().ok().map(Value::ServiceType),
        Form::Code => coded(column.codes?, bytes),
        Form::Text | Form::Phone | Form::PostalCode | Form::Digits => None,
    }
}

fn coded(table: &'static CodeTable, bytes: &[u8]) -> Option<Value<'static>> {
    match table.ident {
        "care_level" => CareLevel::from_bytes(bytes).map(Value::CareLevel),
        "care_level_kihon" => CareLevelKihon::from_bytes(bytes).map(Value::CareLevelKihon),
        "support_level" => SupportLevel::from_bytes(bytes).map(Value::SupportLevel),
        _ => {
            let (code, label) = table.values.iter().find(|(code, _)| code.as_bytes() == bytes)?;
            Some(Value::Code(Code { table, code, label }))
        }
    }
}

fn is_service_type(column: &Column) -> bool {
    column.form == Form::Code && column.ident.ends_with("service_type")
}

fn worded<'a>(column: &Column, bytes: Cow<'a, [u8]>, value: impl FnOnce(Cow<'a, str>) -> Value<'a>) -> Value<'a> {
    let text = match &bytes {
        Cow::Borrowed(bytes) => ms932::decode(bytes),
        Cow::Owned(bytes) => ms932::decode(bytes).map(|text| Cow::Owned(text.into_owned())),
    };
    match text {
        Some(text) => value(text),
        None => unreadable(column, bytes),
    }
}

fn unreadable<'a>(column: &Column, bytes: Cow<'a, [u8]>) -> Value<'a> {
    Value::Unreadable(Unreadable { form: column.form, bytes: Private::new(bytes) })
}
