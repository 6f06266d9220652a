//! 設定ファイル — one file, with sensible defaults. It names where secrets are and never holds one (R6.4).

mod backup;
mod certificate;
mod database;
mod keys;
mod outside;
mod sections;
mod template;

pub(crate) use backup::BackupConfig;
pub(crate) use certificate::ServerCertificateFiles;
pub(crate) use template::TEMPLATE;

use super::breached;
use crate::terminal::Failure;
use anyhow::Context as _;
use identity::password::{Policy, Profile};
use identity::register::TrainingRule;
use sections::{
    Backup, ClockSection, Database, KeyStore, Limits, Listen, LogSection, Passwords, Print, Receipts, Tls, Training,
};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::Deadlines;
use store::people::PeopleSettings;

/// Time servers that are asked.
const CLOCK_SOURCES_MAX: usize = 16;

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

    pub(crate) fn names(&self) -> &[String] {
        &self.file.listen.names
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
