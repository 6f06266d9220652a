//! 利用者基本情報（別表1）１日の生活・すごし方(タイムスケジュール) (UPKIHON_SUB1), 7 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::UpkihonSub1, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::UpkihonSub1, edition: Edition::V202504, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col(1, "CSVバージョン",          "csv_version",       Digits,  Exact(6),  Yes, NONE),
    col(2, "保険者番号",             "insurer_no",        Insurer, Exact(6),  Yes, NONE),
    col(3, "被保険者番号",           "insured_no",        Insured, Exact(10), Yes, NONE),
    col(4, "相談日",                 "consultation_date", Date,    Exact(8),  Yes, NONE),
    col(5, "時間",                   "time_text",         Text,    Free,      No,  NONE),
    col(6, "本人の生活状況",         "person_routine",    Text,    Free,      No,  NONE),
    col(7, "介護者・家族の生活状況", "family_routine",    Text,    Free,      No,  NONE),
];
