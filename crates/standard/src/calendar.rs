//! 暦 — real dates and months, from ASCII digits.

/// Earlier than anybody a file could speak of; it catches years of an era written where western ones belong.
const YEAR_MIN: u32 = 1800;

/// Days of a month; 0 for a month that does not exist.
pub(crate) const fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// The number of up to nine ASCII digits.
#[inline]
pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let mut value = 0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some(value)
}

/// Whether every byte is a digit, eight at a time.
#[inline(always)]
pub(crate) fn all_digits(value: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (value.first_chunk(), value.last_chunk())
        && value.len() <= 16
    {
        return are_digits(u64::from_le_bytes(*first)) && are_digits(u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (value.first_chunk(), value.last_chunk())
        && value.len() <= 8
    {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return are_digits(u64::from(first) << 32 | u64::from(last));
    }
    value.iter().all(u8::is_ascii_digit)
}

#[inline(always)]
const fn are_digits(chunk: u64) -> bool {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    chunk & HIGH == ZEROS && chunk.wrapping_add(0x0606_0606_0606_0606) & HIGH == ZEROS
}

/// YYYYMMDD, a day that exists.
#[inline(always)]
pub(crate) fn is_date(value: &[u8]) -> bool {
    let Ok(digits) = <[u8; 8]>::try_from(value) else { return false };
    let chunk = u64::from_le_bytes(digits);
    if !are_digits(chunk) {
        return false;
    }
    // Two digits at a time: bytes 0, 2, 4, 6 become the numbers of the pairs.
    let tens = chunk & 0x000F_000F_000F_000F;
    let ones = chunk >> 8 & 0x000F_000F_000F_000F;
    let [century, _, year, _, month, _, day, _] = (tens * 10 + ones).to_le_bytes().map(u32::from);
    let year = century * 100 + year;
    year >= YEAR_MIN && (1..=12).contains(&month) && day >= 1 && (day <= 28 || day <= days_in(year, month))
}

/// YYYYMM, a month that exists.
#[inline]
pub(crate) fn is_month(value: &[u8]) -> bool {
    value.len() == 6
        && number(value).is_some_and(|number| number / 100 >= YEAR_MIN && (1..=12).contains(&(number % 100)))
}

/// YYYYMMDDHHMMSS, an instant that exists.
pub(crate) fn is_instant(value: &[u8; 14]) -> bool {
    let (date, time) = value.split_at(8);
    is_date(date) && number(time).is_some_and(|time| time / 10_000 < 24 && time / 100 % 100 < 60 && time % 100 < 60)
}
