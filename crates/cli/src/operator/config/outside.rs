//! What leaves the exchange for others to keep: checkpoints, and the questions about the clock.

use super::Config;
use super::sections::MailSection;
use crate::operator::log::{Mail, Outside, Witness};
use crate::terminal::Failure;
use anyhow::Context as _;
use ledger::{KeyKind, VerifyingKey};
use std::path::PathBuf;
use store::ClockSources;

/// Witnesses of the log.
const WITNESSES_MAX: usize = 16;

impl Config {
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
}
