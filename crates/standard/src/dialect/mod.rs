//! 方言 — how a file was written where the standard asks for something else, or is silent. Recognised and named, so that
//! an office can tell its software vendor in one sentence.

use crate::SourceFile;
use crate::repair::{self, Accepted};

/// 書き方 — one way of departing from the canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Manner {
    /// UTF-8, with a byte order mark.
    Utf8Mark,
    /// UTF-8, without a mark.
    Utf8,
    /// UTF-16.
    Utf16,
    /// A 0x1A at the end, as old programs leave.
    EndMark,
    /// LF alone.
    LineFeed,
    /// The last row has no line end.
    NoFinalLineEnd,
    /// Rows with nothing in them.
    BlankLines,
    /// Commas after the last column.
    TrailingCommas,
    /// 見出し行.
    HeaderRow,
    /// Free text without quotes.
    UnquotedText,
    /// Numbers and codes in quotes.
    QuotedNumbers,
    /// The month of issue of 4.1 as CSVバージョン.
    Version202410,
    /// 版4.0.
    Version202504,
    /// 版3.x: an edition of its own, left as it is.
    Version202208,
    /// `uphosoku_…csv`.
    LowerCaseName,
    /// Full-width letters, digits or underscores in the file name.
    FullWidthName,
    /// A 3.x name, without service types.
    Name3,
    /// A 4.0 name, with three-character codes.
    Name40,
    /// Full-width letters or digits in cells that are to be half-width.
    FullWidthCells,
    /// Blanks around a value.
    Blanks,
    /// `2025/04/01`.
    SlashDates,
    /// `2025-04-01`.
    HyphenDates,
    /// `2025年4月1日`.
    KanjiDates,
    /// `9:00`.
    ColonTimes,
    /// Another hyphen than `-` in a TAIS code, postal code or telephone number.
    Hyphens,
    /// A postal code without its hyphen.
    BarePostalCodes,
    /// `007`.
    PaddedNumbers,
    /// `1,234`.
    GroupedNumbers,
    /// The wave dash and its like, as other tables than MS932 write them.
    Twins,
    /// Characters MS932 does not have.
    OutsideMs932,
}

use Manner::*;

impl Manner {
    /// All of them.
    pub const ALL: [Manner; 30] = [
        Utf8Mark,
        Utf8,
        Utf16,
        EndMark,
        LineFeed,
        NoFinalLineEnd,
        BlankLines,
        TrailingCommas,
        HeaderRow,
        UnquotedText,
        QuotedNumbers,
        Version202410,
        Version202504,
        Version202208,
        LowerCaseName,
        FullWidthName,
        Name3,
        Name40,
        FullWidthCells,
        Blanks,
        SlashDates,
        HyphenDates,
        KanjiDates,
        ColonTimes,
        Hyphens,
        BarePostalCodes,
        PaddedNumbers,
        GroupedNumbers,
        Twins,
        OutsideMs932,
    ];

