//! 居宅サービス計画1表 (UP1KYO), 28 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Up1kyo, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Up1kyo, edition: Edition::V202504, columns: COLUMNS };
/// 版3.x: unchanged.
pub(super) static V202208: Layout = Layout { kind: FileKind::Up1kyo, edition: Edition::V202208, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",                                            "csv_version",                Digits,     Exact(6),  Yes, NONE),
    col( 2, "保険者番号",                                               "insurer_no",                 Insurer,    Exact(6),  Yes, NONE),
    col( 3, "被保険者番号",                                             "insured_no",                 Insured,    Exact(10), Yes, NONE),
    col( 4, "作成年月日",                                               "created_on",                 Date,       Exact(8),  Yes, NONE),
    col( 5, "利用者郵便番号",                                           "person_postal_code",         PostalCode, Exact(8),  No,  NONE),
    col( 6, "利用者住所１",                                             "person_address1",            Text,       Free,      No,  NONE),
    col( 7, "利用者住所２",                                             "person_address2",            Text,       Free,      No,  NONE),
    col( 8, "居宅サービス計画作成者",                                   "planner_name",               Text,       Free,      Yes, NONE),
    col( 9, "介護支援事業者名",                                         "planner_office_name",        Text,       Free,      Yes, NONE),
    col(10, "介護支援事業者郵便番号",                                   "planner_office_postal_code", PostalCode, Exact(8),  No,  NONE),
    col(11, "介護支援事業者住所１",                                     "planner_office_address1",    Text,       Free,      No,  NONE),
    col(12, "介護支援事業者住所２",                                     "planner_office_address2",    Text,       Free,      No,  NONE),
    col(13, "介護支援事業者コード",                                     "planner_office_no",          Office,     Exact(10), Yes, NONE),
    col(14, "居宅サービス計画作成（変更）日",                           "care_plan_date",             Date,       Exact(8),  Yes, NONE),
    col(15, "初回居宅サービス計画作成日",                               "first_care_plan_date",       Date,       Exact(8),  Yes, NONE),
    col(16, "計画書区分",                                               "plan_category",              Code,       Exact(2),  No,  Some(&codes::PLAN_CATEGORY)),
    col(17, "認定状況区分",                                             "certification_status",       Code,       Exact(1),  No,  Some(&codes::CERTIFICATION_STATUS)),
    col(18, "認定日",                                                   "certification_date",         Date,       Exact(8),  No,  NONE),
    col(19, "認定有効期間開始日",                                       "certification_valid_from",   Date,       Exact(8),  No,  NONE),
    col(20, "認定有効期間終了日",                                       "certification_valid_to",     Date,       Exact(8),  No,  NONE),
    col(21, "要介護状態区分",                                           "care_level",                 Code,       Exact(2),  No,  Some(&codes::CARE_LEVEL)),
    col(22, "利用者及び家族の生活に対する意向を踏まえた課題分析の結果", "issue_analysis_result",      Text,       Free,      No,  NONE),
    col(23, "介護認定審査会の意見及びサービスの種類の指定",             "review_board_opinion",       Text,       Free,      No,  NONE),
    col(24, "総合的な援助の方針",                                       "overall_support_policy",     Text,       Free,      No,  NONE),
    col(25, "生活援助中心型の算定理由",                                 "life_support_reason",        Code,       Exact(1),  No,  Some(&codes::LIFE_SUPPORT_REASON)),
    col(26, "その他理由",                                               "life_support_reason_other",  Text,       Free,      No,  NONE),
    col(27, "更新業者コード",                                           "updated_by_office",          Office,     Exact(10), No,  NONE),
    col(28, "識別子",                                                   "identifier_unused",          Code,       Exact(1),  No,  NONE),
];
