//! 情報種別 in words: for lists, certificates and `docs/retention.md`.

#[cfg(test)]
use store::{Ends, Kind};
pub(crate) use web::erasure::words;

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
