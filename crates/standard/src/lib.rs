//! ケアプランデータ連携標準仕様 — its CSV files: layouts, names, send units, reader, writer, checks.
//!
//! Pure: bytes in, values and findings out. No clock, chance, file, network or logging, and no input makes it panic.

mod across;
mod calendar;
mod cell;
mod check;
mod content;
mod contents;
pub mod dialect;
pub mod diff;
mod fingerprint;
mod history;
pub mod json;
pub mod json_report;
pub mod layout;
mod links;
mod ms932;
pub mod name;
mod office_number;
pub mod read;
pub mod reconcile;
pub mod repair;
mod report;
mod roster;
mod rows;
pub mod rules;
pub mod sample;
mod serial;
pub mod served;
pub mod service_codes;
mod service_month;
pub mod service_type;
pub mod survey;
mod table;
pub mod truth;
pub mod unit;
pub mod value;
pub mod write;

pub use check::{Context, check, check_contents, check_with};
pub use contents::Contents;
pub use history::{HistoryItem, HistorySet};
pub use layout::{CodeTable, Column, Edition, FileKind, Layout, layout};
pub use name::{FileName, NameFault};
pub use office_number::{NotAnOfficeNumber, OfficeNumber};
pub use report::{
    FINDINGS_PER_RULE_AND_FILE_MAX, Finding, Place, Profile, Report, Severity, SourceFile, Suppressed, Unit,
};
pub use roster::{Called, roster};
pub use rules::{RULES, Rule};
pub use serial::{NotASerial, Serial};
pub use service_codes::{CodeKind, ServiceCodes, ServiceCodesFault};
pub use service_month::{NotAServiceMonth, ServiceMonth};
pub use service_type::{NotAServiceType, ServiceType};
pub use unit::{UnitKey, UnitKind, group};
