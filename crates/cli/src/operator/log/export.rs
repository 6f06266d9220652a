//! アクセス記録の書き出し: into a new folder, or on in one that an earlier export is in.

use crate::evidence::folder::Folder;
use crate::operator::{Where, explain};
use crate::terminal::{Done, Failure, Outcome, say};
use anyhow::Context as _;
use ledger::{
    CHECKPOINT_PATH, Export as _, NOTE_BYTES_MAX, SignedCheckpoint, TILE_WIDTH, TILES_FOLDER, TileId, TilePath,
};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use store::{Continued, Held};

#[derive(clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    place: Where,
    /// 書き出すフォルダー（まだないか、空のもの。前に書き出したフォルダーなら、続きだけを書き足します）
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) async fn export(args: &Export) -> Outcome {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| not_written(folder))?;
    let earlier = earlier(folder)?;
    let (_, store) = args.place.open().await?;
    let key = store.log_key().await.map_err(explain)?;
    let write = |path: &str, bytes: &[u8]| write(folder, path, bytes);
    let newest = match &earlier {
        None => store.write_log_files(write).await.map_err(explain)?,
        Some(earlier) => match store.continue_log_files(earlier, write).await.map_err(explain)? {
            Continued::Done(newest) => newest,
            Continued::Refused(why) => return Err(refused(folder, why).into()),
        },
    };
    store.close().await;
    let size = newest.checkpoint().size();
    match &earlier {
        None => say!("アクセス記録 {size} 件を {} に書き出しました。", folder.display()),
        Some(earlier) => {
            // Only now: the earlier checkpoint promised these files until it was replaced.
            remove_outgrown(folder, size).with_context(|| not_written(folder))?;
            let had = earlier.checkpoint().size();
            say!("{} に {} 件を書き足しました（{had} 件から {size} 件）。", folder.display(), size - had);
            say!("前に書き出した記録から、書き換えられずに続いていることを確かめました。");
        }
    }
    say!("確かめるには:");
    say!("  fumibako ledger verify {} --key '{key}'", folder.display());
    Ok(Done::All)
}

/// The newest checkpoint of an export in this folder; none if it is empty.
fn earlier(folder: &Path) -> anyhow::Result<Option<SignedCheckpoint>> {
    if fs::read_dir(folder).with_context(|| not_written(folder))?.next().is_none() {
        return Ok(None);
    }
    let file = File::open(folder.join(CHECKPOINT_PATH)).with_context(|| not_written(folder))?;
    let mut text = String::new();
    file.take(NOTE_BYTES_MAX as u64 + 1).read_to_string(&mut text).with_context(|| not_written(folder))?;
    let read = text.parse().with_context(|| {
        Failure::new(
            format!("{} の checkpoint を読めません。何も書いていません。", folder.display()),
            "前に書き出したフォルダーが壊れています。そのまま保管し、新しいフォルダーに書き出してください。",
        )
    });
    read.map(Some)
}

/// In one step each: whoever reads meanwhile finds the old file or the new one.
fn write(folder: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // Beside the folders that a verifier lists.
    let beside = folder.join("writing");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

/// Removes the files of an edge that the log has grown beyond, also those that an export broken off earlier left behind.
/// Nothing else: what is no such file is for the verifier to find.
fn remove_outgrown(folder: &Path, size: u64) -> anyhow::Result<()> {
    let mut outgrown = Vec::new();
    let export = Folder::open(folder)?;
    let listed = export.list(TILES_FOLDER, &mut |path| {
        if let Some(TilePath::Hashes(id) | TilePath::Entries(id)) = TilePath::parse(path)
            && id.width < TILE_WIDTH
            && TileId::within(id.level, id.index, size) != Some(id)
        {
            outgrown.push(path.to_owned());
        }
    });
    listed.map_err(crate::evidence::folder::Unread::told)?;
    for path in outgrown {
        fs::remove_file(folder.join(&path))?;
        // The folder of partial files, once it is empty; not being so is no fault.
        if let Some(parent) = folder.join(&path).parent() {
            let _ = fs::remove_dir(parent);
        }
    }
    Ok(())
}

fn not_written(folder: &Path) -> Failure {
    Failure::new(
        format!("{} に書き出せません。", folder.display()),
        "まだないか、空のフォルダーか、前に書き出したフォルダーを指定してください。",
    )
}

fn refused(folder: &Path, why: Held) -> Failure {
    let folder = folder.display();
    let keep = "フォルダーとデータをそのまま保管し、監査担当に知らせてください。書き出すには、新しいフォルダーを指定してください。";
    match why {
        Held::Stranger => Failure::new(
            format!("{folder} にあるのは、この交換所の今の記録ではありません。何も書いていません。"),
            "別のフォルダーを指定してください。断絶を宣言したあとの記録は、新しいフォルダーに書き出します。",
        ),
        Held::Behind { anchored, here } => Failure::new(
            format!("{folder} には {anchored} 件ありますが、ここには {here} 件しかありません。何も書いていません。"),
            keep,
        ),
        Held::Differs | Held::Agrees => Failure::new(
            format!(
                "{folder} の記録と、ここの記録が食い違っています。書き換えられたおそれがあります。何も書いていません。"
            ),
            keep,
        ),
    }
}
