//! 設定ファイル — one file, with sensible defaults. It names where secrets are and never holds one (R6.4).

use super::breached;
use super::log::{Mail, Outside, Witness};
use super::server_certificate::acme::{Acme, agreed_key};
use crate::terminal::Failure;
use anyhow::Context as _;
use identity::password::{CHARS_MIN_DEFAULT, Policy, Profile};
use identity::register::TrainingRule;
use ledger::{KeyKind, VerifyingKey};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::people::PeopleSettings;
use store::{
    BackupPlaces, ClockSources, DatabaseServer, Deadlines, ErasureList, NotAServer, Place, Places, TokenPlace, Unlock,
};
use zeroize::Zeroizing;

/// A passphrase longer than this is a wrong file.
const PASSPHRASE_BYTES_MAX: usize = 1024;

const WITNESSES_MAX: usize = 16;
/// Time servers that are asked.
const CLOCK_SOURCES_MAX: usize = 16;
/// The list of erasures, where the configuration says nothing else.
const ERASURE_LIST: &str = "erasures";

/// What `fumibako init` writes.
pub(crate) const TEMPLATE: &str = r#"# 文箱の設定。相対パスは、このファイルのある場所から数えます。

# データの置き場所（データベースと、大きなデータ）
data = "data"

[key_store]
# マスター鍵のファイル。データとは別のディスクに置き、控えもデータの控えとは別にしてください。
file = "keys/master.key"
# 合言葉を書いたファイル。書かなければ、起動のたびに端末でたずねます。
# passphrase_file = "/run/secrets/fumibako"
# systemd の資格情報（32バイト）の名前。合言葉の代わりに使います。
# credential = "fumibako-master"
# 鍵のファイルの代わりに、鍵装置（HSM、PKCS#11）を使うとき。file は書きません。
# pkcs11 = { module = "/usr/lib/softhsm/libsofthsm2.so", token = "fumibako", pin_file = "/run/secrets/pin" }

# 消去の一覧。これがないと、消去したものが控えからよみがえるおそれがあるので、データを開きません。
# データとも封の控えとも別のディスクに置きます。書かなければ、鍵ファイルの隣（erasures）と鍵の控えのフォルダーに置きます。
# erasure_list = ["keys/erasures", "/mnt/another-disk/erasures"]

# 控え（fumibako backup run）。封と鍵は、互いにもデータとも別のディスクに置きます。
# [backup]
# boxes = "/backup/boxes"
# keys = "/backup-keys/keys"
# 残す世代の数。鍵の控えは短く: 消去のときに取り除く相手が少なくて済みます。
# keep_boxes = 14
# keep_keys = 3

# データベースを PostgreSQL に置くとき（複数の機械で動かすとき）だけ書きます。接続先は、合言葉が入るので別のファイルに書きます。
# [database]
# url_file = "keys/database-url"            # このプログラムの役割で:  postgres://fumibako:…@db.example/fumibako?sslmode=verify-full
# owner_url_file = "keys/database-owner-url" # 表の持ち主の役割で。init と upgrade だけが読みます

[listen]
# 事業所の端末がつなぐところ（クライアント証明書が要ります）
exchange = "127.0.0.1:8443"
# 端末を登録するところ（登録コードだけを受け付けます）
enrolment = "127.0.0.1:8444"
# TLS 1.3 にどうしても対応できない事業所のための窓口。書かなければ開きません（fumibako office tls12）。
# tls12 = "127.0.0.1:8445"
# 交換所に参加していない事業所が、手紙のアドレスと電話のコードで書類を受け取る窓口（一方向の受渡し）。クライアント証明書を
# 求めません。書かなければ開きません。開く前に docs/operating.md を読み、事業所と取り決めてください。
# handover = "127.0.0.1:8446"
# 端末から見えるこの交換所の名前
names = ["localhost"]

[tls]
# 信頼された認証局の証明書と鍵（PEM）。書かないと serve --demo でしか動きません。
# 置き換えると、1分以内に（SIGHUP を送ればすぐに）読み直します。
# certificate = "tls/server.pem"
# key = "tls/server.key"

