//! 暗号の台帳, made from what the program is made of: the tables of `seal`, the TLS policy of `web`, the costs of `store`.
//! `docs/crypto.md` is this, and a test holds it to that.

use super::super::{Where, explain};
use crate::terminal::{Done, Outcome, say};
use serde::Serialize;
use std::fmt::Write as _;
use store::people::HashCost;
use store::{Algorithm, KeyStatus, KeyUse, Standing};
use web::tls::Policy;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// 形式
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// いまの鍵を含めず、プログラムの作りだけを表示します
    #[arg(long)]
    fixed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// 読むため
    Text,
    /// 機械のため
    Json,
    /// docs/crypto.md の形
    Markdown,
}

/// The whole inventory.
#[derive(Serialize)]
struct Inventory {
    algorithms: Vec<AlgorithmRow>,
    keys: Vec<KeyRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Vec<LiveRow>>,
}

#[derive(Serialize)]
struct AlgorithmRow {
    name: String,
    cryptrec_listed: bool,
    strength_bits: Option<u16>,
    used_for: String,
}

#[derive(Serialize)]
struct KeyRow {
    id: &'static str,
    name: &'static str,
    purpose: &'static str,
    bits: Option<u16>,
    algorithms: Vec<&'static str>,
    kept_under: Option<&'static str>,
    place: &'static str,
    lifetime: &'static str,
}

#[derive(Serialize)]
struct LiveRow {
    kind: String,
    version: Option<i64>,
    key_id: String,
    created_at: Option<String>,
    destroyed_at: Option<String>,
}

pub(super) async fn run(args: &Args) -> Outcome {
    let live = if args.fixed {
        None
    } else {
        let (_, store) = args.place.open().await?;
        let status = store.key_status().await.map_err(explain)?;
        store.close().await;
        Some(live(&status))
    };
    let inventory = Inventory { algorithms: algorithms(), keys: keys(), live };
    match args.format {
        Format::Json => say!("{}", serde_json::to_string_pretty(&inventory)?),
        Format::Markdown => say!("{}", document(&inventory).trim_end()),
        Format::Text => text(&inventory),
    }
    Ok(Done::All)
}

fn text(inventory: &Inventory) {
    say!("暗号");
    for row in &inventory.algorithms {
        let standing = if row.cryptrec_listed { "推奨リスト" } else { "例外として記録" };
        say!("  {}", row.name);
        say!("      {standing}  {}", row.used_for);
    }
    say!("鍵");
    for row in &inventory.keys {
        let bits = row.bits.map_or_else(String::new, |bits| format!("  {bits}ビット"));
        say!("  {}（{}）{bits}", row.name, row.id);
        say!("      {}", row.purpose);
        say!("      置き場所: {}", row.place);
        say!("      寿命: {}", row.lifetime);
    }
    let Some(live) = &inventory.live else { return };
    say!("いまの鍵");
    for row in live {
        let version = row.version.map_or_else(String::new, |version| format!(" {version}"));
        let end =
            row.destroyed_at.as_deref().map_or_else(String::new, |at| format!("  破棄 {}", store::japanese_time(at)));
        say!("  {}  {}{version}{end}", row.key_id, row.kind);
    }
}

fn live(status: &KeyStatus) -> Vec<LiveRow> {
    let alone = |kind: KeyUse, key_id: &str| LiveRow {
        kind: kind.label().to_owned(),
        version: None,
        key_id: key_id.to_owned(),
        created_at: None,
        destroyed_at: None,
    };
    let masters = status.masters.iter().map(|(id, _)| alone(KeyUse::Master, id));
    let working = status.working.iter().map(|key| LiveRow {
        kind: key.kind.clone(),
        version: Some(key.key_version),
        key_id: key.key_id.clone(),
        created_at: Some(key.created_at.clone()),
        destroyed_at: key.destroyed_at.clone(),
    });
    masters.chain([alone(KeyUse::Database, &status.database)]).chain(working).collect()
}

