//! How often something happened within an hour.

use super::REMEMBERED_MAX;
use crate::Timestamp;
use std::collections::{HashMap, VecDeque};

const HOUR_MS: i64 = 3_600_000;

/// The last instants of one kind of thing, by who did it.
#[derive(Debug)]
pub(super) struct Windows {
    limit: usize,
    /// No more instants than the limit are kept of each.
    seen: HashMap<String, VecDeque<(u64, Timestamp)>>,
}

impl Windows {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, seen: HashMap::new() }
    }

    /// Once more. What is over the limit comes back: at first everything within the hour, then each by itself.
    pub(super) fn count(&mut self, who: &str, index: u64, at: Timestamp) -> Vec<(u64, Timestamp)> {
        let since = at.as_millisecond() - HOUR_MS;
        if !self.seen.contains_key(who) {
            if self.seen.len() >= REMEMBERED_MAX {
                // Whoever was not seen within the hour begins anew anyway.
                self.seen.retain(|_, times| times.back().is_some_and(|(_, last)| last.as_millisecond() > since));
            }
            self.seen.insert(who.to_owned(), VecDeque::new());
        }
        let Some(times) = self.seen.get_mut(who) else { return Vec::new() };
        while times.front().is_some_and(|(_, first)| first.as_millisecond() <= since) {
            times.pop_front();
        }
        times.push_back((index, at));
        if times.len() < self.limit {
            return Vec::new();
        }
        if times.len() == self.limit {
            return times.iter().copied().collect();
        }
        times.pop_front();
        vec![(index, at)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millisecond(minute * 60_000).expect("in range")
    }

    #[test]
    fn only_what_fits_into_an_hour_is_counted_together() {
        let mut windows = Windows::new(3);
        assert!(windows.count("a", 0, at(0)).is_empty());
        assert!(windows.count("a", 1, at(30)).is_empty());
        assert!(windows.count("a", 2, at(60)).is_empty(), "the first is an hour ago");
        assert!(windows.count("b", 3, at(61)).is_empty());
        assert_eq!(windows.count("a", 4, at(61)).len(), 3);
        assert_eq!(windows.count("a", 5, at(62)), [(5, at(62))]);
        assert!(windows.count("a", 6, at(200)).is_empty());
    }
}
