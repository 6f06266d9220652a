use crate::app::App;
use crate::problem::Problem;
use print::{Document, Failure, PrintError};
use std::sync::Arc;

/// Typesets a document off the async threads, when it is its turn.
pub(crate) async fn print(app: &App, document: Document) -> Result<Vec<u8>, Problem> {
    let _turn = Arc::clone(&app.printing).acquire_owned().await.map_err(|_| Problem::incident())?;
    let printer = Arc::clone(&app.printer);
    let printed = tokio::task::spawn_blocking(move || printer.print(&document)).await?;
    printed.map_err(|error| {
        let (what, fix) = words(&error);
        // Places and names of programs only; nothing of the document.
        tracing::error!(%error, "a document was not printed");
        Problem::not_printed(what, fix)
    })
}

/// What happened, and what to do.
#[must_use]
pub fn words(error: &PrintError) -> (&'static str, &'static str) {
    match error {
        PrintError::NoProgram(_) => (
            "書類を作るプログラム（fumibako-print）が、この交換所に入っていません。",
            "運営者に連絡してください。運営者は、fumibako と同じ場所に fumibako-print を置いてください。",
        ),
        PrintError::Refused(Failure::Fonts { .. }) => (
            "書類を作るための文字（フォント）が、この交換所に入っていません。",
            "運営者に連絡してください。運営者は、fonts-ipaexfont と fonts-noto-cjk を入れてください。",
        ),
        PrintError::Refused(Failure::Glyph { .. }) => (
            "印刷できない文字があるため、書類を作りませんでした。",
            "事業所名や職員の氏名に、絵文字や外字が入っていないか確かめてください。",
        ),
        PrintError::Refused(Failure::TooLarge { .. }) | PrintError::TooLarge | PrintError::TooSlow => (
            "書類が大きすぎるため、作りませんでした。",
            "期間を短くするか、相手の事業所を一つ選んで、もう一度お試しください。",
        ),
        _ => (
            "書類を作れませんでした。",
            "しばらくしてから、もう一度お試しください。続くときは運営者に連絡してください。",
        ),
    }
}