# 証明書を、ACME（RFC 8555）に対応した認証局から自動で受け取り、更新します。certificate と key の代わりに書きます。
# 認証局が、listen.names の名前の 443 番からこの交換所のどちらかの窓口につなげることが要ります。
# [tls.acme]
# 認証局のアドレス。書くと、その認証局の利用規約に同意したことになります。
# directory = "https://acme.example.jp/directory"
# contact = ["anzen@example.jp"]
# 認証局のサーバーが、この機械の信頼しない認証局の証明書を使っているとき（PEM）
# authority = "tls/acme-authority.pem"
# 認証局と契約したアカウントがあるとき: その番号と、鍵（base64url）を書いたファイル
# account = "番号"
# account_key_file = "/run/secrets/acme-account"
# 証明書の種類。数日で切れる短いもの（認証局にあれば）にすると、失効を待たずに済みます。
# profile = "shortlived"

[passwords]
# どの決まりに従うか。いくつか書くと、いちばん厳しいものが効きます。
# mhlw7-2fa・careDB-2fa・mhlw7-single・careDB-single
profiles = ["mhlw7-2fa"]
# 長さの下限。二要素の決まりでは8から、ほかは13から
characters = 15
# 流出したパスワードの一覧（1行に SHA-1 を一つ。「HEX」か「HEX:件数」）。起動のときに読みます。
# breached = "breached.txt"

[training]
# 教育訓練が有効な日数と、切れてから（招かれてから）操作を制限するまでの日数
valid_days = 365
grace_days = 30

[limits]
# 一度に受け付ける大きさ（MB）
call_megabytes = 64
# 一度に受け付けるファイルの数
call_files = 2000
# 受け付けの途中で使うメモリの合計（MB）。超える分は順番を待ちます。
upload_memory_megabytes = 512
# 失効と認証局を台帳で確かめる間隔（秒、1〜240）
register_seconds = 15

[receipts]
# 届いてから受け取るまで、受け取ってから受領確認まで、受領確認から取込みの結果までの日数。過ぎたものを一覧に出します。
collect_days = 7
acknowledge_days = 3
import_days = 14

[print]
# 書類を作るプログラム。書かなければ、fumibako と同じ場所の fumibako-print を使います。
# program = "/usr/local/bin/fumibako-print"

[log]
# アクセス記録の控え（最新の署名）。データとは別のディスクに置きます。書かなければ、鍵ファイルの隣に置きます。
# anchor_file = "keys/log-anchor"
# 毎日、控えを送る宛先。starttls で送ります（tls = "none" は、この機械のメールサーバーにだけ）。
# 職員が申し込んだ「届いた知らせのメール」も、この server と from で送ります。
# mail = { server = "mail.example.jp", from = "exchange@example.jp", to = "audit@example.jp", user = "exchange", password_file = "/run/secrets/mail" }
# 控えに署名する立会人（C2SP tlog-witness）
# [[log.witness]]
# url = "https://witness.example.jp"
# key = "witness.example.jp+…"

