//! サービス種類コード — the two characters that say what an office does, and all of them as data.

use std::fmt;
use std::str::FromStr;

/// サービス種類コード — two of 0-9 and A-Z. It need not be a known one; ask [`ServiceType::entry`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceType([u8; 2]);

/// 給付の種類 — the list a service type stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// 介護給付
    Care,
    /// 予防給付
    Prevention,
    /// 総合事業
    Municipal,
    /// 居宅介護支援, 介護予防支援, 介護予防ケアマネジメント: in no list of the standard, in its file names.
    CareManagement,
}

/// サービス種類の一行.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    /// The code.
    pub code: ServiceType,
    /// The name in the standard.
    pub name: &'static str,
    /// The list it stands in.
    pub scheme: Scheme,
    /// 連携対象: whether its services take part in the exchange.
    pub linked: bool,
}

use Scheme::{Care, CareManagement, Municipal, Prevention};
const LINKED: bool = true;
const EXCLUDED: bool = false;

const fn entry(code: [u8; 2], name: &'static str, scheme: Scheme, linked: bool) -> ServiceEntry {
    ServiceEntry { code: ServiceType(code), name, scheme, linked }
}

/// 連携対象 — the service types of 1.3 and 1.4, in the standard's order. 59 and 81 stand in two lists.
#[rustfmt::skip]
pub static SERVICE_TYPES: &[ServiceEntry] = &[
    entry(*b"11", "訪問介護", Care, LINKED),
    entry(*b"12", "訪問入浴介護", Care, LINKED),
    entry(*b"13", "訪問看護（定期巡回連携型も対象）", Care, LINKED),
    entry(*b"14", "訪問リハビリテーション", Care, LINKED),
    entry(*b"15", "通所介護", Care, LINKED),
    entry(*b"16", "通所リハビリテーション", Care, LINKED),
    entry(*b"17", "福祉用具貸与", Care, LINKED),
    entry(*b"21", "短期入所生活介護", Care, LINKED),
    entry(*b"22", "短期入所療養介護（介護老人保健施設）", Care, LINKED),
    entry(*b"23", "短期入所療養介護（介護療養型医療施設等）", Care, LINKED),
    entry(*b"2A", "短期入所療養介護（介護医療院）", Care, LINKED),
    entry(*b"31", "居宅療養管理指導", Care, LINKED),
    entry(*b"71", "夜間対応型訪問介護", Care, LINKED),
    entry(*b"76", "定期巡回・随時対応型訪問介護看護", Care, LINKED),
    entry(*b"72", "認知症対応型通所介護", Care, LINKED),
    entry(*b"78", "地域密着型通所介護", Care, LINKED),
    entry(*b"73", "小規模多機能型居宅介護", Care, LINKED),
    entry(*b"68", "小規模多機能型居宅介護（短期利用）", Care, LINKED),
    entry(*b"77", "看護小規模多機能型居宅介護", Care, LINKED),
    entry(*b"79", "看護小規模多機能型居宅介護（短期利用）", Care, LINKED),
    entry(*b"33", "特定施設入居者生活介護", Care, EXCLUDED),
    entry(*b"27", "特定施設入居者生活介護（短期利用）", Care, LINKED),
    entry(*b"36", "地域密着型特定施設入居者生活介護", Care, EXCLUDED),
    entry(*b"28", "地域密着型特定施設入居者生活介護（短期利用）", Care, LINKED),
    entry(*b"32", "認知症対応型共同生活介護（短期利用以外）", Care, EXCLUDED),
    entry(*b"38", "認知症対応型共同生活介護（短期利用）", Care, LINKED),
    entry(*b"41", "特定福祉用具販売", Care, EXCLUDED),
    entry(*b"42", "住宅改修", Care, EXCLUDED),
    entry(*b"51", "介護福祉施設サービス", Care, EXCLUDED),
    entry(*b"52", "介護保健施設サービス", Care, EXCLUDED),
    entry(*b"53", "介護療養施設サービス", Care, EXCLUDED),
    entry(*b"54", "地域密着型介護老人福祉施設入所者生活介護", Care, EXCLUDED),
    entry(*b"59", "特定介護サービス等", Care, EXCLUDED),
    entry(*b"81", "市町村特別給付", Care, EXCLUDED),
    entry(*b"62", "介護予防訪問入浴介護", Prevention, LINKED),
    entry(*b"63", "介護予防訪問看護", Prevention, LINKED),
    entry(*b"64", "介護予防訪問リハビリテーション", Prevention, LINKED),
    entry(*b"66", "介護予防通所リハビリテーション", Prevention, LINKED),
    entry(*b"67", "介護予防福祉用具貸与", Prevention, LINKED),
    entry(*b"24", "介護予防短期入所生活介護", Prevention, LINKED),
    entry(*b"25", "介護予防短期入所療養介護（介護老人保健施設）", Prevention, LINKED),
    entry(*b"26", "介護予防短期入所療養介護（介護療養型医療施設等）", Prevention, LINKED),
    entry(*b"2B", "介護予防短期入所療養介護（介護医療院）", Prevention, LINKED),
    entry(*b"34", "介護予防居宅療養管理指導", Prevention, LINKED),
    entry(*b"74", "介護予防認知症対応型通所介護", Prevention, LINKED),
    entry(*b"75", "介護予防小規模多機能型居宅介護", Prevention, LINKED),
    entry(*b"69", "介護予防小規模多機能型居宅介護（短期利用）", Prevention, LINKED),
    entry(*b"35", "介護予防特定施設入居者生活介護", Prevention, EXCLUDED),
    entry(*b"37", "介護予防認知症対応型共同生活介護（短期利用以外）", Prevention, EXCLUDED),
    entry(*b"39", "介護予防認知症対応型共同生活介護（短期利用）", Prevention, LINKED),
    entry(*b"44", "特定介護予防福祉用具販売", Prevention, EXCLUDED),
    entry(*b"45", "介護予防住宅改修", Prevention, EXCLUDED),
    entry(*b"59", "特定介護サービス等", Prevention, EXCLUDED),
    entry(*b"81", "市町村特別給付", Prevention, EXCLUDED),
    entry(*b"A1", "訪問型サービス（みなし）", Municipal, LINKED),
    entry(*b"A2", "訪問型サービス（独自）", Municipal, LINKED),
    entry(*b"A3", "訪問型サービス（独自／定率）", Municipal, LINKED),
    entry(*b"A4", "訪問型サービス（独自／定額）", Municipal, LINKED),
    entry(*b"A5", "通所型サービス（みなし）", Municipal, LINKED),
    entry(*b"A6", "通所型サービス（独自）", Municipal, LINKED),
    entry(*b"A7", "通所型サービス（独自／定率）", Municipal, LINKED),
    entry(*b"A8", "通所型サービス（独自／定額）", Municipal, LINKED),
];

