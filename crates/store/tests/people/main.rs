//! People and programs through the verbs of the store, named after the requirements. The clock stands still; nobody here exists.

mod sessions;
mod sign_in;
mod software;
mod world;
