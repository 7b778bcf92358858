//! The attributor's off-chain worker: the only thing that signs for an attributor, and only `commit` and
//! `reveal`.
//!
//! It runs on every new best block, so again after a re-organisation, and decides anew each time from
//! what the chain says and what it remembers (`memory.rs`); nothing depends on having seen an earlier
//! block. For each key of type `poaw` in the node's keystore that serves an attributor, it
//!
//! 1. waits, while a transaction of this key is in flight: it counts as done only when the chain shows
//!    what it did, and as lost after `LOST_AFTER` blocks;
//! 2. takes the lowest job that it can do something about now;
//! 3. hands it to the engine (`engine.rs`), or asks how far it is, and takes the result when there is one: checks it
//!    as the chain will, and stores it with a fresh salt;
//! 4. commits, and when the committee reveals, reveals.
//!
//! It never waits: all requests of one block together have `PATIENCE`, and a job at which the
//! engine fails is tried again after 1, 2, 4, 8, then 16 blocks, while later jobs have their turn.

pub mod crypto;
mod engine;
mod memory;

use crate::*;
use engine::{Engine, Job, Progress};
use frame_system::offchain::{Account, SendSignedTransaction, Signer};
use memory::{InFlight, Memory, Remembered, Step};
use sp_runtime::offchain::{
    storage_lock::{StorageLock, Time},
    Duration,
};

/// The target of everything that the worker logs.
const LOG: &str = "openledger::worker";
/// Two blocks can be imported at nearly the same time, but only one run may act.
const LOCK: &[u8] = b"openledger::lock";
/// A run that died has lost the lock after this long.
const LOCK_MILLIS: u64 = 5_000;

/// One run of the worker, on top of block `now`.
pub fn run<T: Config>(now: BlockNumber) {
    let members: Vec<_> = Signer::<T, T::AuthorityId>::keystore_accounts()
        .filter_map(|account| {
            let attributor = pallet_providers::Pallet::<T>::attributor_of(&account.id)?;
            Some((attributor, account))
        })
        .collect();
    if members.is_empty() {
        return;
    }
    let mut lock = StorageLock::<Time>::with_deadline(LOCK, Duration::from_millis(LOCK_MILLIS));
    let Ok(_guard) = lock.try_lock() else { return };
    let engine = Engine::connect();
    for (attributor, account) in members {
        let memory = Memory::of(account.id.as_ref());
        Member::<T> { attributor, account, memory, now }.work(&engine);
    }
}

/// An attributor, and the key that serves it here.
struct Member<T: Config> {
    attributor: T::AccountId,
    account: Account<T>,
    memory: Memory,
    now: BlockNumber,
}

/// Whether another job may have its turn in this block.
enum Turn {
    Next,
    Over,
}

impl<T: Config> Member<T> {
    fn work(&self, engine: &Engine) {
        let jobs = Pallet::<T>::open_jobs(self.attributor.clone());
        self.memory.keep(self.now, |settlement, attempt| {
            jobs.contains(&settlement)
                && Settlements::<T>::get(settlement).is_some_and(|s| s.attempt == attempt)
        });
        if self.is_in_flight() {
            return;
        }
        for id in jobs {
            let Some(settlement) = Settlements::<T>::get(id) else { continue };
            let turn = match self.due(id, &settlement) {
                Some(Step::Commit) => self.commit(id, &settlement, engine),
                Some(Step::Reveal) => self.reveal(id, &settlement),
                None => Turn::Next,
            };
            if let Turn::Over = turn {
                return;
            }
        }
    }

    /// What the chain waits for from this member, if it would still be in time in the next block.
    fn due(&self, id: SettlementId, settlement: &SettlementOf<T>) -> Option<Step> {
        let in_time = settlement.deadline().is_some_and(|deadline| self.now < deadline);
        if !in_time || !settlement.committee().contains(&self.attributor) {
            return None;
        }
        let committed = Commitments::<T>::contains_key(id, &self.attributor);
        match settlement.phase() {
            Phase::Committing if !committed => Some(Step::Commit),
            Phase::Revealing if committed && !Reveals::<T>::contains_key(id, &self.attributor) => {
                Some(Step::Reveal)
            }
            _ => None,
        }
    }

