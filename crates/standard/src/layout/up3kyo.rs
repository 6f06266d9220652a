//! 居宅サービス計画３表 (UP3KYO), 13 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Up3kyo, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Up3kyo, edition: Edition::V202504, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",                  "csv_version",            Digits,  Exact(6),  Yes, NONE),
    col( 2, "保険者番号",                     "insurer_no",             Insurer, Exact(6),  Yes, NONE),
    col( 3, "被保険者番号",                   "insured_no",             Insured, Exact(10), Yes, NONE),
    col( 4, "週間サービス計画表作成年月日",   "weekly_plan_created_on", Date,    Exact(8),  Yes, NONE),
    col( 5, "居宅サービス計画作成（変更）日", "care_plan_date",         Date,    Exact(8),  Yes, NONE),
    col( 6, "介護サービス内容",               "care_service_content",   Text,    Free,      No,  NONE),
    col( 7, "曜日",                           "weekday",                Code,    Exact(1),  No,  Some(&codes::WEEKDAY)),
    col( 8, "開始時間",                       "service_start_time",     Time,    Exact(4),  No,  NONE),
    col( 9, "終了時間",                       "service_end_time",       Time,    Exact(4),  No,  NONE),
    col(10, "主な日常生活上の活動",           "daily_activity",         Text,    Free,      No,  NONE),
    col(11, "開始時間",                       "activity_start_time",    Time,    Exact(4),  No,  NONE),
    col(12, "終了時間",                       "activity_end_time",      Time,    Exact(4),  No,  NONE),
    col(13, "週単位以外のサービス",           "non_weekly_service",     Text,    Free,      No,  NONE),
];
