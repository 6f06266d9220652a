//! Statements that are written together: by one journey to the thread in which SQLite lives, one after the other on a server.
//!
//! What a statement costs on SQLite is mostly the way there and back: two threads wake each other for it.

use super::Connection;
use crate::Error;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, SqlStr};
use std::borrow::Cow;

/// What can be bound to a statement.
#[derive(Debug)]
pub(crate) enum Value<'v> {
    Text(Cow<'v, str>),
    NoText,
    Number(i64),
    Bytes(&'v [u8]),
    NoBytes,
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        text.map_or(Self::NoText, Self::from)
    }
}

impl<'v> From<Option<&'v [u8]>> for Value<'v> {
    fn from(bytes: Option<&'v [u8]>) -> Self {
        bytes.map_or(Self::NoBytes, Self::Bytes)
    }
}

/// Statements in their order, each with values of its own: `$1` is the first of its own.
#[derive(Debug, Default)]
pub(crate) struct Together<'v> {
    statements: Vec<(&'static str, Vec<Value<'v>>)>,
}

impl<'v> Together<'v> {
    /// Adds a statement, whose values follow. No `$` in it but before the number of a value.
    pub(crate) fn statement(&mut self, text: &'static str) -> &mut Self {
        self.statements.push((text, Vec::new()));
        self
    }

    /// The next value of the statement added last.
    pub(crate) fn bind(&mut self, value: impl Into<Value<'v>>) -> &mut Self {
        if let Some((_, values)) = self.statements.last_mut() {
            values.push(value.into());
        }
        self
    }

    /// Runs them in order, inside the transaction that the connection is in, and returns the rows they return.
    ///
    /// # Errors
    /// When one fails; those before it are then undone with the transaction.
    pub(crate) async fn run(self, c: &mut Connection) -> Result<Vec<AnyRow>, Error> {
        if self.statements.is_empty() {
            return Ok(Vec::new());
        }
        if c.backend_name() == "SQLite" {
            return Ok(run(c, AssertSqlSafe(self.text()), self.statements.iter().flat_map(|(_, values)| values)).await?);
        }
        let mut rows = Vec::new();
        for (text, values) in &self.statements {
            rows.extend(run(c, *text, values.iter()).await?);
        }
        Ok(rows)
    }

    /// All in one text; SQLite counts the values of all of them in one row.
    fn text(&self) -> String {
        let mut all = String::with_capacity(self.statements.iter().map(|(text, _)| text.len() + 32).sum());
        let mut before = 0;
        for (text, values) in &self.statements {
            let mut parts = text.split('$');
            all.extend(parts.next());
            for part in parts {
                let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = part.split_at(digits);
                let number: usize = number.parse().unwrap_or_default();
                all.extend(["$", &(before + number).to_string(), rest]);
            }
            all.push(';');
            before += values.len();
        }
        all
    }
}

async fn run<'q, 'v: 'q>(
    c: &mut Connection,
    text: impl sqlx::SqlSafeStr,
    values: impl Iterator<Item = &'q Value<'v>>,
) -> Result<Vec<AnyRow>, sqlx::Error> {
    let text: SqlStr = text.into_sql_str();
    let query = values.fold(sqlx::query(text), |query, value| match value {
        Value::Text(text) => query.bind(text.as_ref()),
        Value::NoText => query.bind(None::<&str>),
        Value::Number(number) => query.bind(*number),
        Value::Bytes(bytes) => query.bind(*bytes),
        Value::NoBytes => query.bind(None::<&[u8]>),
    });
    query.fetch_all(c).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions as _, Row as _};

    async fn memory() -> Connection {
        sqlx::any::install_default_drivers();
        let options: sqlx::any::AnyConnectOptions = "sqlite::memory:".parse().expect("an address");
        let mut connection = options.connect().await.expect("a database");
        sqlx::raw_sql("CREATE TABLE t (a TEXT PRIMARY KEY, b BIGINT, c BLOB)")
            .execute(&mut connection)
            .await
            .expect("a table");
        connection
    }

    const INSERT: &str = "INSERT INTO t (a, b, c) VALUES ($1, $2, $3) RETURNING b";
    const DOUBLE: &str = "UPDATE t SET b = 2 * b WHERE a = $1 AND b < $2";

    #[tokio::test]
    async fn each_statement_has_values_of_its_own_and_the_rows_come_in_order() {
        let mut c = memory().await;
        let mut together = Together::default();
        together.statement(INSERT).bind("one").bind(1).bind(Some([7_u8].as_slice()));
        together.statement(DOUBLE).bind("one").bind(10);
        together.statement(INSERT).bind("two".to_owned()).bind(21).bind(None::<&[u8]>);
        together.statement(DOUBLE).bind("two").bind(10);
        let rows = together.run(&mut c).await.expect("written");
        assert_eq!(rows.iter().map(|row| row.get::<i64, _>(0)).collect::<Vec<_>>(), [1, 21]);
        let all: Vec<(String, i64, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT a, b, c FROM t ORDER BY a").fetch_all(&mut c).await.expect("read");
        assert_eq!(all, [("one".to_owned(), 2, Some(vec![7])), ("two".to_owned(), 21, None)]);
    }

    #[tokio::test]
    async fn one_that_fails_is_told_and_those_after_it_are_not_run() {
        let mut c = memory().await;
        let mut together = Together::default();
        for number in [1, 2] {
            together.statement(INSERT).bind("one").bind(number).bind(None::<&[u8]>);
        }
        together.statement(DOUBLE).bind("one").bind(10);
        assert!(together.run(&mut c).await.is_err(), "the key is taken");
        let b: i64 = sqlx::query_scalar("SELECT b FROM t").fetch_one(&mut c).await.expect("read");
        assert_eq!(b, 1);
    }

    #[tokio::test]
    async fn nothing_is_nothing_to_run() {
        assert!(Together::default().run(&mut memory().await).await.expect("run").is_empty());
    }
}