    /// Whether a transaction of this key may still be on its way.
    fn is_in_flight(&self) -> bool {
        let Some(flight) = self.memory.in_flight() else { return false };
        let is_due = Settlements::<T>::get(flight.settlement).is_some_and(|settlement| {
            settlement.attempt == flight.attempt
                && self.due(flight.settlement, &settlement) == Some(flight.step)
        });
        if is_due && self.now.saturating_sub(flight.submitted_at) < memory::LOST_AFTER {
            return true;
        }
        if is_due {
            log::warn!(
                target: LOG,
                "settlement {}: the chain has not seen the {:?} of block {}; sending it again",
                flight.settlement, flight.step, flight.submitted_at,
            );
        }
        self.memory.landed();
        false
    }

    /// Brings a job towards its commitment.
    fn commit(&self, id: SettlementId, settlement: &SettlementOf<T>, engine: &Engine) -> Turn {
        let remembered = self.memory.recall(id, settlement.attempt);
        if let Some(Remembered::Failed { retry_at, .. } | Remembered::Running { retry_at, .. }) =
            remembered
        {
            if retry_at > self.now {
                return Turn::Next;
            }
        }
        let Some(job) = engine::job::<T>(id, settlement) else {
            log::warn!(target: LOG, "settlement {id}: its model is not known; trying again later");
            self.fail(id, settlement.attempt, 0);
            return Turn::Over;
        };
        match remembered {
            Some(Remembered::Ready { job: of, salt, attribution }) if of == job.id => {
                self.send_commitment(id, settlement.attempt, &attribution, &salt);
            }
            Some(Remembered::Running { job: of, failures, .. }) if of == job.id => {
                self.poll(id, settlement, engine, of, failures);
            }
            Some(Remembered::Failed { failures, .. }) => {
                self.post(id, settlement, engine, job, failures);
            }
            // What is remembered of another job was on a fork on which this id was another batch's.
            Some(Remembered::Ready { .. } | Remembered::Running { .. }) | None => {
                self.post(id, settlement, engine, job, 0);
            }
        }
        Turn::Over
    }

    /// Hands a job to the engine, and takes the result if it is there at once.
    fn post(
        &self,
        id: SettlementId,
        settlement: &SettlementOf<T>,
        engine: &Engine,
        job: Job,
        failures: u32,
    ) {
        let of = job.id;
        match engine.post(job) {
            Ok(progress) => {
                log::info!(target: LOG, "settlement {id}: the engine took it as job {of:?}");
                let running = Remembered::Running { job: of, failures, retry_at: 0 };
                self.memory.remember(id, settlement.attempt, &running);
                self.take(id, settlement, of, progress, failures);
            }
            Err(error) => {
                log::warn!(
                    target: LOG,
                    "settlement {id}: cannot hand it to the engine at {}: {error}", engine.url(),
                );
                self.fail(id, settlement.attempt, failures);
            }
        }
    }

    /// Asks the engine how far it is.
    fn poll(
        &self,
        id: SettlementId,
        settlement: &SettlementOf<T>,
        engine: &Engine,
        job: H256,
        failures: u32,
    ) {
        match engine.poll(&job) {
            Ok(progress) => self.take(id, settlement, job, progress, failures),
            Err(error) => {
                log::warn!(
                    target: LOG,
                    "settlement {id}: no answer from the engine at {}: {error}", engine.url(),
                );
                let failures = failures.saturating_add(1);
                let retry_at = self.now.saturating_add(memory::pause(failures));
                let running = Remembered::Running { job, failures, retry_at };
                self.memory.remember(id, settlement.attempt, &running);
            }
        }
    }

