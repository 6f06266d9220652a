//! 通信の点検: what the exchange found when it knocked at its own doors (R5.11). Red where a door speaks otherwise than it must.

use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::frame::{Alarm, Frame, show};
use crate::problem::Problem;
use crate::wording::moment;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use ledger::self_scan::{Check, Negotiated, ScannedDoor};
use store::{ScanState, SelfScan};

/// 通信の点検.
#[derive(Template)]
#[template(path = "operator/tls_scan.html")]
struct Page {
    frame: Frame,
    state: &'static str,
    look: &'static str,
    /// What to do where it is not as it should be.
    advice: Option<&'static str>,
    edition: String,
    reports: Vec<Report>,
}

struct Report {
    id: String,
    at: String,
    doors: Vec<Door>,
    agreed: Vec<Agreed>,
}

struct Door {
    name: &'static str,
    address: String,
    total: usize,
    wrong: Vec<Row>,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    clause: String,
    expected: String,
    found: String,
}

struct Agreed {
    door: &'static str,
    what: String,
    connections: u64,
    approved: bool,
}

pub(crate) async fn page(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Problem> {
    let (state, scans) = (app.store.scan_state().await?, app.store.self_scans().await?);
    let (words, look, advice) = wording(state);
    show(&Page {
        frame: signed_in.frame("通信の点検"),
        state: words,
        look,
        advice,
        edition: scans.first().map(|scan| scan.report.edition.clone()).unwrap_or_default(),
        reports: scans.into_iter().map(Report::from).collect(),
    })
}

/// The signed report, to be filed with the check-list.
pub(crate) async fn document(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let document = app.store.self_scan_document(id).await?.ok_or_else(Problem::not_found)?;
    let mut response = document.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"fumibako-self-scan-{id}.json\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// On every page of whoever looks after the exchange.
pub(crate) fn alarm(signed_in: &SignedIn) -> Option<Alarm> {
    let state = signed_in.alarms.and_then(|alarms| alarms.doors)?;
    let text = match state {
        ScanState::Failed => "窓口が、決められていない暗号方式で話しています。設定が変えられたおそれがあります。",
        ScanState::Stale => "窓口の点検が、24時間より前で止まっています。",
        ScanState::Never => "窓口の点検が、まだ一度も終わっていません。",
        ScanState::Sound => return None,
    };
    let grave = state != ScanState::Never;
    Some(Alarm { text: text.to_owned(), grave, href: Some("/operator/tls-scan"), link: "通信の点検を開く" })
}

fn wording(state: ScanState) -> (&'static str, &'static str, Option<&'static str>) {
    match state {
        ScanState::Sound => ("問題なし", "good", None),
        ScanState::Failed => (
            "違いがあります",
            "late",
            Some(
                "赤い行のとおりに話している窓口があります。交換所を止めて、だれが何を変えたかを証跡で確かめ、正しいプログラムで動かし直してください。動かし直すと、すぐに点検し直します。",
            ),
        ),
        ScanState::Stale => (
            "古い",
            "late",
            Some(
                "最後の点検から24時間が過ぎています。交換所が動いているかを確かめ、運営者の端末で fumibako tls scan を実行してください。",
            ),
        ),
        ScanState::Never => ("まだありません", "care", Some("交換所を動かすと、すぐに点検します。")),
    }
}

impl From<SelfScan> for Report {
    fn from(scan: SelfScan) -> Self {
        Self {
            id: scan.id.to_string(),
            at: moment(&scan.made_at),
            doors: scan.report.doors.into_iter().map(Door::from).collect(),
            agreed: scan.report.negotiated.into_iter().map(Agreed::from).collect(),
        }
    }
}

impl From<ScannedDoor> for Door {
    fn from(door: ScannedDoor) -> Self {
        let (rows, wrong): (Vec<_>, Vec<_>) = door.checks.into_iter().partition(|check| check.sound);
        Self {
            name: door_name(&door.door),
            address: door.address,
            total: rows.len() + wrong.len(),
            wrong: wrong.into_iter().map(Row::from).collect(),
            rows: rows.into_iter().map(Row::from).collect(),
        }
    }
}

impl From<Check> for Row {
    fn from(check: Check) -> Self {
        let (expected, found) = (said(&check.expected), said(&check.found));
        Self { label: label(&check.id).to_owned(), clause: check.clause, expected, found }
    }
}

impl From<Negotiated> for Agreed {
    fn from(row: Negotiated) -> Self {
        let parts = [row.version, row.suite, row.group, row.signature, row.client_signature];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Self {
            door: door_name(&row.door),
            what: parts.join(" / "),
            connections: row.connections,
            approved: row.approved,
        }
    }
}

fn door_name(id: &str) -> &'static str {
    match id {
        "exchange" => "事業所の端末の窓口",
        "enrolment" => "端末の登録の窓口",
        "tls12" => "TLS 1.2 の例外の窓口",
        _ => "ほかの窓口",
    }
}

/// What was tried, in words.
fn label(id: &str) -> &str {
    match id {
        "reachable" => "決められた版で答える",
        "version-ssl3" => "SSL 3.0 を断る",
        "version-tls1.0" => "TLS 1.0 を断る",
        "version-tls1.1" => "TLS 1.1 を断る",
        "version-tls1.2" => "TLS 1.2 を断る",
        "version-tls1.3" => "例外の窓口では TLS 1.3 を断る",
        "plain-http" => "暗号化しない通信に答えない",
        "suites-others" => "決められていない暗号スイート（CBC など）を選ばない",
        "suites-own" => "決められた暗号スイートを選ぶ",
        "suites-order" => "いちばん強い暗号スイートを先に選ぶ",
        "groups-others" => "決められていない鍵交換（弱い曲線など）を選ばない",
        "groups-own" => "決められた鍵交換を選ぶ",
        "compression" | "compression-only" => "圧縮しない",
        "signatures-broken" => "SHA-1・MD5 の署名を使わない",
        "extended-master-secret" => "拡張マスターシークレットのない通信を断る",
        "hello-again" => "途中からのやり直しを断る",
        "early-data" => "先送りのデータ（0-RTT）を受け取らない",
        "resumption" => "前の通信を再開させない",
        "client-certificate" => "端末の証明書を求める（登録の窓口だけは求めない）",
        "entry-without-certificate" => "証明書のない端末を入れない（登録の窓口を除く）",
        "signature" => "SHA-256 以上で署名する",
        "server-certificate" => "サーバー証明書が強く、期限の内である",
        other => other,
    }
}

/// A word of the report; names of algorithms stay as they are.
fn said(text: &str) -> String {
    if let Some(why) = text.strip_prefix("refused: ") {
        return format!("断る（{why}）");
    }
    match text {
        "refused" => "断る",
        "refused or none" => "断る、または圧縮なし",
        "refused or not resumed" => "断る、または受け取らない",
        "none" => "なし",
        "answered" => "答えた",
        "answers its own version" => "決められた版で答える",
        "asked" => "求める",
        "not asked" => "求めない",
        "let in" => "入れる",
        "closed" => "切る",
        "resumed" => "再開した",
        "not resumed" => "受け取らない",
        "no answer" => "返事なし",
        "no TLS" => "TLS でない返事",
        "0 tickets" => "させない",
        "SHA-256 or better" => "SHA-256 以上",
        "strong and within its time" => "強く、期限の内",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r5_11_every_check_has_words() {
        let source = include_str!("../../self_scan/examine.rs");
        let ids = source.split("note(\"").skip(1).chain(source.split("note_refused(\"").skip(1));
        let same = source.split("note_same(\"").skip(1);
        let mut looked = 0;
        for id in ids.chain(same).map(|rest| rest.split('"').next().unwrap_or_default()) {
            assert_ne!(label(id), id, "{id} has no words");
            looked += 1;
        }
        assert!(looked >= 15, "{looked}");
        for version in ["ssl3", "tls1.0", "tls1.1", "tls1.2", "tls1.3"] {
            let id = format!("version-{version}");
            assert_ne!(label(&id), id);
        }
    }
}