[clock]
# 時計を確かめる時刻サーバー（16か所まで。host か host:port）。三つ以上書くと、一つが誤っても見分けられます。
# 時計を合わせるのは chrony などの仕事です。文箱は、ずれを確かめて記録するだけです。
# sources = ["ntp.nict.jp", "ntp.jst.mfeed.ad.jp", "time.cloudflare.com"]
"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: PathBuf,
    key_store: KeyStore,
    database: Option<Database>,
    #[serde(default)]
    listen: Listen,
    #[serde(default)]
    tls: Tls,
    #[serde(default)]
    passwords: Passwords,
    #[serde(default)]
    training: Training,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    receipts: Receipts,
    #[serde(default)]
    print: Print,
    backup: Option<Backup>,
    #[serde(default)]
    log: LogSection,
    #[serde(default)]
    clock: ClockSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSection {
    anchor_file: Option<PathBuf>,
    mail: Option<MailSection>,
    #[serde(default)]
    witness: Vec<WitnessSection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MailSection {
    server: String,
    port: Option<u16>,
    tls: Option<String>,
    from: String,
    to: String,
    user: Option<String>,
    password_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessSection {
    url: String,
    key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockSection {
    #[serde(default)]
    sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    boxes: PathBuf,
    keys: PathBuf,
    #[serde(default = "keep_boxes")]
    keep_boxes: usize,
    #[serde(default = "keep_keys")]
    keep_keys: usize,
}

const fn keep_boxes() -> usize {
    14
}

const fn keep_keys() -> usize {
    3
}

/// 控え: where, and how many of each half stay.
#[derive(Clone, Debug)]
pub(crate) struct BackupConfig {
    pub(crate) places: BackupPlaces,
    pub(crate) keep_boxes: usize,
    pub(crate) keep_keys: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyStore {
    file: Option<PathBuf>,
    pkcs11: Option<Pkcs11>,
    passphrase_file: Option<PathBuf>,
    credential: Option<String>,
    #[serde(default)]
    erasure_list: Vec<PathBuf>,
}

/// Addresses hold passwords, so they stand in files of their own (R6.4).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    url_file: PathBuf,
    owner_url_file: Option<PathBuf>,
}

/// 鍵装置. The PIN lies in a file or a systemd credential, never here (R6.4).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pkcs11 {
    module: PathBuf,
    token: String,
    pin_file: Option<PathBuf>,
    credential: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Listen {
    exchange: SocketAddr,
    enrolment: SocketAddr,
    tls12: Option<SocketAddr>,
    handover: Option<SocketAddr>,
    names: Vec<String>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            exchange: SocketAddr::from(([127, 0, 0, 1], 8443)),
            enrolment: SocketAddr::from(([127, 0, 0, 1], 8444)),
            tls12: None,
            handover: None,
            names: vec!["localhost".to_owned()],
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    acme: Option<AcmeTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcmeTable {
    directory: String,
    #[serde(default)]
    contact: Vec<String>,
    authority: Option<PathBuf>,
    account: Option<String>,
    account_key_file: Option<PathBuf>,
    profile: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "there is one, and any other is refused by its name")]
    challenge: Challenge,
}

/// How a name is proven. Over a door without encryption (http-01) it is not (R5.1).
#[derive(Debug, Default, Deserialize)]
enum Challenge {
    #[default]
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Passwords {
    profiles: Vec<String>,
    characters: usize,
    breached: Option<PathBuf>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { profiles: vec![Profile::default().id().to_owned()], characters: CHARS_MIN_DEFAULT, breached: None }
    }
}

/// 教育訓練: for how long it counts, and how long one goes on without (R12.6).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Training {
    valid_days: u16,
    grace_days: u16,
}

impl Default for Training {
    fn default() -> Self {
        let TrainingRule { valid_days, grace_days } = TrainingRule::default();
        Self { valid_days, grace_days }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    call_megabytes: usize,
    call_files: usize,
    upload_memory_megabytes: usize,
    register_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = web::Limits::default();
        Self {
            call_megabytes: limits.call_bytes >> 20,
            call_files: limits.call_files,
            upload_memory_megabytes: limits.upload_memory_bytes >> 20,
            register_seconds: 15,
        }
    }
}

/// 期限: after how many days what is missing is listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Receipts {
    collect_days: u16,
    acknowledge_days: u16,
    import_days: u16,
}

