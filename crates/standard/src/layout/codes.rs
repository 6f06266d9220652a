//! コード表 — the code lists, each as the standard prints it.

use super::CodeTable;

/// 計画書区分コード
#[rustfmt::skip]
pub static PLAN_CATEGORY: CodeTable = CodeTable {
    ident: "plan_category",
    name: "計画書区分コード",
    values: &[("11", "初回"), ("12", "紹介"), ("21", "継続"), ("51", "初回＆紹介"), ("52", "初回＆継続"), ("53", "紹介＆継続"), ("54", "初回＆紹介＆継続")],
};

/// 認定状況区分コード
#[rustfmt::skip]
pub static CERTIFICATION_STATUS: CodeTable = CodeTable {
    ident: "certification_status",
    name: "認定状況区分コード",
    values: &[("1", "申請中"), ("2", "認定済")],
};

/// 要介護状態区分コード
#[rustfmt::skip]
pub static CARE_LEVEL: CodeTable = CodeTable {
    ident: "care_level",
    name: "要介護状態区分コード",
    values: &[("06", "事業対象者"), ("12", "要支援１"), ("13", "要支援２"), ("21", "要介護１"), ("22", "要介護２"), ("23", "要介護３"), ("24", "要介護４"), ("25", "要介護５")],
};

/// 要介護状態区分・前回の介護度（利用者基本情報）
#[rustfmt::skip]
pub static CARE_LEVEL_KIHON: CodeTable = CodeTable {
    ident: "care_level_kihon",
    name: "要介護状態区分・前回の介護度（利用者基本情報）",
    values: &[("01", "非該当"), ("12", "要支援１"), ("13", "要支援２"), ("21", "要介護１"), ("22", "要介護２"), ("23", "要介護３"), ("24", "要介護４"), ("25", "要介護５")],
};

/// 要支援状態区分（介護予防サービス・支援計画書）
#[rustfmt::skip]
pub static SUPPORT_LEVEL: CodeTable = CodeTable {
    ident: "support_level",
    name: "要支援状態区分（介護予防サービス・支援計画書）",
    values: &[("1", "要支援１"), ("2", "要支援２"), ("3", "地域支援事業")],
};

/// 生活援助中心型の算定理由コード
#[rustfmt::skip]
pub static LIFE_SUPPORT_REASON: CodeTable = CodeTable {
    ident: "life_support_reason",
    name: "生活援助中心型の算定理由コード",
    values: &[("1", "一人暮らし"), ("2", "家族等が障害、疾病等"), ("3", "その他")],
};

/// 保険対象区分コード
#[rustfmt::skip]
pub static INSURANCE_COVERAGE: CodeTable = CodeTable {
    ident: "insurance_coverage",
    name: "保険対象区分コード",
    values: &[("Y", "対象"), ("N", "対象外")],
};

/// 性別
#[rustfmt::skip]
pub static SEX: CodeTable = CodeTable {
    ident: "sex",
    name: "性別",
    values: &[("1", "男性"), ("2", "女性")],
};

/// 曜日
#[rustfmt::skip]
pub static WEEKDAY: CodeTable = CodeTable {
    ident: "weekday",
    name: "曜日",
    values: &[("1", "月曜日"), ("2", "火曜日"), ("3", "水曜日"), ("4", "木曜日"), ("5", "金曜日"), ("6", "土曜日"), ("7", "日曜日")],
};

/// 該当フラグ
#[rustfmt::skip]
pub static APPLIES_FLAG: CodeTable = CodeTable {
    ident: "applies_flag",
    name: "該当フラグ",
    values: &[("1", "該当"), ("0", "非該当")],
};

/// 有無
#[rustfmt::skip]
pub static EXISTS_FLAG: CodeTable = CodeTable {
    ident: "exists_flag",
    name: "有無",
    values: &[("1", "有"), ("2", "無")],
};

/// 要否
#[rustfmt::skip]
pub static NEEDED_FLAG: CodeTable = CodeTable {
    ident: "needed_flag",
    name: "要否",
    values: &[("1", "要"), ("2", "否")],
};

/// 計画種類
#[rustfmt::skip]
pub static PLAN_KIND: CodeTable = CodeTable {
    ident: "plan_kind",
    name: "計画種類",
    values: &[("1", "介護予防支援"), ("2", "介護予防ケアマネジメント")],
};

