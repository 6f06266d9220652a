//! `fumibako authority server`: until when the server's certificate is good, and how its renewal goes.

use crate::operator::config::ServerCertificateFiles;
use crate::operator::{Where, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use jiff::{Timestamp, tz};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use store::{AcmeTurn, OperatorName, Store};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// With `by`, asks for a new one first.
pub(crate) async fn show(place: &Where, by: Option<&OperatorName>) -> Outcome {
    let (config, store) = place.open().await?;
    let acme = config.acme()?;
    if by.is_some() && acme.is_none() {
        store.close().await;
        return Err(Failure::new(
            "この交換所は、サーバー証明書を自分では申し込みません（設定に tls.acme がありません）。",
            "設定の tls に書いたファイルを置き換えてください。1分以内に（SIGHUP を送ればすぐに）読み直します。",
        )
        .into());
    }
    if let Some(by) = by {
        store.want_server_certificate(by).await.map_err(explain)?;
        say!("新しいサーバー証明書を申し込みます。動いている交換所が、1分以内に（SIGHUP を送ればすぐに）行います。");
    }
    let done = match acme {
        Some(acme) => ordered(&store, &acme.directory).await,
        None => match config.server_certificate() {
            Some(files) => placed(&files),
            None => {
                say!("サーバー証明書は設定されていません。serve --demo のときだけ、試しの証明書で動きます。");
                Ok(Done::All)
            }
        },
    };
    store.close().await;
    done
}

async fn ordered(store: &Store, directory: &str) -> Outcome {
    let held = store.server_certificate().await.map_err(explain)?;
    let turn = store.acme_turn().await.map_err(explain)?;
    say!("認証局: {directory}");
    match held {
        None => say!("サーバー証明書は、まだ受け取っていません。serve で動かすと申し込みます。"),
        Some(held) => {
            say!("名前: {}", held.names.join(" "));
            say!("期限: {}", day(held.valid_until));
            say!("更新: {}から、自動で", day(held.renew_at()));
        }
    }
    if turn.wanted {
        say!("申込み中: 運営者の求めによる更新");
    }
    Ok(failures(&turn))
}

fn failures(turn: &AcmeTurn) -> Done {
    if turn.failures == 0 {
        return Done::All;
    }
    let at = turn.failed_at.as_deref().map(store::japanese_time).unwrap_or_default();
    let reason = turn.reason.as_deref().unwrap_or_default();
    say!("前回の申込み: {at}に失敗（続けて{}回、{reason}）", turn.failures);
    say!("  {}", web::server_certificate_reason(reason));
    if let Some(next) = turn.next_at {
        say!("次の申込み: {}", store::japanese_time(&next.to_string()));
    }
    Done::Partly
}

fn placed(files: &ServerCertificateFiles) -> Outcome {
    let unreadable = || {
        Failure::new(
            format!("サーバー証明書 {} を読めません。", files.certificate.display()),
            "PEM 形式のファイルか、場所と権限を確かめてください。",
        )
    };
    let leaf = CertificateDer::from_pem_file(&files.certificate).map_err(|_| unreadable())?;
    let (_, leaf) = X509Certificate::from_der(&leaf).map_err(|_| unreadable())?;
    let until = Timestamp::from_second(leaf.validity().not_after.timestamp()).map_err(|_| unreadable())?;
    say!("ファイル: {}", files.certificate.display());
    say!("期限: {}", day(until));
    Ok(Done::All)
}

/// `2027年2月24日 09:00`, in Japan.
fn day(at: Timestamp) -> String {
    at.to_zoned(tz::TimeZone::fixed(tz::offset(9))).strftime("%Y年%-m月%-d日 %H:%M").to_string()
}