fn algorithms() -> Vec<AlgorithmRow> {
    let listed = |standing| standing == Standing::Listed;
    let sealing = Algorithm::ALL.iter().map(|one| AlgorithmRow {
        name: one.name().to_owned(),
        cryptrec_listed: listed(one.standing()),
        strength_bits: Some(one.strength_bits()).filter(|bits| *bits > 0),
        used_for: used_for(*one).to_owned(),
    });
    let row = |name: String, cryptrec_listed, used_for: &str| AlgorithmRow {
        name,
        cryptrec_listed,
        strength_bits: None,
        used_for: used_for.to_owned(),
    };
    let cost = HashCost::OWASP;
    let mut rows: Vec<AlgorithmRow> = sealing.collect();
    rows.push(row(
        "AES-256-CBC + HMAC-SHA512 (SQLCipher 4)".to_owned(),
        true,
        "データベースのファイル全体（ページごと）",
    ));
    rows.push(row(
        format!("Argon2id {} MiB × {}", cost.memory_kib / 1024, cost.passes),
        false,
        "職員のパスワードの照合値",
    ));
    rows.push(row("ECDSA P-384 / SHA-384".to_owned(), true, "認証局の鍵と署名"));
    rows.push(row("ECDSA P-256 / SHA-256".to_owned(), true, "端末とサーバーの証明書の鍵"));
    rows.push(row("HMAC-SHA1, 6桁 (TOTP, RFC 6238)".to_owned(), false, "認証アプリの確認コード"));
    rows.push(row("ES256・EdDSA・RS256 (WebAuthn)".to_owned(), false, "パスキーの署名を確かめる"));
    for (version, policy) in [("TLS 1.3", Policy::standard()), ("TLS 1.2（例外の窓口）", Policy::tls12())] {
        for suite in &policy.suites {
            rows.push(row(format!("{:?}", suite.suite()), true, version));
        }
    }
    for group in Policy::standard().groups {
        let name = format!("{group:?}");
        let listed = name.starts_with("secp");
        rows.push(row(name, listed, "TLS の鍵交換"));
    }
    rows
}

fn used_for(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Aes256Gcm => "ファイル・項目・鍵を封じる",
        Algorithm::Sha256 => "要約値、鍵の番号、記録の木",
        Algorithm::HmacSha256 => "索引、ファイルの要約値",
        Algorithm::HkdfSha256 => "封をするごとの鍵を作る",
        Algorithm::HpkeXWing => "一件の鍵を事業所に宛てて包む（いま使うもの）",
        Algorithm::HpkeX25519 => "一件の鍵を事業所に宛てて包む（読めるが、新しくは使わない）",
        Algorithm::Argon2id => "鍵ファイルの合言葉",
        Algorithm::Shamir => "マスター鍵の分割",
    }
}

fn keys() -> Vec<KeyRow> {
    KeyUse::ALL
        .iter()
        .map(|key| {
            let (name, purpose, place, lifetime) = words(*key);
            KeyRow {
                id: key.label(),
                name,
                purpose,
                bits: key.bits(),
                algorithms: key.algorithms().iter().map(|one| one.name()).collect(),
                kept_under: key.kept_under().map(KeyUse::label),
                place,
                lifetime,
            }
        })
        .collect()
}

/// Name, purpose, place and life of a key.
const fn words(key: KeyUse) -> (&'static str, &'static str, &'static str, &'static str) {
    match key {
        KeyUse::Master => (
            "マスター鍵",
            "作業鍵とデータベースの鍵を包む。ほかには使わない",
            "鍵ファイルか鍵装置。データとは別のところ",
            "一年。漏れた疑いがあれば直ちに替える",
        ),
        KeyUse::KeyStoreLock => {
            ("鍵ファイルの錠", "鍵ファイルを閉じる", "人の記憶（合言葉）か、ホストの資格情報", "マスター鍵と同じ")
        }
        KeyUse::RecoveryShare => (
            "分割鍵",
            "非常時に、決めた枚数でマスター鍵を戻す",
            "紙。一人に一枚、別々の場所",
            "マスター鍵と同じ。使ったら作り直す",
        ),
        KeyUse::Wrapping => (
            "包む鍵",
            "事業所の鍵・認証局の鍵・認証アプリの鍵を包む",
            "データベース（マスター鍵で包む）",
            "一年。古い鍵は包み直しの後に破棄",
        ),
        KeyUse::FieldKey => (
            "項目の鍵",
            "氏名・ログイン名・本人確認の資料などの項目を封じる",
            "データベース（マスター鍵で包む）",
            "一年。古い鍵は包み直しの後に破棄",
        ),
        KeyUse::BlindIndex => (
            "索引の鍵",
            "ログイン名やコードを、中身を知らずに探す",
            "データベース（マスター鍵で包む）",
            "交換所と同じ。元の値を持たないので替えられない",
        ),
        KeyUse::PasswordPepper => (
            "パスワードの鍵",
            "照合値だけを盗んでも試せないようにする",
            "データベース（マスター鍵で包む）",
            "一年。古い鍵は、最後の照合値がなくなったときに破棄",
        ),
        KeyUse::Database => (
            "データベースの鍵",
            "データベースのファイル全体",
            "データの置き場所の database.key（マスター鍵で包む）",
            "交換所を止められるとき。二年をめやす",
        ),
        KeyUse::Office => (
            "事業所の鍵",
            "その事業所が送受信した一件を開く",
            "データベース（包む鍵で包む）",
            "二年。古い鍵は封筒の包み直しの後に破棄",
        ),
        KeyUse::Labels => (
            "名札の鍵",
            "事業所の索引にある利用者の氏名・番号と、連絡を封じる",
            "どこにも置かない（使うたびに事業所の鍵から作る）",
            "事業所の鍵と同じ",
        ),
        KeyUse::Agreement => (
            "鍵の合意",
            "一分のあいだ、同じ事業所に宛てる一件の鍵を、それぞれ別の鍵にして包む",
            "サーバーのメモリーだけ（封筒にあるのは、事業所の鍵がなければ開かない片側）",
            "一分",
        ),
        KeyUse::Set => (
            "一件の鍵",
            "一件のファイルの鍵のもと",
            "封筒（送信元と送信先の事業所の鍵に宛てて包む）",
            "一件と同じ。封筒を破棄すれば、一件は読めなくなる",
        ),
        KeyUse::Object => {
            ("ファイルの鍵", "ファイル一つを封じる", "どこにも置かない（一件の鍵と塩から作る）", "封をする間だけ")
        }
        KeyUse::Authority => {
            ("認証局の鍵", "端末の証明書に署名する", "データベース（包む鍵で包む）", "五年（ルートの下の発行認証局）")
        }
        KeyUse::Server => ("サーバーの鍵", "サーバー証明書", "設定の tls の場所（認証局が決める）", "証明書と同じ"),
        KeyUse::Ledger => {
            ("記録の鍵", "記録の要所に署名する", "データベース（包む鍵で包む）", "記録の公開鍵を替えるまで")
        }
        KeyUse::Certificate => (
            "消去証明書の鍵",
            "データ消去証明書と消去の一覧に署名する",
            "データベース（包む鍵で包む）",
            "交換所と同じ。公開鍵を配り直せるときに替える",
        ),
        KeyUse::Backup => (
            "控えの鍵",
            "控えの片方（封か鍵）のファイル全体",
            "控えの目録（マスター鍵で包む）",
            "控えと同じ。破棄すれば、その控えは読めなくなる",
        ),
        KeyUse::AccountSecret => {
            ("アカウントの秘密", "認証アプリの種、パスキーの公開鍵", "データベース（包む鍵で包む）", "本人が外すまで")
        }
        KeyUse::Field => ("封じた項目", "氏名などの値そのもの", "データベース（項目の鍵で封じる）", "行と同じ"),
    }
}

