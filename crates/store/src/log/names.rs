//! Who stands behind a pseudonym, for those who may know.

use super::Scope;
use crate::people::NAME;
use crate::{AccountId, Error, Store};
use standard::value::Private;
use std::collections::BTreeMap;

const NAME_OF: &str = "SELECT name_sealed FROM account WHERE account_id = $1";

/// An office is told the names of its own people, past ones included, and of nobody else.
const NAME_AT: &str = "
    SELECT name_sealed FROM account a
     WHERE a.account_id = $1
       AND EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.account_id AND g.office_id = $2)";

const OFFICE: &str = "SELECT name FROM office WHERE office_number = $1";

/// Names looked up for one page.
#[derive(Debug, Default)]
pub(super) struct Names {
    people: BTreeMap<String, Option<Private<String>>>,
    offices: BTreeMap<String, Option<String>>,
}

impl Names {
    /// The name behind `person:…` or an account's id.
    pub(super) async fn person(
        &mut self,
        store: &Store,
        scope: Scope,
        spelled: &str,
    ) -> Result<Option<Private<String>>, Error> {
        let id = spelled.strip_prefix("person:").unwrap_or(spelled);
        if let Some(found) = self.people.get(id) {
            return Ok(found.clone());
        }
        let Ok(account) = id.parse::<AccountId>() else { return Ok(None) };
        let sealed: Option<Vec<u8>> = match scope {
            Scope::All => sqlx::query_scalar(NAME_OF).bind(id).fetch_optional(&store.reads).await?,
            Scope::Office(office, _) => {
                sqlx::query_scalar(NAME_AT).bind(id).bind(office.to_string()).fetch_optional(&store.reads).await?
            }
        };
        let name = sealed.map(|sealed| store.open_text(NAME, account, &sealed)).transpose()?;
        self.people.insert(id.to_owned(), name.clone());
        Ok(name)
    }

    /// 事業所名.
    pub(super) async fn office(&mut self, store: &Store, number: &str) -> Result<Option<String>, Error> {
        if let Some(found) = self.offices.get(number) {
            return Ok(found.clone());
        }
        let name: Option<String> = sqlx::query_scalar(OFFICE).bind(number).fetch_optional(&store.reads).await?;
        self.offices.insert(number.to_owned(), name.clone());
        Ok(name)
    }
}
