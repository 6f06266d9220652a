//! ファイル名 — the names of editions 4.1, 4.0 and 3.x: read, or the token that is at fault.

use crate::{FileKind, OfficeNumber, Serial, ServiceMonth, ServiceType};
use std::fmt;
use std::str::FromStr;

/// Longer than any name of the standard; longer ones are not looked at.
pub const NAME_BYTES_MAX: usize = 255;

/// ファイル名の版.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameEdition {
    /// 版3.x: no service types.
    V3,
    /// 版4.0: three-character service codes.
    V40,
    /// 版4.1: two-character service types.
    V41,
}

/// ファイル名 — a name of the standard, taken apart. `Display` writes the canonical form of its edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileName {
    /// ファイル種別.
    pub kind: FileKind,
    /// 対象年月. None where the kind has no month, and for a UPHOSOKU of 第1〜3表 (`000000`).
    pub month: Option<ServiceMonth>,
    /// 送信元.
    pub sender: OfficeNumber,
    /// 送信元のサービス種類, in names of 4.1.
    pub sender_type: Option<ServiceType>,
    /// 送信先.
    pub receiver: OfficeNumber,
    /// 送信先のサービス種類, in names of 4.1.
    pub receiver_type: Option<ServiceType>,
    /// ファイル連番.
    pub serial: Serial,
    /// 枝番, of an image.
    pub branch: Option<[u8; 4]>,
    /// Which edition's form the name has.
    pub edition: NameEdition,
    /// The three-character codes of a 4.0 name: sender, receiver.
    pub codes_40: Option<([u8; 3], [u8; 3])>,
}

impl FileName {
    /// A name of edition 4.1. `month` is ignored for kinds without one.
    pub fn new(
        kind: FileKind,
        month: Option<ServiceMonth>,
        sender: (OfficeNumber, ServiceType),
        receiver: (OfficeNumber, ServiceType),
        serial: Serial,
    ) -> FileName {
        FileName {
            kind,
            month: month.filter(|_| kind.has_month()),
            sender: sender.0,
            sender_type: Some(sender.1),
            receiver: receiver.0,
            receiver_type: Some(receiver.1),
            serial,
            branch: (kind == FileKind::UpkihonImage).then_some(*b"0001"),
            edition: NameEdition::V41,
            codes_40: None,
        }
    }

    /// The same name with another 枝番 (1 to 9999).
    pub fn with_branch(mut self, number: u16) -> FileName {
        let number = number.min(9999);
        self.branch =
            Some([number / 1000, number / 100 % 10, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8));
        self
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.id())?;
        match self.month {
            Some(month) => write!(f, "_{month}")?,
            None if self.kind.has_month() => f.write_str("_000000")?,
            None => {}
        }
        let codes = self.codes_40.unwrap_or((*b"000", *b"000"));
        for (office, kind, code) in
            [(self.sender, self.sender_type, codes.0), (self.receiver, self.receiver_type, codes.1)]
        {
            write!(f, "_{office}")?;
            match self.edition {
                NameEdition::V3 => {}
                NameEdition::V40 => write!(f, "_{}", std::str::from_utf8(&code).unwrap_or("000"))?,
                NameEdition::V41 => write!(f, "_{}", kind.as_ref().map_or("00", ServiceType::as_str))?,
            }
        }
        write!(f, "_{}", self.serial)?;
        match self.branch {
            Some(branch) => write!(f, "_{}.jpg", std::str::from_utf8(&branch).unwrap_or("0001")),
            None => f.write_str(".CSV"),
        }
    }
}

/// ファイル名の部分.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// The name as a whole.
    Whole,
    /// ファイル種別.
    Prefix,
    /// 対象年月.
    Month,
    /// 送信元の事業所番号.
    Sender,
    /// 送信元のサービス種類コード.
    SenderType,
    /// 送信先の事業所番号.
    Receiver,
    /// 送信先のサービス種類コード.
    ReceiverType,
    /// ファイル連番.
    Serial,
    /// 画像の枝番.
    Branch,
    /// 拡張子.
    Extension,
}

