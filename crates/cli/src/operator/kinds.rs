//! 情報種別 in words: for lists, certificates and `docs/retention.md`.

#[cfg(test)]
use store::Ends;
use store::Kind;

/// A kind in words.
pub(crate) struct Words {
    pub(crate) label: &'static str,
    /// 破棄を行う条件.
    pub(crate) condition: &'static str,
    /// 破棄の方法.
    pub(crate) method: &'static str,
}

pub(crate) const fn words(kind: Kind) -> Words {
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
            label: "一方向の受渡しと、その返送",
            condition: "渡したものは、取り下げたとき、誤りが続いたとき、14日たったとき。返送は90日たったとき",
            method: "それぞれの鍵をサーバーが自動で破棄し、封も上書きして削除。控えには入りません",
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

/// How it ends, in words.
#[cfg(test)]
const fn ends(ends: Ends) -> &'static str {
    match ends {
        Ends::ByErasure => "期限で自動、または二人で",
        Ends::ByItself => "自動",
        Ends::ByCommand => "専用の手順",
        Ends::Kept => "消去しない",
    }
}

/// `docs/retention.md`: what is kept how long, and how it ends.
#[cfg(test)]
fn document() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# 保存と消去\n\nプログラムの表から作られ、試験が比べています（`FUMIBAKO_BLESS=1` で書き直します）。\n\
         日数は、運営者が手順を定めるまでの目安です。手順（だれが、いつ、どう）を二人で定めるまで、何も消去されません。\n\n\
         | 情報種別 | 何 | 条件 | 方法 | 終わり方 | 最短 | 目安 |\n|---|---|---|---|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let (facts, words) = (kind.facts(), words(kind));
        let days = |days: i64| if facts.ends == Ends::ByErasure { format!("{days}日") } else { "–".to_owned() };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            facts.id,
            words.label,
            words.condition,
            words.method,
            ends(facts.ends),
            days(facts.minimum_days),
            days(facts.keep_days)
        );
    }
    text.push_str("\n## どこに何があるか\n\n| 情報種別 | 表 | そのほかの場所 |\n|---|---|---|\n");
    for kind in Kind::ALL {
        let facts = kind.facts();
        let all = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "| {} | {} | {} |", words(kind).label, all(facts.tables), all(facts.places));
    }
    text.push_str(
        "\n## 控えの計画\n\n封と鍵は別の場所に置きます。鍵の控えに入るものは、消去のときに控えからも取り除かれます。\n\n\
         | 表 | 封の控え | 鍵の控え |\n|---|---|---|\n",
    );
    for row in store::backup_plan() {
        let columns = || row.apart.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
        let (boxes, keys) = match (row.excluded, row.whole) {
            (Some(reason), _) => (format!("入れない: {reason}"), String::new()),
            (None, true) => (String::new(), "すべて".to_owned()),
            (None, false) if row.apart.is_empty() => ("すべて".to_owned(), String::new()),
            (None, false) => ("右のほか".to_owned(), columns()),
        };
        let _ = writeln!(text, "| `{}` | {boxes} | {keys} |", row.table);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn docs_retention_says_what_the_program_does() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/retention.md");
        if std::env::var_os("FUMIBAKO_BLESS").is_some() {
            std::fs::write(&path, document()).expect("written");
        }
        let there = std::fs::read_to_string(&path).expect("docs/retention.md");
        assert!(there == document(), "run this test with FUMIBAKO_BLESS=1 and read the difference");
    }
}