/// 計画を作る側の種類 — accepted in file names although the lists lack them (README A33).
#[rustfmt::skip]
pub static CARE_MANAGER_TYPES: &[ServiceEntry] = &[
    entry(*b"43", "居宅介護支援", CareManagement, EXCLUDED),
    entry(*b"46", "介護予防支援", CareManagement, EXCLUDED),
    entry(*b"AF", "介護予防ケアマネジメント", CareManagement, EXCLUDED),
];

/// Services with their own care manager (小規模多機能 and the like): they plan as well as serve.
const OWN_CARE_MANAGER: [[u8; 2]; 6] = [*b"68", *b"69", *b"73", *b"75", *b"77", *b"79"];

const KNOWN: u8 = 1;
const IS_LINKED: u8 = 2;
const IS_PREVENTION: u8 = 4;
const IS_CARE: u8 = 8;

/// One byte per pair of 0-9A-Z, so that a look-up per row costs nothing.
static FLAGS: [u8; 36 * 36] = {
    let mut flags = [0; 36 * 36];
    let mut at = 0;
    while at < SERVICE_TYPES.len() {
        let row = &SERVICE_TYPES[at];
        if let Some(slot) = slot(row.code.0) {
            let linked = if row.linked { IS_LINKED } else { 0 };
            let scheme = if matches!(row.scheme, Care) { IS_CARE } else { IS_PREVENTION };
            flags[slot] |= KNOWN | linked | scheme;
        }
        at += 1;
    }
    flags
};

