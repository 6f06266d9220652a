//! 流出したパスワードの一覧: a file that the operator got from somewhere, read once at the start (R8.8). Nothing is asked outside.

use crate::terminal::Failure;
use anyhow::Context as _;
use identity::breached::{Digests, ENTRIES_MAX, LINE_BYTES_MAX, NotAList, digest};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

pub(super) fn read(path: &Path) -> anyhow::Result<Digests> {
    let named = |fix: &str| Failure::new(format!("流出したパスワードの一覧 {} を読めません。", path.display()), fix);
    let file =
        File::open(path).with_context(|| named("設定の passwords.breached の場所と、読む権限を確かめてください。"))?;
    digests(BufReader::new(file))
        .with_context(|| named("1行に SHA-1 を一つ（「HEX」か「HEX:件数」）、1,000万行までにしてください。"))
}

/// Line by line, so that only what is kept is in memory.
fn digests(mut lines: impl std::io::BufRead) -> anyhow::Result<Digests> {
    let (mut digests, mut line) = (Vec::new(), Vec::new());
    for number in 1.. {
        line.clear();
        // One more than the longest, so that a longer one is seen to be no line of a list.
        if lines.by_ref().take(LINE_BYTES_MAX as u64 + 3).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line) } else { &line };
        let text = text.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if digests.len() == ENTRIES_MAX {
            return Err(NotAList::TooMany.into());
        }
        digests.push(digest(text).ok_or(NotAList::Line { line: number })?);
    }
    Ok(Digests::of(digests))
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::breached::Breached as _;

    const KNOWN: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";

    #[test]
    fn r8_8_a_list_in_a_file_holds_what_its_lines_say() {
        let text = format!("\u{FEFF}{KNOWN}:3\r\n\r\n{}", "F".repeat(40));
        let list = digests(text.as_bytes()).expect("a list");
        assert_eq!(list.len(), 2);
        assert!(list.holds(digest(KNOWN.as_bytes()).expect("hex")));
        assert!(digests(&b""[..]).expect("empty").is_empty());
    }

    #[test]
    fn what_is_not_a_list_is_refused_by_its_line() {
        for bad in ["password", &KNOWN.repeat(2), &format!("{KNOWN}:{}", "9".repeat(100))] {
            let error = digests(format!("{KNOWN}\n{bad}\n").as_bytes()).expect_err(bad);
            assert!(error.to_string().contains("line 2"), "{error}");
        }
    }
}
