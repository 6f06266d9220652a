//! What the registers say.

use identity::register::Gap;
use jiff::civil::Date;

pub(super) const DONE: &[(&str, &str)] = &[
    ("added", "責任者・関係者一覧に登録しました。"),
    ("ended", "一覧から外しました。あとの方を、続けて登録してください。"),
    ("rule", "規程の版を登録しました。あなたとは別の人が承認すると、有効になります。"),
    ("approved", "規程の版を承認しました。この版が、いま有効です。"),
    ("trained", "教育訓練を記録しました。"),
    ("asked-for", "教育訓練のない方の操作を制限するようにしました。"),
    ("not-asked-for", "教育訓練による制限をやめました。記録は続けられます。"),
];

pub(super) const LAPSED: &str = "教育訓練の期限が切れ、猶予の日数も過ぎています。自分のアカウントの画面だけを使えます。ほかの管理者に、受けた教育訓練を記録してもらってください。";
pub(super) const LINK: &str = "教育訓練の台帳を開く";

pub(super) const NO_DUTY: &str = "責務を一覧から選んでください。";
pub(super) const NO_DAY: &str = "日付を選んでください。";
pub(super) const END_BEFORE: &str = "終わりの日は、始まりの日より後にしてください。";
pub(super) const UNFIT_PERSON: &str = "氏名と連絡先を、それぞれ200文字までで書いてください。代わりの人は、氏名と連絡先の両方を書くか、両方とも空にします。";
pub(super) const UNFIT_RULE: &str = "規程の名前を200文字までで書き、文書のファイルを選んでください。";
pub(super) const SAME_RULE: &str = "この文書は、いまの版と同じものです。直した文書を選んでください。";
pub(super) const OWN_RULE: &str = "自分が登録した版は、自分では承認できません。ほかの管理者に頼んでください。";
pub(super) const NOT_WAITING: &str = "この版は、承認を待っている状態ではありません。一覧で確かめてください。";
pub(super) const UNFIT_TRAINING: &str = "内容と、証拠の場所を、それぞれ200文字までで書いてください。";
pub(super) const BAD_TRAINING_DATES: &str =
    "受けた日は今日までの日に、いつまで有効かは受けた日から決められた日数までにしてください。";
pub(super) const OWN_TRAINING: &str = "自分の教育訓練は、自分では記録できません。ほかの管理者に頼んでください。";
pub(super) const TOO_FEW: &str =
    "管理者が一人だけのときは、制限を入れられません。管理者の訓練を記録する人がいなくなるためです。";

pub(super) fn gap(gap: Gap) -> String {
    match gap {
        Gap::NobodyFor(duty) => format!("{}が登録されていません。", duty.label()),
        Gap::NoDeputy(duty) => format!("{}に、代わりの人がいません。", duty.label()),
        Gap::EndsSoon(duty) => format!("{}の期間が一か月のうちに終わり、あとの方が登録されていません。", duty.label()),
        Gap::NoRules => "有効な運用管理規程がありません。登録して、別の人が承認すると有効になります。".to_owned(),
        Gap::OldRules => "運用管理規程が、一年より前に承認されたままです。見直して、版を登録してください。".to_owned(),
    }
}

pub(super) fn grace(last_day: Date) -> String {
    format!(
        "教育訓練の記録が要ります。{}までに記録がないと、自分のアカウントの画面だけしか使えなくなります。",
        day(last_day)
    )
}

/// `2027年4月1日`.
pub(super) fn day(day: Date) -> String {
    day.strftime("%Y年%-m月%-d日").to_string()
}
