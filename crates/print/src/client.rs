use crate::{DOCUMENT_BYTES_MAX, Document, Failure, Limit};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long the program may take for one document.
const TIME_MAX: Duration = Duration::from_secs(120);
/// How large a PDF may become.
const PDF_BYTES_MAX: u64 = 128 << 20;
/// How much of its complaints is read.
const COMPLAINT_BYTES_MAX: u64 = 64 << 10;
/// How often a program that has closed its output is looked at until it ends.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The program is not where it should be, or cannot be started.
    #[error("the program {} cannot be started", .0.display())]
    NoProgram(PathBuf),
    /// It said why.
    #[error("the document was not printed: {0:?}")]
    Refused(Failure),
    /// It took longer than it may.
    #[error("printing took longer than {} seconds", TIME_MAX.as_secs())]
    TooSlow,
    /// The PDF became larger than it may.
    #[error("the PDF became too large")]
    TooLarge,
    /// It ended without a document and without a reason: out of memory, or killed.
    #[error("the printing program ended without a document")]
    Broken,
}

/// Where `fumibako-print` is, and how much it may take.
///
/// Content goes through pipes only. The program is ended when it takes too long, and bounds its own memory.
#[derive(Clone, Debug)]
pub struct Printer {
    program: PathBuf,
    time_max: Duration,
    fonts: Option<PathBuf>,
}

impl Printer {
    /// A printer that starts this program.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), time_max: TIME_MAX, fonts: None }
    }

    /// The program beside this one, where both are installed together.
    #[must_use]
    pub fn beside(this: &Path) -> Self {
        Self::new(this.with_file_name("fumibako-print"))
    }

    /// Bounds the time of one document.
    #[must_use]
    pub fn time_max(mut self, time_max: Duration) -> Self {
        self.time_max = time_max;
        self
    }

    /// Looks for fonts below this folder instead of where Debian puts them.
    #[must_use]
    pub fn fonts(mut self, folder: impl Into<PathBuf>) -> Self {
        self.fonts = Some(folder.into());
        self
    }

    /// Typesets a document. Blocks its thread for as long as that takes.
    ///
    /// # Errors
    /// [`PrintError`]; nothing of the content is in it.
    pub fn print(&self, document: &Document) -> Result<Vec<u8>, PrintError> {
        // What is known to be refused needs no process.
        document.check().map_err(PrintError::Refused)?;
        let request = serde_json::to_vec(document).map_err(|_| PrintError::Refused(Failure::NotADocument))?;
        if request.len() > DOCUMENT_BYTES_MAX {
            return Err(PrintError::Refused(Failure::TooLarge { limit: Limit::Bytes }));
        }
        let mut command = Command::new(&self.program);
        if let Some(fonts) = &self.fonts {
            command.arg("--fonts").arg(fonts);
        }
        command.env_clear().current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|_| PrintError::NoProgram(self.program.clone()))?;
        Running(child).answer(request, Instant::now() + self.time_max)
    }
}

/// A program that is ended at the latest when nobody waits for it any more.
struct Running(Child);

impl Running {
    fn answer(mut self, request: Vec<u8>, until: Instant) -> Result<Vec<u8>, PrintError> {
        let child = &mut self.0;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(PrintError::Broken);
        };
        // One thread per pipe, so that neither side ever waits for the other. They end with the program.
        std::thread::spawn(move || stdin.write_all(&request));
        let complaint = read(stderr, COMPLAINT_BYTES_MAX);
        let output = read(stdout, PDF_BYTES_MAX + 1);
        let left = || until.saturating_duration_since(Instant::now());
        let pdf = output.recv_timeout(left()).map_err(|_| PrintError::TooSlow)?;
        if pdf.len() as u64 > PDF_BYTES_MAX {
            return Err(PrintError::TooLarge);
        }
        let complaint = complaint.recv_timeout(left()).map_err(|_| PrintError::TooSlow)?;
        if self.ended_well(until)? && pdf.starts_with(b"%PDF-") {
            return Ok(pdf);
        }
        match serde_json::from_slice::<Failure>(&complaint) {
            Ok(failure) => Err(PrintError::Refused(failure)),
            Err(_) => Err(PrintError::Broken),
        }
    }

    fn ended_well(&mut self, until: Instant) -> Result<bool, PrintError> {
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Ok(status.success()),
                Ok(None) if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
                Ok(None) => return Err(PrintError::TooSlow),
                Err(_) => return Err(PrintError::Broken),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing to a program that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a pipe brings, up to a bound; what comes after it is not read.
fn read(pipe: impl Read + Send + 'static, max: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A broken pipe is an early end: what was read is judged by what it is.
        let _ = pipe.take(max).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Document {
        Document { title: "見本".into(), made_at: "2026-11-26T01:02:03Z".into(), ..Document::default() }
    }

    #[test]
    fn a_missing_program_is_named() {
        let refused = Printer::new("/nonexistent/fumibako-print").print(&sample());
        assert!(matches!(refused, Err(PrintError::NoProgram(path)) if path.ends_with("fumibako-print")));
    }

    #[test]
    fn a_program_that_never_answers_is_ended() {
        let script = tempfile::tempdir().expect("folder");
        let program = script.path().join("endless");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").expect("script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("mode");
        let begun = Instant::now();
        let refused = Printer::new(&program).time_max(Duration::from_millis(200)).print(&sample());
        assert!(matches!(refused, Err(PrintError::TooSlow)), "{refused:?}");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_program_that_answers_with_anything_else_is_no_printer() {
        for program in ["/bin/true", "/bin/cat", "/bin/false"] {
            assert!(matches!(Printer::new(program).print(&sample()), Err(PrintError::Broken)), "{program}");
        }
    }
}
