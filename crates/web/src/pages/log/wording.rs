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
    // By id: what a newer program writes into the same log may have its words before this one knows the action.
    match action.id() {
        "store.init" => "交換所を新しく作った",
        "server.start" => "交換所を開いた",
        "server.stop" => "交換所を閉じた",
        "office.add" => "事業所を登録した",
        "office.change" => "事業所の登録を変えた",
        "office.close" => "事業所を閉じた",
        "device.code" => "端末の登録コードを発行した",
        "device.enrol" => "端末を登録した",
        "device.renew" => "端末の証明書を更新した",
        "device.revoke" => "端末を使えなくした",
        "account.add" => "アカウントを作った",
        "account.change" => "アカウントを変えた",
        "account.close" => "アカウントを終えた",
        "session.start" => "サインイン",
        "session.end" => "サインアウト・利用の終わり",
        "month.export" => "今月の表を書き出した",
        "comment.make" => "連携先へ連絡を書いた",
        "difference.accept" => "予実の差異を了承した・戻した",
        "reminder.send" => "実績を催促した",
        "set.check" => "データを検査した",
        "set.accept" => "データを送った",
        "set.refuse" => "データを送れなかった",
        "set.list" => "データの一覧を見た",
        "set.view" => "データの画面を見た",
        "set.open" => "データを開いた",
        "set.print" => "データを印刷した",
        "set.collect" => "データを受け取った",
        "set.acknowledge" => "受領を確認した",
        "set.withdraw" => "データを取り下げた",
        "set.expire" => "期限を過ぎたデータを消した",
        "handover.offer" => "一方向の受渡しを用意した",
        "handover.enter" => "一方向の受渡しを開こうとした",
        "handover.open" => "一方向の受渡しで渡したものが開かれた",
        "handover.return" => "一方向の受渡しで返送があった",
        "handover.collect" => "返送されたものを開いた",
        "mail.ask" => "届いた知らせのメールを申し込んだ",
        "mail.confirm" => "届いた知らせのメールのアドレスを確かめた",
        "mail.end" => "届いた知らせのメールをやめた",
        "mail.send" => "届いた知らせのメールを送った",
        "handover.end" => "一方向の受渡しを終えた",
        "partner.keep" => "連携先の控えを書いた",
        "partner.forget" => "連携先の控えを消した",
        "key.create" => "鍵を作った",
        "key.use" => "鍵を使った",
        "key.rotate" => "鍵を替えた",
        "key.destroy" => "鍵を廃棄した",
        "access.refuse" => "利用を断った",
        "box.damaged" => "壊れたデータを見つけた",
        "backup.make" => "控えを取った",
        "backup.restore" => "控えから戻した",
        "ledger.read" => "証跡を見た",
        "ledger.export" => "証跡を書き出した",
        "clock.change" => "時計の状態が変わった",
        "device.request" => "端末の登録を申請した",
        "device.approve" => "端末の登録を承認した",
        "device.revoke-effect" => "端末の失効が行きわたった",
        "device.notice" => "端末について知らせた",
        "tls12.allow" => "TLS 1.2 の例外を認めた",
        "tls12.end" => "TLS 1.2 の例外を終えた",
        "authority.request" => "認証局の鍵を作った",
        "authority.install" => "認証局を入れ替えた",
        "authority.trust" => "外部の認証局を認めた",
        "authority.distrust" => "外部の認証局を外した",
        "session.office" => "仕事をする事業所を選んだ",
        "account.suspend" => "アカウントを止めた",
        "account.resume" => "アカウントを戻した",
        "account.code" => "アカウントのコードを発行した",
        "account.redeem" => "コードで設定を始めた",
        "account.ready" => "自分の設定を終えた",
        "password.set" => "パスワードを決めた",
        "factor.add" => "二つ目の手段を加えた",
        "factor.remove" => "二つ目の手段を外した",
        "factor.suspend" => "二つ目の手段を止めた",
        "factor.codes" => "予備コードを作った",
        "recovery.open" => "再登録を申請した",
        "recovery.approve" => "再登録を承認した",
        "recovery.close" => "再登録が終わった",
        "recovery.view" => "本人確認の資料を見た",
        "grant.request" => "役割を申請した",
        "grant.confirm" => "役割を確認した",
        "grant.withdraw" => "役割を取り消した",
        "grant.review" => "棚卸で役割を続けた",
        "grant.lapse" => "役割が期限で終わった",
        "staff.compare" => "職員の名簿と照らした",
        "software.add" => "ソフトの接続を作った",
        "software.rotate" => "ソフトの接続の鍵を替えた",
        "software.revoke" => "ソフトの接続を止めた",
        "device.admit" => "ほかの事業所の端末を認めた・外した",
        "page.view" => "画面を開いた",
        "review.open" => "ログ点検を用意した",
        "review.judge" => "点検の所見を判断した",
        "review.close" => "ログ点検を閉じた",
        "retention.set" => "保存期間を決めた",
        "retention.hold" => "消去を止めた・戻した",
        "erasure.request" => "消去を申請した",
        "erasure.approve" => "消去を承認した",
        "erasure.withdraw" => "消去の申請を取り下げた",
        "erasure.run" => "消去した",
        "erasure.certify" => "消去を確かめて証明した",
        "erasure.submit" => "消去の証明書を渡した",
        "backup.destroy" => "控えを廃棄した",
        "backup.verify" => "控えを読み返して確かめた",
        "backup.drill" => "控えから戻す訓練をした",
        "disposal.change" => "機器・媒体の廃棄を記録した",
        "log.gap" => "記録が欠けていることを認めた",
        "set.hold" => "データを確認待ちにした",
        "set.release" => "確認待ちのデータを送った",
        "set.hold-end" => "送信待ちのデータを終えた",
        "set.answer" => "取り込みの結果を答えた",
        "receipt.give" => "受領の証明を渡した",
        "evidence.make" => "送受信の記録（運営指導用）を作った",
        "key.copy" => "鍵の写しを台帳に記した",
        "key.copy-destroy" => "鍵の写しを廃棄した",
        "key.rotate-start" => "鍵の入替えを始めた",
        "key.share" => "鍵を復旧用に分けた",
        "key.recover" => "分けた鍵から復旧した",
        "alarm.raise" => "重要な知らせを出した",
        "alarm.see" => "重要な知らせを確かめた",
        "alarm.mail" => "重要な知らせをメールで送った",
        "key.store-change" => "鍵の保管庫につながらない・戻った",
        "server.certificate-order" => "サーバー証明書を申し込んだ",
        "server.certificate" => "サーバー証明書を受け取った",
        "server.acme-account" => "証明書の発行元に登録した",
        "server.self-scan" => "通信の設定を自分で確かめた",
        "register.responsible" => "責任者の台帳を変えた",
        "register.rule" => "規程の版を登録した",
        "register.rule-approve" => "規程の版を承認した",
        "register.training" => "教育訓練を記録した",
        "register.training-rule" => "教育訓練による制限を入れた・外した",
        // A newer program's.
        other => other,
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
