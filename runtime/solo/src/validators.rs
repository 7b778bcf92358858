//! Who validates: the accounts whose session keys genesis holds, until a governed set takes over.
//!
//! There is no stake behind a validator yet, so an offence costs it its seat and no money: an
//! equivocation disables it until the set changes, never more than a third of the set at once.

use alloc::vec::Vec;
use frame_support::weights::Weight;
use pallet_session::historical;
use sp_runtime::{traits::Convert, Perbill};
use sp_staking::{
    offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
    SessionIndex,
};

use openledger_runtime_common::units::DAYS;

use crate::{consensus::SLOTS_PER_EPOCH, AccountId, BlockNumber, Historical, Runtime, Session};

/// An equivocation may be reported for this long, in blocks; the proofs that a report needs are kept
/// for as many sessions.
pub const REPORTABLE_BLOCKS: BlockNumber = 7 * DAYS;
/// The same in sessions. A session is one BABE epoch.
pub const REPORTABLE_SESSIONS: SessionIndex = REPORTABLE_BLOCKS / SLOTS_PER_EPOCH;

/// What a historical session says of a validator besides its account: nothing.
pub struct NothingMore;

impl Convert<AccountId, Option<()>> for NothingMore {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

/// The session manager of a fixed set.
pub struct FixedSet;

impl FixedSet {
    /// The accounts with session keys. At genesis these are the validators.
    fn at_genesis() -> Vec<AccountId> {
        pallet_session::NextKeys::<Runtime>::iter_keys().collect()
    }

    /// The current validators if one of them has new keys for the next session, else nothing.
    ///
    /// Naming a set makes GRANDPA change authorities and Historical commit to the keys anew. Doing so
    /// each session would add a link to every warp sync proof; never doing so would leave Historical
    /// with keys that are out of date.
    fn if_keys_changed() -> Option<Vec<AccountId>> {
        let queued = pallet_session::QueuedKeys::<Runtime>::get();
        let changed = queued
            .iter()
            .any(|(validator, keys)| Session::load_keys(validator).as_ref() != Some(keys));
        changed.then(|| queued.into_iter().map(|(validator, _)| validator).collect())
    }

    fn identified(validators: Vec<AccountId>) -> Vec<(AccountId, ())> {
        validators.into_iter().map(|validator| (validator, ())).collect()
    }
}

impl pallet_session::SessionManager<AccountId> for FixedSet {
    fn new_session_genesis(_: SessionIndex) -> Option<Vec<AccountId>> {
        Some(Self::at_genesis())
    }

    fn new_session(_: SessionIndex) -> Option<Vec<AccountId>> {
        Self::if_keys_changed()
    }

    fn start_session(_: SessionIndex) {}

    fn end_session(index: SessionIndex) {
        Historical::prune_up_to(index.saturating_sub(REPORTABLE_SESSIONS));
    }
}

impl historical::SessionManager<AccountId, ()> for FixedSet {
    fn new_session_genesis(_: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        Some(Self::identified(Self::at_genesis()))
    }

    fn new_session(_: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        Self::if_keys_changed().map(Self::identified)
    }

    fn start_session(index: SessionIndex) {
        <Self as pallet_session::SessionManager<_>>::start_session(index)
    }

    fn end_session(index: SessionIndex) {
        <Self as pallet_session::SessionManager<_>>::end_session(index)
    }
}

/// Disables the validators found equivocating.
pub struct DisableOffenders;

type Identification = historical::IdentificationTuple<Runtime>;

impl OnOffenceHandler<AccountId, Identification, Weight> for DisableOffenders {
    fn on_offence(
        offenders: &[OffenceDetails<AccountId, Identification>],
        severities: &[Perbill],
        _session: SessionIndex,
    ) -> Weight {
        for (offence, severity) in offenders.iter().zip(severities) {
            let (validator, ()) = &offence.offender;
            Session::report_offence(validator.clone(), OffenceSeverity(*severity));
        }
        // The reporting call's own weight covers its handler.
        Weight::zero()
    }
}
