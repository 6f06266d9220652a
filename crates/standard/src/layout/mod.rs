//! 項目一覧 — the 18 file kinds of the standard, one table per kind, to be held beside the official sheet.
//!
//! Editions stand side by side: 4.1 (202407), 4.0 (202504, the same columns) and 3.x (202208).

pub mod codes;
mod dlt1kyo;
mod dltjsk;
mod dltkihon;
mod dltplan;
mod dltyobo;
mod editions;
mod up1kyo;
mod up2kyo;
mod up3kyo;
mod uphosoku;
mod upjsk;
mod upkihon;
mod upkihon_sub1;
mod upkihon_sub2;
mod upplan;
mod upsikyu;
mod upyobo;
mod upyobo_sub;

/// ファイル種別 — the 18 kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// 利用者補足情報
    Uphosoku,
    /// 居宅サービス計画1表
    Up1kyo,
    /// 居宅サービス計画1表_削除
    Dlt1kyo,
    /// 居宅サービス計画2表
    Up2kyo,
    /// 居宅サービス計画３表
    Up3kyo,
    /// 第6表（サービス利用票）予定
    Upplan,
    /// 第6表 実績情報
    Upjsk,
    /// 第6表（サービス利用票）予定_削除
    Dltplan,
    /// 第6表 実績情報_削除
    Dltjsk,
    /// 第7表（サービス利用票別表）
    Upsikyu,
    /// 利用者基本情報
    Upkihon,
    /// 利用者基本情報（別表1）
    UpkihonSub1,
    /// 利用者基本情報（別表2）
    UpkihonSub2,
    /// 家族構成 画像ファイル
    UpkihonImage,
    /// 利用者基本情報_削除
    Dltkihon,
    /// 介護予防サービス・支援計画書
    Upyobo,
    /// 介護予防サービス・支援計画書（別表）
    UpyoboSub,
    /// 介護予防サービス・支援計画書_削除
    Dltyobo,
}

pub use editions::{EDITIONS, Edition, EditionEntry};

use FileKind::*;

impl FileKind {
    /// All kinds, in the order of the standard's annex.
    pub const ALL: [FileKind; 18] = [
        Uphosoku,
        Up1kyo,
        Dlt1kyo,
        Up2kyo,
        Up3kyo,
        Upplan,
        Upjsk,
        Dltplan,
        Dltjsk,
        Upsikyu,
        Upkihon,
        UpkihonSub1,
        UpkihonSub2,
        UpkihonImage,
        Dltkihon,
        Upyobo,
        UpyoboSub,
        Dltyobo,
    ];

    /// The prefix of the file name, `UPPLAN`.
    pub const fn id(self) -> &'static str {
        match self {
            Uphosoku => "UPHOSOKU",
            Up1kyo => "UP1KYO",
            Dlt1kyo => "DLT1KYO",
            Up2kyo => "UP2KYO",
            Up3kyo => "UP3KYO",
            Upplan => "UPPLAN",
            Upjsk => "UPJSK",
            Dltplan => "DLTPLAN",
            Dltjsk => "DLTJSK",
            Upsikyu => "UPSIKYU",
            Upkihon => "UPKIHON",
            UpkihonSub1 => "UPKIHON_SUB1",
            UpkihonSub2 => "UPKIHON_SUB2",
            UpkihonImage => "UPKIHON_IMAGE",
            Dltkihon => "DLTKIHON",
            Upyobo => "UPYOBO",
            UpyoboSub => "UPYOBO_SUB",
            Dltyobo => "DLTYOBO",
        }
    }

    /// The name printed in the standard.
    pub const fn label(self) -> &'static str {
        match self {
            Uphosoku => "利用者補足情報",
            Up1kyo => "居宅サービス計画1表",
            Dlt1kyo => "居宅サービス計画1表_削除",
            Up2kyo => "居宅サービス計画2表",
            Up3kyo => "居宅サービス計画３表",
            Upplan => "第6表（サービス利用票）予定",
            Upjsk => "第6表 実績情報",
            Dltplan => "第6表（サービス利用票）予定_削除",
            Dltjsk => "第6表 実績情報_削除",
            Upsikyu => "第7表（サービス利用票別表）",
            Upkihon => "利用者基本情報",
            UpkihonSub1 => "利用者基本情報（別表1）１日の生活・すごし方(タイムスケジュール)",
            UpkihonSub2 => "利用者基本情報（別表2）現病歴・既往歴",
            UpkihonImage => "家族構成 画像ファイル",
            Dltkihon => "利用者基本情報_削除",
            Upyobo => "介護予防サービス・支援計画書",
            UpyoboSub => "介護予防サービス・支援計画書（別表）支援計画",
            Dltyobo => "介護予防サービス・支援計画書_削除",
        }
    }

    /// Whether the file name carries 対象年月.
    pub const fn has_month(self) -> bool {
        matches!(self, Uphosoku | Upplan | Upjsk | Dltplan | Dltjsk | Upsikyu)
    }

    /// The place of the file in its unit: main sheets first, what hangs on them after.
    pub const fn rank(self) -> u8 {
        match self {
            Up1kyo => 0,
            Up2kyo => 1,
            Up3kyo => 2,
            Upplan => 3,
            Upsikyu => 4,
            Upjsk => 5,
            Upyobo => 6,
            UpyoboSub => 7,
            Upkihon => 8,
            UpkihonSub1 => 9,
            UpkihonSub2 => 10,
            UpkihonImage => 11,
            Uphosoku => 12,
            Dlt1kyo => 13,
            Dltplan => 14,
            Dltjsk => 15,
            Dltkihon => 16,
            Dltyobo => 17,
        }
    }

    /// Whether edition 3.x knew this file.
    pub const fn in_edition_3(self) -> bool {
        matches!(self, Uphosoku | Up1kyo | Dlt1kyo | Up2kyo | Upplan | Upjsk | Dltplan | Dltjsk | Upsikyu)
    }
}

