//! Where an exchange is kept: a folder, and its database in that folder or on a server.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use url::Url;

/// Longer than any address of a database.
const URL_BYTES_MAX: usize = 2048;

/// Where an exchange is kept.
#[derive(Clone, Debug)]
pub struct Place {
    folder: PathBuf,
    server: Option<DatabaseServer>,
}

impl Place {
    /// A folder of this node, with everything else on a database server that other nodes use as well.
    #[must_use]
    pub fn on_server(folder: impl Into<PathBuf>, server: DatabaseServer) -> Self {
        Self { folder: folder.into(), server: Some(server) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn server(&self) -> Option<&DatabaseServer> {
        self.server.as_ref()
    }
}

/// A folder with everything in it.
impl<P: AsRef<Path> + ?Sized> From<&P> for Place {
    fn from(folder: &P) -> Self {
        Self { folder: folder.as_ref().to_path_buf(), server: None }
    }
}

/// A PostgreSQL server, as the application reaches it and, where the schema is to be changed, as its owner does.
#[derive(Clone)]
pub struct DatabaseServer {
    url: Url,
    owner: Option<Url>,
}

/// Passwords stand in the addresses.
impl fmt::Debug for DatabaseServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseServer(..)")
    }
}

/// Why an address is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAServer {
    /// Not `postgres://role:password@host/database`.
    #[error("not the address of a PostgreSQL database")]
    Malformed,
    /// Another machine, without proof that it is the right one (R5.10).
    #[error("another machine is reached by sslmode=verify-full only")]
    Unprotected,
    /// Application and owner are one role, so nothing keeps the application from changing the ledger (R10.5).
    #[error("the owner's role must not be the application's")]
    SameRole,
}

impl DatabaseServer {
    /// How the application reaches it.
    ///
    /// # Errors
    /// When the address is none, or leads to another machine without TLS and its verification.
    pub fn new(url: &str) -> Result<Self, NotAServer> {
        Ok(Self { url: parse(url)?, owner: None })
    }

    /// How its owner reaches it: needed to make an exchange and to bring its schema up to date.
    ///
    /// # Errors
    /// As [`DatabaseServer::new`], and when it is the same role.
    pub fn with_owner(self, url: &str) -> Result<Self, NotAServer> {
        let owner = parse(url)?;
        if role(&owner) == role(&self.url) {
            return Err(NotAServer::SameRole);
        }
        Ok(Self { owner: Some(owner), ..self })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn owner_url(&self) -> Option<&Url> {
        self.owner.as_ref()
    }

    pub(crate) fn application_role(&self) -> String {
        role(&self.url).unwrap_or_default()
    }
}

fn parse(text: &str) -> Result<Url, NotAServer> {
    if text.len() > URL_BYTES_MAX {
        return Err(NotAServer::Malformed);
    }
    let mut url = Url::parse(text.trim()).map_err(|_| NotAServer::Malformed)?;
    if !matches!(url.scheme(), "postgres" | "postgresql") || role(&url).is_none() {
        return Err(NotAServer::Malformed);
    }
    let stated = |url: &Url, names: &[&str]| -> Vec<String> {
        url.query_pairs()
            .filter(|(name, _)| names.contains(&name.as_ref()))
            .map(|(_, value)| value.into_owned())
            .collect()
    };
    // The driver takes these from the address too, and the last one counts: all of them have to be near.
    let mut hosts = stated(&url, &["host", "hostaddr"]);
    hosts.extend(url.host_str().filter(|host| !host.is_empty()).map(str::to_owned));
    let modes = stated(&url, &["sslmode", "ssl-mode"]);
    if hosts.is_empty() {
        return Err(NotAServer::Malformed);
    }
    let near = hosts.iter().all(|host| is_near(host));
    match (near, modes.as_slice()) {
        (_, [mode]) if mode == "verify-full" => {}
        (true, []) => {
            url.query_pairs_mut().append_pair("sslmode", "disable");
        }
        (true, [_]) => {}
        _ => return Err(NotAServer::Unprotected),
    }
    Ok(url)
}

/// A socket of this machine, or its loopback.
fn is_near(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"))
        || host == "localhost"
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn role(url: &Url) -> Option<String> {
    let stated = url.query_pairs().filter(|(name, _)| name == "user").map(|(_, value)| value.into_owned()).last();
    let plain = || (!url.username().is_empty()).then(|| percent_decoded(url.username()));
    stated.or_else(plain).filter(|role| !role.is_empty())
}

fn percent_decoded(text: &str) -> String {
    // A form's encoding differs only in its plus sign, which is protected here.
    let query = format!("r={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_machine_needs_no_tls() {
        for url in [
            "postgres://fumibako@localhost/fumibako",
            "postgres://fumibako:secret@127.0.0.1:5433/fumibako",
            "postgres://fumibako@[::1]/fumibako",
            "postgres://fumibako@%2Fvar%2Frun%2Fpostgresql/fumibako",
            "postgresql:///fumibako?host=/var/run/postgresql&user=fumibako",
        ] {
            assert!(DatabaseServer::new(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn r5_10_another_machine_is_reached_by_verified_tls_only() {
        assert!(DatabaseServer::new("postgres://fumibako@db.example/fumibako?sslmode=verify-full").is_ok());
        for url in [
            "postgres://fumibako@db.example/fumibako",
            "postgres://fumibako@10.0.0.5/fumibako?sslmode=disable",
            "postgres://fumibako@db.example/fumibako?sslmode=require",
            "postgres://fumibako@db.example/fumibako?sslmode=verify-full&sslmode=disable",
            "postgres://fumibako@db.example/fumibako?sslmode=verify-full&ssl-mode=disable",
            "postgres://fumibako@localhost/fumibako?host=db.example",
            "postgres://fumibako@localhost/fumibako?hostaddr=10.0.0.5",
            "postgres://fumibako@localhost.example/fumibako",
        ] {
            assert_eq!(DatabaseServer::new(url).err(), Some(NotAServer::Unprotected), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for url in
            ["", "fumibako", "mysql://fumibako@localhost/x", "postgres://localhost/fumibako", "postgres:///x?user=a"]
        {
            assert_eq!(DatabaseServer::new(url).err(), Some(NotAServer::Malformed), "{url}");
        }
        let server = DatabaseServer::new("postgres://fumibako:secret-word@localhost/x").expect("an address");
        assert!(!format!("{server:?}").contains("secret-word"));
    }

    #[test]
    fn r10_5_the_owner_is_another_role() {
        let server = DatabaseServer::new("postgres://fumi%62ako@localhost/x").expect("an address");
        assert_eq!(server.application_role(), "fumibako");
        let same = server.clone().with_owner("postgres://localhost/x?user=fumibako");
        assert_eq!(same.err(), Some(NotAServer::SameRole));
        assert!(server.with_owner("postgres://owner@localhost/x").is_ok());
    }
}
