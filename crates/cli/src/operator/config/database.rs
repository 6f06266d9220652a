//! Where the exchange is kept: in a folder, or on a database server as well.

use super::Config;
use crate::terminal::Failure;
use anyhow::Context as _;
use std::path::Path;
use store::{DatabaseServer, NotAServer, Place};
use zeroize::Zeroizing;

impl Config {
    /// Where the exchange is kept, as a node uses it.
    pub(crate) fn place(&self) -> anyhow::Result<Place> {
        let folder = self.data_folder();
        let Some(database) = &self.file.database else { return Ok(Place::from(&folder)) };
        Ok(Place::on_server(folder, self.server(&database.url_file)?))
    }

    /// The same with what its owner needs to make it or to change its schema.
    pub(crate) fn owned_place(&self) -> anyhow::Result<Place> {
        let folder = self.data_folder();
        let Some(database) = &self.file.database else { return Ok(Place::from(&folder)) };
        let Some(owner) = &database.owner_url_file else {
            return Err(Failure::new(
                "データベースの持ち主の接続先が、設定にありません。",
                "設定の database に owner_url_file を書いてください。動かすだけなら要りません。",
            )
            .into());
        };
        let path = self.folder.join(owner);
        let server = self.server(&database.url_file)?;
        let owned = server.with_owner(&self.address(owner)?).map_err(|error| address_failure(&path, error))?;
        Ok(Place::on_server(folder, owned))
    }

    /// Whether the database is on a server, of which the data folder knows nothing.
    pub(crate) fn is_on_server(&self) -> bool {
        self.file.database.is_some()
    }

    fn server(&self, file: &Path) -> anyhow::Result<DatabaseServer> {
        let path = self.folder.join(file);
        Ok(DatabaseServer::new(&self.address(file)?).map_err(|error| address_failure(&path, error))?)
    }

    fn address(&self, file: &Path) -> anyhow::Result<Zeroizing<String>> {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path).map(Zeroizing::new).with_context(|| {
            Failure::new(
                format!("データベースの接続先のファイル {} を読めません。", path.display()),
                "場所と権限を確かめてください。",
            )
        })?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }
}

/// What is wrong with an address, without repeating it.
fn address_failure(path: &Path, error: NotAServer) -> Failure {
    let file = path.display();
    match error {
        NotAServer::Malformed => Failure::new(
            format!("{file} の接続先を読めません。"),
            "postgres://役割:合言葉@機械/データベース の形で、一行で書いてください。",
        ),
        NotAServer::Unprotected => Failure::new(
            format!("{file} の接続先は別の機械ですが、TLS で確かめる指定がありません。"),
            "末尾に ?sslmode=verify-full を付け、独自の認証局なら &sslrootcert=証明書 も付けてください。",
        ),
        NotAServer::SameRole => Failure::new(
            format!("{file} の役割が、プログラムの役割と同じです。"),
            "表の持ち主には別の役割を使ってください。同じだと、証跡を書き換えられないことを守れません。",
        ),
    }
}
