//! Answers that say no: RFC 9457 problems with `code`, `what` and `fix` in the reader's language.

use axum::Json;
use axum::response::{IntoResponse, Response};
use exchange::Refusal;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use crate::api::FindingView;

/// The problem behind an answer, for [`crate::pages::problem`] to show to people.
#[derive(Clone)]
pub(crate) struct ForReaders(pub(crate) Arc<Problem>);

/// RFC 9457 problem. `what` and `fix` are Japanese, for the person at the desk; `code` is for programs and never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A stable name for the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same as `what`: RFC 9457 asks for a title.
    pub title: String,
    /// HTTP status of the answer (or what it would be if the set had come alone).
    pub status: u16,
    /// `X…` refusals of the exchange, `H…` of the interface itself.
    pub code: &'static str,
    /// What happened.
    pub what: String,
    /// What to do now.
    pub fix: String,
    /// Set only when the fault is ours: the number to tell the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// The findings that caused a refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingView>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, what: &str, fix: &str) -> Self {
        Self {
            kind: format!("urn:fumibako:problem:{code}"),
            title: what.to_owned(),
            status: status.as_u16(),
            code,
            what: what.to_owned(),
            fix: fix.to_owned(),
            incident: None,
            findings: Vec::new(),
        }
    }

    pub(crate) fn with_findings(mut self, findings: Vec<FindingView>) -> Self {
        self.findings = findings;
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "H01",
            "その番号のデータは見つかりません。",
            "番号を確かめてください。一覧から選び直すと確実です。",
        )
    }

    pub(crate) fn unknown_device() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H02",
            "この端末の証明書は、いまは使えません。",
            "事業所の管理者か交換所の運営者に連絡して、端末を登録し直してください。",
        )
    }

    pub(crate) fn body_too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "H03",
            &format!("一度に送れる大きさ（{} MB）を超えています。何も送っていません。", limit_bytes >> 20),
            "データを何回かに分けて送ってください。",
        )
    }

    pub(crate) fn too_many_files(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "H04",
            &format!("一度に送れるファイルの数（{limit}）を超えています。何も送っていません。"),
            "データを何回かに分けて送ってください。",
        )
    }

    pub(crate) fn broken_upload() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "H05",
            "送信が途中で切れたか、形がくずれていました。何も送っていません。",
            "もう一度送ってください。同じデータが二重に届くことはありません。",
        )
    }

    pub(crate) fn unreadable_request(what_is_expected: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "H06", "要求の形が正しくありません。", what_is_expected)
    }

    pub(crate) fn bad_code() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H07",
            "登録コードが違うか、期限が切れたか、すでに使われています。",
            "コードを確かめてください。使えないときは、運営者に新しいコードを発行してもらってください。",
        )
    }

    pub(crate) fn bad_request_for_certificate() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "H08",
            "証明書の発行要求を受け付けられません。",
            "この交換所の登録手順で作った発行要求（新しく作った P-256 または P-384 の鍵、事業所番号は登録コードと同じもの）を送ってください。",
        )
    }

    pub(crate) fn tls12() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H30",
            "この事業所は、TLS 1.2 では接続できません。認められた期間が終わったか、認められていません。",
            "TLS 1.3 で接続してください。ソフトが対応していなければ、ソフト会社と交換所の運営者に相談してください。",
        )
    }

    pub(crate) fn device_taken() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "H31",
            "その端末には、まだ使える証明書があります。",
            "期限が近いだけなら、その端末で fumibako renew を実行してください。使えなくなった端末なら、運営者に失効してもらってから登録してください。",
        )
    }

    pub(crate) fn enrolment_waits() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "H59",
            "登録できなかった試みが続いたため、この場所からの登録をしばらく止めています。登録コードは使われていません。",
            "15分ほど待ってから、登録コードを確かめて、もう一度お試しください。",
        )
    }

    pub(crate) fn not_renewable(outside: bool) -> Self {
        let fix = if outside {
            "証明書を発行した認証局で更新し、新しい証明書を運営者に登録してもらってください。"
        } else {
            "新しい証明書に切り替えてから、もう一度お試しください。続くときは運営者に連絡してください。"
        };
        Self::new(StatusCode::CONFLICT, "H32", "この証明書は、ここでは更新できません。", fix)
    }

    /// At a device that serves several offices.
    pub(crate) fn device_of_another() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "H60",
            "この端末は、別の事業所のものです。",
            "端末の事業所を選んでサインインし直した方が、証明書を更新してください。",
        )
    }

    /// Opening would be collecting, which not everybody may.
    pub(crate) fn not_collected() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H50",
            "このデータは、事業所でまだ受け取っていません。",
            "受け取る権限のある職員に、一覧から開いてもらってください。受け取ったあとは、あなたも見られます。",
        )
    }

    pub(crate) fn damaged() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "H09",
            "保管されているデータが壊れているため、お渡しできません。壊れた内容を渡すことはありません。",
            "送信元の事業所に、もう一度書き出して送ってもらってください。運営者にも記録が残りました。",
        )
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "H12",
            "そのような窓口はありません。",
            "/api/v1/openapi.json に窓口の一覧があります。",
        )
    }

    pub(crate) fn form_of_others() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H14",
            "この操作は受け付けませんでした。この交換所の画面から送られたことを確かめられません。",
            "画面を開き直してから、もう一度操作してください。",
        )
    }

    pub(crate) fn broken_form() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "H15",
            "入力の内容を読み取れませんでした。何も変わっていません。",
            "画面を開き直してから、もう一度操作してください。",
        )
    }

    pub(crate) fn no_right() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H16",
            "この画面や操作を使う権限がありません。",
            "必要なときは、事業所の管理者に権限を申請してください。",
        )
    }

    pub(crate) fn no_software_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "H17",
            "ソフトウェアの接続キーがないか、この端末では使えません。",
            "事業所の管理者に、「ソフトウェア」の画面でこの端末の接続キーを作ってもらい、ソフトウェアに設定してください。",
        )
    }

    pub(crate) fn no_scope() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "H18",
            "この接続キーでは、その操作はできません。",
            "事業所の管理者に、必要な用途を選んだ接続キーを作り直してもらってください。",
        )
    }

    pub(crate) fn token_replaced() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "H19",
            "この接続キーは、もう新しいものに替わっています。",
            "新しい接続キーを使ってください。なくしたときは、事業所の管理者に作り直してもらってください。",
        )
    }

    /// What the receiver says about an import contradicts itself or the set.
    pub(crate) fn unfit_report(what: &str, fix: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "H40", what, fix)
    }

    pub(crate) fn not_printed(what: &str, fix: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "H41", what, fix)
    }

    /// The operator has opened no door for it.
    pub(crate) fn no_handovers() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "H56",
            "この交換所では、一方向の受渡しの窓口を開いていません。",
            "使いたいときは、交換所の運営者に相談してください。",
        )
    }

    /// Nobody is in: the time was over, or it was taken back.
    pub(crate) fn handover_over() -> Self {
        Self::new(
            StatusCode::GONE,
            "H57",
            "この窓口は、いまは開いていません。",
            "手紙のアドレスから、もう一度開いてください。開けないときは、手紙を送った事業所に電話してください。",
        )
    }

    /// Too many at the door at the moment, or the request took too long on its way.
    pub(crate) fn crowded_door() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "H58",
            "いま混み合っているか、通信に時間がかかりすぎました。",
            "少し待ってから、もう一度お試しください。",
        )
    }

    /// So many wait for news that one more cannot.
    pub(crate) fn too_many_waiting() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "H55",
            "新着の知らせを待つ画面が多すぎます。",
            "使っていない画面を閉じてください。知らせがなくても、画面を開き直せば新しい一覧が見られます。",
        )
    }

    fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "H10",
            "いまは保管できません。何も受け付けていません。",
            "しばらくしてから、もう一度送ってください。同じデータが二重に届くことはありません。",
        )
    }

    /// The key store does not answer. Nothing is stored, and nothing that is sealed is opened (R6.8).
    fn no_keys() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "H40",
            "いまは鍵を使えないため、保管もお渡しもできません。何も受け付けていません。",
            "しばらくしてから、もう一度お試しください。続くときは、番号を添えて運営者に連絡してください。",
        )
    }

    /// A fault of ours that left no error to speak of; recorded under the incident's number.
    pub(crate) fn incident() -> Self {
        let incident = store::incident_number();
        tracing::error!(incident, "a request was lost to a fault of ours");
        Self { incident: Some(incident), ..Self::our_fault() }
    }

    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "H13",
            "その窓口では、その操作はできません。",
            "/api/v1/openapi.json に窓口の一覧があります。",
        )
    }

    fn our_fault() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "H11",
            "交換所の側で問題が起きました。",
            "もう一度お試しください。続くときは、番号を添えて運営者に連絡してください。",
        )
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::SenderMismatch | Refusal::SenderClosed => StatusCode::FORBIDDEN,
            Refusal::SerialTaken
            | Refusal::AlreadyCollected
            | Refusal::ByLetter
            | Refusal::NotCollected
            | Refusal::NotAcknowledged
            | Refusal::AlreadyAnswered
            | Refusal::NoLongerHeld => StatusCode::CONFLICT,
            Refusal::Withdrawn | Refusal::Erased => StatusCode::GONE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refusal.code(), refusal.what(), refusal.fix())
    }
}

/// Our own failure becomes a page with an incident number and no cause; the cause is logged once, here.
impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let incident = store::incident_number();
        let mut problem = match error {
            store::Error::Damaged => Self::damaged(),
            store::Error::KeyStoreAway(_) => Self::no_keys(),
            store::Error::Busy
            | store::Error::DiskFull
            | store::Error::NotCommitted
            | store::Error::Closed
            | store::Error::Unavailable => Self::unavailable(),
            _ => Self::our_fault(),
        };
        tracing::error!(incident, %error, "the store failed");
        problem.incident = Some(incident);
        problem
    }
}

/// A task of ours was lost (it panicked, or the server is going down).
impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        // The panic's message may quote data; only that there was one is recorded.
        tracing::debug!(panicked = error.is_panic(), "a task was lost");
        Self::incident()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(ForReaders(Arc::new(self)));
        response
    }
}
