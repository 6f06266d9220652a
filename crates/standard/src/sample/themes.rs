//! Words for plans, by kind of service.

use super::services::Style;

/// A 課題 with its goals and what is done about them.
pub(super) struct Theme {
    pub(super) issue: &'static str,
    pub(super) long_term: &'static str,
    pub(super) short_term: [&'static str; 2],
    pub(super) content: &'static str,
    /// Help outside the insurance: content, kind, who.
    pub(super) informal: (&'static str, &'static str, &'static str),
    pub(super) second_goal: Option<&'static str>,
}

const VISIT: &[Theme] = &[
    Theme {
        issue: "足腰が弱り, 入浴や掃除が一人では難しいが、自宅で暮らし続けたい",
        long_term: "住み慣れた家で清潔に過ごせる",
        short_term: ["週２回、安全に入浴できる", "台所の片付けを一緒に行える"],
        content: "入浴介助、更衣介助、\r\n一緒に行う掃除・調理",
        informal: ("買い物の付き添い", "家族", "長女"),
        second_goal: Some("家事の役割を持ち続ける"),
    },
    Theme {
        issue: "病状が不安定で、体調の変化に早く気付く必要がある（ＨｂＡ１ｃ ７．５％台）",
        long_term: "入院せずに過ごせる",
        short_term: ["薬を飲み忘れない", "血圧を毎朝測る"],
        content: "バイタル測定, 服薬の確認, 主治医への報告（℡）",
        informal: ("毎朝の声かけ", "家族", "妻"),
        second_goal: None,
    },
];
const DAY_CARE: &[Theme] = &[
    Theme {
        issue: "家に閉じこもりがちで、\"何もすることがない\"と話される",
        long_term: "顔なじみの人と笑って過ごせる",
        short_term: ["週２回、外出できる", "歩行器で１００ｍ歩ける"],
        content: "送迎、入浴、機能訓練、ﾚｸﾘｴｰｼｮﾝ",
        informal: ("老人会への誘い", "地域", "民生委員"),
        second_goal: Some("下肢の筋力が保たれる"),
    },
    Theme {
        issue: "夫の介護疲れがみられる",
        long_term: "夫婦で在宅の生活を続けられる",
        short_term: ["日中の休息がとれる", "食事を３食とる"],
        content: "日中の見守り\n昼食の提供・口腔ケア",
        informal: ("夕食の準備", "家族", "夫"),
        second_goal: None,
    },
];
const STAY: &[Theme] = &[Theme {
    issue: "介護する家族の体調がすぐれず、夜間の介護が負担となっている",
    long_term: "家族の負担が減り、在宅生活を続けられる",
    short_term: ["月に数日、家族が休める", "宿泊先で落ち着いて眠れる"],
    content: "宿泊、入浴・排泄・食事の介助、夜間の見守り",
    informal: ("持ち物の準備", "家族", "長男の妻"),
    second_goal: None,
}];
const EQUIPMENT: &[Theme] = &[Theme {
    issue: "立ち上がりや歩行が不安定で、転倒の心配がある",
    long_term: "転ばずに家の中を移動できる",
    short_term: ["手すりを使い, 一人で立ち上がれる", "トイレまで伝い歩きができる"],
    content: "福祉用具の貸与、定期点検①～③、使い方の助言",
    informal: ("段差の片付け", "家族", "次男"),
    second_goal: None,
}];
const GUIDANCE: &[Theme] = &[Theme {
    issue: "複数の持病があり、医学的な管理を続けたい",
    long_term: "病状が安定する",
    short_term: ["月２回の診察を受ける", "痛みを我慢せず伝えられる"],
    content: "訪問診療・療養上の指導",
    informal: ("内服薬の受け取り", "医療", "さくら薬局（架空）"),
    second_goal: None,
}];

pub(super) fn of(style: Style) -> &'static [Theme] {
    match style {
        Style::Visit | Style::Monthly => VISIT,
        Style::DayCare => DAY_CARE,
        Style::Stay => STAY,
        Style::Equipment => EQUIPMENT,
        Style::Guidance => GUIDANCE,
    }
}

pub(super) const WISHES: &[&str] = &[
    "本人：「このまま、この家で暮らしたい」\r\n家族：\"無理のない範囲で\"支えたい。",
    "本人 : 歩けるうちは畑に出たい, 孫の顔も見たい。\r\n長女 : 火の始末が心配。",
    "週２～３回は外に出たい。人に迷惑はかけたくない。",
];
pub(super) const OPINIONS: &[&str] = &["", "特になし", "ﾘﾊﾋﾞﾘﾃｰｼｮﾝの利用が望ましい（認定有効期間－２４か月）"];
pub(super) const POLICIES: &[&str] = &[
    "心身の状態に合わせ、自宅での生活が続けられるよう支援します。\r\n緊急時：①長女　②主治医　③当事業所（℡ 0195-00-0000）",
    "できることは見守り、できないところをお手伝いします。\n体調の変化は, 速やかに主治医へ連絡します。",
];
/// Activity, start, end: a thing of a moment has two equal times.
pub(super) const DAILY: &[(&str, &str, &str)] = &[
    ("起床・着替え", "0600", "0600"),
    ("朝食・服薬", "0700", "0730"),
    ("テレビ（体操番組）", "0925", "0935"),
    ("昼食", "1200", "1230"),
    ("散歩, 庭の手入れ", "1500", "1545"),
    ("夕食・服薬", "1800", "1840"),
    ("就寝", "2100", "2400"),
];
pub(super) const NON_WEEKLY: &[&str] =
    &["通院（月１回：内科）", "理美容（2か月に1回）", "傾聴ボランティア「ふみの会」"];
pub(super) const SYMPTOMS: &[(&str, &str)] = &[
    ("Ｈ１２年１０月", "高血圧症"),
    ("2019/6", "変形性膝関節症（両側）"),
    ("R3頃", "２型糖尿病"),
    ("昭和６２年", "胃潰瘍(手術)"),
    ("R7.5", "軽度認知障害, 経過観察"),
];