/// 委託の有無
#[rustfmt::skip]
pub static ENTRUSTED: CodeTable = CodeTable {
    ident: "entrusted",
    name: "委託の有無",
    values: &[("1", "自前"), ("2", "委託")],
};

/// 相談方法
#[rustfmt::skip]
pub static CONSULTATION_METHOD: CodeTable = CodeTable {
    ident: "consultation_method",
    name: "相談方法",
    values: &[("01", "来所"), ("02", "電話"), ("03", "その他")],
};

/// 相談回数
#[rustfmt::skip]
pub static CONSULTATION_COUNT: CodeTable = CodeTable {
    ident: "consultation_count",
    name: "相談回数",
    values: &[("01", "初回"), ("02", "再来")],
};

/// 利用者の現況
#[rustfmt::skip]
pub static PRESENT_STATE: CodeTable = CodeTable {
    ident: "present_state",
    name: "利用者の現況",
    values: &[("01", "在宅"), ("02", "入院又は入所中")],
};

/// 障害高齢者の日常生活自立度
#[rustfmt::skip]
pub static DISABILITY_INDEPENDENCE: CodeTable = CodeTable {
    ident: "disability_independence",
    name: "障害高齢者の日常生活自立度",
    values: &[("01", "自立"), ("11", "J1"), ("12", "J2"), ("21", "A1"), ("22", "A2"), ("31", "B1"), ("32", "B2"), ("41", "C1"), ("42", "C2")],
};

/// 認知症高齢者の日常生活自立度
#[rustfmt::skip]
pub static DEMENTIA_INDEPENDENCE: CodeTable = CodeTable {
    ident: "dementia_independence",
    name: "認知症高齢者の日常生活自立度",
    values: &[("01", "自立"), ("02", "Ⅰ"), ("03", "Ⅱａ"), ("04", "Ⅱｂ"), ("05", "Ⅲａ"), ("06", "Ⅲｂ"), ("07", "Ⅳ"), ("08", "Ｍ")],
};

/// 基本チェックリスト記入結果
#[rustfmt::skip]
pub static CHECKLIST_RESULT: CodeTable = CodeTable {
    ident: "checklist_result",
    name: "基本チェックリスト記入結果",
    values: &[("1", "事業対象者の該当あり"), ("2", "事業対象者の該当なし")],
};

/// 居住形態
#[rustfmt::skip]
pub static HOUSING_TYPE: CodeTable = CodeTable {
    ident: "housing_type",
    name: "居住形態",
    values: &[("01", "自宅"), ("02", "借家"), ("03", "一戸建て"), ("04", "集合住宅"), ("05", "自宅・一戸建て"), ("06", "自宅・集合住宅"), ("07", "借家・一戸建て"), ("08", "借家・集合住宅")],
};

/// 主治医・意見作成者フラグ
#[rustfmt::skip]
pub static DOCTOR_FLAG: CodeTable = CodeTable {
    ident: "doctor_flag",
    name: "主治医・意見作成者フラグ",
    values: &[("1", "主治医"), ("2", "それ以外")],
};

/// 経過
#[rustfmt::skip]
pub static PROGRESS: CodeTable = CodeTable {
    ident: "progress",
    name: "経過",
    values: &[("01", "治療中"), ("02", "経過観察中"), ("03", "その他")],
};

/// Every code list.
pub static ALL: &[&CodeTable] = &[
    &PLAN_CATEGORY,
    &CERTIFICATION_STATUS,
    &CARE_LEVEL,
    &CARE_LEVEL_KIHON,
    &SUPPORT_LEVEL,
    &LIFE_SUPPORT_REASON,
    &INSURANCE_COVERAGE,
    &SEX,
    &WEEKDAY,
    &APPLIES_FLAG,
    &EXISTS_FLAG,
    &NEEDED_FLAG,
    &PLAN_KIND,
    &ENTRUSTED,
    &CONSULTATION_METHOD,
    &CONSULTATION_COUNT,
    &PRESENT_STATE,
    &DISABILITY_INDEPENDENCE,
    &DEMENTIA_INDEPENDENCE,
    &CHECKLIST_RESULT,
    &HOUSING_TYPE,
    &DOCTOR_FLAG,
    &PROGRESS,
];
