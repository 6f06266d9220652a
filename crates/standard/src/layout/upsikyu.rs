//! 第7表（サービス利用票別表） (UPSIKYU), 37 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Upsikyu, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Upsikyu, edition: Edition::V202504, columns: COLUMNS };
/// 版3.x.
pub(super) static V202208: Layout =
    Layout { kind: FileKind::Upsikyu, edition: Edition::V202208, columns: COLUMNS_202208 };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",              "csv_version",                          Digits,      Exact(6),      Yes,         NONE),
    col( 2, "保険者番号",                 "insurer_no",                           Insurer,     Exact(6),      Yes,         NONE),
    col( 3, "被保険者番号",               "insured_no",                           Insured,     Exact(10),     Yes,         NONE),
    col( 4, "作成年月日",                 "created_on",                           Date,        Exact(8),      Yes,         NONE),
    col( 5, "対象年月",                   "target_month",                         Month,       Exact(6),      Yes,         NONE),
    col( 6, "サービス事業所名",           "service_office_name",                  Text,        Free,          No,          NONE),
    col( 7, "サービス事業所コード",       "service_office_no",                    Office,      Exact(10),     Yes,         NONE),
    col( 8, "サテライト枝番",             "satellite_no",                         Code,        Max(2),        Conditional, NONE),
    col( 9, "サービスコード",             "service_code",                         ServiceCode, Exact(6),      Yes,         NONE),
    col(10, "TAISコード",                 "tais_code",                            Code,        Max(12),       Conditional, NONE),
    col(11, "福祉用具届出コード",         "equipment_notification_code",          Code,        Max(12),       Conditional, NONE),
    col(12, "用具名称（機種名）",         "equipment_name",                       Text,        Free,          No,          NONE),
    col(13, "単位数",                     "units",                                Integer,     Max(6),        Yes,         NONE),
    col(14, "割引後率",                   "discounted_rate",                      Integer,     Max(5),        No,          NONE),
    col(15, "割引後単位数",               "discounted_units",                     Integer,     Max(6),        No,          NONE),
    col(16, "回数／日数",                 "count_or_days",                        Integer,     Max(3),        Yes,         NONE),
    col(17, "サービス単位金額",           "service_units_amount",                 Integer,     Max(5),        No,          NONE),
    col(18, "給付管理単位数",             "benefit_management_units",             Integer,     Max(6),        No,          NONE),
    col(19, "種類支給限度基準超単位数",   "type_limit_over_units",                Integer,     Max(6),        No,          NONE),
    col(20, "種類支給限度基準内単位数",   "type_limit_within_units",              Integer,     Max(6),        No,          NONE),
    col(21, "区分支給限度基準超単位数",   "category_limit_over_units",            Integer,     Max(6),        No,          NONE),
    col(22, "区分支給限度基準内単位数",   "category_limit_within_units",          Integer,     Max(6),        No,          NONE),
    col(23, "単位数単価",                 "unit_price",                           Decimal,     Max(6),        No,          NONE),
    col(24, "費用総額保険／事業対象分",   "total_cost",                           Integer,     Max(6),        No,          NONE),
    col(25, "給付率",                     "benefit_rate",                         Integer,     Max(6),        No,          NONE),
    col(26, "保険／事業費請求額",         "insurance_claim_amount",               Integer,     Max(6),        No,          NONE),
    col(27, "定額利用者負担単価金額",     "fixed_copay_unit_amount",              Integer,     Max(6),        No,          NONE),
    col(28, "利用者負担保険／事業対象分", "copay_amount_covered",                 Integer,     Max(6),        No,          NONE),
    col(29, "利用者負担（全額負担分）",   "copay_amount_full",                    Integer,     Max(6),        No,          NONE),
    col(30, "前月までの利用日数",         "short_stay_days_until_previous_month", Integer,     Printed(2, 5), No,          NONE),
    col(31, "当月の計画利用日数",         "short_stay_days_planned_this_month",   Integer,     Max(2),        No,          NONE),
    col(32, "累積利用日数",               "short_stay_days_cumulative",           Integer,     Max(5),        No,          NONE),
    col(33, "３０日超区分",               "over_30_days",                         Flag,        Exact(1),      Yes,         Some(&codes::APPLIES_FLAG)),
    col(34, "事業所コード",               "office_code_fixed",                    Digits,      Exact(10),     No,          NONE),
    col(35, "入力者コード",               "entered_by_code",                      Code,        Max(10),       No,          NONE),
    col(36, "更新業者コード",             "updated_by_office",                    Office,      Exact(10),     No,          NONE),
    col(37, "識別子",                     "identifier_unused",                    Code,        Exact(1),      No,          NONE),
];

