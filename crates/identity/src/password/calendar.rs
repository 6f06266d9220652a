//! 年と日付: years of both calendars and dates, as people write birthdays into passwords.

/// Something that looks like a year or a date, at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// 1980, 昭和55年.
    Year,
    /// S55: so short that chance makes it too.
    ShortYear,
    /// 19800512, 1980/5/12.
    Date,
    /// 800512.
    ShortDate,
    /// 0512.
    Day,
}

/// The eras in each spelling, with their last year. The present one has room.
const ERAS: &[(&str, u32)] = &[
    ("meiji", 45),
    ("taisho", 15),
    ("taisyo", 15),
    ("taishou", 15),
    ("taisyou", 15),
    ("showa", 64),
    ("syowa", 64),
    ("shouwa", 64),
    ("syouwa", 64),
    ("heisei", 31),
    ("reiwa", 50),
    ("明治", 45),
    ("大正", 15),
    ("昭和", 64),
    ("平成", 31),
    ("令和", 50),
    ("メイジ", 45),
    ("タイショウ", 15),
    ("ショウワ", 64),
    ("ヘイセイ", 31),
    ("レイワ", 50),
    ("m", 45),
    ("t", 15),
    ("s", 64),
    ("h", 31),
    ("r", 50),
];

/// Everything that begins here: how many characters, and what. `chars` is folded.
pub(super) fn whens(chars: &[char]) -> Vec<(usize, When)> {
    let mut found = Vec::new();
    let digits = chars.iter().take_while(|char| char.is_ascii_digit()).count();
    if digits >= 4 {
        if is_year(number(&chars[..4])) {
            found.push((4 + suffix(&chars[4..]), When::Year));
        }
        if is_day(number(&chars[..2]), number(&chars[2..4])) {
            found.push((4, When::Day));
        }
    }
    if digits >= 6 && is_day(number(&chars[2..4]), number(&chars[4..6])) {
        found.push((6, When::ShortDate));
    }
    if digits >= 8 {
        let first = is_year(number(&chars[..4])) && is_day(number(&chars[4..6]), number(&chars[6..8]));
        let last = is_year(number(&chars[4..8])) && is_day(number(&chars[..2]), number(&chars[2..4]));
        if first || last {
            found.push((8, When::Date));
        }
    }
    found.extend(separated(chars));
    found.extend(era(chars));
    found
}

/// 1980/5/12, 80-05-12, 1980年5月12日.
fn separated(chars: &[char]) -> Option<(usize, When)> {
    let year_digits = chars.iter().take_while(|char| char.is_ascii_digit()).count();
    if !(year_digits == 2 || year_digits == 4 && is_year(number(&chars[..4]))) {
        return None;
    }
    let mut at = year_digits;
    let mut parts = [0; 2];
    for part in &mut parts {
        let separator = chars.get(at)?;
        if !matches!(separator, '/' | '-' | '.' | '_' | ' ' | '年' | '月') {
            return None;
        }
        at += 1;
        let digits = chars.get(at..)?.iter().take(2).take_while(|char| char.is_ascii_digit()).count();
        *part = number(&chars[at..at + digits]);
        at += digits;
    }
    let end = usize::from(chars.get(at) == Some(&'日'));
    is_day(parts[0], parts[1]).then_some((at + end, When::Date))
}

fn era(chars: &[char]) -> Option<(usize, When)> {
    ERAS.iter().find_map(|(name, last)| {
        let letters = name.chars().count();
        if chars.len() < letters || !name.chars().eq(chars[..letters].iter().copied()) {
            return None;
        }
        let rest = &chars[letters..];
        let digits = rest.iter().take(2).take_while(|char| char.is_ascii_digit()).count();
        // One letter and one digit is no era but any two characters.
        if digits == 0 || letters == 1 && digits < 2 {
            return None;
        }
        let year = number(&rest[..digits]);
        let kind = if letters == 1 { When::ShortYear } else { When::Year };
        (1..=*last).contains(&year).then(|| (letters + digits + suffix(&rest[digits..]), kind))
    })
}

/// 年 or nen after a year.
fn suffix(chars: &[char]) -> usize {
    match chars {
        ['年', ..] => 1,
        ['n', 'e', 'n', ..] => 3,
        _ => 0,
    }
}

fn is_year(year: u32) -> bool {
    (1900..2100).contains(&year)
}

/// Month and day in either order.
fn is_day(a: u32, b: u32) -> bool {
    (1..=12).contains(&a) && (1..=31).contains(&b) || (1..=31).contains(&a) && (1..=12).contains(&b)
}

fn number(digits: &[char]) -> u32 {
    digits.iter().filter_map(|digit| digit.to_digit(10)).fold(0, |number, digit| number * 10 + digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(text: &str) -> Option<(usize, When)> {
        whens(&text.chars().collect::<Vec<_>>()).into_iter().max_by_key(|(length, _)| *length)
    }

    #[test]
    fn years_and_dates_of_both_calendars() {
        for (text, found) in [
            ("1980x", Some((4, When::Year))),
            ("1980年", Some((5, When::Year))),
            ("2026", Some((4, When::Year))),
            ("s55", Some((3, When::ShortYear))),
            ("昭和55年", Some((5, When::Year))),
            ("heisei3", Some((7, When::Year))),
            ("r08", Some((3, When::ShortYear))),
            ("19800512", Some((8, When::Date))),
            ("12051980", Some((8, When::Date))),
            ("1980/5/12", Some((9, When::Date))),
            ("1980年5月12日", Some((10, When::Date))),
            ("800512", Some((6, When::ShortDate))),
            ("0512", Some((4, When::Day))),
            ("7391", None),
            ("s5", None),
            ("s99", None),
            ("", None),
        ] {
            assert_eq!(longest(text), found, "{text}");
        }
    }
}
