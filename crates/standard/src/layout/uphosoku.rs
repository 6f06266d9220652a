//! 利用者補足情報 (UPHOSOKU), 63 columns.

use super::Form::*;
use super::Length::*;
use super::Required::*;
use super::{Column, Edition, FileKind, Layout, NONE, codes, col};

pub(super) static V202407: Layout = Layout { kind: FileKind::Uphosoku, edition: Edition::V202407, columns: COLUMNS };
pub(super) static V202504: Layout = Layout { kind: FileKind::Uphosoku, edition: Edition::V202504, columns: COLUMNS };
/// 版3.x: unchanged.
pub(super) static V202208: Layout = Layout { kind: FileKind::Uphosoku, edition: Edition::V202208, columns: COLUMNS };

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    col( 1, "CSVバージョン",                  "csv_version",                          Digits,     Exact(6),  Yes,         NONE),
    col( 2, "保険者番号",                     "insurer_no",                           Insurer,    Exact(6),  Yes,         NONE),
    col( 3, "被保険者番号",                   "insured_no",                           Insured,    Exact(10), Yes,         NONE),
    col( 4, "居宅サービス計画作成（変更）日", "care_plan_date",                       Date,       Exact(8),  Yes,         NONE),
    col( 5, "利用者氏名フリガナ",             "person_name_kana",                     Text,       Free,      Inferred,    NONE),
    col( 6, "利用者氏名",                     "person_name",                          Text,       Free,      Inferred,    NONE),
    col( 7, "利用者性別",                     "sex",                                  Code,       Exact(1),  Inferred,    Some(&codes::SEX)),
    col( 8, "利用者生年月日",                 "birth_date",                           Date,       Exact(8),  Inferred,    NONE),
    col( 9, "利用者郵便番号",                 "person_postal_code",                   PostalCode, Exact(8),  No,          NONE),
    col(10, "利用者住所１",                   "person_address1",                      Text,       Free,      No,          NONE),
    col(11, "利用者住所２",                   "person_address2",                      Text,       Free,      No,          NONE),
    col(12, "利用者電話番号",                 "person_phone",                         Phone,      Max(15),   No,          NONE),
    col(13, "認定日",                         "certification_date",                   Date,       Exact(8),  No,          NONE),
    col(14, "限度額適用開始年月日",           "limit_valid_from",                     Date,       Exact(8),  No,          NONE),
    col(15, "限度額適用終了年月日",           "limit_valid_to",                       Date,       Exact(8),  No,          NONE),
    col(16, "認定状況区分",                   "certification_status",                 Code,       Exact(1),  No,          Some(&codes::CERTIFICATION_STATUS)),
    col(17, "要介護状態変更日",               "care_level_changed_on",                Date,       Exact(8),  No,          NONE),
    col(18, "要介護状態区分",                 "care_level",                           Code,       Exact(2),  No,          Some(&codes::CARE_LEVEL)),
    col(19, "区分支給限度基準額",             "category_limit_units",                 Integer,    Max(7),    No,          NONE),
    col(20, "１サービス種類コード",           "frame1_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(21, "１支給限度基準額",               "frame1_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(22, "１合計単位数",                   "frame1_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(23, "１限度超単位数",                 "frame1_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(24, "２サービス種類コード",           "frame2_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(25, "２支給限度基準額",               "frame2_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(26, "２合計単位数",                   "frame2_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(27, "２限度超単位数",                 "frame2_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(28, "３サービス種類コード",           "frame3_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(29, "３支給限度基準額",               "frame3_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(30, "３合計単位数",                   "frame3_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(31, "３限度超単位数",                 "frame3_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(32, "４サービス種類コード",           "frame4_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(33, "４支給限度基準額",               "frame4_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(34, "４合計単位数",                   "frame4_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(35, "４限度超単位数",                 "frame4_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(36, "５サービス種類コード",           "frame5_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(37, "５支給限度基準額",               "frame5_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(38, "５合計単位数",                   "frame5_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(39, "５限度超単位数",                 "frame5_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(40, "６サービス種類コード",           "frame6_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(41, "６支給限度基準額",               "frame6_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(42, "６合計単位数",                   "frame6_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(43, "６限度超単位数",                 "frame6_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(44, "７サービス種類コード",           "frame7_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(45, "７支給限度基準額",               "frame7_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(46, "７合計単位数",                   "frame7_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(47, "７限度超単位数",                 "frame7_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(48, "８サービス種類コード",           "frame8_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(49, "８支給限度基準額",               "frame8_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(50, "８合計単位数",                   "frame8_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(51, "８限度超単位数",                 "frame8_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(52, "９サービス種類コード",           "frame9_service_type",                  Code,       Exact(2),  Conditional, NONE),
    col(53, "９支給限度基準額",               "frame9_limit_units",                   Integer,    Max(7),    Conditional, NONE),
    col(54, "９合計単位数",                   "frame9_total_units",                   Integer,    Max(7),    Conditional, NONE),
    col(55, "９限度超単位数",                 "frame9_over_limit_units",              Integer,    Max(7),    Conditional, NONE),
    col(56, "合計限度超単位数",               "total_over_limit_units",               Integer,    Max(7),    No,          NONE),
    col(57, "入所前月迄利用日数",             "short_stay_days_until_previous_month", Integer,    Max(5),    No,          NONE),
    col(58, "入所累積利用日数",               "short_stay_days_cumulative",           Integer,    Max(5),    No,          NONE),
    col(59, "前回要介護状態区分",             "previous_care_level",                  Code,       Exact(2),  No,          Some(&codes::CARE_LEVEL)),
    col(60, "同意書受付業者",                 "consent_received_by_office",           Office,     Exact(10), No,          NONE),
    col(61, "更新業者コード",                 "updated_by_office",                    Office,     Exact(10), No,          NONE),
    col(62, "識別子",                         "identifier_unused",                    Code,       Exact(1),  No,          NONE),
    col(63, "対象年月",                       "target_month",                         Month,      Exact(6),  Yes,         NONE),
];
