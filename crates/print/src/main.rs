//! `fumibako-print [--fonts FOLDER]`: a document as JSON on standard input, a PDF/A-3b on standard output, or one line of
//! JSON on standard error that says why not. Nothing is written to disk.

use print::engine::{Fonts, read, typeset};
use print::{DOCUMENT_BYTES_MAX, Failure};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Memory of the process. A large document takes a few hundred megabytes.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// Processor time of the process; who started it looks at the clock besides.
const SECONDS_MAX: u64 = 300;

fn main() -> ExitCode {
    bound();
    let mut args = std::env::args_os().skip(1);
    let fonts = match (args.next(), args.next(), args.next()) {
        (None, _, _) => Fonts::of_debian(),
        (Some(word), Some(folder), None) if word == "--fonts" => Fonts::below(PathBuf::from(folder)),
        _ => return complain(&Failure::NotADocument),
    };
    let mut request = Vec::new();
    // One byte more than may be, to tell.
    let taken = std::io::stdin().lock().take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut request);
    if taken.is_err() {
        return complain(&Failure::NotADocument);
    }
    match read(&request).and_then(|document| typeset(&document, &fonts)) {
        Ok(pdf) if std::io::stdout().lock().write_all(&pdf).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => complain(&failure),
    }
}

/// No core dumps, since they would hold content; and no more than its share of the machine.
fn bound() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    // Refused only where a limit is lower already.
    let _ = limit(Resource::Core, 0);
    let _ = limit(Resource::As, MEMORY_BYTES_MAX);
    let _ = limit(Resource::Cpu, SECONDS_MAX);
}

fn complain(failure: &Failure) -> ExitCode {
    if let Ok(line) = serde_json::to_string(failure) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
    ExitCode::FAILURE
}
