//! 正規の形 — what a cell that is no free text says, written as the standard writes it. A form is changed only where the
//! value is beyond doubt; what is left is for the checks.

use crate::calendar;
use crate::dialect::{Manner, Manners};
use crate::layout::{Form, Length, Required};
use crate::rules::{v31, v32, v33, v34, v35, v36, v37, v50, v52};
use crate::{Column, FileKind};

/// The canonical form of a value, and what it was; none where it has it already, or has none.
pub(super) fn value(kind: FileKind, column: &Column, text: &str) -> Option<(String, Manners)> {
    let (mut value, mut manners) = narrow(text);
    let formed = match column.form {
        Form::Text => return None,
        Form::Date | Form::Month => date(kind, column, &value),
        Form::Time => time(&value),
        Form::Integer => return Some(integer(value, manners)).filter(|(value, _)| value.is_ascii() && value != text),
        Form::Decimal => decimal(&value),
        Form::PostalCode => postal_code(&value),
        _ => None,
    };
    if let Some((formed, manner)) = formed {
        value = formed;
        manners.add(manner);
    }
    (value.is_ascii() && value != text).then_some((value, manners))
}

/// Without blanks around it, and with half-width letters, digits and signs.
pub(super) fn narrow(text: &str) -> (String, Manners) {
    let mut manners = Manners::default();
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        manners.add(Manner::Blanks);
    }
    let half = |letter: char| {
        let (half, manner) = match letter {
            '\u{FF0D}' => ('-', Manner::Hyphens),
            '\u{FF01}'..='\u{FF5E}' => {
                let half = u32::from(letter) - 0xFEE0;
                (char::from_u32(half).unwrap_or(letter), Manner::FullWidthCells)
            }
            letter if is_hyphen(letter) => ('-', Manner::Hyphens),
            letter => return letter,
        };
        manners.add(manner);
        half
    };
    let value = trimmed.chars().map(half).collect();
    (value, manners)
}

fn is_hyphen(letter: char) -> bool {
    matches!(letter, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{30FC}' | '\u{FE63}' | '\u{FF70}')
}

fn date(kind: FileKind, column: &Column, value: &str) -> Option<(String, Manner)> {
    let (manner, parts) = match value {
        value if value.contains('/') => (Manner::SlashDates, value.split('/').collect::<Vec<_>>()),
        value if value.contains('-') => (Manner::HyphenDates, value.split('-').collect()),
        value => {
            let value = value.strip_suffix(if column.form == Form::Date { '日' } else { '月' })?;
            (Manner::KanjiDates, value.split(['年', '月']).collect())
        }
    };
    let digits = match (column.form, parts.as_slice()) {
        (Form::Date, [year, month, day]) => format!("{}{}{}", exactly(year, 4)?, padded(month)?, padded(day)?),
        (Form::Month, [year, month]) => format!("{}{}", exactly(year, 4)?, padded(month)?),
        _ => return None,
    };
    let zero = kind == FileKind::Uphosoku && matches!(column.ident, "care_plan_date" | "target_month");
    let real = match column.form {
        Form::Date => v33::is_date(digits.as_bytes(), zero),
        _ => v33::is_month(digits.as_bytes(), zero),
    };
    real.then_some((digits, manner))
}

fn exactly(digits: &str, count: usize) -> Option<&str> {
    (digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// One digit or two, as two.
fn padded(digits: &str) -> Option<String> {
    exactly(digits, 1).or(exactly(digits, 2)).map(|digits| format!("{digits:0>2}"))
}

fn time(value: &str) -> Option<(String, Manner)> {
    let (hours, minutes) = value.split_once(':')?;
    let digits = format!("{}{}", padded(hours)?, exactly(minutes, 2)?);
    v50::is_time(digits.as_bytes()).then_some((digits, Manner::ColonTimes))
}

fn integer(value: String, mut manners: Manners) -> (String, Manners) {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value.as_str()), |digits| ("-", digits));
    let joined = match digits.contains(',') {
        true if is_grouped(digits) => digits.replace(',', ""),
        true => return (value, manners),
        false => digits.to_owned(),
    };
    if joined.is_empty() || !joined.bytes().all(|byte| byte.is_ascii_digit()) {
        return (value, manners);
    }
    if joined.len() != digits.len() {
        manners.add(Manner::GroupedNumbers);
    }
    let bare = unpadded(&joined);
    if bare.len() != joined.len() {
        manners.add(Manner::PaddedNumbers);
    }
    (format!("{sign}{bare}"), manners)
}

/// One to three digits, then threes.
fn is_grouped(digits: &str) -> bool {
    digits.split(',').enumerate().all(|(index, group)| match index {
        0 => (1..=3).contains(&group.len()),
        _ => group.len() == 3,
    })
}

/// Digits without zeros before the first that counts.
fn unpadded(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

fn decimal(value: &str) -> Option<(String, Manner)> {
    let (whole, part) = value.split_once('.')?;
    let (whole, part) = (exactly(whole, whole.len())?, exactly(part, 2)?);
    let bare = unpadded(whole);
    (!whole.is_empty() && bare.len() != whole.len()).then(|| (format!("{bare}.{part}"), Manner::PaddedNumbers))
}

fn postal_code(value: &str) -> Option<(String, Manner)> {
    let digits = exactly(value, 7)?;
    let (area, rest) = digits.split_at_checked(3)?;
    Some((format!("{area}-{rest}"), Manner::BarePostalCodes))
}

/// Whether a value, canonical already, may stand in this column as far as its form goes.
pub(super) fn fits(column: &Column, value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.is_empty() {
        return column.required != Required::Yes;
    }
    match column.form {
        Form::Text => true,
        Form::Integer => v36::is_integer(bytes),
        Form::Decimal => v36::is_decimal(bytes),
        Form::Date => v33::is_date(bytes, true),
        Form::Month => v33::is_month(bytes, true),
        Form::Time => v50::is_time(bytes) || value == "9999",
        Form::Insurer => v31::holds(bytes),
        Form::Insured => v32::holds(bytes),
        Form::Office => v35::is_office(bytes),
        Form::ServiceCode => bytes.len() == 6 && bytes.iter().all(u8::is_ascii_alphanumeric),
        Form::PostalCode => v37::holds(bytes),
        Form::DayMask => v52::holds(bytes),
        Form::Digits => calendar::all_digits(bytes),
        Form::Phone => value.is_ascii(),
        Form::Code | Form::Flag => match (column.codes, column.length) {
            (Some(codes), _) => v34::is_listed(bytes, codes),
            (None, Length::Exact(max) | Length::Max(max)) => value.chars().count() <= usize::from(max),
            (None, _) => true,
        },
    }
}
