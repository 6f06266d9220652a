//! The newest checkpoint by e-mail: a copy in a mailbox that the exchange cannot reach into. It says nothing about anybody.

use anyhow::Context as _;
use ledger::SignedCheckpoint;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::path::PathBuf;
use std::time::Duration;
use store::AlarmKind;

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
        self.deliver(
            self.to.clone(),
            format!("文箱 アクセス記録の控え {size}"),
            format!(
                "アクセス記録の控えです。消さずに保管してください。あとで記録が書き換えられても、これと食い違うことで分かります。\r\n\
                 確かめ方: 次の行から下をファイルにして、fumibako ledger verify フォルダー --key 鍵 --checkpoint ファイル\r\n\r\n{checkpoint}"
            ),
        )
        .await
    }

    /// 重要な知らせ: that it is there, and where to read it. Nothing about anybody.
    pub(super) async fn send_alarm(&self, kind: AlarmKind, at: &str) -> anyhow::Result<()> {
        let what = match kind {
            AlarmKind::KeyEmergency => "非常時が宣言され、分割鍵からマスター鍵が戻されました。",
            AlarmKind::KeyDrill => "訓練として、分割鍵からマスター鍵が戻ることが確かめられました。",
            AlarmKind::KeyRecoveryRefused => "非常時の宣言なしに分割鍵が使われようとし、断りました。",
            AlarmKind::CertificateUnlogged => "発行の記録がない証明書が、台帳に見つかりました。",
        };
        let at = store::japanese_time(at);
        self.deliver(
            self.to.clone(),
            "文箱 重要な知らせ".to_owned(),
            format!(
                "{what}\r\n{at}\r\n\r\n\
                 運営者の管理者・鍵の保管者・監査担当は、サインインして「知らせ」の画面を開き、確かめてください。\r\n\
                 知らないことなら、すぐに責任者に知らせてください。\r\n"
            ),
        )
        .await
    }

    /// Hands one mail to the mail server.
    pub(crate) async fn deliver(&self, to: Mailbox, subject: String, body: String) -> anyhow::Result<()> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            // So that nobody's automatic answer comes back.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(body)?;
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
