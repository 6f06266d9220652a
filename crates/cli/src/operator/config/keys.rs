//! Where the keys are, and what opens them.

use super::Config;
use super::sections::KeyStore;
use crate::terminal::Failure;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use store::{TokenPlace, Unlock};
use zeroize::Zeroizing;

/// A passphrase longer than this is a wrong file.
const PASSPHRASE_BYTES_MAX: usize = 1024;

impl Config {
    /// The key-store file; nothing where the keys are in a token.
    pub(crate) fn key_store_file(&self) -> Option<PathBuf> {
        self.file.key_store.file.as_ref().map(|file| self.folder.join(file))
    }

    /// The token, if the keys are in one.
    pub(crate) fn token(&self) -> anyhow::Result<Option<TokenPlace>> {
        let Some(pkcs11) = &self.file.key_store.pkcs11 else { return Ok(None) };
        let pin = match (&pkcs11.pin_file, &pkcs11.credential) {
            (Some(file), None) => self.secret_line(file, "PIN のファイル")?,
            (None, Some(name)) => {
                let bytes = credential_bytes(name, PIN_HINT)?;
                let text = std::str::from_utf8(&bytes).map_err(|_| credential_failure(name, PIN_HINT))?;
                Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            _ => return Err(anyhow::anyhow!("key_store.pkcs11")),
        };
        Ok(Some(TokenPlace { module: self.folder.join(&pkcs11.module), label: pkcs11.token.clone(), pin }))
    }

    /// What opens the key store: a systemd credential, a passphrase file, or the person at the terminal.
    pub(crate) fn unlock(&self) -> anyhow::Result<Unlock> {
        let key_store = &self.file.key_store;
        if let Some(name) = &key_store.credential {
            return credential(name);
        }
        let Some(file) = &key_store.passphrase_file else {
            let typed = rpassword::prompt_password("鍵ファイルの合言葉: ").with_context(|| {
                Failure::new(
                    "合言葉をたずねる端末がありません。",
                    "設定の key_store に passphrase_file か credential を書いてください。",
                )
            })?;
            return Ok(Unlock::Passphrase(Zeroizing::new(typed)));
        };
        Ok(Unlock::Passphrase(self.secret_line(file, "合言葉のファイル")?))
    }

    /// One line from a file of a secret.
    fn secret_line(&self, file: &Path, what: &str) -> anyhow::Result<Zeroizing<String>> {
        let path = self.folder.join(file);
        let read = std::fs::read_to_string(&path).with_context(|| {
            Failure::new(format!("{what} {} を読めません。", path.display()), "場所と権限を確かめてください。")
        })?;
        let text = Zeroizing::new(read);
        if text.len() > PASSPHRASE_BYTES_MAX {
            return Err(Failure::new(
                format!("{what}が長すぎます。"),
                "別のファイルを指していないか確かめてください。",
            )
            .into());
        }
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

impl KeyStore {
    pub(super) fn is_one_place(&self) -> bool {
        match (&self.file, &self.pkcs11) {
            (Some(_), None) => true,
            (None, Some(pkcs11)) => {
                let one_pin = pkcs11.pin_file.is_some() != pkcs11.credential.is_some();
                one_pin && self.passphrase_file.is_none() && self.credential.is_none()
            }
            _ => false,
        }
    }
}

const KEY_HINT: &str = "systemd の LoadCredential で、ちょうど32バイトの値を渡してください。";
const PIN_HINT: &str = "systemd の LoadCredential で、鍵装置の PIN を渡してください。";

fn credential_failure(name: &str, hint: &str) -> Failure {
    Failure::new(format!("資格情報 {name} を使えません。"), hint)
}

fn credential_bytes(name: &str, hint: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let failure = || credential_failure(name, hint);
    // A name, not a path: it must not lead out of the folder.
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(failure().into());
    }
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(failure)?;
    Ok(Zeroizing::new(std::fs::read(Path::new(&folder).join(name)).with_context(failure)?))
}

fn credential(name: &str) -> anyhow::Result<Unlock> {
    let bytes = credential_bytes(name, KEY_HINT)?;
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| credential_failure(name, KEY_HINT))?;
    Ok(Unlock::Credential(Zeroizing::new(key)))
}
