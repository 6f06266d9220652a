//! 利用者基本情報（別表2）現病歴・既往歴 (UPKIHON_SUB2), 11 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::UpkihonSub2, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::UpkihonSub2, edition: Edition::V202504, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",            "csv_version",         Digits,  Exact(6),  Yes, NONE),
    col( 2, "保険者番号",               "insurer_no",          Insurer, Exact(6),  Yes, NONE),
    col( 3, "被保険者番号",             "insured_no",          Insured, Exact(10), Yes, NONE),
    col( 4, "相談日",                   "consultation_date",   Date,    Exact(8),  Yes, NONE),
    col( 5, "年月日",                   "date_text",           Text,    Free,      No,  NONE),
    col( 6, "病名",                     "disease_name",        Text,    Free,      No,  NONE),
    col( 7, "医療機関・医師名",         "medical_institution", Text,    Free,      No,  NONE),
    col( 8, "主治医・意見作成者フラグ", "doctor_flag",         Code,    Exact(1),  No,  Some(&codes::DOCTOR_FLAG)),
    col( 9, "医療機関・医師電話番号",   "medical_phone",       Phone,   Max(15),   No,  NONE),
    col(10, "経過",                     "progress",            Code,    Exact(2),  No,  Some(&codes::PROGRESS)),
    col(11, "治療中の内容",             "treatment_detail",    Text,    Free,      No,  NONE),
];
