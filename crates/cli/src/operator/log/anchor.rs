//! 控えの杭: the newest checkpoint in a file apart from the data. An older state of the database does not pass beside it.

use crate::operator::explain;
use crate::terminal::Failure;
use anyhow::Context as _;
use ledger::SignedCheckpoint;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use store::{Held, Store};

/// A note is far shorter.
const BYTES_MAX: u64 = 64 << 10;

/// What was anchored last; none before the first checkpoint.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<SignedCheckpoint>> {
    let unreadable = || {
        Failure::new(
            format!("アクセス記録の控え {} を読めません。", path.display()),
            "控えを元に戻してください。控えなしでは、古いデータに戻されていないかを確かめられません。",
        )
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Ok(found) if found.len() <= BYTES_MAX => {}
        _ => return Err(unreadable().into()),
    }
    let text = fs::read_to_string(path).with_context(unreadable)?;
    Ok(Some(text.parse().with_context(unreadable)?))
}

/// Replaces it in one step: there is always a whole one.
pub(crate) fn write(path: &Path, checkpoint: &SignedCheckpoint) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(checkpoint.to_string().as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Refuses a database that does not reach as far as what was anchored, or is another one (R10.5, R4.6).
pub(crate) async fn hold(store: &Store, path: &Path) -> anyhow::Result<()> {
    let Some(anchored) = read(path)? else { return Ok(()) };
    match store.hold_against(&anchored).await.map_err(explain)? {
        Held::Agrees => Ok(()),
        Held::Behind { anchored, here } => Err(Failure::new(
            format!("アクセス記録が足りません。控えは {anchored} 件まで知っていますが、ここには {here} 件しかありません。"),
            "古い控えに戻したのでなければ、だれかが記録を消しました。戻したのなら、二人で fumibako ledger declare-gap を実行してください。",
        )
        .into()),
        Held::Differs => Err(Failure::new(
            "アクセス記録が、控えと食い違っています。",
            "だれかが記録を書き換えたか、別のデータです。データと控えをそのまま保管し、監査担当に知らせてください。",
        )
        .into()),
        Held::Stranger => Err(Failure::new(
            format!("アクセス記録の控え {} は、この交換所のものではありません。", path.display()),
            "設定の data・key_store・log.anchor_file の組合せを確かめてください。",
        )
        .into()),
    }
}
