//! Who is asking, and what may they do: roles, factors, sessions, passwords (R8.1–R8.14, R12.1–R12.6).
//!
//! Pure: the caller brings the hour, the counters and the secrets; nothing here reads a clock, a file or a database, and
//! nothing here keeps a secret. No value that a person types ever reaches an error text of this crate.

pub mod breached;
pub mod factor;
pub mod grant;
pub mod guess;
pub mod password;
pub mod recovery;
pub mod register;
pub mod role;
pub mod scope;
pub mod session;
pub mod totp;

pub use factor::{Kind, Means, NotTwoFactors, Proof, TwoFactors};
pub use role::{Deed, Denied, Held, Role, Side, Way, Why, incompatible, may};
pub use scope::{Scope, Scopes};
pub use session::{Level, Opening};
