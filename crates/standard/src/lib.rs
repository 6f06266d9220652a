//! ケアプランデータ連携標準仕様 — its CSV files: layouts, names, send units, reader, writer, checks.
//!
//! Pure: bytes in, values and findings out. No clock, chance, file, network or logging, and no input makes it panic.

mod calendar;
mod check;
mod content;
pub mod layout;
mod ms932;
pub mod name;
mod office_number;
pub mod read;
mod report;
pub mod rules;
pub mod sample;
mod serial;
mod service_month;
pub mod service_type;
pub mod unit;
pub mod write;

pub use check::check;
pub use layout::{CodeTable, Column, Edition, FileKind, Layout, layout};
pub use name::{FileName, NameFault};
pub use office_number::{NotAnOfficeNumber, OfficeNumber};
pub use report::{
    FINDINGS_PER_RULE_AND_FILE_MAX, Finding, Place, Profile, Report, Severity, SourceFile, Suppressed, Unit,
};
pub use rules::{RULES, Rule};
pub use serial::{NotASerial, Serial};
pub use service_month::{NotAServiceMonth, ServiceMonth};
pub use service_type::{NotAServiceType, ServiceType};
pub use unit::{UnitKey, UnitKind, group};
