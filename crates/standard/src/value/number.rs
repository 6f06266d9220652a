use crate::ServiceType;
use std::fmt;

/// 保険者番号 — six digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InsurerNumber([u8; 6]);

impl InsurerNumber {
    /// From the bytes of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let digits: [u8; 6] = bytes.try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(InsurerNumber(digits))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for InsurerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InsurerNumber({})", self.as_str())
    }
}

/// 被保険者番号 — ten digits, or H and nine digits. It stands for a person: `Debug` prints nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InsuredNumber([u8; 10]);

impl InsuredNumber {
    /// From the bytes of a cell.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number: [u8; 10] = bytes.try_into().ok()?;
        let (first, rest) = number.split_first()?;
        let sound = (first.is_ascii_digit() || *first == b'H') && rest.iter().all(u8::is_ascii_digit);
        sound.then_some(InsuredNumber(number))
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for InsuredNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InsuredNumber(..)")
    }
}

/// 利用者 — who a row is about: insurer and insured number together, the first two parts of every key (図表2.3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey {
    /// 保険者番号.
    pub insurer: InsurerNumber,
    /// 被保険者番号.
    pub insured: InsuredNumber,
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(..)")
    }
}

/// 単位数単価 — 99.99, exact: hundredths of a yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    hundredths: u32,
}

impl Decimal {
    /// From the bytes of a cell: digits, then a point and one or two digits or nothing.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, max: usize| {
            let sound = (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            sound.then(|| text.parse::<u32>().ok()).flatten()
        };
        let tenths = if part.len() == 1 { 10 } else { 1 };
        Some(Decimal { hundredths: digits(whole, 6)? * 100 + digits(part, 2)? * tenths })
    }

    /// 10.14 is 1014.
    pub const fn hundredths(self) -> u32 {
        self.hundredths
    }
}

/// `10.14`
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

/// An integer as it is read: padding and a leading minus are accepted (README A36).
pub(crate) fn integer(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let sound = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    sound.then(|| std::str::from_utf8(bytes).ok()?.parse().ok()).flatten()
}

/// TAISコード — five digits, a hyphen, six digits; other forms are kept as they are (README A30).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tais {
    text: String,
    regular: bool,
}

impl Tais {
    /// From the text of a cell; other hyphens are read as the half-width one, full-width digits as half-width ones.
    pub fn of(text: &str) -> Tais {
        let text: String = text
            .chars()
            .map(|character| match character {
                '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '－' | 'ー' | 'ｰ' => '-',
                '０'..='９' => char::from(b'0' + (character as u32 - '０' as u32) as u8),
                other => other,
            })
            .collect();
        let regular = text.split_once('-').is_some_and(|(maker, item)| {
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            maker.len() == 5 && item.len() == 6 && digits(maker) && digits(item)
        });
        Tais { text, regular }
    }

    /// The code with a half-width hyphen.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is 5 + 6 digits.
    pub fn is_regular(&self) -> bool {
        self.regular
    }
}

/// サービスコード — two characters of service type and four of item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceCode([u8; 6]);

/// 第7表の行の種類 (別紙 第7表.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// A service.
    Detail,
    /// AAAA: subtotal inside 区分支給限度.
    Inside,
    /// EEEE: subtotal outside of it.
    Outside,
    /// ZZZZ: subtotal beyond 30 days.
    Beyond30Days,
    /// 999999: grand total.
    Total,
}

impl ServiceCode {
    /// From the bytes of a cell: six of 0-9 and A-Z.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let code: [u8; 6] = bytes.try_into().ok()?;
        code.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).then_some(ServiceCode(code))
    }

    /// The six characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// サービス種類コード: the first two characters.
    pub fn service_type(&self) -> Option<ServiceType> {
        self.as_str().get(..2)?.parse().ok()
    }

    /// What kind of line of 第7表 carries this code.
    pub const fn line_kind(&self) -> LineKind {
        match self.0 {
            [b'9', b'9', b'9', b'9', b'9', b'9'] => LineKind::Total,
            [_, _, b'A', b'A', b'A', b'A'] => LineKind::Inside,
            [_, _, b'E', b'E', b'E', b'E'] => LineKind::Outside,
            [_, _, b'Z', b'Z', b'Z', b'Z'] => LineKind::Beyond30Days,
            _ => LineKind::Detail,
        }
    }
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceCode({})", self.as_str())
    }
}
