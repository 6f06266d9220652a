//! Whom the person at the terminal trusts: keys on the command line, or in files.

use std::path::Path;

use ledger::{KeyKind, Policy, VerifyingKey};

use super::failure;
use crate::evidence::folder::text;

/// Keys that one person can name.
const KEYS_MAX: usize = 64;
const KEY_FILE_BYTES_MAX: usize = 4096;

#[derive(clap::Args)]
pub(crate) struct Trust {
    /// 交換所の公開鍵（名前+番号+鍵 の一行）、またはそれを書いたファイル。交換所以外から受け取ったもの
    #[arg(long, value_name = "KEY")]
    key: String,
    /// 以前の公開鍵。過去のチェックポイントと証明にだけ使います（いくつでも）
    #[arg(long, value_name = "KEY")]
    old_key: Vec<String>,
    /// 立会人の公開鍵、またはそれを書いたファイル（いくつでも）
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// 必要な立会人の数。指定がなければ --witness の全員
    #[arg(long, value_name = "N", requires = "witness")]
    need: Option<usize>,
}

impl Trust {
    pub(crate) fn policy(&self) -> anyhow::Result<Policy> {
        if self.witness.len() + self.old_key.len() > KEYS_MAX {
            return Err(failure("指定した鍵が多すぎます。", format!("{KEYS_MAX}個までにしてください。")).into());
        }
        let log = read(&self.key, KeyKind::Log)?;
        let former = self.old_key.iter().map(|key| read(key, KeyKind::Log)).collect::<Result<_, _>>()?;
        let witnesses = self.witness.iter().map(|key| read(key, KeyKind::Witness)).collect::<Result<_, _>>()?;
        let policy = Policy::new(log).and_then(|policy| policy.with_former(former)).map_err(|_| {
            failure("--old-key が、--key と同じ交換所の鍵ではありません。", "名前（+の前）が同じ鍵を指定してください。")
        })?;
        policy.with_witnesses(witnesses, self.need.unwrap_or(self.witness.len())).map_err(|_| {
            let fix = "同じ鍵を二度指定していないか、--need が --witness の数より大きくないかを確かめてください。";
            failure("立会人の指定が合いません。", fix).into()
        })
    }

    /// Refuses keys that lie in the folder that they are to judge: whoever changed the one could change the other.
    pub(crate) fn must_lie_outside(&self, folder: &Path) -> anyhow::Result<()> {
        [&self.key]
            .into_iter()
            .chain(&self.old_key)
            .chain(&self.witness)
            .try_for_each(|key| outside(Path::new(key), folder))
    }

    pub(crate) fn has_witnesses(&self) -> bool {
        !self.witness.is_empty()
    }
}

/// Refuses a file within the folder.
pub(crate) fn outside(file: &Path, folder: &Path) -> anyhow::Result<()> {
    match (file.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) if file.starts_with(&folder) => {
            let what = "公開鍵やチェックポイントが、確かめる記録と同じフォルダーにあります。";
            let fix = "記録とは別の道から受け取り、別の場所に置いたものを指定してください。";
            Err(failure(what, fix).into())
        }
        _ => Ok(()),
    }
}

fn read(key: &str, kind: KeyKind) -> anyhow::Result<VerifyingKey> {
    let fix = "公開鍵（「名前+8桁の番号+鍵」の一行）か、それを書いたファイルを指定してください。";
    let key = match key.parse() {
        Ok(key) => key,
        Err(_) if key.contains('+') && !Path::new(key).exists() => {
            return Err(failure("公開鍵を読めません。", fix).into());
        }
        Err(_) => {
            let text = text(Path::new(key), KEY_FILE_BYTES_MAX, fix)?;
            text.trim().parse::<VerifyingKey>().map_err(|_| failure("ファイルの中の公開鍵を読めません。", fix))?
        }
    };
    if key.kind() == kind {
        return Ok(key);
    }
    let (what, fix) = match kind {
        KeyKind::Log => ("--key に立会人の鍵が指定されています。", "交換所の鍵を指定してください。"),
        KeyKind::Witness => ("--witness に交換所の鍵が指定されています。", "立会人の鍵を指定してください。"),
    };
    Err(failure(what, fix).into())
}
