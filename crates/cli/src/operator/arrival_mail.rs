//! 届いた知らせのメール: what is due goes out from whichever node takes it first. A mail says how many sets wait and where to sign
//! in, and nothing about anybody.

use super::log::Mail;
use lettre::transport::smtp;
use std::sync::Arc;
use std::time::Duration;
use store::{ArrivalMail, MAIL_CODE_LIFE, MailFailure, MailText, Store};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often it is asked what is due: a person waits for the code.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The same for every mail: what a mail server, or somebody who looks over a shoulder, reads first.
const SUBJECT: &str = "文箱からのお知らせ";
/// Answers of a mail server by which it wants nothing to do with an address, today or later.
const REFUSES_ADDRESS: [&str; 5] = ["501", "550", "551", "553", "556"];

/// Until the service stops. A mail that is on its way then is sent again by the next who looks.
pub(crate) async fn keep(store: Arc<Store>, mail: Mail, exchange_url: String, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let sending = async {
        loop {
            due.tick().await;
            if let Err(error) = send_due(&store, &mail, &exchange_url).await {
                tracing::warn!(%error, "mails that something waits were left for the next time");
            }
        }
    };
    tokio::select! {
        _ = stopped.changed() => {}
        () = sending => {}
    }
}

async fn send_due(store: &Store, mail: &Mail, exchange_url: &str) -> Result<(), store::Error> {
    for due in store.mail_due().await? {
        let answer = send(mail, &due, exchange_url).await;
        if let Err((failure, code)) = &answer {
            // What the server said may quote the address.
            tracing::warn!(?failure, code, "a mail that something waits was not taken");
        }
        store.mail_answered(&due, answer.map_err(|(failure, _)| failure)).await?;
    }
    Ok(())
}

/// Failed: why, and the mail server's three digits.
async fn send(mail: &Mail, due: &ArrivalMail, exchange_url: &str) -> Result<(), (MailFailure, String)> {
    let to = due.address.reveal().parse().map_err(|_| (MailFailure::Address, String::new()))?;
    let sent = mail.deliver(to, SUBJECT.to_owned(), body(&due.text, exchange_url)).await;
    sent.map_err(|error| {
        let error = error.downcast_ref::<smtp::Error>();
        let code = error.and_then(smtp::Error::status).map(|code| code.to_string()).unwrap_or_default();
        let failure = match REFUSES_ADDRESS.contains(&&*code) {
            true => MailFailure::Address,
            false => MailFailure::Server,
        };
        (failure, code)
    })
}

fn body(text: &MailText, exchange_url: &str) -> String {
    match text {
        MailText::Code(code) => format!(
            "届いた知らせのメールの、確かめのコードです。\r\n\r\n{}\r\n\r\n\
             サインインしている「届いた知らせのメール」の画面に入れてください。{}分のあいだ、一度だけ使えます。\r\n\
             心あたりがないときは、このメールを消してください。コードを入れないかぎり、次のメールは届きません。\r\n",
            code.as_str(),
            MAIL_CODE_LIFE.as_mins()
        ),
        MailText::Waiting(sets) => format!(
            "まだ開いていないデータが、{sets}件届いています。サインインしてご覧ください。\r\n\r\n{exchange_url}/\r\n\r\n\
             このメールは、お申し込みのとおり、一日に一度までお送りしています。\r\n\
             やめるときは、サインインして「自分のアカウント」から「届いた知らせのメール」を開いてください。\r\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_how_many_and_where_and_nothing_else() {
        let said = body(&MailText::Waiting(3), "https://exchange.example");
        assert!(said.contains("3件") && said.contains("\r\nhttps://exchange.example/\r\n"), "{said}");
        // The number, and nothing else that could be a month, an office or a serial.
        assert_eq!(said.chars().filter(char::is_ascii_digit).collect::<String>(), "3");
    }
}
