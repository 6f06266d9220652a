//! People and programs through the verbs of the store, named after the requirements. The clock stands still; nobody here exists.

mod accounts;
mod grants;
mod passkeys;
mod passwords;
mod recovery;
mod register;
mod sessions;
mod sign_in;
mod software;
#[path = "../support/mod.rs"]
mod support;
mod world;
