//! データ消去証明書 on paper: the same facts in words, the same digest, and the signed file attached.

use super::{reason, words};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::certificate::SignedCertificate;
use print::{Attachment, Block, Column, Document, Fact, Section};
use store::Kind;

/// Objects that are spelt out on paper; all of them stand in the attached file.
const OBJECTS_MAX: usize = 1_000;

/// The document of a certificate; `None` where the text is none.
#[must_use]
pub fn certificate_document(certificate: &str) -> Option<Document> {
    let signed = SignedCertificate::parse(certificate.as_bytes()).ok()?;
    Some(document(&signed, certificate))
}

fn step(id: &str) -> &str {
    match id {
        "entered-in-the-list-of-erasures" => "消去の一覧（控えの外）に記入した",
        "destroyed-every-wrapped-copy-of-the-keys" => "鍵の写しをすべて破棄した",
        "overwrote-and-deleted-the-sealed-bytes" => "封をしたデータを上書きして削除した",
        "took-them-out-of-every-archive-of-keys" => "鍵の控えから取り除いた",
        "emptied-the-write-ahead-log" => "書き込みの途中の記録を空にした",
        other => other,
    }
}

fn place(what: &str) -> &str {
    match what {
        "database" => "データベース",
        "bodies" => "大きなデータのフォルダー",
        "backup-keys" => "鍵の控え",
        "backup-boxes" => "封の控え",
        other => other,
    }
}

fn outcome(id: &str) -> &str {
    match id {
        "destroyed-and-searched" => "破棄し、探して見つからなかった",
        "taken-out-and-searched" => "取り除き、探して見つからなかった",
        "destroyed" => "控えごと破棄した",
        "kept-sealed-without-keys" => "鍵がなく、読めない封だけが残る",
        other => other,
    }
}

fn category(id: &str) -> &str {
    match id {
        "purge-cryptographic-erase" => "Purge（暗号化消去。NIST SP 800-88）と削除",
        "clear-overwrite-of-sealed-bytes" => "Clear（封をしたデータの上書きと削除。NIST SP 800-88）",
        other => other,
    }
}

/// Who, as the log names them, in words.
fn person(actor: &str) -> String {
    match actor.split_once(':') {
        Some(("operator-cli", name)) => format!("{name}（運営者の識別名）"),
        Some(("person", id)) => format!("{id}（アカウントの番号）"),
        _ if actor == "system" => "交換所のプログラム（自動）".to_owned(),
        _ => actor.to_owned(),
    }
}

/// An instant as people in Japan read it, and as it stands in the file.
fn when(instant: &str) -> String {
    let here = TimeZone::fixed(jiff::tz::offset(9));
    match instant.parse::<Timestamp>() {
        Ok(at) => format!("{}（{instant}）", at.to_zoned(here).strftime("%Y年%-m月%-d日 %H:%M:%S")),
        Err(_) => instant.to_owned(),
    }
}

