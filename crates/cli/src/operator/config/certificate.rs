//! The certificate of the server: from files, or ordered.

use super::Config;
use crate::operator::server_certificate::acme::{Acme, agreed_key};
use crate::terminal::Failure;
use anyhow::Context as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// サーバー証明書 on disk, and what it must be good for.
#[derive(Clone, Debug)]
pub(crate) struct ServerCertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) names: Vec<String>,
}

impl Config {
    /// Certificate chain and key of a trusted authority, if there are.
    fn certificate_files(&self) -> Option<(PathBuf, PathBuf)> {
        let tls = &self.file.tls;
        Some((self.folder.join(tls.certificate.as_ref()?), self.folder.join(tls.key.as_ref()?)))
    }

    /// What is needed to read them again while serving.
    pub(crate) fn server_certificate(&self) -> Option<ServerCertificateFiles> {
        let (certificate, key) = self.certificate_files()?;
        Some(ServerCertificateFiles { certificate, key, names: self.names().to_vec() })
    }

    /// Where the server's certificate is ordered, if it is.
    pub(crate) fn acme(&self) -> anyhow::Result<Option<Acme>> {
        let Some(table) = &self.file.tls.acme else { return Ok(None) };
        let agreed = match (&table.account, &table.account_key_file) {
            (Some(account), Some(file)) => {
                let path = self.folder.join(file);
                let key = std::fs::read_to_string(&path).map(Zeroizing::new).map_err(anyhow::Error::from);
                let key = key.and_then(|text| agreed_key(&text)).with_context(|| {
                    Failure::new(
                        format!("ACME のアカウントの鍵のファイル {} を読めません。", path.display()),
                        "認証局から受け取った鍵（base64url）が書いてあるか、読む権限があるかを確かめてください。",
                    )
                })?;
                Some((account.clone(), key))
            }
            _ => None,
        };
        let contact = |address: &String| match address.contains(':') {
            true => address.clone(),
            false => format!("mailto:{address}"),
        };
        Ok(Some(Acme {
            directory: table.directory.clone(),
            contacts: table.contact.iter().map(contact).collect(),
            authority: table.authority.as_ref().map(|file| self.folder.join(file)),
            agreed,
            names: self.names().to_vec(),
            profile: table.profile.clone(),
        }))
    }
}
