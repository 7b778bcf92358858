//! How often something may be done.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// So many times a second, and as many at once as in a second.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    left: Mutex<(f64, Instant)>,
}

impl Rate {
    /// Counted from now on.
    pub fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, left: Mutex::new((per_second, Instant::now())) }
    }

    /// Whether it may be done once more at this time. If so, it counts as done.
    pub fn take(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, since) = *left;
        let gained = now.saturating_duration_since(since).as_secs_f64() * self.per_second;
        let tokens = (tokens + gained).min(self.per_second);
        let may = tokens >= 1.0;
        *left = (if may { tokens - 1.0 } else { tokens }, now.max(since));
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn take_should_allow_a_second_at_once_and_then_as_time_goes() {
        let start = Instant::now() + Duration::from_secs(60);
        let rate = Rate::new(5);
        let taken =
            |at: u64| (0..10).filter(|_| rate.take(start + Duration::from_millis(at))).count();
        assert_eq!(taken(0), 5);
        assert_eq!(taken(100), 0);
        assert_eq!(taken(600), 3);
        // However long nothing was done.
        assert_eq!(taken(3_600_000), 5);
        // A clock that goes back gives nothing.
        assert_eq!(taken(0), 0);
    }
}