/// 版3.x: without TAISコード, 福祉用具届出コード, 用具名称.
#[rustfmt::skip]
const COLUMNS_202208: &[Column] = &[
    col( 1, "CSVバージョン",              "csv_version",                          Digits,      Exact(6),      Yes,         NONE),
    col( 2, "保険者番号",                 "insurer_no",                           Insurer,     Exact(6),      Yes,         NONE),
    col( 3, "被保険者番号",               "insured_no",                           Insured,     Exact(10),     Yes,         NONE),
    col( 4, "作成年月日",                 "created_on",                           Date,        Exact(8),      Yes,         NONE),
    col( 5, "対象年月",                   "target_month",                         Month,       Exact(6),      Yes,         NONE),
    col( 6, "サービス事業所名",           "service_office_name",                  Text,        Free,          No,          NONE),
    col( 7, "サービス事業所コード",       "service_office_no",                    Office,      Exact(10),     Yes,         NONE),
    col( 8, "サテライト枝番",             "satellite_no",                         Code,        Max(2),        Conditional, NONE),
    col( 9, "サービスコード",             "service_code",                         ServiceCode, Exact(6),      Yes,         NONE),
    col(10, "単位数",                     "units",                                Integer,     Max(6),        Yes,         NONE),
    col(11, "割引後率",                   "discounted_rate",                      Integer,     Max(5),        No,          NONE),
    col(12, "割引後単位数",               "discounted_units",                     Integer,     Max(6),        No,          NONE),
    col(13, "回数／日数",                 "count_or_days",                        Integer,     Max(2),        Yes,         NONE),
    col(14, "サービス単位金額",           "service_units_amount",                 Integer,     Max(5),        No,          NONE),
    col(15, "給付管理単位数",             "benefit_management_units",             Integer,     Max(6),        No,          NONE),
    col(16, "種類支給限度基準超単位数",   "type_limit_over_units",                Integer,     Max(6),        No,          NONE),
    col(17, "種類支給限度基準内単位数",   "type_limit_within_units",              Integer,     Max(6),        No,          NONE),
    col(18, "区分支給限度基準超単位数",   "category_limit_over_units",            Integer,     Max(6),        No,          NONE),
    col(19, "区分支給限度基準内単位数",   "category_limit_within_units",          Integer,     Max(6),        No,          NONE),
    col(20, "単位数単価",                 "unit_price",                           Decimal,     Max(6),        No,          NONE),
    col(21, "費用総額保険／事業対象分",   "total_cost",                           Integer,     Max(6),        No,          NONE),
    col(22, "給付率",                     "benefit_rate",                         Integer,     Max(6),        No,          NONE),
    col(23, "保険／事業費請求額",         "insurance_claim_amount",               Integer,     Max(6),        No,          NONE),
    col(24, "定額利用者負担単価金額",     "fixed_copay_unit_amount",              Integer,     Max(6),        No,          NONE),
    col(25, "利用者負担保険／事業対象分", "copay_amount_covered",                 Integer,     Max(6),        No,          NONE),
    col(26, "利用者負担（全額負担分）",   "copay_amount_full",                    Integer,     Max(6),        No,          NONE),
    col(27, "前月までの利用日数",         "short_stay_days_until_previous_month", Integer,     Printed(2, 5), No,          NONE),
    col(28, "当月の計画利用日数",         "short_stay_days_planned_this_month",   Integer,     Max(2),        No,          NONE),
    col(29, "累積利用日数",               "short_stay_days_cumulative",           Integer,     Max(5),        No,          NONE),
    col(30, "３０日超区分",               "over_30_days",                         Flag,        Exact(1),      Yes,         Some(&codes::APPLIES_FLAG)),
    col(31, "事業所コード",               "office_code_fixed",                    Digits,      Exact(10),     No,          NONE),
    col(32, "入力者コード",               "entered_by_code",                      Code,        Max(10),       No,          NONE),
    col(33, "更新業者コード",             "updated_by_office",                    Office,      Exact(10),     No,          NONE),
    col(34, "識別子",                     "identifier_unused",                    Code,        Exact(1),      No,          NONE),
];
