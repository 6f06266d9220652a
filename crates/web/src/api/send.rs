use super::{FindingView, TransmissionView};
use crate::app::App;
use crate::guard::Caller;
use crate::problem::Problem;
use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use exchange::Refusal;
use futures_util::future::join_all;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use standard::{Context, Finding, HistorySet, Profile, Report, Severity, SourceFile, Unit};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Acceptance, Answer, Asker, Office, SealedSet, Sealer, Store, Transmission};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

/// Checked where it arrived: below this it takes less than changing threads twice.
const CHECKED_AT_ONCE_BYTES_MAX: usize = 64 << 10;

/// What came of each set of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendAnswer {
    /// One answer per set, each independent of the others.
    pub sets: Vec<SetAnswer>,
    /// Files whose names belong to no set; nothing was done with them.
    pub strays: Vec<Stray>,
}

/// The answer for one set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetAnswer {
    /// `accepted`: on disk, sealed and recorded. `already`: this very set was accepted before. `refused`: nothing of it was kept.
    pub outcome: &'static str,
    /// ファイル連番 of the set.
    pub serial: String,
    /// 送信先の事業所番号.
    pub receiver: String,
    /// The names of its files.
    pub files: Vec<String>,
    /// The transmission, unless refused.
    pub transmission: Option<TransmissionView>,
    /// Why it was refused.
    pub problem: Option<Problem>,
    /// Warnings that did not stop it.
    pub warnings: Vec<FindingView>,
}

/// A file that belongs to no set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stray {
    /// Its name as it came.
    pub file: String,
    /// Why.
    pub problem: Problem,
}

/// What a multipart call carries: any number of parts with a file name each.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct SendForm {
    /// The files of one or many sets, under the names the care software gave them.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// Sends one or many sets (データを送る).
///
/// The files are grouped into sets by their names; each set is checked, addressed, sealed and kept on its own and has
/// its own answer. Sending is idempotent: the same set again returns the same transmission.
#[utoipa::path(
    post, path = "/api/v1/transmissions", tag = "送る",
    request_body(content = SendForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Every set has its answer; some may be refused.", body = SendAnswer),
        (status = 400, description = "The upload broke off or is malformed; nothing was kept.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than one call may be; nothing was kept.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Nothing can be kept right now; try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Json<SendAnswer>, Problem> {
    let (files, _memory) = read_files(&app, request).await?;
    let small = files.iter().map(|file| file.bytes.len()).sum::<usize>() <= CHECKED_AT_ONCE_BYTES_MAX;
    let read = move || {
        let about = HistorySet::read(&sources(&files));
        (files, about)
    };
    let (files, about) = if small { read() } else { blocking(read).await? };
    let history = app.store.history(&caller.asker, &about).await?;
    let check = move || {
        let context = Context { history: &history, ..Context::default() };
        let report = standard::check_with(&sources(&files), Profile::Export, &context);
        (files, report)
    };
    let (files, report) = if small { check() } else { blocking(check).await? };
    let receivers: BTreeSet<_> = report.units.iter().map(|unit| unit.receiver).collect();
    let receivers = app.store.offices(&receivers).await?;
    let call = Call { sender: caller.asker.clone(), files, about, report, receivers };

    let store = Arc::clone(&app.store);
    let (decisions, strays) = blocking(move || {
        let mut sealer = Sealer::new();
        let decide = |index| call.decide(&store, &mut sealer, index);
        let decisions = (0..call.report.units.len()).map(decide).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, store::Error>((decisions, call.strays()))
    })
    .await??;

    if !strays.is_empty() {
        app.store.record_refusal(&caller.asker, Refusal::NoSet).await?;
    }
    // All at once, so that the sets of one call share one commit.
    let sets = join_all(decisions.into_iter().map(|decision| decision.carry_out(&app, &caller))).await;
    Ok(Json(SendAnswer { sets: sets.into_iter().collect::<Result<_, _>>()?, strays }))
}

/// One call, read and checked.
struct Call {
    sender: Asker,
    files: Vec<Upload>,
    /// What its sets are about.
    about: Vec<HistorySet>,
    report: Report,
    /// The registered offices among the receivers it names.
    receivers: Vec<Office>,
}

/// What is to become of one set.
enum Decision {
    Take(SetAnswer, Box<SealedSet>, Vec<FindingView>),
    Refuse(SetAnswer, Refusal, Vec<FindingView>),
}

impl Call {
    /// Addresses a set and, if it may travel, seals it. Takes CPU and nothing else.
    fn decide(&self, store: &Store, sealer: &mut Sealer, index: usize) -> Result<Decision, store::Error> {
        let unit = &self.report.units[index];
        let files = sources(&self.files);
        let answer = SetAnswer::about(unit, &self.files);
        let receiver = self.receivers.iter().find(|office| office.register.number == unit.receiver);
        let letter =
            exchange::address(&self.sender.office.register, receiver.map(|office| &office.register), unit, &files);
        let (letter, receiver) = match (letter, receiver) {
            (Ok(letter), Some(receiver)) => (letter, receiver),
            (Ok(_), None) => return Ok(Decision::Refuse(answer, Refusal::ReceiverUnknown, Vec::new())),
            (Err(refusal), _) => {
                let errors = match refusal {
                    Refusal::Findings => self.findings(index, Severity::Error),
                    _ => Vec::new(),
                };
                return Ok(Decision::Refuse(answer, refusal, errors));
            }
        };
        let warnings = self.findings(index, Severity::Warning);
        let mut sealed = store.seal(sealer, &self.sender, receiver, &letter, warnings.len() as u64, &files)?;
        if let Some(about) = self.about.iter().find(|set| set.key == unit.key()) {
            store.note(&mut sealed, &self.sender, about)?;
        }
        Ok(Decision::Take(answer, Box::new(sealed), warnings))
    }

    /// Findings of one set, its own and its files'.
    fn findings(&self, index: usize, severity: Severity) -> Vec<FindingView> {
        let files = sources(&self.files);
        self.report
            .findings
            .iter()
            .filter(|finding| finding.unit == Some(index) && finding.severity == severity)
            .map(|finding| FindingView::new(finding, &files))
            .collect()
    }

    /// Files that no set claims, with what the naming rules say of them.
    fn strays(&self) -> Vec<Stray> {
        let claimed: BTreeSet<_> = self.report.units.iter().flat_map(|unit| &unit.files).copied().collect();
        let files = sources(&self.files);
        (0..files.len())
            .filter(|index| !claimed.contains(index))
            .map(|index| {
                let of_file = |finding: &&Finding| finding.place.file == Some(index);
                let findings = self.report.findings.iter().filter(of_file);
                let findings = findings.map(|finding| FindingView::new(finding, &files)).collect();
                Stray {
                    file: files[index].name.to_owned(),
                    problem: Problem::from(Refusal::NoSet).with_findings(findings),
                }
            })
            .collect()
    }
}

impl Decision {
    /// Writes it down: the set, or that it was refused.
    async fn carry_out(self, app: &App, caller: &Caller) -> Result<SetAnswer, Problem> {
        let (answer, sealed, warnings) = match self {
            Self::Take(answer, sealed, warnings) => (answer, sealed, warnings),
            Self::Refuse(answer, refusal, errors) => {
                app.store.record_refusal(&caller.asker, refusal).await?;
                return Ok(answer.refused(refusal, errors));
            }
        };
        Ok(match app.store.accept(&caller.asker, *sealed).await? {
            Answer::Done(Acceptance::New(transmission)) => answer.accepted("accepted", transmission, warnings),
            Answer::Done(Acceptance::Already(transmission)) => answer.accepted("already", transmission, warnings),
            Answer::Refused(refusal) => answer.refused(refusal, Vec::new()),
            Answer::NotFound => answer.refused(Refusal::ReceiverUnknown, Vec::new()),
        })
    }
}

impl SetAnswer {
    /// Which set; what came of it is not known yet.
    fn about(unit: &Unit, files: &[Upload]) -> Self {
        Self {
            outcome: "refused",
            serial: unit.serial.to_string(),
            receiver: unit.receiver.to_string(),
            files: unit.files.iter().map(|&index| files[index].name.clone()).collect(),
            transmission: None,
            problem: None,
            warnings: Vec::new(),
        }
    }

    fn accepted(self, outcome: &'static str, transmission: Transmission, warnings: Vec<FindingView>) -> Self {
        Self { outcome, transmission: Some(transmission.into()), warnings, ..self }
    }

    fn refused(self, refusal: Refusal, findings: Vec<FindingView>) -> Self {
        Self { problem: Some(Problem::from(refusal).with_findings(findings)), ..self }
    }
}

struct Upload {
    name: String,
    bytes: Vec<u8>,
}

fn sources(files: &[Upload]) -> Vec<SourceFile<'_>> {
    files.iter().map(|file| SourceFile { name: &file.name, bytes: &file.bytes }).collect()
}

