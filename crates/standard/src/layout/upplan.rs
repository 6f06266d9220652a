//! 第6表（サービス利用票）予定 (UPPLAN), 25 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Upplan, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Upplan, edition: Edition::V202504, columns: COLUMNS };
/// 版3.x.
pub(super) static V202208: Layout =
    Layout { kind: FileKind::Upplan, edition: Edition::V202208, columns: COLUMNS_202208 };

#[rustfmt::skip]
pub(super) const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",              "csv_version",                          Digits,      Exact(6),  Yes,         NONE),
    col( 2, "保険者番号",                 "insurer_no",                           Insurer,     Exact(6),  Yes,         NONE),
    col( 3, "被保険者番号",               "insured_no",                           Insured,     Exact(10), Yes,         NONE),
    col( 4, "作成年月日",                 "created_on",                           Date,        Exact(8),  Yes,         NONE),
    col( 5, "対象年月",                   "target_month",                         Month,       Exact(6),  Yes,         NONE),
    col( 6, "プラン担当業者コード",       "plan_office_no",                       Office,      Exact(10), Inferred,    NONE),
    col( 7, "プラン担当者名",             "plan_manager_name",                    Text,        Free,      No,          NONE),
    col( 8, "単位数",                     "units",                                Integer,     Max(6),    Inferred,    NONE),
    col( 9, "前月までの短期入所利用日数", "short_stay_days_until_previous_month", Integer,     Max(5),    No,          NONE),
    col(10, "サービス利用日",             "service_date",                         Date,        Exact(8),  Yes,         NONE),
    col(11, "日割対象日",                 "prorated_days",                        DayMask,     Exact(31), Conditional, NONE),
    col(12, "サービス開始時刻",           "start_time",                           Time,        Exact(4),  Yes,         NONE),
    col(13, "サービス終了時刻",           "end_time",                             Time,        Exact(4),  Yes,         NONE),
    col(14, "サービス回数",               "service_count",                        Integer,     Max(2),    Yes,         NONE),
    col(15, "サービスコード",             "service_code",                         ServiceCode, Exact(6),  Yes,         NONE),
    col(16, "TAISコード",                 "tais_code",                            Code,        Max(12),   Conditional, NONE),
    col(17, "福祉用具届出コード",         "equipment_notification_code",          Code,        Max(12),   Conditional, NONE),
    col(18, "用具名称（機種名）",         "equipment_name",                       Text,        Free,      No,          NONE),
    col(19, "明細判別コード",             "detail_no",                            Integer,     Free,      Conditional, NONE),
    col(20, "サービス事業者コード",       "service_office_no",                    Office,      Exact(10), Yes,         NONE),
    col(21, "サービス事業所名",           "service_office_name",                  Text,        Free,      No,          NONE),
    col(22, "サテライト枝番",             "satellite_no",                         Code,        Max(2),    Conditional, NONE),
    col(23, "３０日超区分",               "over_30_days",                         Flag,        Exact(1),  Yes,         Some(&codes::APPLIES_FLAG)),
    col(24, "更新業者コード",             "updated_by_office",                    Office,      Exact(10), No,          NONE),
    col(25, "識別子",                     "identifier_unused",                    Code,        Exact(1),  No,          NONE),
];

/// 版3.x: without TAISコード, 福祉用具届出コード, 用具名称.
#[rustfmt::skip]
pub(super) const COLUMNS_202208: &[Column] = &[
    col( 1, "CSVバージョン",              "csv_version",                          Digits,      Exact(6),  Yes,         NONE),
    col( 2, "保険者番号",                 "insurer_no",                           Insurer,     Exact(6),  Yes,         NONE),
    col( 3, "被保険者番号",               "insured_no",                           Insured,     Exact(10), Yes,         NONE),
    col( 4, "作成年月日",                 "created_on",                           Date,        Exact(8),  Yes,         NONE),
    col( 5, "対象年月",                   "target_month",                         Month,       Exact(6),  Yes,         NONE),
    col( 6, "プラン担当業者コード",       "plan_office_no",                       Office,      Exact(10), Inferred,    NONE),
    col( 7, "プラン担当者名",             "plan_manager_name",                    Text,        Free,      No,          NONE),
    col( 8, "単位数",                     "units",                                Integer,     Max(6),    Inferred,    NONE),
    col( 9, "前月までの短期入所利用日数", "short_stay_days_until_previous_month", Integer,     Max(5),    No,          NONE),
    col(10, "サービス利用日",             "service_date",                         Date,        Exact(8),  Yes,         NONE),
    col(11, "日割対象日",                 "prorated_days",                        DayMask,     Exact(31), Conditional, NONE),
    col(12, "サービス開始時刻",           "start_time",                           Time,        Exact(4),  Yes,         NONE),
    col(13, "サービス終了時刻",           "end_time",                             Time,        Exact(4),  Yes,         NONE),
    col(14, "サービス回数",               "service_count",                        Integer,     Max(2),    Yes,         NONE),
    col(15, "サービスコード",             "service_code",                         ServiceCode, Exact(6),  Yes,         NONE),
    col(16, "明細判別コード",             "detail_no",                            Integer,     Free,      Conditional, NONE),
    col(17, "サービス事業者コード",       "service_office_no",                    Office,      Exact(10), Yes,         NONE),
    col(18, "サービス事業所名",           "service_office_name",                  Text,        Free,      No,          NONE),
    col(19, "サテライト枝番",             "satellite_no",                         Code,        Max(2),    Conditional, NONE),
    col(20, "３０日超区分",               "over_30_days",                         Flag,        Exact(1),  Yes,         Some(&codes::APPLIES_FLAG)),
    col(21, "更新業者コード",             "updated_by_office",                    Office,      Exact(10), No,          NONE),
    col(22, "識別子",                     "identifier_unused",                    Code,        Exact(1),  No,          NONE),
];
