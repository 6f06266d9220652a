//! 情報種別 in words: for pages, lists, certificates and `docs/retention.md`.

use store::Kind;

/// A kind in words.
#[derive(Debug)]
pub struct Words {
    /// Its name.
    pub label: &'static str,
    /// 破棄を行う条件.
    pub condition: &'static str,
    /// 破棄の方法.
    pub method: &'static str,
}

/// The words of a kind.
#[must_use]
pub const fn words(kind: Kind) -> Words {
    match kind {
        Kind::Sets => Words {
            label: "送受信データ",
            condition: "受領確認か取下げから保存日数が過ぎたとき。どちらもないものは、受け付けから90日以上たったとき",
            method: "封の鍵の写しをすべて破棄（暗号化消去）し、封そのものも上書きして削除",
        },
        Kind::Evidence => Words {
            label: "本人確認の証拠",
            condition: "再登録の件が終わってから保存日数が過ぎたとき。件の記録と証拠のダイジェストは残ります",
            method: "封をした証拠を上書きして削除",
        },
        Kind::Leavers => Words {
            label: "閉じたアカウントの氏名と認証の手段",
            condition: "アカウントを閉じてから保存日数が過ぎたとき。識別番号とアクセスの記録は残ります",
            method: "封をした氏名・かな・ログイン名、パスワードのハッシュ、二つ目の要素を上書きして削除",
        },
        Kind::OfficeKeys => Words {
            label: "廃止した事業所の鍵",
            condition: "事業所を廃止にしてから保存日数が過ぎたとき（契約の終わり）",
            method: "鍵の写しをすべて破棄（暗号化消去）。相手の事業所に渡したものは、相手の鍵で読めます",
        },
        Kind::Sessions => Words {
            label: "サインインの途中の記録",
            condition: "終わって30日（失敗の数は1日、符丁は期限）",
            method: "サーバーが自動で上書きして削除",
        },
        Kind::Handovers => Words {
            label: "一方向の受渡しの手紙",
            condition: "取り下げたとき、誤りが続いたとき、14日たったとき。渡したものと返ってきたものの記録は、ほかのデータと同じ",
            method: "手紙で開く写しの鍵をサーバーが自動で破棄し、封も上書きして削除。控えには入りません",
        },
        Kind::Notices => Words {
            label: "お知らせ", condition: "消去しません（端末の台帳の一部）", method: "なし"
        },
        Kind::Backups => Words {
            label: "控え",
            condition: "決めた世代の数を超えたとき（fumibako backup run）。鍵の控えは、封の控えより早く",
            method: "控えの鍵を破棄してから、上書きして削除（fumibako backup destroy）",
        },
        Kind::Registers => Words {
            label: "事業所・端末・証明書・権限の台帳",
            condition: "消去しません（証拠として保存）",
            method: "なし",
        },
        Kind::Keys => Words {
            label: "交換所の鍵と、鍵の写しの台帳",
            condition: "新しい鍵に替えたとき",
            method: "fumibako key の手順で破棄。台帳は残ります",
        },
        Kind::AccessRecord => Words {
            label: "アクセスの記録",
            condition: "この版では消去しません（利用終了後少なくとも1年は、だれも消せません）",
            method: "なし",
        },
        Kind::Proofs => {
            Words {
                label: "消去・保全・廃棄の記録", condition: "消去しません（証拠として保存）", method: "なし"
            }
        }
    }
}
