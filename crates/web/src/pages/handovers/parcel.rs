//! Many files with a form: what is to be handed over, or comes back.

use crate::app::App;
use crate::form_token::FormToken;
use crate::pages::form::TOKEN_FIELD;
use crate::parts::parts;
use crate::problem::Problem;
use axum::extract::{FromRequest, Request};
use standard::{Report, Severity, SourceFile};
use store::HANDOVER_FILES_MAX;
use tokio::sync::OwnedSemaphorePermit;

/// Bytes of all files together.
pub(crate) const PARCEL_BYTES_MAX: usize = 8 << 20;
/// Bytes of a file's name and of a field.
const NAME_BYTES_MAX: usize = 256;
/// Parts of a form: files and a few fields.
const PARTS_MAX: usize = HANDOVER_FILES_MAX + 8;

/// The files of a form, under the names they were sent with.
pub(crate) struct Parcel {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// More files than may be; the rest was not read.
    pub(crate) too_many: bool,
    _memory: OwnedSemaphorePermit,
}

impl Parcel {
    pub(crate) fn sources(&self) -> Vec<SourceFile<'_>> {
        self.files.iter().map(|(name, bytes)| SourceFile { name, bytes }).collect()
    }
}

impl FromRequest<App> for Parcel {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let token = request.extensions().get::<FormToken>().cloned().ok_or_else(Problem::form_of_others)?;
        let kib = u32::try_from(PARCEL_BYTES_MAX >> 10).unwrap_or(u32::MAX);
        let memory = std::sync::Arc::clone(&app.upload_memory).acquire_many_owned(kib);
        let memory = memory.await.map_err(|_| Problem::incident())?;
        let mut parts = parts(request).await.map_err(|_| Problem::broken_form())?;
        let mut files = Vec::new();
        let (mut proven, mut total, mut too_many) = (false, 0, false);
        for _ in 0..PARTS_MAX {
            let Some(mut part) = parts.next_field().await.map_err(|_| Problem::broken_form())? else { break };
            let name = part.file_name().map(str::to_owned);
            let field = part.name().unwrap_or_default().to_owned();
            let mut bytes = Vec::new();
            while let Some(chunk) = part.chunk().await.map_err(|_| Problem::broken_form())? {
                total += chunk.len();
                if total > PARCEL_BYTES_MAX || (name.is_none() && bytes.len() + chunk.len() > NAME_BYTES_MAX) {
                    return Err(Problem::body_too_large(PARCEL_BYTES_MAX));
                }
                bytes.extend_from_slice(&chunk);
            }
            match name {
                // A browser sends a file without name and bytes when none was chosen.
                Some(name) if !name.is_empty() && name.len() <= NAME_BYTES_MAX => {
                    // The token stands first in the form: nothing is kept of a form of others.
                    if !proven {
                        return Err(Problem::form_of_others());
                    }
                    if files.len() == HANDOVER_FILES_MAX {
                        too_many = true;
                        break;
                    }
                    files.push((name, bytes));
                }
                Some(_) => {}
                None if field == TOKEN_FIELD => {
                    proven = std::str::from_utf8(&bytes).is_ok_and(|given| token.is(given.trim()));
                }
                None => {}
            }
        }
        if !proven {
            return Err(Problem::form_of_others());
        }
        Ok(Self { files, too_many, _memory: memory })
    }
}

/// What is wrong with files that were checked, in one sentence: the first thing, where it stands, and how much more there is.
pub(crate) fn first_fault(report: &Report) -> Option<String> {
    let mut errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let first = errors.next()?;
    let place = &first.place;
    let mut text = place.file.map_or_else(String::new, |file| format!("{}個目のファイル", file + 1));
    if let Some(row) = place.row {
        text.push_str(&format!("の{row}行目"));
    }
    if !text.is_empty() {
        text.push_str(": ");
    }
    text.push_str(first.rule.what);
    text.push_str(first.rule.fix);
    match errors.count() {
        0 => {}
        more => text.push_str(&format!("（ほかにも{more}か所あります）")),
    }
    Some(text)
}