impl Default for Receipts {
    fn default() -> Self {
        let usual = Deadlines::default();
        Self {
            collect_days: usual.collect_days,
            acknowledge_days: usual.acknowledge_days,
            import_days: usual.import_days,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Print {
    program: Option<PathBuf>,
}

/// サーバー証明書 on disk, and what it must be good for.
#[derive(Clone, Debug)]
pub(crate) struct ServerCertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) names: Vec<String>,
}

/// The configuration, read and whole.
#[derive(Debug)]
pub(crate) struct Config {
    folder: PathBuf,
    file: File,
}

impl Config {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            Failure::new(
                format!("設定ファイル {} を読めません。", path.display()),
                "--config で場所を示すか、はじめてなら fumibako init で作ってください。",
            )
        })?;
        let file: File = toml::from_str(&text).with_context(|| {
            Failure::new(
                format!("設定ファイル {} に誤りがあります。", path.display()),
                "次に示す箇所を直してください。",
            )
        })?;
        if file.tls.certificate.is_some() != file.tls.key.is_some() {
            return Err(Failure::new(
                "設定の tls には certificate と key の両方が要ります。",
                "片方を書き足すか、両方を消してください。",
            )
            .into());
        }
        if let Some(acme) = &file.tls.acme {
            let sound = file.tls.certificate.is_none()
                && acme.directory.starts_with("https://")
                && acme.account.is_some() == acme.account_key_file.is_some()
                && file.listen.names.iter().all(|name| name.parse::<IpAddr>().is_err());
            if !sound {
                return Err(Failure::new(
                    "設定の tls.acme に、使えない値があります。",
                    "directory は https:// で始め、certificate・key と同時に書かず、account と account_key_file は両方か片方もなしにし、listen.names は番地でなく名前にしてください。",
                )
                .into());
            }
        }
        if file.clock.sources.len() > CLOCK_SOURCES_MAX {
            return Err(Failure::new(
                format!("設定の clock.sources は、{CLOCK_SOURCES_MAX} か所までです。"),
                "信頼できる三つから五つの時刻サーバーを選んでください。",
            )
            .into());
        }
        if !file.key_store.is_one_place() {
            return Err(Failure::new(
                "設定の key_store では、鍵の置き場所が一つに決まりません。",
                "file か pkcs11 のどちらか一つを書き、pkcs11 には pin_file か credential のどちらか一つを書いてください。",
            )
            .into());
        }
        let Training { valid_days, grace_days } = file.training;
        if !(30..=1_096).contains(&valid_days) || !(1..=180).contains(&grace_days) {
            return Err(Failure::new(
                "設定の training に、使えない値があります。",
                "valid_days は 30〜1096、grace_days は 1〜180 にしてください。",
            )
            .into());
        }
        let limits = &file.limits;
        let sound = (1..=1024).contains(&limits.call_megabytes)
            && limits.call_files > 0
            && (limits.call_megabytes..=65_536).contains(&limits.upload_memory_megabytes)
            // A revocation takes effect within five minutes whatever is configured (R7.3).
            && (1..=240).contains(&limits.register_seconds)
            && !file.listen.names.is_empty();
        if !sound {
            return Err(Failure::new(
                "設定の limits か listen.names に、使えない値があります。",
                "call_megabytes は 1〜1024、upload_memory_megabytes はそれ以上、register_seconds は 1〜240、names は一つ以上にしてください。",
            )
            .into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { folder: folder.to_path_buf(), file })
    }

    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.join(&self.file.data)
    }

    /// Where the exchange is kept, as a node uses it.
    pub(crate) fn place(&self) -> anyhow::Result<Place> {
        let folder = self.data_folder();
        let Some(database) = &self.file.database else { return Ok(Place::from(&folder)) };
        Ok(Place::on_server(folder, self.server(&database.url_file)?))
    }

    /// The same with what its owner needs to make it or to change its schema.
    pub(crate) fn owned_place(&self) -> anyhow::Result<Place> {
        let folder = self.data_folder();
        let Some(database) = &self.file.database else { return Ok(Place::from(&folder)) };
        let Some(owner) = &database.owner_url_file else {
            return Err(Failure::new(
                "データベースの持ち主の接続先が、設定にありません。",
                "設定の database に owner_url_file を書いてください。動かすだけなら要りません。",
            )
            .into());
        };
        let path = self.folder.join(owner);
        let server = self.server(&database.url_file)?;
        let owned = server.with_owner(&self.address(owner)?).map_err(|error| address_failure(&path, error))?;
        Ok(Place::on_server(folder, owned))
    }

    /// Whether the database is on a server, of which the data folder knows nothing.
    pub(crate) fn is_on_server(&self) -> bool {
        self.file.database.is_some()
    }

    fn server(&self, file: &Path) -> anyhow::Result<DatabaseServer> {
        let path = self.folder.join(file);
        Ok(DatabaseServer::new(&self.address(file)?).map_err(|error| address_failure(&path, error))?)
    }

    fn address(&self, file: &Path) -> anyhow::Result<Zeroizing<String>> {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path).map(Zeroizing::new).with_context(|| {
            Failure::new(
                format!("データベースの接続先のファイル {} を読めません。", path.display()),
                "場所と権限を確かめてください。",
            )
        })?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    /// The key-store file; nothing where the keys are in a token.
    pub(crate) fn key_store_file(&self) -> Option<PathBuf> {
        self.file.key_store.file.as_ref().map(|file| self.folder.join(file))
    }

    /// The token, if the keys are in one.
    pub(crate) fn token(&self) -> anyhow::Result<Option<TokenPlace>> {
        let Some(pkcs11) = &self.file.key_store.pkcs11 else { return Ok(None) };
        let pin = match (&pkcs11.pin_file, &pkcs11.credential) {
            (Some(file), None) => self.secret_line(file, "PIN のファイル")?,
            (None, Some(name)) => {
                let bytes = credential_bytes(name, PIN_HINT)?;
                let text = std::str::from_utf8(&bytes).map_err(|_| credential_failure(name, PIN_HINT))?;
                Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            _ => return Err(anyhow::anyhow!("key_store.pkcs11")),
        };
        Ok(Some(TokenPlace { module: self.folder.join(&pkcs11.module), label: pkcs11.token.clone(), pin }))
    }

    pub(crate) fn backup(&self) -> Option<BackupConfig> {
        let backup = self.file.backup.as_ref()?;
        Some(BackupConfig {
            places: BackupPlaces { boxes: self.folder.join(&backup.boxes), keys: self.folder.join(&backup.keys) },
            keep_boxes: backup.keep_boxes.max(1),
            keep_keys: backup.keep_keys.max(1),
        })
    }

    /// Where an erasure reaches: the list of erasures and the backups.
    pub(crate) fn erasure_places(&self) -> Places {
        let backup = self.backup().map(|backup| backup.places);
        let mut list: Vec<PathBuf> =
            self.file.key_store.erasure_list.iter().map(|path| self.folder.join(path)).collect();
        if list.is_empty() {
            // With a token there is no such file: then in the folder where one would be.
            let beside = self.key_store_file().unwrap_or_else(|| self.folder.join("keys").join(ERASURE_LIST));
            list.push(beside.with_file_name(ERASURE_LIST));
            list.extend(backup.as_ref().map(|places| places.keys.join(ERASURE_LIST)));
        }
        Places { list: ErasureList::at(list), backup }
    }

    pub(crate) fn exchange_address(&self) -> SocketAddr {
        self.file.listen.exchange
    }

    pub(crate) fn enrolment_address(&self) -> SocketAddr {
        self.file.listen.enrolment
    }

    pub(crate) fn tls12_address(&self) -> Option<SocketAddr> {
        self.file.listen.tls12
    }

    /// Where an office that is not on the exchange gets what was handed over to it. Off unless it is configured.
    pub(crate) fn handover_address(&self) -> Option<SocketAddr> {
        self.file.listen.handover
    }

    pub(crate) fn register_every(&self) -> Duration {
        Duration::from_secs(self.file.limits.register_seconds)
    }

    /// Where the state of the clock is asked (R10.3).
    pub(crate) fn clock_sources(&self) -> ClockSources {
        ClockSources { servers: self.file.clock.sources.clone(), ..ClockSources::default() }
    }

    /// Where the newest checkpoint lies, apart from the data (R10.5).
    pub(crate) fn anchor_file(&self) -> PathBuf {
        match &self.file.log.anchor_file {
            Some(file) => self.folder.join(file),
            None => self
                .key_store_file()
                .map_or_else(|| self.folder.join("log-anchor"), |file| file.with_file_name("log-anchor")),
        }
    }

    /// Where checkpoints go while serving.
    pub(crate) fn outside(&self) -> anyhow::Result<Outside> {
        let section = &self.file.log;
        if section.witness.len() > WITNESSES_MAX {
            return Err(Failure::new(
                format!("設定の log.witness は、{WITNESSES_MAX} 人までです。"),
                "立会人を減らしてください。",
            )
            .into());
        }
        let witnesses = section.witness.iter().map(|witness| {
            let failure = || {
                Failure::new(
                    format!("設定の log.witness {} を使えません。", witness.url),
                    "url は https で始まる場所、key は立会人が公開している鍵（名前+…）にしてください。",
                )
            };
            let key: VerifyingKey = witness.key.parse().with_context(failure)?;
            let local = witness.url.starts_with("http://127.0.0.1:");
            if key.kind() != KeyKind::Witness || !(local || witness.url.starts_with("https://")) {
                return Err(failure().into());
            }
            Ok(Witness { url: witness.url.clone(), key })
        });
        Ok(Outside {
            anchor_file: self.anchor_file(),
            mail: section.mail.as_ref().map(|mail| self.mail(mail)).transpose()?,
            witnesses: witnesses.collect::<anyhow::Result<_>>()?,
        })
    }

    fn mail(&self, mail: &MailSection) -> anyhow::Result<Mail> {
        let failure = || {
            Failure::new(
                "設定の log.mail を使えません。",
                "server・from・to を確かめてください。tls = \"none\" は server が 127.0.0.1 のときだけ、user には password_file も要ります。",
            )
        };
        let plain = match mail.tls.as_deref() {
            None | Some("starttls") => false,
            Some("none") if mail.server == "127.0.0.1" => true,
            Some(_) => return Err(failure().into()),
        };
        let user = match (&mail.user, &mail.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), self.folder.join(file))),
            (None, None) => None,
            _ => return Err(failure().into()),
        };
        Ok(Mail {
            server: mail.server.clone(),
            port: mail.port.unwrap_or(if plain { 25 } else { 587 }),
            plain,
            user,
            from: mail.from.parse().with_context(failure)?,
            to: mail.to.parse().with_context(failure)?,
        })
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.file.listen.names
    }

    /// Certificate chain and key of a trusted authority, if there are.
    fn certificate_files(&self) -> Option<(PathBuf, PathBuf)> {
        let tls = &self.file.tls;
        Some((self.folder.join(tls.certificate.as_ref()?), self.folder.join(tls.key.as_ref()?)))
    }

    /// What is needed to read them again while serving.
    pub(crate) fn server_certificate(&self) -> Option<ServerCertificateFiles> {
        let (certificate, key) = self.certificate_files()?;
        Some(ServerCertificateFiles { certificate, key, names: self.names().to_vec() })
    }

    /// Where the server's certificate is ordered, if it is.
    pub(crate) fn acme(&self) -> anyhow::Result<Option<Acme>> {
        let Some(table) = &self.file.tls.acme else { return Ok(None) };
        let agreed = match (&table.account, &table.account_key_file) {
            (Some(account), Some(file)) => {
                let path = self.folder.join(file);
                let key = std::fs::read_to_string(&path).map(Zeroizing::new).map_err(anyhow::Error::from);
                let key = key.and_then(|text| agreed_key(&text)).with_context(|| {
                    Failure::new(
                        format!("ACME のアカウントの鍵のファイル {} を読めません。", path.display()),
                        "認証局から受け取った鍵（base64url）が書いてあるか、読む権限があるかを確かめてください。",
                    )
                })?;
                Some((account.clone(), key))
            }
            _ => None,
        };
        let contact = |address: &String| match address.contains(':') {
            true => address.clone(),
            false => format!("mailto:{address}"),
        };
        Ok(Some(Acme {
            directory: table.directory.clone(),
            contacts: table.contact.iter().map(contact).collect(),
            authority: table.authority.as_ref().map(|file| self.folder.join(file)),
            agreed,
            names: self.names().to_vec(),
            profile: table.profile.clone(),
        }))
    }

    /// Whose rules new passwords are judged by (R8.6, R8.8). The strictest of those that are named.
    pub(crate) fn people(&self) -> anyhow::Result<PeopleSettings> {
        let passwords = &self.file.passwords;
        let profiles: Option<Vec<_>> = passwords.profiles.iter().map(|id| Profile::from_id(id)).collect();
        let profile = profiles.filter(|profiles| !profiles.is_empty()).map(Profile::strictest);
        let policy = profile.and_then(|profile| Policy::with_chars_min(profile, passwords.characters));
        let policy = policy.ok_or_else(|| {
            Failure::new(
                "設定の passwords に、使えない値があります。",
                "profiles は mhlw7-2fa・careDB-2fa・mhlw7-single・careDB-single から、characters は二要素だけなら8〜64、ほかは13〜64にしてください。",
            )
        })?;
        let Training { valid_days, grace_days } = self.file.training;
        let training = TrainingRule { valid_days, grace_days };
        let settings = PeopleSettings { policy, training, ..PeopleSettings::default() };
        match &passwords.breached {
            None => Ok(settings),
            Some(file) => {
                let list = breached::read(&self.folder.join(file))?;
                Ok(PeopleSettings { breached: std::sync::Arc::new(list), ..settings })
            }
        }
    }

    pub(crate) fn limits(&self) -> web::Limits {
        let limits = &self.file.limits;
        web::Limits {
            call_bytes: limits.call_megabytes << 20,
            call_files: limits.call_files,
            upload_memory_bytes: limits.upload_memory_megabytes << 20,
        }
    }

    /// 期限: after how many days what is missing is listed.
    pub(crate) fn deadlines(&self) -> Deadlines {
        let Receipts { collect_days, acknowledge_days, import_days } = self.file.receipts;
        Deadlines { collect_days, acknowledge_days, import_days }
    }

    /// The program that typesets documents: where the configuration says, or beside this one.
    pub(crate) fn printer(&self) -> print::Printer {
        match &self.file.print.program {
            Some(program) => print::Printer::new(self.folder.join(program)),
            None => print::Printer::beside(&std::env::current_exe().unwrap_or_default()),
        }
    }

    /// What opens the key store: a systemd credential, a passphrase file, or the person at the terminal.
    pub(crate) fn unlock(&self) -> anyhow::Result<Unlock> {
        let key_store = &self.file.key_store;
        if let Some(name) = &key_store.credential {
            return credential(name);
        }
        let Some(file) = &key_store.passphrase_file else {
            let typed = rpassword::prompt_password("鍵ファイルの合言葉: ").with_context(|| {
                Failure::new(
                    "合言葉をたずねる端末がありません。",
                    "設定の key_store に passphrase_file か credential を書いてください。",
                )
            })?;
            return Ok(Unlock::Passphrase(Zeroizing::new(typed)));
        };
        Ok(Unlock::Passphrase(self.secret_line(file, "合言葉のファイル")?))
    }

    /// One line from a file of a secret.
    fn secret_line(&self, file: &Path, what: &str) -> anyhow::Result<Zeroizing<String>> {
        let path = self.folder.join(file);
        let read = std::fs::read_to_string(&path).with_context(|| {
            Failure::new(format!("{what} {} を読めません。", path.display()), "場所と権限を確かめてください。")
        })?;
        let text = Zeroizing::new(read);
        if text.len() > PASSPHRASE_BYTES_MAX {
            return Err(Failure::new(
                format!("{what}が長すぎます。"),
                "別のファイルを指していないか確かめてください。",
            )
            .into());
        }
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// What is wrong with an address, without repeating it.
fn address_failure(path: &Path, error: NotAServer) -> Failure {
    let file = path.display();
    match error {
        NotAServer::Malformed => Failure::new(
            format!("{file} の接続先を読めません。"),
            "postgres://役割:合言葉@機械/データベース の形で、一行で書いてください。",
        ),
        NotAServer::Unprotected => Failure::new(
            format!("{file} の接続先は別の機械ですが、TLS で確かめる指定がありません。"),
            "末尾に ?sslmode=verify-full を付け、独自の認証局なら &sslrootcert=証明書 も付けてください。",
        ),
        NotAServer::SameRole => Failure::new(
            format!("{file} の役割が、プログラムの役割と同じです。"),
            "表の持ち主には別の役割を使ってください。同じだと、証跡を書き換えられないことを守れません。",
        ),
    }
}

impl KeyStore {
    fn is_one_place(&self) -> bool {
        match (&self.file, &self.pkcs11) {
            (Some(_), None) => true,
            (None, Some(pkcs11)) => {
                let one_pin = pkcs11.pin_file.is_some() != pkcs11.credential.is_some();
                one_pin && self.passphrase_file.is_none() && self.credential.is_none()
            }
            _ => false,
        }
    }
}

const KEY_HINT: &str = "systemd の LoadCredential で、ちょうど32バイトの値を渡してください。";
const PIN_HINT: &str = "systemd の LoadCredential で、鍵装置の PIN を渡してください。";

fn credential_failure(name: &str, hint: &str) -> Failure {
    Failure::new(format!("資格情報 {name} を使えません。"), hint)
}

fn credential_bytes(name: &str, hint: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let failure = || credential_failure(name, hint);
    // A name, not a path: it must not lead out of the folder.
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(failure().into());
    }
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(failure)?;
    Ok(Zeroizing::new(std::fs::read(Path::new(&folder).join(name)).with_context(failure)?))
}