const fn digit(byte: u8) -> Option<usize> {
    match byte {
        b'0'..=b'9' => Some((byte - b'0') as usize),
        b'A'..=b'Z' => Some((byte - b'A') as usize + 10),
        _ => None,
    }
}

const fn slot(code: [u8; 2]) -> Option<usize> {
    match (digit(code[0]), digit(code[1])) {
        (Some(high), Some(low)) => Some(high * 36 + low),
        _ => None,
    }
}

/// Whether the two bytes are a service type of the lists, linked or not.
#[inline]
pub(crate) fn is_known(code: [u8; 2]) -> bool {
    flags(code) & KNOWN != 0
}

/// Whether services of this type take part in the exchange.
#[inline]
pub(crate) fn is_linked(code: [u8; 2]) -> bool {
    flags(code) & IS_LINKED != 0
}

#[inline]
fn flags(code: [u8; 2]) -> u8 {
    slot(code).and_then(|slot| FLAGS.get(slot)).copied().unwrap_or(0)
}

impl ServiceType {
    /// 居宅介護支援.
    pub const CARE_MANAGEMENT: ServiceType = ServiceType(*b"43");
    /// 介護予防支援.
    pub const PREVENTION_SUPPORT: ServiceType = ServiceType(*b"46");
    /// 介護予防ケアマネジメント.
    pub const PREVENTION_CARE_MANAGEMENT: ServiceType = ServiceType(*b"AF");

    /// The two characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The row of the standard's lists, or of the care-manager types; none if nobody knows the code.
    pub fn entry(&self) -> Option<&'static ServiceEntry> {
        SERVICE_TYPES.iter().chain(CARE_MANAGER_TYPES).find(|row| row.code == *self)
    }

    /// The printed name.
    pub fn name(&self) -> Option<&'static str> {
        self.entry().map(|row| row.name)
    }

    /// Whether it stands in a list of the standard, or is a care-manager type.
    pub fn is_known(&self) -> bool {
        self.entry().is_some()
    }

    /// 連携対象: its services take part in the exchange.
    pub fn is_linked(&self) -> bool {
        flags(self.0) & IS_LINKED != 0
    }

    /// 43, 46, AF.
    pub fn is_care_manager(&self) -> bool {
        CARE_MANAGER_TYPES.iter().any(|row| row.code == *self)
    }

    /// May send plans and schedules: 43, 46, AF and services with their own care manager (README 15.8).
    pub fn may_plan(&self) -> bool {
        self.is_care_manager() || OWN_CARE_MANAGER.contains(&self.0)
    }

    /// Makes a unit one of 予防: 46, AF, or a type of 予防給付 or 総合事業 alone (README 15.1).
    pub fn is_prevention(&self) -> bool {
        let flags = flags(self.0);
        matches!(&self.0, b"46" | b"AF") || (flags & IS_PREVENTION != 0 && flags & IS_CARE == 0)
    }
}

/// サービス種類コードではない — not two of 0-9 and A-Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("サービス種類コードは半角の数字・英大文字2文字です")]
pub struct NotAServiceType;

impl FromStr for ServiceType {
    type Err = NotAServiceType;
    fn from_str(text: &str) -> Result<Self, NotAServiceType> {
        match text.as_bytes() {
            &[high, low] if slot([high, low]).is_some() => Ok(ServiceType([high, low])),
            _ => Err(NotAServiceType),
        }
    }
}

impl fmt::Display for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceType({})", self.as_str())
    }
}
