//! 連携対象のサービス — what is planned for a person, and how a month of it looks.

/// How a service fills a month.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Visits of an hour or so, some weekdays.
    Visit,
    /// Most of a day at the office, some weekdays.
    DayCare,
    /// A few nights on end.
    Stay,
    /// A monthly price, or a price per day in a broken month; weekly visits.
    Monthly,
    /// Things on loan: one row per thing.
    Equipment,
    /// Once or twice a month, outside the limit.
    Guidance,
}

pub(super) struct Service {
    pub(super) code: &'static str,
    pub(super) label: &'static str,
    pub(super) style: Style,
    /// Service codes and units. `Monthly`: the price of a month, then of a day.
    pub(super) items: &'static [(&'static str, u32)],
    /// 加算 that go with every visit and repeat its times.
    pub(super) extras: &'static [(&'static str, u32)],
    /// 処遇改善加算: code and per mille of the month's units; outside the limit.
    pub(super) rate: Option<(&'static str, u32)>,
    /// 単位数単価 in sen.
    pub(super) price: u32,
}

/// 福祉用具: item code, name, units, TAIS code. Without a TAIS code the 届出コード is written.
pub(super) const EQUIPMENT: &[(&str, &str, u32, Option<&str>)] = &[
    ("1007", "据置型手すり「たちあがり君」", 350, Some("00999-000010")),
    ("1003", "特殊寝台 3モーター ｴﾚﾍﾞｰﾄ", 900, Some("00999-000021")),
    ("1004", "サイドレール（２本組）", 50, Some("00999-000022")),
    ("1009", "歩行車 ﾗｸﾗｸ号", 300, Some("00998-000103")),
    ("1001", "自走式車いす", 500, None),
    ("1008", "スロープ 1.5m", 250, None),
    ("1010", "多点杖, 四脚", 100, Some("00998-000207")),
    ("1006", "体位変換器", 150, Some("00997-000004")),
];

const fn service(
    code: &'static str,
    label: &'static str,
    style: Style,
    items: &'static [(&'static str, u32)],
    rate: Option<(&'static str, u32)>,
) -> Service {
    Service { code, label, style, items, extras: &[], rate, price: 1_021 }
}

use Style::{DayCare, Equipment, Guidance, Monthly, Stay, Visit};

