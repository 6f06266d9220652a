use super::{DeviceFolder, ProblemView, Session, ask, block_on, call};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use exchange::Digest;
use serde::Deserialize;
use standard::SourceFile;
use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Sets of one page of the list.
const PAGE_ROWS: usize = 500;
/// Files of one set: three or four, with images a few more.
const SET_FILES_MAX: usize = 10_000;
/// Problems of one set, not of the exchange or of this device: not found, damaged, withdrawn.
const ONE_SET_ONLY: [&str; 3] = ["H01", "H09", "X13"];

/// Names and bytes.
type Files = Vec<(String, Vec<u8>)>;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    device: DeviceFolder,
    /// 受け取ったファイルを置くフォルダー
    folder: PathBuf,
}

#[derive(Deserialize)]
struct ListView {
    items: Vec<ItemView>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct ItemView {
    id: String,
    serial: String,
    sender: String,
    kind_label: String,
    digest: String,
    size_bytes: u64,
}

/// Fetches what waits, in serial order (R1.8), and acknowledges each set once it is on this disk.
pub(crate) fn run(args: &Args) -> Outcome {
    let session = Session::open(&args.device)?;
    fs::create_dir_all(&args.folder).with_context(|| {
        Failure::new("受け取ったファイルを置くフォルダーを作れません。", "場所と権限を確かめてください。")
    })?;
    block_on(async {
        let mut waiting = waiting(&session).await?;
        waiting.sort_by(|one, two| (&one.serial, &one.id).cmp(&(&two.serial, &two.id)));
        if waiting.is_empty() {
            say!("届いているデータはありません。");
        }
        let mut kept = 0;
        for item in &waiting {
            let files = match fetch(&session, item).await? {
                Ok(files) => files,
                // Damaged, or withdrawn a moment ago: the others come all the same.
                Err(problem) if ONE_SET_ONLY.contains(&problem.code.as_str()) => {
                    say!("受け取れませんでした: {} ← {} {}", item.serial, item.sender, item.kind_label);
                    say!("  {}", Failure::from(problem).to_string().replace('\n', "\n  "));
                    continue;
                }
                Err(problem) => return Err(Failure::from(problem).into()),
            };
            for (name, bytes) in &files {
                keep(&args.folder, name, bytes)?;
            }
            File::open(&args.folder)?.sync_all()?;
            call(session.post(&format!("/api/v1/transmissions/{}/acknowledge", item.id))).await?;
            say!("受け取りました: {} ← {} {}（{}ファイル）", item.serial, item.sender, item.kind_label, files.len());
            say!("  指紋 {}", item.digest);
            kept += 1;
        }
        if kept == waiting.len() {
            say!("受信 {kept}件 → {}", args.folder.display());
            return Ok(Done::All);
        }
        say!("受信 {kept}件、受け取れなかったもの {}件 → {}", waiting.len() - kept, args.folder.display());
        Ok(Done::Partly)
    })
}

/// What waits, and what was fetched before but never acknowledged because something broke in between.
async fn waiting(session: &Session) -> anyhow::Result<Vec<ItemView>> {
    let (mut items, mut after) = (Vec::new(), None::<String>);
    loop {
        let cursor = after.map_or_else(String::new, |after| format!("&after={after}"));
        let page: ListView =
            call(session.get(&format!("/api/v1/received?open=true&limit={PAGE_ROWS}{cursor}"))).await?.json().await?;
        items.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(items),
        }
    }
}

async fn fetch(session: &Session, item: &ItemView) -> anyhow::Result<Result<Files, ProblemView>> {
    let archive = match ask(session.get(&format!("/api/v1/transmissions/{}/zip", item.id))).await? {
        Ok(archive) => archive.bytes().await?,
        Err(problem) => return Ok(Err(problem)),
    };
    let files = unpack(&archive, item.size_bytes).with_context(broken)?;
    let sources = files.iter().map(|(name, bytes)| SourceFile { name, bytes });
    if Digest::of_set(sources).to_string() != item.digest {
        return Err(broken().into());
    }
    Ok(Ok(files))
}

fn broken() -> Failure {
    Failure::new(
        "受け取った内容が、送られたものと一致しません。何も保存していません。",
        "もう一度受け取ってください。続くときは運営者に連絡してください。",
    )
}

/// Bounded by the size that was announced, whatever the archive claims.
fn unpack(archive: &[u8], size_bytes: u64) -> anyhow::Result<Files> {
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    anyhow::ensure!(archive.len() <= SET_FILES_MAX, "too many files");
    let (mut files, mut room) = (Vec::new(), size_bytes);
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        let name = file.name().to_owned();
        // Names of the standard have neither folders nor anything a file system would take amiss.
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        anyhow::ensure!(plain && !name.starts_with('.'), "a name that is no file name");
        let mut bytes = Vec::new();
        file.take(room + 1).read_to_end(&mut bytes)?;
        room = room.checked_sub(bytes.len() as u64).context("larger than announced")?;
        files.push((name, bytes));
    }
    Ok(files)
}

/// On disk, whole, under its own name. A file that is there already is never replaced by other content.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(there) if there == bytes => return Ok(()),
        Ok(_) => {
            return Err(Failure::new(
                format!("{} には、同じ名前で内容の違うファイルがあります。上書きはしません。", folder.display()),
                "そのファイルを別の場所に移すか、別のフォルダーに受け取ってください。",
            )
            .into());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist_noclobber(&path).with_context(|| format!("{}", path.display()))?;
    Ok(())
}
