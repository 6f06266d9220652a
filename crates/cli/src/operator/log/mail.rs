//! The newest checkpoint by e-mail: a copy in a mailbox that the exchange cannot reach into. It says nothing about anybody.

use anyhow::Context as _;
use ledger::SignedCheckpoint;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::path::PathBuf;
use std::time::Duration;

/// A mail server that has not answered by then is tried again the next time.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const PASSWORD_BYTES_MAX: usize = 1024;

/// Where and how.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) server: String,
    pub(crate) port: u16,
    /// Only to a server on this machine.
    pub(crate) plain: bool,
    pub(crate) user: Option<(String, PathBuf)>,
    pub(crate) from: Mailbox,
    pub(crate) to: Mailbox,
}

impl Mail {
    pub(super) async fn send(&self, checkpoint: &SignedCheckpoint) -> anyhow::Result<()> {
        let size = checkpoint.checkpoint().size();
        let message = Message::builder()
            .from(self.from.clone())
            .to(self.to.clone())
            .subject(format!("文箱 アクセス記録の控え {size}"))
            .header(ContentType::TEXT_PLAIN)
            .body(format!(
                "アクセス記録の控えです。消さずに保管してください。あとで記録が書き換えられても、これと食い違うことで分かります。\r\n\
                 確かめ方: 次の行から下をファイルにして、fumibako ledger verify フォルダー --key 鍵 --checkpoint ファイル\r\n\r\n{checkpoint}"
            ))?;
        let transport = if self.plain {
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.server)
        } else {
            AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&self.server)?
        };
        let mut transport = transport.port(self.port).timeout(Some(ANSWER_MAX));
        if let Some((name, file)) = &self.user {
            let password = std::fs::read_to_string(file).context("the password file")?;
            anyhow::ensure!(password.len() <= PASSWORD_BYTES_MAX, "the password file is too long");
            transport = transport.credentials(Credentials::new(name.clone(), password.trim_end().to_owned()));
        }
        transport.build().send(message).await?;
        Ok(())
    }
}
