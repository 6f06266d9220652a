//! What people see: one folder per family of pages. Server-rendered, complete without scripts (passkeys aside).

pub(crate) mod account;
pub(crate) mod asked;
pub(crate) mod devices;
pub(crate) mod evidence;
pub(crate) mod field;
pub(crate) mod first;
pub(crate) mod form;
pub(crate) mod forms;
pub(crate) mod frame;
pub(crate) mod grants;
pub(crate) mod log;
pub(crate) mod once;
pub(crate) mod operator;
pub(crate) mod passkeys;
pub(crate) mod problem;
pub(crate) mod receipts;
pub(crate) mod received;
pub(crate) mod recovery;
pub(crate) mod reviews;
pub(crate) mod secrets;
pub(crate) mod send;
pub(crate) mod sign_in;
pub(crate) mod software;
pub(crate) mod staff;
pub(crate) mod stock_taking;