fn document(inventory: &Inventory) -> String {
    let mut page = String::from(
        "# 暗号の台帳\n\n\
         プログラムから作られています（`fumibako key inventory --fixed --format markdown`）。いま生きている鍵の番号は、交換所で\n\
         `fumibako key inventory` を実行すると出ます。「推奨リスト」は CRYPTREC の電子政府推奨暗号リストで、載っていないものは\n\
         例外として記録しています（R6.5）。リストの版と照らして承認するのは、鍵の管理者の仕事です。\n\n\
         ## 暗号\n\n| 暗号 | 推奨リスト | 強度（ビット） | 使うところ |\n|---|---|---|---|\n",
    );
    for row in &inventory.algorithms {
        let listed = if row.cryptrec_listed { "○" } else { "例外" };
        let bits = row.strength_bits.map_or_else(|| "–".to_owned(), |bits| bits.to_string());
        let _ = writeln!(page, "| {} | {listed} | {bits} | {} |", row.name, row.used_for);
    }
    page.push_str(
        "\n## 鍵\n\n| 鍵 | 記号 | ビット | 用途 | 何の下に | 置き場所 | 寿命 | 暗号 |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in &inventory.keys {
        let bits = row.bits.map_or_else(|| "–".to_owned(), |bits| bits.to_string());
        let under = row.kept_under.unwrap_or("–");
        let _ = writeln!(
            page,
            "| {} | {} | {bits} | {} | {under} | {} | {} | {} |",
            row.name,
            row.id,
            row.purpose,
            row.place,
            row.lifetime,
            row.algorithms.join("、")
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn r6_5_the_page_of_the_inventory_is_what_the_code_is() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/crypto.md");
        let page = document(&Inventory { algorithms: algorithms(), keys: keys(), live: None });
        if std::env::var_os("FUMIBAKO_BLESS").is_some() {
            std::fs::write(&path, &page).expect("written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == page, "docs/crypto.md differs from the code; look at it, then run with FUMIBAKO_BLESS=1");
    }

    #[test]
    fn r6_5_no_two_rows_bear_one_name() {
        let (keys, algorithms) = (keys(), algorithms());
        assert_eq!(keys.iter().map(|row| row.id).collect::<BTreeSet<_>>().len(), keys.len());
        assert_eq!(keys.iter().map(|row| row.name).collect::<BTreeSet<_>>().len(), keys.len());
        let names: BTreeSet<_> = algorithms.iter().map(|row| (&row.name, &row.used_for)).collect();
        assert_eq!(names.len(), algorithms.len());
    }
}
