//! What the worker remembers from block to block, in the node's persistent off-chain database. State
//! that a worker writes to the chain's storage is gone when it ends; this stays, also through a restart
//! of the node.

use alloc::vec::Vec;
use codec::{Decode, Encode};
use openledger_primitives::{attribution::Attribution, BlockNumber, SettlementId, H256};
use sp_runtime::offchain::storage::StorageValueRef;

/// Blocks after which a transaction that the chain does not show is taken to be lost.
pub const LOST_AFTER: BlockNumber = 8;
/// Blocks for which a job is remembered after it has left the chain's list: a re-organisation may bring
/// it back, and then its salt is needed.
const FORGET_AFTER: BlockNumber = 256;

/// Blocks to wait after so many failures in a row: 1, 2, 4, 8, then 16.
pub fn pause(failures: u32) -> BlockNumber {
    1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(16).clamp(1, 16)
}

/// What is known of one attempt at one settlement.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Remembered {
    /// To be handed to the engine again.
    Failed { failures: u32, retry_at: BlockNumber },
    /// The engine has this job; not to be asked again before `retry_at`.
    Running { job: H256, failures: u32, retry_at: BlockNumber },
    /// There is a result of this job, to be committed to with this salt and revealed with it.
    Ready { job: H256, salt: H256, attribution: Attribution },
}

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Step {
    Commit,
    Reveal,
}

/// A transaction that was sent and that the chain does not show yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct InFlight {
    pub settlement: SettlementId,
    pub attempt: u8,
    pub step: Step,
    pub submitted_at: BlockNumber,
}

/// One remembered attempt, and since when the chain does not list it any more.
type Listed = (SettlementId, u8, Option<BlockNumber>);

/// The memory of one key.
pub struct Memory {
    key: Vec<u8>,
}

impl Memory {
    /// The memory of the worker with this account.
    pub fn of(account: &[u8]) -> Self {
        Self { key: account.to_vec() }
    }

    pub fn in_flight(&self) -> Option<InFlight> {
        read(&self.key_of(b"openledger::flight/", &()))
    }

    /// Notes a transaction before it is sent.
    pub fn takes_off(&self, flight: &InFlight) {
        write(&self.key_of(b"openledger::flight/", &()), flight);
    }

    /// Forgets the transaction in flight.
    pub fn landed(&self) {
        StorageValueRef::persistent(&self.key_of(b"openledger::flight/", &())).clear();
    }

    pub fn recall(&self, settlement: SettlementId, attempt: u8) -> Option<Remembered> {
        read(&self.key_of(b"openledger::job/", &(settlement, attempt)))
    }

    pub fn remember(&self, settlement: SettlementId, attempt: u8, what: &Remembered) {
        let mut list = self.list();
        if !list.iter().any(|(id, number, _)| (*id, *number) == (settlement, attempt)) {
            list.push((settlement, attempt, None));
            write(&self.key_of(b"openledger::jobs/", &()), &list);
        }
        write(&self.key_of(b"openledger::job/", &(settlement, attempt)), what);
    }

    /// Forgets what has not been `open` for a long time.
    pub fn keep(&self, now: BlockNumber, open: impl Fn(SettlementId, u8) -> bool) {
        let before = self.list();
        let mut list = before.clone();
        for (settlement, attempt, gone) in &mut list {
            *gone = if open(*settlement, *attempt) { None } else { gone.or(Some(now)) };
        }
        list.retain(|(settlement, attempt, gone)| {
            let keep = gone.is_none_or(|gone| now.saturating_sub(gone) < FORGET_AFTER);
            if !keep {
                let key = self.key_of(b"openledger::job/", &(*settlement, *attempt));
                StorageValueRef::persistent(&key).clear();
            }
            keep
        });
        if list != before {
            write(&self.key_of(b"openledger::jobs/", &()), &list);
        }
    }

    fn list(&self) -> Vec<Listed> {
        read(&self.key_of(b"openledger::jobs/", &())).unwrap_or_default()
    }

    fn key_of(&self, prefix: &[u8], rest: &impl Encode) -> Vec<u8> {
        [prefix, &self.key, &rest.encode()].concat()
    }
}

/// What lies under `key`; nothing if it is of an older form, for then it is of no use.
fn read<V: Decode>(key: &[u8]) -> Option<V> {
    StorageValueRef::persistent(key).get().ok().flatten()
}

fn write(key: &[u8], value: &impl Encode) {
    StorageValueRef::persistent(key).set(value);
}