    /// Does with a job what follows from how far the engine is.
    fn take(
        &self,
        id: SettlementId,
        settlement: &SettlementOf<T>,
        job: H256,
        progress: Progress,
        failures: u32,
    ) {
        let attempt = settlement.attempt;
        match progress {
            Progress::Pending => {}
            Progress::Done(attribution) => {
                let known = Pallet::<T>::ensure_known(
                    &attribution.shares,
                    settlement.model,
                    settlement.version,
                );
                if known.is_err() {
                    log::warn!(
                        target: LOG,
                        "settlement {id}: the engine's shares name a contribution that version {} of \
                         model {} was not trained on; asking it to compute them again",
                        settlement.version, settlement.model,
                    );
                    return self.fail(id, attempt, failures);
                }
                let salt = H256(sp_io::offchain::random_seed());
                // Before anything is sent: without the salt, a commitment could never be revealed.
                let ready = Remembered::Ready { job, salt, attribution: attribution.clone() };
                self.memory.remember(id, attempt, &ready);
                self.send_commitment(id, attempt, &attribution, &salt);
            }
            Progress::Failed(error) => {
                log::warn!(target: LOG, "settlement {id}: the engine failed: {error}");
                self.fail(id, attempt, failures);
            }
            Progress::Unknown => {
                log::warn!(target: LOG, "settlement {id}: the engine forgot it; sending it again");
                self.fail(id, attempt, failures);
            }
        }
    }

    /// Remembers that a job must be handed to the engine again, but not at once.
    fn fail(&self, id: SettlementId, attempt: u8, failures: u32) {
        let failures = failures.saturating_add(1);
        let retry_at = self.now.saturating_add(memory::pause(failures));
        self.memory.remember(id, attempt, &Remembered::Failed { failures, retry_at });
    }

    fn send_commitment(
        &self,
        id: SettlementId,
        attempt: u8,
        attribution: &Attribution,
        salt: &H256,
    ) {
        let commitment = Pallet::<T>::commitment(attribution, id, attempt, &self.attributor, salt);
        self.send(id, attempt, Step::Commit, Call::commit { settlement: id, commitment });
    }

    fn reveal(&self, id: SettlementId, settlement: &SettlementOf<T>) -> Turn {
        let attempt = settlement.attempt;
        let Some(Remembered::Ready { job, salt, attribution }) = self.memory.recall(id, attempt)
        else {
            log::error!(
                target: LOG,
                "settlement {id}: cannot reveal what was committed, for the node's off-chain \
                 database lost it; leave it to the others",
            );
            return Turn::Next;
        };
        if engine::job::<T>(id, settlement).is_none_or(|now| now.id != job) {
            log::error!(
                target: LOG,
                "settlement {id}: what was committed is of another batch, of a fork that ended; leave \
                 it to the others",
            );
            return Turn::Next;
        }
        let commitment =
            Pallet::<T>::commitment(&attribution, id, attempt, &self.attributor, &salt);
        if Commitments::<T>::get(id, &self.attributor) != Some(commitment) {
            log::error!(
                target: LOG,
                "settlement {id}: the commitment on chain is not to the result that this node has; \
                 does another node use the same key?",
            );
            return Turn::Next;
        }
        let Attribution { shares, query_root, work_root, report } = attribution;
        let pool = shares.pool();
        let shares = ShareList::truncate_from(shares.shares().to_vec());
        self.send(
            id,
            attempt,
            Step::Reveal,
            Call::reveal { settlement: id, shares, pool, query_root, work_root, report, salt },
        );
        Turn::Over
    }

    /// Signs a call with this member's key and sends it.
    fn send(&self, settlement: SettlementId, attempt: u8, step: Step, call: Call<T>) {
        let submitted_at = self.now;
        // Before it is sent: a run that dies in between must not send it twice.
        self.memory.takes_off(&InFlight { settlement, attempt, step, submitted_at });
        let signer = Signer::<T, T::AuthorityId>::any_account()
            .with_filter(alloc::vec![self.account.public.clone()]);
        match signer.send_signed_transaction(|_| call.clone()) {
            Some((_, Ok(()))) => {
                log::info!(target: LOG, "settlement {settlement}: sent the {step:?}");
            }
            // It may be there already. If not, it counts as lost in a few blocks, and is sent again.
            Some((_, Err(()))) => log::warn!(
                target: LOG,
                "settlement {settlement}: the transaction pool refused the {step:?}; has the worker's \
                 account {:?} a balance for fees?", self.account.id,
            ),
            None => log::warn!(
                target: LOG,
                "settlement {settlement}: cannot sign the {step:?} with {:?}", self.account.id,
            ),
        }
    }
}
