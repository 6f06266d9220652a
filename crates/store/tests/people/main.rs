//! People and programs through the verbs of the store, named after the requirements. The clock stands still; nobody here exists.

mod accounts;
mod binding;
mod erasures;
mod grants;
mod key_custody;
mod key_stores;
mod keys;
mod letters;
mod log;
mod passkeys;
mod passwords;
mod recovery;
mod register;
mod registers;
mod review;
mod scans;
mod sessions;
mod sign_in;
mod software;
#[path = "../support/mod.rs"]
mod support;
mod world;
