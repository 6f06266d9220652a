//! 送る, for programs and for people alike: a parcel is read within limits, its sets are checked, addressed, sealed and taken in,
//! each with an answer of its own.

mod answer;
mod call;
mod parcel;

pub(crate) use answer::{SendAnswer, SetAnswer, Stray};
pub(crate) use call::{Terms, look_over, send};
pub(crate) use parcel::{Limits as ParcelLimits, Parcel, Upload, read, sources};
