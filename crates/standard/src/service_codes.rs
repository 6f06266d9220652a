//! サービスコード表 — what the official code master says about a service code, as far as V56, V68 and V74 ask.
//!
//! A CSV file in UTF-8 (with or without a mark) or MS932, five columns, a header row allowed:
//!
//! ```text
//! サービスコード,名称,種別,算定,限度額
//! 111111,身体介護１,基本,,内
//! 116275,訪問介護処遇改善加算,加算,,外
//! ```
//!
//! - サービスコード: six of 0-9 and A-Z, each once
//! - 名称: not empty, in quotes where it has a comma
//! - 種別: `基本`, `加算`, `減算` or `その他`
//! - 算定: empty, or `月1回` for the 共生型 reductions whose units stand on the first day of the month only
//! - 限度額: `内` or `外` (区分支給限度基準額)

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Codes at most; the official table has some thirty thousand.
pub const SERVICE_CODES_MAX: usize = 200_000;
/// Bytes at most.
pub const SERVICE_CODES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The names of the columns.
const COLUMNS: [&str; 5] = ["サービスコード", "名称", "種別", "算定", "限度額"];

/// 種別.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// 基本
    Basic,
    /// 加算
    Addition,
    /// 減算
    Reduction,
    /// その他
    Other,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Box<str>,
    kind: CodeKind,
    once_a_month: bool,
    outside_limit: bool,
}

/// サービスコード表 — the codes of the master, by code.
#[derive(Debug, Clone, Default)]
pub struct ServiceCodes {
    entries: BTreeMap<[u8; 6], Entry>,
}

/// サービスコード表の誤り. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceCodesFault {
    /// Neither UTF-8 nor MS932.
    #[error("サービスコード表の文字コードがUTF-8でもMS932（Shift_JIS）でもありません")]
    Encoding,
    /// No code at all.
    #[error("サービスコード表に行がありません")]
    Empty,
    /// Larger than any such table.
    #[error("サービスコード表が大きすぎます（{SERVICE_CODES_MAX}行、64MBまで）")]
    TooLarge,
    /// Not five columns, or quotes at fault.
    #[error("サービスコード表の{line}行目が5項目（サービスコード、名称、種別、算定、限度額）ではありません")]
    Columns {
        /// The line.
        line: usize,
    },
    /// A cell that is not what its column holds.
    #[error("サービスコード表の{line}行目の「{column}」は{expected}です")]
    Value {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
        /// What it holds.
        expected: &'static str,
    },
    /// A code met before.
    #[error("サービスコード表の{line}行目のサービスコードは、前の行にもあります")]
    Twice {
        /// The line.
        line: usize,
    },
}

impl ServiceCodes {
    /// Reads a table.
    pub fn read(bytes: &[u8]) -> Result<ServiceCodes, ServiceCodesFault> {
        if bytes.len() > SERVICE_CODES_BYTES_MAX {
            return Err(ServiceCodesFault::TooLarge);
        }
        let text = decode(bytes).ok_or(ServiceCodesFault::Encoding)?;
        let mut codes = ServiceCodes::default();
        for (line, text) in (1..).zip(text.lines()) {
            let cells = cells(text).ok_or(ServiceCodesFault::Columns { line })?;
            if line == 1 && cells.iter().zip(COLUMNS).all(|(cell, name)| cell.as_ref() == name) {
                continue;
            }
            if codes.entries.len() >= SERVICE_CODES_MAX {
                return Err(ServiceCodesFault::TooLarge);
            }
            let (code, entry) = entry(line, &cells)?;
            if codes.entries.insert(code, entry).is_some() {
                return Err(ServiceCodesFault::Twice { line });
            }
        }
        if codes.entries.is_empty() { Err(ServiceCodesFault::Empty) } else { Ok(codes) }
    }

    /// How many codes it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// 種別, of a code the table has.
    pub fn kind(&self, code: &[u8]) -> Option<CodeKind> {
        self.get(code).map(|entry| entry.kind)
    }

    /// 名称, of a code the table has.
    pub fn name(&self, code: &[u8]) -> Option<&str> {
        self.get(code).map(|entry| &*entry.name)
    }

    /// 月1回: its units stand on the first day of the month only.
    pub fn is_once_a_month(&self, code: &[u8]) -> bool {
        self.get(code).is_some_and(|entry| entry.once_a_month)
    }

    /// 外: a code known to be outside 区分支給限度基準額.
    pub fn is_outside_limit(&self, code: &[u8]) -> bool {
        self.get(code).is_some_and(|entry| entry.outside_limit)
    }

