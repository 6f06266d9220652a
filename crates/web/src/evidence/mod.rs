//! 送受信の記録 as a document: what an office sent and received in a period, for 運営指導 (R10.1, R1.10). Its words are here; what
//! it states comes from the store, and each set's receipt is in it.

mod who;

pub use crate::pages::evidence::period;
pub use crate::pages::evidence::printing::words as why_not_printed;

use crate::pages::receipts::wording::outcome;
use crate::wording::{compact, day, moment, month};
use jiff::Timestamp;
use print::{Align, Attachment, Block, Column, Document, Fact, Orientation, Section};
use store::{EvidenceRow, Office};
use who::doer;

/// What the document says about itself.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// Whose record it is.
    pub office: &'a Office,
    /// First day.
    pub from: Timestamp,
    /// The instant after the last day.
    pub until: Timestamp,
    /// 相手の事業所名と番号; all when there is none.
    pub partner: Option<String>,
    /// Who had it made.
    pub made_by: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// The public key of the log.
    pub log_key: String,
}

/// The document of these sets.
#[must_use]
pub fn document(about: &About<'_>, rows: &[EvidenceRow]) -> Document {
    let office = format!("{}（{}）", about.office.name, about.office.register.number);
    let sent = rows.iter().filter(|row| row.sent).count();
    // The last day, not the instant after it.
    let last = about.until - jiff::SignedDuration::from_secs(1);
    let facts = vec![
        Fact::new("事業所", office.clone()),
        Fact::new("期間", format!("{} から {} まで（受け付けた日）", day(&text(about.from)), day(&text(last)))),
        Fact::new("相手", about.partner.clone().unwrap_or_else(|| "すべての事業所".to_owned())),
        Fact::new("件数", format!("送ったもの {sent}件、届いたもの {}件", rows.len() - sent)),
        Fact::new("作成", format!("{}（{}）", about.made_by, moment(&about.made_at))),
    ];
    let mut sections = vec![list(rows)];
    sections.extend(places(rows));
    sections.push(how_to_check(about, rows));
    Document {
        title: "データ送受信の記録".to_owned(),
        subtitle: "ケアプランデータ連携　運営指導・監査のための書類".to_owned(),
        made_at: about.made_at.clone(),
        orientation: Orientation::Landscape,
        facts,
        sections,
        attachments: rows.iter().enumerate().map(|(at, row)| attachment(at, row)).collect(),
        footer: format!("データ送受信の記録　{office}"),
    }
}

/// The name under which a browser keeps it. Numbers and days only.
#[must_use]
pub fn file_name(about: &About<'_>) -> String {
    let digits =
        |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).strftime("%Y%m%d").to_string();
    let last = about.until - jiff::SignedDuration::from_secs(1);
    format!("evidence-{}-{}-{}.pdf", about.office.register.number, digits(about.from), digits(last))
}

fn text(at: Timestamp) -> String {
    at.to_string()
}

fn receipt_name(at: usize) -> String {
    format!("receipt-{:04}.json", at + 1)
}

fn attachment(at: usize, row: &EvidenceRow) -> Attachment {
    Attachment {
        name: receipt_name(at),
        media_type: "application/json".to_owned(),
        description: format!("{}番の送達の証明", at + 1),
        bytes: row.given.receipt.to_json(),
    }
}

fn list(rows: &[EvidenceRow]) -> Section {
    let column = |label: &str, weight, align| Column { align, ..Column::new(label, weight) };
    let columns = vec![
        column("番号", 2, Align::Right),
        column("送受", 2, Align::Center),
        column("相手の事業所", 7, Align::Left),
        column("種類・対象年月\nファイル連番", 7, Align::Left),
        column("状態", 4, Align::Center),
        column("いつ・だれが", 15, Align::Left),
        column("指紋（SHA-256）", 7, Align::Left),
    ];
    let paragraph = "番号は、添付した証明（receipt-番号.json）の番号です。時刻は日本時間です。相手の事業所の職員は、番号だけで示します。\
                     指紋はデータの中身から計算した値で、一文字でも違えば別の値になります。中身と利用者の氏名は、この書類には入っていません。";
    Section {
        heading: "送受信の一覧".to_owned(),
        new_page: false,
        blocks: vec![
            Block::Paragraph { text: paragraph.to_owned() },
            Block::Table {
                columns,
                rows: rows.iter().enumerate().map(|(at, row)| cells(at, row)).collect(),
                empty: "この期間に送受信したデータはありません。".to_owned(),
            },
        ],
    }
}

fn cells(at: usize, row: &EvidenceRow) -> Vec<String> {
    let set = &row.given.set;
    let (number, name) = if row.sent { (set.receiver, &set.receiver_name) } else { (set.sender, &set.sender_name) };
    let mut kind = set.kind.label().to_owned();
    if let Some(service_month) = set.service_month {
        kind.push_str(&format!("\n{}", month(&service_month.to_string())));
    }
    let steps = row.given.receipt.steps.iter().map(|taken| {
        let by = doer(row, taken.step);
        let proven = if taken.proof.is_some() { "" } else { "（証明なし）" };
        format!("{} {} {by}{proven}", taken.step.label(), compact(&taken.at))
    });
    vec![
        (at + 1).to_string(),
        if row.sent { "送った" } else { "届いた" }.to_owned(),
        format!("{name}\n{number}"),
        format!("{kind}\n{}", set.serial),
        set.state().label().to_owned(),
        steps.collect::<Vec<_>>().join("\n"),
        set.digest.to_string(),
    ]
}

