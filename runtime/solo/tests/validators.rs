//! The fixed validator set, its history, and what an equivocation costs.

use crate::common::state_of;
use frame_support::traits::KeyOwnerProofSystem;
use openledger_runtime::{
    validators::{DisableOffenders, REPORTABLE_SESSIONS},
    Historical, Runtime, Session, SessionKeys,
};
use pallet_session::historical::HistoricalSessions;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

#[test]
fn set_should_stay_the_same_when_no_keys_change() {
    state_of("local").execute_with(|| {
        let at_genesis = Session::validators();
        let root = HistoricalSessions::<Runtime>::get(0).expect("session 0 has a root");
        for session in 1..5 {
            Session::rotate_session();
            assert_eq!(Session::validators(), at_genesis);
            assert!(!pallet_session::QueuedChanged::<Runtime>::get());
            assert_eq!(HistoricalSessions::<Runtime>::get(session), Some(root));
        }
    });
}

#[test]
fn history_should_follow_when_a_validator_changes_its_keys() {
    state_of("local").execute_with(|| {
        let keys = SessionKeys {
            babe: Sr25519Keyring::Dave.public().into(),
            grandpa: Ed25519Keyring::Dave.public().into(),
            authority_discovery: Sr25519Keyring::Dave.public().into(),
        };
        let before = HistoricalSessions::<Runtime>::get(0);
        pallet_session::NextKeys::<Runtime>::insert(
            Sr25519Keyring::AliceStash.to_account_id(),
            keys,
        );
        Session::rotate_session();
        assert!(pallet_session::QueuedChanged::<Runtime>::get());
        assert_ne!(HistoricalSessions::<Runtime>::get(2), before);
        Session::rotate_session();
        assert!(!pallet_session::QueuedChanged::<Runtime>::get());
    });
}

#[test]
fn key_ownership_should_be_proved_when_its_session_is_over() {
    state_of("local").execute_with(|| {
        let key = (sp_consensus_grandpa::KEY_TYPE, Ed25519Keyring::Bob.public());
        let proof = Historical::prove(key).expect("Bob's key is in the set");
        Session::rotate_session();
        Session::rotate_session();
        let (owner, ()) = Historical::check_proof(key, proof).expect("the history knows Bob's key");
        assert_eq!(owner, Sr25519Keyring::BobStash.to_account_id());
    });
}

#[test]
fn history_should_be_pruned_when_no_report_could_need_it() {
    state_of("local").execute_with(|| {
        for _ in 0..REPORTABLE_SESSIONS + 2 {
            Session::rotate_session();
        }
        assert_eq!(HistoricalSessions::<Runtime>::get(0), None);
        assert!(HistoricalSessions::<Runtime>::get(Session::current_index()).is_some());
    });
}

#[test]
fn offender_should_be_disabled_but_never_a_third_of_the_set() {
    // Of three validators none may be disabled: two could not finalise.
    state_of("local").execute_with(|| {
        report(Sr25519Keyring::AliceStash);
        assert!(Session::disabled_validators().is_empty());
        // Of four, one may.
        pallet_session::Validators::<Runtime>::append(Sr25519Keyring::DaveStash.to_account_id());
        report(Sr25519Keyring::DaveStash);
        assert_eq!(Session::disabled_validators(), [3]);
        report(Sr25519Keyring::BobStash);
        assert_eq!(Session::disabled_validators().len(), 1);
    });
}

fn report(validator: Sr25519Keyring) {
    DisableOffenders::on_offence(
        &[OffenceDetails { offender: (validator.to_account_id(), ()), reporters: Vec::new() }],
        &[Perbill::from_percent(100)],
        0,
    );
}