/// Item codes and units are near the real ones, but only the form of a code is promised here.
#[rustfmt::skip]
pub(super) const SERVICES: &[Service] = &[
    service("11", "訪問介護", Visit, &[("111111", 244), ("111211", 387), ("117211", 179), ("117311", 220)], Some(("116275", 245))),
    service("12", "訪問入浴介護", Visit, &[("121111", 1_266)], Some(("126274", 100))),
    service("13", "訪問看護", Visit, &[("131111", 471), ("131211", 823)], None),
    service("14", "訪問リハビリテーション", Visit, &[("141111", 616)], None),
    Service { code: "15", label: "通所介護", style: DayCare, items: &[("152441", 658), ("152442", 777)], extras: &[("155301", 40), ("155051", 56)], rate: Some(("156108", 92)), price: 1_014 },
    Service { code: "16", label: "通所リハビリテーション", style: DayCare, items: &[("163441", 762)], extras: &[("165301", 40)], rate: Some(("166108", 86)), price: 1_017 },
    Service { code: "17", label: "福祉用具貸与", style: Equipment, items: &[], extras: &[], rate: None, price: 1_000 },
    Service { code: "21", label: "短期入所生活介護", style: Stay, items: &[("212111", 603)], extras: &[("216301", 12)], rate: Some(("216108", 140)), price: 1_017 },
    service("22", "短期入所療養介護（老健）", Stay, &[("221121", 830)], Some(("226108", 75))),
    service("23", "短期入所療養介護（療養型）", Stay, &[("231121", 723)], Some(("236108", 51))),
    service("2A", "短期入所療養介護（医療院）", Stay, &[("2A1121", 778)], Some(("2A6108", 51))),
    Service { code: "31", label: "居宅療養管理指導", style: Guidance, items: &[("311111", 515), ("311251", 518)], extras: &[], rate: None, price: 1_000 },
    service("71", "夜間対応型訪問介護", Visit, &[("711121", 378)], Some(("716275", 245))),
    service("72", "認知症対応型通所介護", DayCare, &[("721311", 994)], Some(("726108", 181))),
    Service { code: "78", label: "地域密着型通所介護", style: DayCare, items: &[("782441", 753)], extras: &[("785301", 40)], rate: Some(("786108", 92)), price: 1_014 },
    service("76", "定期巡回・随時対応型訪問介護看護", Monthly, &[("761111", 5_446), ("761112", 179)], Some(("766275", 245))),
    service("73", "小規模多機能型居宅介護", Monthly, &[("731111", 10_458), ("731112", 344)], Some(("736108", 149))),
    service("77", "看護小規模多機能型居宅介護", Monthly, &[("771111", 12_447), ("771112", 409)], Some(("776108", 149))),
    service("68", "小規模多機能型居宅介護（短期利用）", Stay, &[("681111", 572)], None),
    service("79", "看護小規模多機能型居宅介護（短期利用）", Stay, &[("791111", 571)], None),
    service("27", "特定施設入居者生活介護（短期利用）", Stay, &[("271111", 542)], None),
    service("28", "地域密着型特定施設入居者生活介護（短期利用）", Stay, &[("281111", 546)], None),
    service("38", "認知症対応型共同生活介護（短期利用）", Stay, &[("381111", 793)], None),
    service("62", "介護予防訪問入浴介護", Visit, &[("621111", 856)], Some(("626274", 100))),
    service("63", "介護予防訪問看護", Visit, &[("631111", 451), ("631211", 794)], None),
    service("64", "介護予防訪問リハビリテーション", Visit, &[("641111", 596)], None),
    service("66", "介護予防通所リハビリテーション", Monthly, &[("661111", 2_268), ("661112", 75)], Some(("666108", 86))),
    Service { code: "67", label: "介護予防福祉用具貸与", style: Equipment, items: &[], extras: &[], rate: None, price: 1_000 },
    service("24", "介護予防短期入所生活介護", Stay, &[("241111", 451)], Some(("246108", 140))),
    service("25", "介護予防短期入所療養介護（老健）", Stay, &[("251121", 613)], None),
    service("26", "介護予防短期入所療養介護（療養型）", Stay, &[("261121", 547)], None),
    service("2B", "介護予防短期入所療養介護（医療院）", Stay, &[("2B1121", 603)], None),
    Service { code: "34", label: "介護予防居宅療養管理指導", style: Guidance, items: &[("341111", 515)], extras: &[], rate: None, price: 1_000 },
    service("74", "介護予防認知症対応型通所介護", DayCare, &[("741311", 861)], Some(("746108", 181))),
    service("75", "介護予防小規模多機能型居宅介護", Monthly, &[("751111", 3_450), ("751112", 113)], Some(("756108", 149))),
    service("69", "介護予防小規模多機能型居宅介護（短期利用）", Stay, &[("691111", 424)], None),
    service("39", "介護予防認知症対応型共同生活介護（短期利用）", Stay, &[("391111", 789)], None),
    service("A1", "訪問型サービス（みなし）", Monthly, &[("A11111", 1_176), ("A11112", 39)], None),
    service("A2", "訪問型サービス（独自）", Monthly, &[("A21111", 1_176), ("A22111", 39)], Some(("A26275", 245))),
    service("A3", "訪問型サービス（独自／定率）", Visit, &[("A31001", 225)], None),
    service("A4", "訪問型サービス（独自／定額）", Visit, &[("A41001", 200)], None),
    service("A5", "通所型サービス（みなし）", Monthly, &[("A51111", 1_798), ("A51112", 59)], None),
    service("A6", "通所型サービス（独自）", Monthly, &[("A61111", 1_798), ("A61112", 59)], Some(("A66108", 92))),
    service("A7", "通所型サービス（独自／定率）", DayCare, &[("A71001", 330)], None),
    service("A8", "通所型サービス（独自／定額）", DayCare, &[("A81001", 300)], None),
];

/// What stands beside the receiving office's service in a plan.
pub(super) const COMPANIONS_CARE: &[&str] = &["11", "13", "15", "17", "31", "21", "16", "78"];
pub(super) const COMPANIONS_PREVENTION: &[&str] = &["A2", "A6", "63", "67", "34", "66", "24"];
/// 事業対象者 have only the municipality's own services.
pub(super) const COMPANIONS_PROGRAM: &[&str] = &["A2", "A6"];

pub(super) fn find(code: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.code == code)
}
