//! What entries of the log say, in words.

use ledger::{Action, Actor, ClockState, Outcome};

pub(super) const NO_PERIOD: &str = "期間の初めと終わりを、日付で入れてください。終わりは初めより後にしてください。";
pub(super) const PERIOD_TOO_LONG: &str = "一度に見られる期間は、五年までです。期間を短くしてください。";
pub(super) const NO_ACTION: &str = "操作を一覧から選んでください。";
pub(super) const NO_OFFICE: &str = "事業所番号は、10桁の番号で書いてください。";
pub(super) const NO_OBJECT: &str = "対象は、証跡にある番号をそのまま書いてください。";
pub(super) const NO_WHO: &str = "だれが、の欄は64文字までの半角で書いてください。";
pub(super) const NO_PURPOSE: &str = "書き出す目的を、500文字までで書いてください。目的のない書き出しはできません。";

pub(super) fn too_many(entries: u64, most: u64) -> String {
    format!("この条件には {entries} 件あり、一度に書き出せる {most} 件を超えています。期間を分けて書き出してください。")
}

/// An action in words. A test fails when one has none.
pub(crate) fn action(action: Action) -> &'static str {
    match action {
        Action::StoreInit => "交換所を新しく作った",
        Action::ServerStart => "交換所を開いた",
        Action::ServerStop => "交換所を閉じた",
        Action::OfficeAdd => "事業所を登録した",
        Action::OfficeChange => "事業所の登録を変えた",
        Action::OfficeClose => "事業所を閉じた",
        Action::DeviceCode => "端末の登録コードを発行した",
        Action::DeviceEnrol => "端末を登録した",
        Action::DeviceRenew => "端末の証明書を更新した",
        Action::DeviceRevoke => "端末を使えなくした",
        Action::AccountAdd => "アカウントを作った",
        Action::AccountChange => "アカウントを変えた",
        Action::AccountClose => "アカウントを終えた",
        Action::SessionStart => "サインイン",
        Action::SessionEnd => "サインアウト・利用の終わり",
        Action::SetCheck => "データを検査した",
        Action::SetAccept => "データを送った",
        Action::SetRefuse => "データを送れなかった",
        Action::SetList => "データの一覧を見た",
        Action::SetView => "データの画面を見た",
        Action::SetOpen => "データを開いた",
        Action::SetPrint => "データを印刷した",
        Action::SetCollect => "データを受け取った",
        Action::SetAcknowledge => "受領を確認した",
        Action::SetWithdraw => "データを取り下げた",
        Action::SetExpire => "期限を過ぎたデータを消した",
        Action::KeyCreate => "鍵を作った",
        Action::KeyUse => "鍵を使った",
        Action::KeyRotate => "鍵を替えた",
        Action::KeyDestroy => "鍵を廃棄した",
        Action::AccessRefuse => "利用を断った",
        Action::BoxDamaged => "壊れたデータを見つけた",
        Action::BackupMake => "控えを取った",
        Action::BackupRestore => "控えから戻した",
        Action::LedgerRead => "証跡を見た",
        Action::LedgerExport => "証跡を書き出した",
        Action::ClockChange => "時計の状態が変わった",
        Action::DeviceRequest => "端末の登録を申請した",
        Action::DeviceApprove => "端末の登録を承認した",
        Action::DeviceRevokeEffect => "端末の失効が行きわたった",
        Action::DeviceNotice => "端末について知らせた",
        Action::Tls12Allow => "TLS 1.2 の例外を認めた",
        Action::Tls12End => "TLS 1.2 の例外を終えた",
        Action::AuthorityRequest => "認証局の鍵を作った",
        Action::AuthorityInstall => "認証局を入れ替えた",
        Action::AuthorityTrust => "外部の認証局を認めた",
        Action::AuthorityDistrust => "外部の認証局を外した",
        Action::SessionOffice => "仕事をする事業所を選んだ",
        Action::AccountSuspend => "アカウントを止めた",
        Action::AccountResume => "アカウントを戻した",
        Action::AccountCode => "アカウントのコードを発行した",
        Action::AccountRedeem => "コードで設定を始めた",
        Action::AccountReady => "自分の設定を終えた",
        Action::PasswordSet => "パスワードを決めた",
        Action::FactorAdd => "二つ目の手段を加えた",
        Action::FactorRemove => "二つ目の手段を外した",
        Action::FactorSuspend => "二つ目の手段を止めた",
        Action::FactorCodes => "予備コードを作った",
        Action::RecoveryOpen => "再登録を申請した",
        Action::RecoveryApprove => "再登録を承認した",
        Action::RecoveryClose => "再登録が終わった",
        Action::RecoveryView => "本人確認の資料を見た",
        Action::GrantRequest => "役割を申請した",
        Action::GrantConfirm => "役割を確認した",
        Action::GrantWithdraw => "役割を取り消した",
        Action::GrantReview => "棚卸で役割を続けた",
        Action::GrantLapse => "役割が期限で終わった",
        Action::StaffCompare => "職員の名簿と照らした",
        Action::SoftwareAdd => "ソフトの接続を作った",
        Action::SoftwareRotate => "ソフトの接続の鍵を替えた",
        Action::SoftwareRevoke => "ソフトの接続を止めた",
        Action::DeviceAdmit => "ほかの事業所の端末を認めた・外した",
        Action::PageView => "画面を開いた",
        Action::ReviewOpen => "ログ点検を用意した",
        Action::ReviewJudge => "点検の所見を判断した",
        Action::ReviewClose => "ログ点検を閉じた",
        // A newer program's.
        other => other.id(),
    }
}

pub(super) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "できた",
        Outcome::Refused(_) => "断った",
        Outcome::Failed(_) => "失敗",
    }
}

/// Who did it, where no name is known.
pub(crate) fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Person(_) => "職員（氏名は見られません）".to_owned(),
        Actor::Device(_) => "端末のソフト".to_owned(),
        Actor::OperatorCli(Some(name)) => format!("運営者の端末（{name}）"),
        Actor::OperatorCli(None) => "運営者の端末".to_owned(),
        Actor::System => "交換所（自動）".to_owned(),
        Actor::Unknown => "不明".to_owned(),
    }
}

/// The clock, as one line.
pub(crate) fn clock(state: ClockState) -> String {
    let (words, offset_ms) = match state {
        ClockState::Synchronised { offset_ms } => ("合っている", offset_ms),
        ClockState::Unsynchronised { offset_ms } => ("合っていない", offset_ms),
        ClockState::Unknown => ("確かめられていない", None),
    };
    match offset_ms {
        Some(offset) => format!("{words}（ずれ {offset} ミリ秒）"),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_said_in_japanese() {
        for found in Action::ALL {
            assert_ne!(action(*found), found.id(), "{} has no words in this file", found.id());
        }
    }
}