    /// The identifier for programs, `slash_dates`.
    pub const fn id(self) -> &'static str {
        self.words().0
    }

    /// Its name on screen, fit to stand before 「で書かれています」.
    pub const fn label(self) -> &'static str {
        self.words().1
    }

    /// The rule or the ambiguity of the reference that asks for something else.
    pub const fn why(self) -> &'static str {
        self.words().2
    }

    /// What repair does about it.
    pub const fn done(self) -> &'static str {
        self.words().3
    }

    #[rustfmt::skip]
    const fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Utf8Mark => ("utf8_bom", "UTF-8（BOM付き）", "V19", "文字コードをMS932（Shift_JIS）にしました"),
            Utf8 => ("utf8", "UTF-8（BOMなし）", "V19", "文字コードをMS932（Shift_JIS）にしました"),
            Utf16 => ("utf16", "UTF-16", "V19", "文字コードをMS932（Shift_JIS）にしました"),
            EndMark => ("end_mark", "ファイル末尾に終わりの記号（0x1A）のある形", "V19", "末尾の記号を取り除きました"),
            LineFeed => ("lf", "LFだけの改行", "A01", "改行をCRLFにしました"),
            NoFinalLineEnd => ("no_final_line_end", "最後の行に改行のない形", "A01", "最後の行に改行を付けました"),
            BlankLines => ("blank_lines", "空の行のある形", "V21", "空の行を取り除きました"),
            TrailingCommas => ("trailing_commas", "行末に余分なコンマのある形", "V21", "行末の余分なコンマを取り除きました"),
            HeaderRow => ("header_row", "見出し行のある形", "V24", "見出し行を取り除きました"),
            UnquotedText => ("unquoted_text", "引用符で囲まない文章の項目", "V23", "文章の項目を引用符で囲みました"),
            QuotedNumbers => ("quoted_numbers", "引用符で囲んだ数字やコードの項目", "A03", "数字やコードの引用符を外しました"),
            Version202410 => ("version_202410", "CSVバージョン「202410」（版4.1の発行月）", "V26", "CSVバージョンを202407にしました"),
            Version202504 => ("version_202504", "CSVバージョン「202504」（版4.0）", "A23", "CSVバージョンを202407にしました"),
            Version202208 => ("version_202208", "CSVバージョン「202208」（版3.x）", "V26", "版3.xのまま残しました"),
            LowerCaseName => ("lower_case_name", "英小文字のファイル名（または大文字の.JPG）", "V01", "ファイル名の大文字・小文字をそろえました"),
            FullWidthName => ("full_width_name", "全角の下線や英数字のあるファイル名", "V01", "ファイル名の全角文字を半角にしました"),
            Name3 => ("name_3", "版3.xのファイル名（サービス種類コードのない形）", "V02", "版3.xの名前のまま残しました"),
            Name40 => ("name_40", "版4.0のファイル名（3文字のサービスコードの形）", "V02", "版4.0の名前のまま残しました"),
            FullWidthCells => ("full_width_cells", "全角の英数字を使った数字やコードの項目", "A04", "全角の英数字を半角にしました"),
            Blanks => ("blanks", "前後に空白を付けた数字やコードの項目", "V35", "前後の空白を取り除きました"),
            SlashDates => ("slash_dates", "「2025/04/01」の形の日付", "V33", "日付を8桁（年月は6桁）の数字にしました"),
            HyphenDates => ("hyphen_dates", "「2025-04-01」の形の日付", "V33", "日付を8桁（年月は6桁）の数字にしました"),
            KanjiDates => ("kanji_dates", "「2025年4月1日」の形の日付", "V33", "日付を8桁（年月は6桁）の数字にしました"),
            ColonTimes => ("colon_times", "「9:00」の形の時刻", "V54", "時刻を4桁の数字にしました"),
            Hyphens => ("hyphens", "半角ではないハイフンを使ったTAISコード・郵便番号・電話番号など", "A30", "ハイフンを半角にしました"),
            BarePostalCodes => ("bare_postal_codes", "ハイフンのない7桁の郵便番号", "V37", "郵便番号にハイフンを入れました"),
            PaddedNumbers => ("padded_numbers", "先頭を0で埋めた数", "A36", "数の先頭の0を取り除きました"),
            GroupedNumbers => ("grouped_numbers", "3桁ごとにコンマで区切った数", "V36", "数の区切りのコンマを取り除きました"),
            Twins => ("twins", "MS932と別の表の波ダッシュ・マイナスなどの記号", "A41", "同じ記号のMS932の文字にしました"),
            OutsideMs932 => ("outside_ms932", "MS932（Shift_JIS）にない文字の混じった文章", "V19", "MS932にない文字を、受け入れられた文字に置き換えました"),
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// 書き方の集まり.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Manners(u32);

impl Manners {
    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this is one of them.
    pub const fn contains(self, manner: Manner) -> bool {
        self.0 & manner.bit() != 0
    }

    /// One by one, in the order of [`Manner::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Manner> {
        Manner::ALL.into_iter().filter(move |manner| self.contains(*manner))
    }

    pub(crate) fn add(&mut self, manner: Manner) {
        self.0 |= manner.bit();
    }

    pub(crate) fn join(&mut self, others: Manners) {
        self.0 |= others.0;
    }
}

impl From<Manner> for Manners {
    fn from(manner: Manner) -> Manners {
        Manners(manner.bit())
    }
}

/// 方言 — a manner met in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// Position of the file in the input.
    pub file: usize,
    /// The manner.
    pub manner: Manner,
}

impl Dialect {
    /// For a clerk: 「このファイルは、…で書かれています」.
    pub fn sentence(&self) -> String {
        format!("このファイルは、{}で書かれています", self.manner.label())
    }
}

/// How these files were written: file by file, in the order of [`Manner::ALL`]. Nothing for files in canonical form.
pub fn of(files: &[SourceFile<'_>]) -> Vec<Dialect> {
    let mut dialects = Vec::new();
    for (file, source) in files.iter().enumerate() {
        let manners = repair::manners(file, source, &Accepted::none());
        dialects.extend(manners.iter().map(|manner| Dialect { file, manner }));
    }
    dialects
}
