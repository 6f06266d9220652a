//! What did not open, kept until it is written to the log (R6.3). A field is opened in the middle of other work, where nothing
//! can be recorded; the server writes it down within seconds.

use crate::record::Act;
use crate::{Error, Store};
use ledger::Action;
use seal::Purpose;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Places remembered between two visits; whoever altered more than this has altered everything.
const REMEMBERED_MAX: usize = 256;

/// Where something did not open: what kind of thing, which column if it is one, which row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    what: &'static str,
    column: String,
    row: String,
}

#[derive(Debug, Default)]
pub(crate) struct Damage(Mutex<BTreeSet<Place>>);

impl Damage {
    /// Passes the error on.
    pub(crate) fn note(&self, purpose: &Purpose<'_>, error: Error) -> Error {
        if !matches!(error, Error::Damaged) {
            return error;
        }
        let (column, row) = match *purpose {
            // Pieces of one field are bound to their place in it; the log names the row.
            Purpose::Field { table, column, row } => {
                (format!("{table}.{column}"), row.split('/').next().unwrap_or_default().to_owned())
            }
            Purpose::AccountSecret { kind, .. } => ("factor.secret_sealed".to_owned(), kind.to_owned()),
            Purpose::OfficeKey { office, .. } => ("office_key.wrapped_secret".to_owned(), office.to_owned()),
            _ => ("secret.wrapped".to_owned(), String::new()),
        };
        if let Ok(mut places) = self.0.lock()
            && places.len() < REMEMBERED_MAX
        {
            places.insert(Place { what: purpose.key_use().label(), column, row });
        }
        error
    }
}

impl Store {
    /// Writes to the log what did not open since the last time.
    ///
    /// # Errors
    /// When the database fails; then it is written the next time.
    pub async fn record_damaged_fields(&self) -> Result<u64, Error> {
        let places: Vec<Place> = match self.keys.damage.0.lock() {
            Ok(places) => places.iter().cloned().collect(),
            Err(_) => return Err(Error::Impossible("damage")),
        };
        if places.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut entries = Vec::with_capacity(places.len());
        for place in &places {
            let act = Act::system(Action::BoxDamaged, now).code("column", &place.column);
            let act = if place.row.is_empty() { act } else { act.object(&place.row) };
            entries.push(act.failed("damaged")?);
            tracing::error!(what = place.what, column = %place.column, "a sealed value does not open");
        }
        self.record_all(entries).await?;
        if let Ok(mut kept) = self.keys.damage.0.lock() {
            for place in &places {
                kept.remove(place);
            }
        }
        Ok(places.len() as u64)
    }
}
