//! 介護予防サービス・支援計画書_削除 (DLTYOBO), 4 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Dltyobo, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Dltyobo, edition: Edition::V202504, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col(1, "CSVバージョン",    "csv_version", Digits,  Exact(6),  Yes, NONE),
    col(2, "保険者番号",       "insurer_no",  Insurer, Exact(6),  Yes, NONE),
    col(3, "被保険者番号",     "insured_no",  Insured, Exact(10), Yes, NONE),
    col(4, "計画作成(変更)日", "plan_date",   Date,    Exact(8),  Yes, NONE),
];
