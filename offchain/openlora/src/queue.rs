//! Whose turn it is to be computed.
//!
//! Payers take turns: each has a line of its own, and the lines are served one after the other. So many requests of one
//! payer as there may be, another's next one waits for one of them at most.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use openledger_primitives::H256;
use tokio::sync::oneshot;

/// Lines of payers before a number of seats.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    places: usize,
    share: usize,
}

#[derive(Debug)]
struct State {
    /// Seats that are free. While there is one, nobody waits.
    free: usize,
    /// Payers that wait, the next first, each with those of its requests that wait.
    lines: VecDeque<(H256, VecDeque<oneshot::Sender<()>>)>,
    /// Requests that wait or are computed, by payer.
    held: HashMap<H256, usize>,
    /// Requests that wait or are computed.
    all: usize,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All places are taken: so many.
    All(usize),
    /// The payer has as many as it may: so many.
    Share(usize),
}

/// A place in line. Dropped, it is free again.
#[derive(Debug)]
pub struct Place {
    queue: Arc<Queue>,
    payer: H256,
    turn: Option<oneshot::Receiver<()>>,
    seated: bool,
}

impl Queue {
    /// A queue to so many seats, with so many places in all, the seats included, of which one payer may have `share`.
    pub fn new(seats: usize, places: usize, share: usize) -> Arc<Self> {
        let state = State { free: seats, lines: VecDeque::new(), held: HashMap::new(), all: 0 };
        Arc::new(Self { state: Mutex::new(state), places, share })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Gets in line.
    ///
    /// # Errors
    /// If there is no place.
    pub fn enter(self: &Arc<Self>, payer: H256) -> Result<Place, Full> {
        let mut state = self.lock();
        if state.all >= self.places {
            return Err(Full::All(self.places));
        }
        let held = state.held.get(&payer).copied().unwrap_or_default();
        if held >= self.share {
            return Err(Full::Share(self.share));
        }
        state.held.insert(payer, held + 1);
        state.all += 1;
        let mut place = Place { queue: self.clone(), payer, turn: None, seated: false };
        if state.free > 0 {
            state.free -= 1;
            place.seated = true;
        } else {
            let (call, turn) = oneshot::channel();
            place.turn = Some(turn);
            match state.lines.iter_mut().find(|(payer, _)| *payer == place.payer) {
                Some((_, line)) => {
                    line.retain(|call| !call.is_closed());
                    line.push_back(call);
                }
                None => state.lines.push_back((place.payer, [call].into())),
            }
        }
        Ok(place)
    }

    /// Requests that wait or are computed.
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    /// Takes all places that are free.
    #[cfg(test)]
    pub fn fill(self: &Arc<Self>, payers: impl IntoIterator<Item = H256>) -> Vec<Place> {
        payers.into_iter().map_while(|payer| self.enter(payer).ok()).collect()
    }
}

impl State {
    /// Gives a seat to the next in line; whoever left the line is passed over.
    fn seat_next(&mut self) {
        while let Some((payer, mut line)) = self.lines.pop_front() {
            line.retain(|call| !call.is_closed());
            let call = line.pop_front();
            if !line.is_empty() {
                self.lines.push_back((payer, line));
            }
            if call.is_some_and(|call| call.send(()).is_ok()) {
                return;
            }
        }
        self.free += 1;
    }
}

impl Place {
    /// Waits for its turn. From then on until it is dropped, it has a seat.
    pub async fn turn(&mut self) {
        if let Some(turn) = &mut self.turn {
            // A line is never dropped while somebody is in it.
            let _ = turn.await;
            self.turn = None;
            self.seated = true;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.all -= 1;
        if let Some(held) = state.held.get_mut(&self.payer) {
            *held -= 1;
            if *held == 0 {
                state.held.remove(&self.payer);
            }
        }
        // It may have been called just now.
        let called = self.turn.as_mut().is_some_and(|turn| turn.try_recv().is_ok());
        // Nobody calls it any more.
        self.turn = None;
        if self.seated || called {
            state.seat_next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: H256 = H256::repeat_byte(1);
    const B: H256 = H256::repeat_byte(2);
    const C: H256 = H256::repeat_byte(3);
    const D: H256 = H256::repeat_byte(4);

    #[tokio::test]
    async fn payers_should_take_turns() {
        let queue = Queue::new(1, 10, 5);
        let mut first = queue.enter(A).unwrap();
        first.turn().await;
        let order = Arc::new(Mutex::new(vec![]));
        let mut tasks = vec![];
        for payer in [A, A, B, A, C, B] {
            let mut place = queue.enter(payer).unwrap();
            let order = order.clone();
            tasks.push(tokio::spawn(async move {
                place.turn().await;
                order.lock().unwrap().push(payer);
            }));
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [A, B, C, A, B, A]);
        assert_eq!((queue.taken(), queue.lock().free), (0, 1));
        assert!(queue.lock().held.is_empty() && queue.lock().lines.is_empty());
    }

    #[tokio::test]
    async fn enter_should_keep_places_for_other_payers() {
        let queue = Queue::new(1, 4, 2);
        let _both = queue.fill([A, A]);
        assert_eq!(queue.enter(A).err(), Some(Full::Share(2)));
        let others = queue.fill([B, C]);
        assert_eq!(queue.enter(D).err(), Some(Full::All(4)));
        drop(others);
        assert!(queue.enter(D).is_ok());
    }

    #[tokio::test]
    async fn a_seat_should_pass_over_those_who_left() {
        let queue = Queue::new(1, 10, 10);
        let seated = queue.enter(A).unwrap();
        let left = queue.enter(B).unwrap();
        let mut waits = queue.enter(B).unwrap();
        drop(left);
        drop(seated);
        waits.turn().await;
        // Called, and gone before it noticed.
        let called = queue.enter(C).unwrap();
        drop(waits);
        drop(called);
        let mut next = queue.enter(A).unwrap();
        next.turn().await;
        drop(next);
        assert_eq!((queue.taken(), queue.lock().free), (0, 1));
    }
}
