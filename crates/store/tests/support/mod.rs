//! Where an exchange of a test is kept: in its folder, or with `FUMIBAKO_TEST_DATABASE=postgres` on a server.

#![allow(dead_code, reason = "each program of tests uses what it needs")]

use fumibako_store::{DatabaseServer, MasterKeys, Place};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions as _};
use std::path::{Path, PathBuf};
use test_postgres::Database;

/// The place of one exchange, and how to look at it from outside.
pub(crate) struct Kept {
    pub(crate) place: Place,
    folder: PathBuf,
    server: Option<Database>,
}

impl Kept {
    /// What the environment asks for.
    pub(crate) fn new(folder: &Path) -> Self {
        match std::env::var("FUMIBAKO_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::on_server(folder, test_postgres::database().expect("PostgreSQL")),
            _ => Self::embedded(folder),
        }
    }

    pub(crate) fn on_server(folder: &Path, database: Database) -> Self {
        let place = Place::on_server(folder, server(&database));
        Self { place, folder: folder.to_path_buf(), server: Some(database) }
    }

    pub(crate) fn is_on_server(&self) -> bool {
        self.server.is_some()
    }

    /// In its folder, whatever the environment asks for.
    pub(crate) fn embedded(folder: &Path) -> Self {
        Self { place: folder.into(), folder: folder.to_path_buf(), server: None }
    }

    /// The same data once more, as they were left: everything must be closed. What lies in the folder is the caller's to copy.
    pub(crate) fn copied(&self, folder: &Path) -> Self {
        match &self.server {
            Some(database) => Self::on_server(folder, database.copy().expect("copied")),
            None => Self::embedded(folder),
        }
    }

    /// The same, by the key store that opens the exchange.
    pub(crate) async fn connection_with(&self, masters: &MasterKeys) -> AnyConnection {
        match &self.server {
            Some(_) => self.connection("").await,
            None => {
                let key = fumibako_store::database_key(&self.folder, masters).expect("key");
                self.connection(key.as_str()).await
            }
        }
    }

    /// Whatever a person sees who has the database and its key, as the pragma takes it.
    pub(crate) async fn connection(&self, key: &str) -> AnyConnection {
        match &self.server {
            Some(database) => connection(&database.superuser).await,
            None => {
                let path = fumibako_store::database_path(&self.folder);
                let mut connection = connection(&format!("sqlite://{}?mode=rw", path.display())).await;
                let pragma = format!("PRAGMA key = {key}; PRAGMA busy_timeout = 10000");
                sqlx::raw_sql(AssertSqlSafe(pragma)).execute(&mut connection).await.expect("unlocked");
                connection
            }
        }
    }
}

/// Both roles of a database.
pub(crate) fn server(database: &Database) -> DatabaseServer {
    let server = DatabaseServer::new(&database.application).expect("an address");
    server.with_owner(&database.owner).expect("another role")
}

pub(crate) async fn connection(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let options: AnyConnectOptions = url.parse().expect("an address");
    options.connect().await.expect("connected")
}
