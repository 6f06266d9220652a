//! 介護予防サービス・支援計画書（別表）支援計画 (UPYOBO_SUB), 17 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::UpyoboSub, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::UpyoboSub, edition: Edition::V202504, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",                                                                      "csv_version",                    Digits,  Exact(6),  Yes, NONE),
    col( 2, "保険者番号",                                                                         "insurer_no",                     Insurer, Exact(6),  Yes, NONE),
    col( 3, "被保険者番号",                                                                       "insured_no",                     Insured, Exact(10), Yes, NONE),
    col( 4, "計画作成(変更)日",                                                                   "plan_date",                      Date,    Exact(8),  Yes, NONE),
    col( 5, "課題ＮＯ",                                                                           "issue_no",                       Integer, Max(2),    No,  NONE),
    col( 6, "総合的課題",                                                                         "overall_issue",                  Text,    Free,      No,  NONE),
    col( 7, "課題に対する目標と具体策の提案",                                                     "proposed_goal_and_measures",     Text,    Free,      No,  NONE),
    col( 8, "具体策についての意向本人・家族",                                                     "intention",                      Text,    Free,      No,  NONE),
    col( 9, "目標",                                                                               "goal",                           Text,    Free,      No,  NONE),
    col(10, "支援計画ＮＯ",                                                                       "support_plan_no",                Integer, Max(2),    No,  NONE),
    col(11, "【支援計画】目標についての支援のポイント",                                           "support_points",                 Text,    Free,      No,  NONE),
    col(12, "【支援計画】本人等のセルフケアや家族の支援、インフォーマルサービス（民間サービス）", "self_care_and_informal_support", Text,    Free,      No,  NONE),
    col(13, "【支援計画】介護保険サービス又は地域支援事業（総合事業のサービス）",                 "insured_service_or_program",     Text,    Free,      No,  NONE),
    col(14, "利用サービスＮＯ",                                                                   "service_no",                     Integer, Max(2),    No,  NONE),
    col(15, "【利用サービス】サービス種別",                                                       "service_kind_text",              Text,    Free,      No,  NONE),
    col(16, "【利用サービス】事業所(利用先)",                                                     "service_office_text",            Text,    Free,      No,  NONE),
    col(17, "【利用サービス】期間",                                                               "service_period",                 Text,    Free,      No,  NONE),
];
