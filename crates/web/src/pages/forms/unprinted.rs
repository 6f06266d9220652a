//! 印字しない項目 — the columns that have no place on a form, and why. All others have one; a test looks for them.

/// Column and reason.
pub(crate) const UNPRINTED: [(&str, &str); 5] = [
    ("csv_version", "ファイルの書き方の版で、計画の内容ではない"),
    ("updated_by_office", "ソフトウェアの控え。様式に欄がない"),
    ("entered_by_code", "ソフトウェアの控え。様式に欄がない"),
    ("office_code_fixed", "いつも 9999999999"),
    ("identifier_unused", "使われていない項目"),
];

/// Whether the column has no place on any form.
pub(crate) fn contains(ident: &str) -> bool {
    UNPRINTED.iter().any(|(unprinted, _)| *unprinted == ident)
}
