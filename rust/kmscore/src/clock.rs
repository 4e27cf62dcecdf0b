//! The one source of time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Wall time with a floor: a clock set back revives nothing that a stored deadline has ended.
#[derive(Debug, Default)]
pub struct Clock {
    /// Microseconds added to the system's time; moved by tests.
    offset: AtomicI64,
    /// The highest time seen, in microseconds since 1970.
    floor: AtomicI64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Microseconds since 1970.
    pub fn now(&self) -> i64 {
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_micros());
        let now = i64::try_from(system)
            .unwrap_or(i64::MAX)
            .saturating_add(self.offset.load(Ordering::Relaxed));
        self.floor.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Raises the floor to a time the store has seen.
    pub fn seen(&self, time: i64) {
        self.floor.fetch_max(time, Ordering::Relaxed);
    }

    /// Moves the clock, for tests.
    pub fn advance(&self, microseconds: i64) {
        self.offset.fetch_add(microseconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_stays_at_the_highest_time_seen() {
        let clock = Clock::new();
        clock.advance(1_000_000_000);
        let high = clock.now();
        clock.advance(-2_000_000_000);
        assert!(clock.now() >= high);
    }

    #[test]
    fn the_store_raises_the_floor() {
        let clock = Clock::new();
        let far = clock.now() + 3_600_000_000;
        clock.seen(far);
        assert!(clock.now() >= far);
    }
}