/// What was not imported, by position; nothing where all was.
fn places(rows: &[EvidenceRow]) -> Option<Section> {
    let mut listed = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let Some(import) = &row.given.receipt.import else { continue };
        let said = row.given.set.outcome.map_or("", outcome);
        for stated in &import.places {
            let Some(place) = stated.place() else { continue };
            let or_all = |number: Option<u32>| number.map_or_else(|| "全体".to_owned(), |number| number.to_string());
            listed.push(vec![
                (at + 1).to_string(),
                said.to_owned(),
                place.file.to_string(),
                or_all(place.record),
                or_all(place.column.map(u32::from)),
                place.reason.label().to_owned(),
            ]);
        }
    }
    if listed.is_empty() {
        return None;
    }
    let left_out = listed.len().saturating_sub(PLACES_MAX);
    listed.truncate(PLACES_MAX);
    let columns = vec![
        Column { align: Align::Right, ..Column::new("番号", 2) },
        Column::new("取込みの結果", 5),
        Column { align: Align::Right, ..Column::new("ファイル", 2) },
        Column { align: Align::Right, ..Column::new("レコード", 2) },
        Column { align: Align::Right, ..Column::new("項目 No.", 2) },
        Column::new("理由", 8),
    ];
    let mut blocks = vec![Block::Table { columns, rows: listed, empty: String::new() }];
    if left_out > 0 {
        blocks.push(Block::Paragraph {
            text: format!("ほかに{left_out}か所あります。添付した証明にはすべて書かれています。"),
        });
    }
    Some(Section { heading: "取り込めなかった箇所".to_owned(), new_page: true, blocks })
}

/// Positions printed; the receipts hold them all.
const PLACES_MAX: usize = 2_000;

fn how_to_check(about: &About<'_>, rows: &[EvidenceRow]) -> Section {
    let newest = rows.iter().flat_map(|row| &row.given.receipt.steps).filter_map(|step| step.proof.as_ref());
    let newest = newest.map(|proof| proof.checkpoint().checkpoint()).max_by_key(|checkpoint| checkpoint.size());
    let unproven = rows.iter().flat_map(|row| &row.given.receipt.steps).filter(|step| step.proof.is_none()).count();
    let mut facts = vec![Fact::new("証跡の公開鍵", about.log_key.clone())];
    if let Some(checkpoint) = newest {
        let hex: String = checkpoint.root().iter().map(|byte| format!("{byte:02x}")).collect();
        facts.push(Fact::new("チェックポイント", format!("{} 件目まで\n根の値 {hex}", checkpoint.size())));
        if let Some(stamp) = checkpoint.stamp() {
            facts.push(Fact::new("チェックポイントの時刻", moment(&stamp.at.to_string())));
        }
    }
    if unproven > 0 {
        facts.push(Fact::new("証明のない段階", format!("{unproven}（証明を控える前の記録です）")));
    }
    let steps = [
        "この PDF から添付ファイルを取り出します。多くの閲覧ソフトでは、クリップの印を押すと一覧が出ます。",
        "fumibako のプログラムを入れた端末で、次を実行します。ネットワークは要りません。\nfumibako receipt verify receipt-0001.json --key '証跡の公開鍵'",
        "公開鍵は、下に印刷したものではなく、交換所が別に公表しているものと同じであることを確かめてから使ってください。",
        "「証明されました」と出れば、その段階の日時・事業所・データの指紋は、証跡に書かれたときから変わっていません。違うところがあれば、どの段階の何が違うかが出ます。",
        "手元のデータの指紋は、sha256sum で計算できます。証明の files にある値と比べてください。",
    ];
    Section {
        heading: "この書類の確かめ方".to_owned(),
        new_page: true,
        blocks: vec![
            Block::Paragraph {
                text: "交換所は、受け付け・受領・受領確認・取込みの結果・取下げ・消去を、そのつど証跡に書きます。証跡は追記だけができ、\
                       前の記録を一つでも変えるとチェックポイントの値が変わるため、運営者が書き換えても分かります。\
                       この書類の一覧は、印刷のための写しです。証明になるのは添付ファイルです。"
                    .to_owned(),
            },
            Block::Steps { items: steps.map(str::to_owned).into() },
            Block::Facts { facts },
            Block::Paragraph {
                text: "この書類が示さないこと: データの中身が正しいこと、利用者の同意があったこと、送信元・送信先の職員が本人であったこと\
                       （職員のサインインの記録は、証跡の別の記録にあります）。"
                    .to_owned(),
            },
        ],
    }
}

/// 段階 in the order in which they are taken, for tests of the wording.
#[cfg(test)]
const STEPS: [receipt::StepName; 6] = receipt::StepName::ALL;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_and_outcome_has_its_word() {
        let words: std::collections::BTreeSet<_> = STEPS.into_iter().map(receipt::StepName::label).collect();
        assert_eq!(words.len(), STEPS.len());
        let words: std::collections::BTreeSet<_> = exchange::Outcome::ALL.into_iter().map(outcome).collect();
        assert_eq!(words.len(), exchange::Outcome::ALL.len());
    }
}
