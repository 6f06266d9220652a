//! 値の見せ方 — a value of the standard as the paper forms print it. Nothing here knows HTML.

use standard::layout::Form;
use standard::value::{Date, Time, Value};
use standard::{Column, ServiceMonth};
use std::borrow::Cow;

/// 元号 — the first day of each and its name, the newest first.
const ERAS: [((u16, u8, u8), &str); 5] = [
    ((2019, 5, 1), "令和"),
    ((1989, 1, 8), "平成"),
    ((1926, 12, 25), "昭和"),
    ((1912, 7, 30), "大正"),
    ((1868, 1, 25), "明治"),
];

/// `令和8年4月1日`
pub(crate) fn day(date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    format!("{}{month}月{day}日", year_of(year, month, day))
}

/// `令和8年4月`. The era is that of the month's last day.
pub(crate) fn month(month: ServiceMonth) -> String {
    format!("{}{}月", year_of(month.year(), month.month(), month.days()), month.month())
}

fn year_of(year: u16, month: u8, day: u8) -> String {
    match ERAS.iter().find(|(first, _)| (year, month, day) >= *first) {
        Some(((first, ..), era)) if year == *first => format!("{era}元年"),
        Some(((first, ..), era)) => format!("{era}{}年", year - first + 1),
        None => format!("{year}年"),
    }
}

/// `1,234`
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A value in words. Blank where the cell is blank, and where the standard's filler says that there is nothing.
pub(crate) fn words(column: &Column, value: &Value<'_>) -> String {
    match value {
        Value::Empty | Value::Unlinked | Value::Time(Time::Without) => String::new(),
        // ※1 of 第2表: a circle where the service is paid by the insurance, and nothing where it is not.
        Value::Code(code) if code.table.ident == "insurance_coverage" => {
            if code.code == "Y" {
                "○".to_owned()
            } else {
                String::new()
            }
        }
        // On the forms a word that stands there or does not.
        Value::Flag(beyond) if column.ident == "over_30_days" => {
            if *beyond {
                "30日超".to_owned()
            } else {
                String::new()
            }
        }
        Value::Text(text) => text.reveal().replace("\r\n", "\n"),
        // Numbers that count something are grouped; numbers that number something are not.
        Value::Integer(number) if column.ident.ends_with("_no") => number.to_string(),
        Value::Integer(number) => grouped(*number),
        Value::Decimal(number) => number.to_string(),
        Value::Date(date) => day(*date),
        Value::BirthDate(date) => day(*date.reveal()),
        Value::Month(of) => month(*of),
        Value::Time(time) => time.to_string(),
        Value::Days(days) => runs(days.days()),
        Value::Symbol(text) => text.to_string(),
        Value::Tais(code) => code.as_str().to_owned(),
        Value::Insurer(number) => number.as_str().to_owned(),
        Value::Insured(number) => number.reveal().as_str().to_owned(),
        Value::Office(number) => number.to_string(),
        Value::ServiceType(code) => code.name().map_or_else(|| code.to_string(), |name| format!("{name}（{code}）")),
        Value::ServiceCode(code) => code.to_string(),
        Value::Unreadable(cell) => raw(cell.bytes.reveal()),
        Value::Flag(_) | Value::CareLevel(_) | Value::CareLevelKihon(_) | Value::SupportLevel(_) | Value::Code(_) => {
            value.label().unwrap_or_default().to_owned()
        }
    }
}

/// The words of a cell of which only the text is known, as a comparison gives it.
pub(crate) fn words_of_text(column: &Column, text: &str) -> String {
    match column.form {
        Form::Text | Form::Phone | Form::PostalCode => text.replace("\r\n", "\n"),
        _ => words(column, &Value::read(column, Cow::Borrowed(text.as_bytes()))),
    }
}

/// A cell as it stands in the file, to find the same thing again. Nobody reads it.
pub(crate) fn key(value: &Value<'_>) -> String {
    match value {
        Value::Date(date) => date.to_string(),
        Value::Month(month) => month.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Text(text) => text.reveal().to_string(),
        Value::Symbol(text) => text.to_string(),
        Value::Tais(code) => code.as_str().to_owned(),
        Value::Insurer(number) => number.as_str().to_owned(),
        Value::Insured(number) => number.reveal().as_str().to_owned(),
        Value::Office(number) => number.to_string(),
        Value::ServiceType(code) => code.to_string(),
        Value::ServiceCode(code) => code.to_string(),
        Value::Flag(flag) => u8::from(*flag).to_string(),
        Value::Code(code) => code.code.to_owned(),
        Value::Unreadable(cell) => raw(cell.bytes.reveal()),
        _ => String::new(),
    }
}

/// Bytes that have not the form of their column, as far as they are text at all.
fn raw(bytes: &[u8]) -> String {
    let letter = |(letter, bytes): (Option<char>, &[u8])| match letter {
        Some(letter) => letter.to_string(),
        None => bytes.escape_ascii().to_string(),
    };
    standard::read::letters(bytes).map(letter).collect()
}

/// `1〜3日、5日`
fn runs(days: impl Iterator<Item = u8>) -> String {
    let mut found: Vec<(u8, u8)> = Vec::new();
    for day in days {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            _ => found.push((day, day)),
        }
    }
    let words = found.into_iter().map(|(first, last)| match last - first {
        0 => format!("{first}日"),
        _ => format!("{first}〜{last}日"),
    });
    words.collect::<Vec<_>>().join("、")
}

/// Whether a spreadsheet would take the text for a formula (R1.9). Telephone numbers and amounts are none.
pub(crate) fn is_formula_like(text: &str) -> bool {
    let mut letters = text.chars();
    match letters.next() {
        Some('=' | '@' | '\t' | '\r') => !letters.as_str().is_empty(),
        Some('+' | '-') => letters.any(|letter| !letter.is_ascii_digit() && !" -,.()".contains(letter)),
        _ => false,
    }
}

/// A character that may stand on a page; what would steer a screen or a printer becomes a picture of itself.
pub(crate) fn visible(letter: char) -> char {
    match letter {
        '\n' => '\n',
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '␡',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{e000}'..='\u{f8ff}' => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_by_the_era() {
        let told = |digits: &str| Date::from_bytes(digits.as_bytes()).map(day).unwrap_or_default();
        assert_eq!(told("20260401"), "令和8年4月1日");
        assert_eq!(told("20190501"), "令和元年5月1日");
        assert_eq!(told("20190430"), "平成31年4月30日");
        assert_eq!(told("19261225"), "昭和元年12月25日");
        assert_eq!(told("19120729"), "明治45年7月29日");
        assert_eq!(told("18500101"), "1850年1月1日");
        assert_eq!("201905".parse().map(month).unwrap_or_default(), "令和元年5月");
    }

    #[test]
    fn numbers_and_days_are_grouped() {
        assert_eq!([0, 999, 1_000, -1_234_567].map(grouped), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!(runs([1, 2, 3, 5, 30, 31].into_iter()), "1〜3日、5日、30〜31日");
    }

    #[test]
    fn r1_9_what_a_spreadsheet_would_run_is_told_from_numbers() {
        for text in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3*A1", "=HYPERLINK(\"x\")"] {
            assert!(is_formula_like(text), "{text}");
        }
        for text in ["", "-", "-500", "+81-3-0000-0000", "訪問=1", "a@b"] {
            assert!(!is_formula_like(text), "{text}");
        }
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!("a\0\u{1b}[2J\u{7f}\u{202e}b\nc".chars().map(visible).collect::<String>(), "a␀␛[2J␡�b\nc");
    }
}
