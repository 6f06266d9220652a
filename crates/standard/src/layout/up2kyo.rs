//! 居宅サービス計画2表 (UP2KYO), 22 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Up2kyo, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Up2kyo, edition: Edition::V202504, columns: COLUMNS };
/// 版3.x: unchanged.
pub(super) static V202208: Layout = Layout { kind: FileKind::Up2kyo, edition: Edition::V202208, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",                  "csv_version",         Digits,  Exact(6),  Yes,      NONE),
    col( 2, "保険者番号",                     "insurer_no",          Insurer, Exact(6),  Yes,      NONE),
    col( 3, "被保険者番号",                   "insured_no",          Insured, Exact(10), Yes,      NONE),
    col( 4, "居宅計画書作成年月日",           "sheet_created_on",    Date,    Exact(8),  Inferred, NONE),
    col( 5, "居宅サービス計画作成（変更）日", "care_plan_date",      Date,    Exact(8),  Inferred, NONE),
    col( 6, "課題ＮＯ",                       "issue_no",            Integer, Max(2),    No,       NONE),
    col( 7, "課題",                           "issue",               Text,    Free,      No,       NONE),
    col( 8, "援助目標ＮＯ",                   "goal_no",             Integer, Max(2),    No,       NONE),
    col( 9, "長期目標",                       "long_term_goal",      Text,    Free,      No,       NONE),
    col(10, "短期目標",                       "short_term_goal",     Text,    Free,      No,       NONE),
    col(11, "長期期間",                       "long_term_period",    Text,    Free,      No,       NONE),
    col(12, "短期期間",                       "short_term_period",   Text,    Free,      No,       NONE),
    col(13, "援助内容ＮＯ",                   "support_no",          Integer, Max(2),    No,       NONE),
    col(14, "サービス内容",                   "service_content",     Text,    Free,      No,       NONE),
    col(15, "保険対象区分",                   "insurance_coverage",  Code,    Exact(1),  No,       Some(&codes::INSURANCE_COVERAGE)),
    col(16, "サービス種別",                   "service_kind_text",   Text,    Free,      No,       NONE),
    col(17, "サービス事業者コード",           "service_office_no",   Office,  Exact(10), No,       NONE),
    col(18, "サービス事業所名",               "service_office_name", Text,    Free,      No,       NONE),
    col(19, "頻度",                           "frequency",           Text,    Free,      No,       NONE),
    col(20, "実施期間",                       "service_period",      Text,    Free,      No,       NONE),
    col(21, "更新業者コード",                 "updated_by_office",   Office,  Exact(10), No,       NONE),
    col(22, "識別子",                         "identifier_unused",   Code,    Exact(1),  No,       NONE),
];