impl Token {
    /// Its name on screen.
    pub const fn label(self) -> &'static str {
        match self {
            Token::Whole => "ファイル名",
            Token::Prefix => "ファイル種別",
            Token::Month => "対象年月",
            Token::Sender => "送信元の事業所番号",
            Token::SenderType => "送信元のサービス種類コード",
            Token::Receiver => "送信先の事業所番号",
            Token::ReceiverType => "送信先のサービス種類コード",
            Token::Serial => "ファイル連番",
            Token::Branch => "画像の枝番",
            Token::Extension => "拡張子",
        }
    }
}

/// What is wrong with the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameProblem {
    /// A folder stands in the name.
    Path,
    /// Full-width letters, digits or underscores, or a combining low line.
    FullWidth,
    /// Control or invisible characters.
    Control,
    /// Too long to be one.
    TooLong,
    /// A mark left by copying, such as `(1)`.
    Copy,
    /// No file kind of the standard.
    Unknown,
    /// The number of parts fits no edition.
    Parts,
    /// Not `.CSV` (`.jpg` for an image).
    Extension,
    /// The part does not have its form.
    Form,
}

/// ファイル名の誤り — which token, and what about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameFault {
    /// The token.
    pub token: Token,
    /// What is wrong.
    pub problem: NameProblem,
    /// The kind, where the prefix was understood.
    pub kind: Option<FileKind>,
    /// The name but for this token, where all the others are sound (a wrong month or branch): it still has its unit.
    pub rest: Option<FileName>,
}