/// Reads the whole call into memory, within the limits; uploads that do not fit at the moment wait before a byte of
/// theirs is read.
async fn read_files(app: &App, request: Request) -> Result<(Vec<Upload>, OwnedSemaphorePermit), Problem> {
    let limits = app.limits;
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.call_bytes) {
        return Err(Problem::body_too_large(limits.call_bytes));
    }
    let kib = u32::try_from(announced.unwrap_or(limits.call_bytes) / 1024 + 1).unwrap_or(u32::MAX);
    let memory = Arc::clone(&app.upload_memory).acquire_many_owned(kib).await.map_err(|_| store::Error::Closed)?;

    let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
        Problem::unreadable_request("multipart/form-data で、ファイルを一つずつ部分として送ってください。")
    })?;
    let (mut files, mut total) = (Vec::new(), 0);
    let broken = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(limits.call_bytes),
        _ => Problem::broken_upload(),
    };
    while let Some(mut part) = form.next_field().await.map_err(broken)? {
        let Some(name) = part.file_name().map(str::to_owned) else {
            if names_a_file(part.headers()) {
                // In an encoding of its own: passing it over would send its set without it.
                return Err(Problem::broken_upload());
            }
            continue;
        };
        if files.len() == limits.call_files {
            return Err(Problem::too_many_files(limits.call_files));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            total += chunk.len();
            if total > limits.call_bytes {
                return Err(Problem::body_too_large(limits.call_bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        files.push(Upload { name, bytes });
    }
    if files.is_empty() {
        return Err(Problem::unreadable_request("ファイルが一つも入っていません。送るファイルを選んでください。"));
    }
    Ok((files, memory))
}

fn names_a_file(headers: &HeaderMap) -> bool {
    const PARAMETER: &[u8] = b"filename";
    let disposition = headers.get(header::CONTENT_DISPOSITION).map_or(&[][..], |value| value.as_bytes());
    disposition.windows(PARAMETER.len()).any(|bytes| bytes.eq_ignore_ascii_case(PARAMETER))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