fn credential(name: &str) -> anyhow::Result<Unlock> {
    let bytes = credential_bytes(name, KEY_HINT)?;
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| credential_failure(name, KEY_HINT))?;
    Ok(Unlock::Credential(Zeroizing::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_configuration() {
        let file: File = toml::from_str(TEMPLATE).expect("template");
        assert_eq!(file.limits.call_megabytes, Limits::default().call_megabytes);
        assert_eq!(file.limits.call_files, Limits::default().call_files);
        assert_eq!(file.limits.upload_memory_megabytes, Limits::default().upload_memory_megabytes);
        assert_eq!(file.listen.exchange, Listen::default().exchange);
        assert_eq!(file.listen.enrolment, Listen::default().enrolment);
        assert_eq!(file.limits.register_seconds, Limits::default().register_seconds);
        let rule = TrainingRule::default();
        assert_eq!((file.training.valid_days, file.training.grace_days), (rule.valid_days, rule.grace_days));
        assert_eq!(file.receipts.collect_days, Deadlines::default().collect_days);
        assert_eq!(file.receipts.acknowledge_days, Deadlines::default().acknowledge_days);
        assert_eq!(file.receipts.import_days, Deadlines::default().import_days);
    }

    #[test]
    fn r6_4_the_address_of_a_database_stands_in_a_file_and_in_no_message() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("fumibako.toml");
        let text = "data = \"d\"\n[key_store]\nfile = \"k\"\n[database]\nurl_file = \"u\"\nowner_url_file = \"o\"";
        std::fs::write(&path, text).expect("written");
        let config = Config::read(&path).expect("sound");
        let address = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        for (url, owner, word) in [
            ("postgres://a:secret-word@localhost/c\n", "postgres://o:secret-word@localhost/c\n", None),
            ("a:secret-word", "postgres://o:secret-word@localhost/c", Some("読めません")),
            ("postgres://a:secret-word@db.example/c", "postgres://o:secret-word@localhost/c", Some("verify-full")),
            ("postgres://a:secret-word@localhost/c", "postgres://a:secret-word@localhost/c", Some("別の役割")),
        ] {
            address("u", url);
            address("o", owner);
            let place = config.owned_place();
            match (place, word) {
                (Ok(place), None) => assert!(!format!("{place:?}").contains("secret-word")),
                (Err(error), Some(word)) => {
                    let said = format!("{error:?}");
                    assert!(said.contains(word) && !said.contains("secret-word"), "{said}");
                }
                (place, _) => panic!("{owner}: {place:?}"),
            }
        }
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("fumibako.toml");
        for bad in [
            "dta = 1",
            "data = \"d\"\n[key_store]\nfile = \"k\"\npassphrase = \"x\"",
            "",
            "data = \"d\"\n[key_store]",
            "data = \"d\"\n[key_store]\nfile = \"k\"\npkcs11 = { module = \"m\", token = \"t\", pin_file = \"p\" }",
            "data = \"d\"\n[key_store]\npkcs11 = { module = \"m\", token = \"t\" }",
            "data = \"d\"\n[key_store]\npkcs11 = { module = \"m\", token = \"t\", pin_file = \"p\", pin = \"1\" }",
            "data = \"d\"\n[key_store]\nfile = \"k\"\n[limits]\ncall_megabytes = 0",
            "data = \"d\"\n[key_store]\nfile = \"k\"\n[limits]\nregister_seconds = 300",
            "data = \"d\"\n[key_store]\nfile = \"k\"\n[training]\ngrace_days = 0",
            "data = \"d\"\n[key_store]\nfile = \"k\"\n[database]\nurl = \"postgres://a:b@localhost/c\"",
        ] {
            std::fs::write(&path, bad).expect("written");
            assert!(Config::read(&path).is_err(), "{bad}");
        }
    }
}
