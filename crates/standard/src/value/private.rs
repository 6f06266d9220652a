use std::fmt;

/// 個人の値 — something about a person. `Debug` prints nothing of it and there is no `Display`; whoever needs the value
/// says `.reveal()`, which is easy to search for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps it.
    pub const fn new(value: T) -> Self {
        Private(value)
    }

    /// The value, for a place that may show or compare it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself.
    pub fn into_revealed(self) -> T {
        self.0
    }

    /// Another value made of it, as private as before.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Private<U> {
        Private(change(self.0))
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(..)")
    }
}
