//! A budget of bytes, and what holds a part of it.

use std::sync::{
    atomic::{AtomicU64, Ordering},
    Arc,
};

/// How many bytes may be held, and how many are.
#[derive(Debug)]
pub struct Memory {
    budget: u64,
    held: AtomicU64,
}

/// A part of the budget, given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    memory: Arc<Memory>,
    bytes: u64,
}

impl Memory {
    /// A budget of which nothing is held.
    pub fn new(budget: u64) -> Arc<Self> {
        Arc::new(Self { budget, held: AtomicU64::new(0) })
    }

    /// All that may be held.
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// What is held now.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Holds so many bytes, unless that is more than what is left.
    pub fn hold(self: &Arc<Self>, bytes: u64) -> Option<Held> {
        let more = |held: u64| held.checked_add(bytes).filter(|sum| *sum <= self.budget);
        self.held.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Held { memory: self.clone(), bytes })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.held.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hold_should_give_no_more_than_the_budget_and_take_back_what_is_dropped() {
        let memory = Memory::new(10);
        let six = memory.hold(6).unwrap();
        assert!(memory.hold(5).is_none() && memory.hold(u64::MAX).is_none());
        let four = memory.hold(4).unwrap();
        assert_eq!(memory.held(), 10);
        drop(six);
        assert!(memory.hold(7).is_none());
        assert!(memory.hold(6).is_some());
        drop(four);
        assert_eq!((memory.held(), memory.budget()), (0, 10));
    }
}