/// 書式 — what a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// フリーテキスト
    Text,
    /// 整数
    Integer,
    /// A code, from a list or of a system of its own.
    Code,
    /// YYYYMMDD
    Date,
    /// 数字
    Digits,
    /// 保険者番号
    Insurer,
    /// 被保険者番号
    Insured,
    /// 事業所番号
    Office,
    /// 0 or 1
    Flag,
    /// 電話番号
    Phone,
    /// HHMM
    Time,
    /// YYYYMM
    Month,
    /// XXX-XXXX
    PostalCode,
    /// サービスコード
    ServiceCode,
    /// 日割対象日, 31 characters of 0 and 1
    DayMask,
    /// 99.99
    Decimal,
}

/// 項目長, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    /// When filled, exactly so many.
    Exact(u16),
    /// At most so many.
    Max(u16),
    /// The standard prints the first and means the second (README A07): a warning above the first.
    Printed(u16, u16),
    /// ―
    Free,
}

/// 必須.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Required {
    /// ○
    Yes,
    /// No mark.
    No,
    /// The text states a condition.
    Conditional,
    /// ○, read out of a shifted table; a warning on import.
    Inferred,
}

/// コード表.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeTable {
    /// The identifier used in the reference.
    pub ident: &'static str,
    /// The name in the standard.
    pub name: &'static str,
    /// Code and meaning.
    pub values: &'static [(&'static str, &'static str)],
}

impl CodeTable {
    /// The meaning of a code.
    pub fn meaning(&self, code: &[u8]) -> Option<&'static str> {
        self.values.iter().find(|(known, _)| known.as_bytes() == code).map(|(_, meaning)| *meaning)
    }
}

/// 項目 — one column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// No. in the sheet, from 1.
    pub number: u16,
    /// 項目名.
    pub name: &'static str,
    /// The identifier used in code.
    pub ident: &'static str,
    /// 書式.
    pub form: Form,
    /// 項目長.
    pub length: Length,
    /// 必須.
    pub required: Required,
    /// コード表.
    pub codes: Option<&'static CodeTable>,
}

/// ファイルの項目一覧 — all columns of one kind in one edition.
#[derive(Debug)]
pub struct Layout {
    /// The kind of file.
    pub kind: FileKind,
    /// The edition.
    pub edition: Edition,
    /// The columns, in order.
    pub columns: &'static [Column],
}

impl Layout {
    /// The column with this identifier.
    pub fn column(&self, ident: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.ident == ident)
    }

    /// The position, from 0, of the column with this identifier.
    pub fn index(&self, ident: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.ident == ident)
    }
}

const NONE: Option<&'static CodeTable> = None;

const fn col(
    number: u16,
    name: &'static str,
    ident: &'static str,
    form: Form,
    length: Length,
    required: Required,
    codes: Option<&'static CodeTable>,
) -> Column {
    Column { number, name, ident, form, length, required, codes }
}

/// The table of a kind in an edition; none for the image, and for what the edition did not have.
pub fn layout(kind: FileKind, edition: Edition) -> Option<&'static Layout> {
    edition.entry().layouts.iter().find(|layout| layout.kind == kind).copied()
}