impl NameFault {
    /// What happened, in a sentence; no part of the name is repeated.
    pub fn message(&self) -> String {
        let label = self.token.label();
        match self.problem {
            NameProblem::Path => "ファイル名にフォルダーの区切り（/ や \\）が含まれています".into(),
            NameProblem::FullWidth => "ファイル名に全角の文字（全角の下線・英数字など）があります".into(),
            NameProblem::Control => "ファイル名に改行などの制御文字や見えない文字があります".into(),
            NameProblem::TooLong => "ファイル名が長すぎます".into(),
            NameProblem::Copy => "ファイル名に「(1)」や「コピー」など、複写のときに付いた文字があります".into(),
            NameProblem::Unknown => "標準仕様にないファイル種別で始まっています".into(),
            NameProblem::Parts => "ファイル名を「_」で区切った部分の数が標準仕様と合いません".into(),
            NameProblem::Extension => match self.kind {
                Some(FileKind::UpkihonImage) => "拡張子が .jpg ではありません".into(),
                _ => "拡張子が .CSV ではありません".into(),
            },
            NameProblem::Form => match self.token {
                Token::Sender | Token::Receiver => format!("{label}が半角の数字・英大文字10文字ではありません"),
                Token::SenderType | Token::ReceiverType => format!("{label}が半角の数字・英大文字2文字ではありません"),
                Token::Serial => format!("{label}が実在する日時の数字14桁（年月日時分秒）ではありません"),
                Token::Month => format!("{label}が実在する年月の数字6桁ではありません"),
                Token::Branch => format!("{label}が数字4桁ではありません"),
                _ => format!("{label}が標準仕様の形ではありません"),
            },
        }
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for NameFault {}

impl FromStr for FileName {
    type Err = NameFault;
    fn from_str(name: &str) -> Result<FileName, NameFault> {
        parse(name)
    }
}

/// Reads a file name.
pub fn parse(name: &str) -> Result<FileName, NameFault> {
    let fault = |token, problem, kind| NameFault { token, problem, kind, rest: None };
    if let Some(problem) = hostile(name) {
        return Err(fault(Token::Whole, problem, None));
    }
    let kind = kind_of(name).ok_or_else(|| {
        let problem = if name.is_ascii() { NameProblem::Unknown } else { foreign(name) };
        fault(Token::Prefix, problem, None)
    })?;
    if !name.is_ascii() {
        return Err(fault(Token::Whole, foreign(name), Some(kind)));
    }
    let body = name.get(kind.id().len() + 1..).unwrap_or_default();
    let image = kind == FileKind::UpkihonImage;
    let (stem, extension) = body.rsplit_once('.').unwrap_or((body, ""));
    if !extension.eq_ignore_ascii_case(if image { "jpg" } else { "csv" }) {
        return Err(fault(Token::Extension, NameProblem::Extension, Some(kind)));
    }
    let mut parts = [""; 7];
    let mut count = 0;
    for part in stem.split('_') {
        if let Some(place) = parts.get_mut(count) {
            *place = part;
        }
        count += 1;
    }
    let extra = usize::from(kind.has_month()) + usize::from(image);
    let types = match count {
        _ if count == 5 + extra => true,
        _ if count == 3 + extra && kind.in_edition_3() => false,
        _ => {
            let problem = if looks_copied(stem) { NameProblem::Copy } else { NameProblem::Parts };
            return Err(fault(Token::Whole, problem, Some(kind)));
        }
    };

    let mut parts = parts.into_iter();
    let mut next = || parts.next().unwrap_or_default();
    let month = if kind.has_month() { Some(next()) } else { None };
    let (sender, sender_type) = (next(), if types { next() } else { "" });
    let (receiver, receiver_type) = (next(), if types { next() } else { "" });
    let serial = next();
    let branch = if image { Some(next()) } else { None };

    let wrong = |token| fault(token, NameProblem::Form, Some(kind));
    let sender = sender.parse().map_err(|_| wrong(Token::Sender))?;
    let receiver = receiver.parse().map_err(|_| wrong(Token::Receiver))?;
    let codes_40 = match (code_40(sender_type), code_40(receiver_type)) {
        (Some(from), Some(to)) => Some((from, to)),
        _ => None,
    };
    let edition = match (types, codes_40) {
        (false, _) => NameEdition::V3,
        (true, Some(_)) => NameEdition::V40,
        (true, None) => NameEdition::V41,
    };
    let (sender_type, receiver_type) = match edition {
        NameEdition::V41 => (
            Some(sender_type.parse().map_err(|_| wrong(Token::SenderType))?),
            Some(receiver_type.parse().map_err(|_| wrong(Token::ReceiverType))?),
        ),
        _ => (None, None),
    };
    let serial = serial.parse().map_err(|_| {
        let problem = if looks_copied(serial) { NameProblem::Copy } else { NameProblem::Form };
        fault(Token::Serial, problem, Some(kind))
    })?;
    let mut read = FileName {
        kind,
        month: None,
        sender,
        sender_type,
        receiver,
        receiver_type,
        serial,
        branch: None,
        edition,
        codes_40,
    };
    match month {
        Some("000000") if kind == FileKind::Uphosoku => {}
        Some(month) => {
            let month = month.parse().map_err(|_| NameFault { rest: Some(read), ..wrong(Token::Month) })?;
            read.month = Some(month);
        }
        None => {}
    }
    if let Some(branch) = branch {
        match <[u8; 4]>::try_from(branch.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => read.branch = Some(digits),
            _ => return Err(NameFault { rest: Some(read), ..wrong(Token::Branch) }),
        }
    }
    Ok(read)
}

/// The kind whose prefix the name has; the longest prefix wins, since some contain a `_`.
fn kind_of(name: &str) -> Option<FileKind> {
    FileKind::ALL
        .into_iter()
        .filter(|kind| name.strip_prefix(kind.id()).is_some_and(|rest| rest.starts_with('_')))
        .max_by_key(|kind| kind.id().len())
}

fn hostile(name: &str) -> Option<NameProblem> {
    if name.len() > NAME_BYTES_MAX {
        return Some(NameProblem::TooLong);
    }
    if name.contains(['/', '\\', ':']) || name == "." || name == ".." {
        return Some(NameProblem::Path);
    }
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    name.contains(invisible).then_some(NameProblem::Control)
}

/// What a name with characters outside ASCII most likely suffers from.
fn foreign(name: &str) -> NameProblem {
    if name.contains("コピー") {
        NameProblem::Copy
    } else if name
        .contains(|c: char| matches!(c, '\u{FF01}'..='\u{FF5E}' | '\u{3000}' | '\u{0332}' | '\u{2017}' | '\u{FFE3}'))
    {
        NameProblem::FullWidth
    } else {
        NameProblem::Unknown
    }
}

fn looks_copied(part: &str) -> bool {
    part.contains([' ', '(', '[', '~']) || part.to_ascii_lowercase().contains("copy")
}

fn code_40(part: &str) -> Option<[u8; 3]> {
    let code: [u8; 3] = part.as_bytes().try_into().ok()?;
    code.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).then_some(code)
}