    fn get(&self, code: &[u8]) -> Option<&Entry> {
        self.entries.get(<&[u8; 6]>::try_from(code).ok()?)
    }
}

fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let plain = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(plain) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => crate::ms932::decode(bytes),
    }
}

/// The five cells of a line.
fn cells(line: &str) -> Option<[Cow<'_, str>; 5]> {
    let mut cells: [Cow<'_, str>; 5] = Default::default();
    let mut rest = Some(line);
    for cell in &mut cells {
        let (value, after) = first_cell(rest?)?;
        *cell = value;
        rest = after;
    }
    rest.is_none().then_some(cells)
}

fn first_cell(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(mut quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(',').map_or((text, None), |(value, rest)| (value, Some(rest)));
        return (!value.contains('"')).then_some((Cow::Borrowed(value), rest));
    };
    let mut value = String::new();
    loop {
        let (part, rest) = quoted.split_once('"')?;
        value.push_str(part);
        match rest.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                quoted = more;
            }
            None if rest.is_empty() => return Some((Cow::Owned(value), None)),
            None => return rest.strip_prefix(',').map(|rest| (Cow::Owned(value), Some(rest))),
        }
    }
}

fn entry(line: usize, cells: &[Cow<'_, str>; 5]) -> Result<([u8; 6], Entry), ServiceCodesFault> {
    let wrong = |at: usize, expected| ServiceCodesFault::Value { line, column: COLUMNS[at], expected };
    let [code, name, kind, count, limit] = cells;
    let sound = |code: &[u8; 6]| code.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let code = code.as_bytes().try_into().ok().filter(sound).ok_or(wrong(0, "半角の数字・英大文字6文字"))?;
    if name.is_empty() {
        return Err(wrong(1, "空にできない項目"));
    }
    let kind = match kind.as_ref() {
        "基本" => CodeKind::Basic,
        "加算" => CodeKind::Addition,
        "減算" => CodeKind::Reduction,
        "その他" => CodeKind::Other,
        _ => return Err(wrong(2, "「基本」「加算」「減算」「その他」のどれか")),
    };
    let once_a_month = match count.as_ref() {
        "" => false,
        "月1回" => true,
        _ => return Err(wrong(3, "空か「月1回」")),
    };
    let outside_limit = match limit.as_ref() {
        "内" => false,
        "外" => true,
        _ => return Err(wrong(4, "「内」か「外」")),
    };
    Ok((code, Entry { name: name.as_ref().into(), kind, once_a_month, outside_limit }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "サービスコード,名称,種別,算定,限度額\n111111,\"身体, \"\"１\"\"\",基本,,内\r\n119000,共生型,減算,月1回,外\n";

    #[test]
    fn a_table_is_read_in_either_encoding() {
        let ms932 = crate::write::ms932(TABLE).expect("MS932");
        let marked = ["\u{FEFF}", TABLE].concat();
        for bytes in [TABLE.as_bytes(), marked.as_bytes(), &ms932] {
            let codes = ServiceCodes::read(bytes).expect("a table");
            assert_eq!((codes.len(), codes.kind(b"111111")), (2, Some(CodeKind::Basic)));
            assert_eq!(codes.name(b"111111"), Some("身体, \"１\""));
            assert!(codes.is_once_a_month(b"119000") && codes.is_outside_limit(b"119000"));
            assert!(!codes.is_outside_limit(b"111111") && !codes.is_outside_limit(b"999999"));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (table, message) in [
            ("", "行がありません"),
            ("サービスコード,名称,種別,算定,限度額\n", "行がありません"),
            ("111111,a,基本,\n", "1行目が5項目"),
            ("111111,a,基本,,内,\n", "1行目が5項目"),
            ("111111,\"a,基本,,内\n", "1行目が5項目"),
            ("\n111111,a,基本,,内\n", "1行目が5項目"),
            ("11111,a,基本,,内\n", "1行目の「サービスコード」"),
            ("11111a,a,基本,,内\n", "1行目の「サービスコード」"),
            ("111111,,基本,,内\n", "1行目の「名称」"),
            ("111111,a,基,,内\n", "1行目の「種別」"),
            ("111111,a,基本,毎日,内\n", "1行目の「算定」"),
            ("111111,a,基本,,\n", "1行目の「限度額」"),
            ("111111,a,基本,,内\n111111,b,加算,,外\n", "2行目のサービスコード"),
        ] {
            let fault = ServiceCodes::read(table.as_bytes()).expect_err(table);
            assert!(fault.to_string().contains(message), "{table}: {fault}");
        }
        assert_eq!(ServiceCodes::read(b"111111,\xFF,").err(), Some(ServiceCodesFault::Encoding));
    }
}