fn document(signed: &SignedCertificate, json: &str) -> Document {
    let certificate = &signed.certificate;
    let (people, verification) = (&certificate.people, &certificate.verification);
    let label = Kind::from_id(&certificate.kind).map_or(&*certificate.kind, |kind| words(kind).label);
    let approved = match (&people.approved_by, &people.approved_at) {
        (Some(by), Some(at)) => format!("{}  {}", person(by), when(at)),
        _ => "なし（保存期間の終わりのため）".to_owned(),
    };
    let facts = vec![
        Fact::new("消去の番号", &certificate.erasure),
        Fact::new("対象の情報種別", label),
        Fact::new("対象の件数", format!("{}件", certificate.objects.len())),
        Fact::new("理由", reason(&certificate.reason)),
        Fact::new("証明書のダイジェスト", &signed.digest),
    ];
    let method = vec![
        Fact::new("方法の区分", category(&certificate.method.category)),
        Fact::new(
            "暗号",
            format!("{}（鍵 {}ビット。最初の書き込みから）", certificate.method.cipher, certificate.method.key_bits),
        ),
        Fact::new("プログラム", format!("{} {}", certificate.method.tool, certificate.method.tool_version)),
        Fact::new("消去手順の版", format!("第{}版", certificate.procedure_version)),
    ];
    let steps = certificate.method.steps.iter().map(|id| step(id).to_owned()).collect();
    let places = Block::Table {
        columns: vec![Column::new("場所", 3), Column::new("番号", 5), Column::new("結果", 5)],
        rows: certificate
            .places
            .iter()
            .map(|at| vec![place(&at.what).to_owned(), at.id.clone(), outcome(&at.outcome).to_owned()])
            .collect(),
        empty: String::new(),
    };
    let verified = vec![
        Fact::new(
            "検証の方法",
            "データベースと書き込みの途中の記録のすべてのページ、鍵の控えを、消去したものの断片で探した",
        ),
        Fact::new("探した断片", format!("{}個", verification.traces)),
        Fact::new(
            "調べた量",
            format!("{}バイト、鍵の控え {}世代", verification.bytes_searched, verification.archives_searched),
        ),
        Fact::new("見つかったもの", format!("{}件", verification.found)),
        Fact::new("検証した時刻", when(&verification.at)),
    ];
    let persons = vec![
        Fact::new("申請", format!("{}  {}", person(&people.requested_by), when(&people.requested_at))),
        Fact::new("承認", approved),
        Fact::new("実行", format!("{}  {}", person(&people.operator), when(&people.erased_at))),
        Fact::new("検証", person(&people.verifier)),
    ];
    let mut objects = vec![Block::Table {
        columns: vec![Column::new("対象の番号", 1)],
        rows: certificate.objects.iter().take(OBJECTS_MAX).map(|object| vec![object.clone()]).collect(),
        empty: String::new(),
    }];
    if certificate.objects.len() > OBJECTS_MAX {
        let rest = certificate.objects.len() - OBJECTS_MAX;
        objects.push(Block::Paragraph {
            text: format!("ほか {rest}件。すべては添付の JSON にあります。")
        });
    }
    let section = |heading: &str, blocks| Section { heading: heading.to_owned(), new_page: false, blocks };
    let check = vec![
        "この PDF に添付された certificate.json を取り出します。".to_owned(),
        "交換所の公開鍵を、この証明書とは別の道（契約書、電話、公表されたページ）で確かめます。".to_owned(),
        "fumibako erasure verify certificate.json --key 公開鍵 を実行します。交換所につながる必要はありません。"
            .to_owned(),
        "表示されたダイジェストが、この紙のダイジェストと同じであることを見ます。".to_owned(),
    ];
    Document {
        title: "データ消去証明書".to_owned(),
        subtitle: "ケアプランデータ連携 文箱".to_owned(),
        made_at: verification.at.clone(),
        facts,
        sections: vec![
            section("方法", vec![Block::Facts { facts: method }, Block::Steps { items: steps }]),
            section("場所", vec![places]),
            section("検証", vec![Block::Facts { facts: verified }]),
            section("関わった者", vec![Block::Facts { facts: persons }]),
            section(
                "この証明書が示すこと",
                vec![Block::Paragraph {
                    text: "上の手順が行われ、上の場所を探して、消去したものが見つからなかったことを示します。\
                           台帳にない写し（受け取った事業所のもの、だれかが別に作ったもの）については、何も示しません。\
                           復元が絶対に不可能であるとは述べません。"
                        .to_owned(),
                }],
            ),
            section(
                "確かめ方",
                vec![
                    Block::Steps { items: check },
                    Block::Facts {
                        facts: vec![
                            Fact::new("証明書の公開鍵", &signed.key),
                            Fact::new("アクセスの記録の公開鍵", &signed.log_key),
                            Fact::new("アクセスの記録の位置", format!("{}件目", signed.log.index() + 1)),
                        ],
                    },
                ],
            ),
            Section { heading: "対象".to_owned(), new_page: true, blocks: objects },
        ],
        attachments: vec![Attachment {
            name: "certificate.json".to_owned(),
            media_type: "application/json".to_owned(),
            description: "署名された証明書".to_owned(),
            bytes: json.as_bytes().to_vec(),
        }],
        footer: format!("データ消去証明書 {}", certificate.erasure),
        ..Document::default()
    }
}
