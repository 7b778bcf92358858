//! From the storage of the first runtime, as a node of that runtime wrote it, to what this one reads.
//!
//! `data/storage-100.json` is what a development chain of spec version 100 held of the product's pallets,
//! balances and accounts after contributions of every status, a trained and served adapter, settlements
//! of every phase, channels and claims: `{"0x<key>": "0x<value>"}`.

use codec::Encode;
use frame_support::{
    migrations::{MultiStepMigrator, SteppedMigration},
    storage::storage_prefix,
    traits::{fungible::InspectHold, Get, GetStorageVersion, StorageVersion},
    weights::{constants::ParityDbWeight, WeightMeter},
};
use openledger_primitives::{reads::Phase, shares::ShareVector, signature::Signer, split::Split};
use openledger_runtime::{
    migrations::{v2, v3, v4, Cursor, ToVersion2, ToVersion3, ToVersion4},
    AccountId, Attribution, Balances, Datanets, Executive, Migrations, Models, Payments, Providers,
    Runtime, RuntimeHoldReason, RuntimeOrigin, System,
};
use pallet_attribution::{Outcome, Stage};
use pallet_datanets::Status;
use sp_io::TestExternalities;
use std::collections::BTreeMap;

/// The first runtime's storage.
fn first() -> TestExternalities {
    let text = include_str!("data/storage-100.json");
    let entries: BTreeMap<String, String> = serde_json::from_str(text).unwrap();
    let bytes = |hex: &str| sp_core::bytes::from_hex(hex).unwrap();
    let mut state = TestExternalities::new_empty();
    state.execute_with(|| {
        for (key, value) in &entries {
            sp_io::storage::set(&bytes(key), &bytes(value));
        }
    });
    state
}

/// Upgrades to this runtime, over as many blocks as that takes.
fn upgrade() {
    Executive::execute_on_runtime_upgrade();
    let mut blocks = 0;
    while Migrations::ongoing() {
        System::set_block_number(System::block_number() + 1);
        Migrations::step();
        blocks += 1;
        assert!(blocks < 1_000, "the migrations do not end");
    }
    assert!(!pallet_migrations::Cursor::<Runtime>::exists(), "a migration failed");
}

/// How many entries a map has, whether they decode or not.
fn entries(pallet: &str, map: &str) -> usize {
    let prefix = storage_prefix(pallet.as_bytes(), map.as_bytes());
    let mut key = prefix.to_vec();
    let mut count = 0;
    while let Some(next) = sp_io::storage::next_key(&key).filter(|next| next.starts_with(&prefix)) {
        count += 1;
        key = next;
    }
    count
}

fn versions() -> [StorageVersion; 5] {
    [
        Providers::on_chain_storage_version(),
        Datanets::on_chain_storage_version(),
        Models::on_chain_storage_version(),
        Payments::on_chain_storage_version(),
        Attribution::on_chain_storage_version(),
    ]
}

#[test]
fn every_entry_should_be_read_when_the_first_storage_was_migrated() {
    first().execute_with(|| {
        let maps = [
            ("Datanets", "Datanets"),
            ("Datanets", "Contributions"),
            ("Datanets", "Versions"),
            ("Datanets", "Allowed"),
            ("Models", "Models"),
            ("Models", "Versions"),
            ("Payments", "Channels"),
            ("Providers", "Providers"),
            ("Attribution", "Settlements"),
        ];
        let count = || maps.map(|(pallet, map)| entries(pallet, map));
        let before = count();
        assert!(before.iter().all(|entries| *entries > 0), "{before:?}");
        assert_eq!(versions(), [StorageVersion::new(1); 5]);
        upgrade();
        assert_eq!(versions(), [2, 2, 4, 2, 4].map(StorageVersion::new));
        assert_eq!(count(), before);
        let read = [
            pallet_datanets::Datanets::<Runtime>::iter_values().count(),
            pallet_datanets::Contributions::<Runtime>::iter_values().count(),
            pallet_datanets::Versions::<Runtime>::iter_values().count(),
            pallet_datanets::Allowed::<Runtime>::iter_values().count(),
            pallet_models::Models::<Runtime>::iter_values().count(),
            pallet_models::Versions::<Runtime>::iter_values().count(),
            pallet_payments::Channels::<Runtime>::iter_values().count(),
            pallet_providers::Providers::<Runtime>::iter_values().count(),
            pallet_attribution::Settlements::<Runtime>::iter_values().count(),
        ];
        assert_eq!(read, before);
    });
}

#[test]
fn meaning_should_be_kept_when_the_first_storage_was_migrated() {
    first().execute_with(|| {
        let issuance = Balances::total_issuance();
        upgrade();
        assert_eq!(Balances::total_issuance(), issuance);
        for contribution in pallet_datanets::Contributions::<Runtime>::iter_values() {
            assert_eq!(contribution.payee, contribution.contributor);
            assert_eq!(contribution.bond, 0);
            assert_eq!(contribution.ticket.is_some(), contribution.status.is_live());
            if let Status::Rejected { appeal_until, .. } = contribution.status {
                assert_eq!(appeal_until, None);
            }
        }
        for (id, datanet) in pallet_datanets::Datanets::<Runtime>::iter() {
            assert_eq!(datanet.tainted, 0);
            assert!(
                pallet_datanets::Versions::<Runtime>::iter_key_prefix(id).count() as u32
                    == datanet.latest_version
            );
        }
        for (id, withdrawn) in pallet_datanets::Contributions::<Runtime>::iter()
            .filter(|(_, contribution)| contribution.status == Status::Withdrawn)
        {
            let listed = |number| {
                pallet_datanets::Versions::<Runtime>::get(withdrawn.datanet, number)
                    .is_some_and(|version| version.contributions.contains(&id))
            };
            assert!(withdrawn.last_version == 0 || listed(withdrawn.last_version));
            assert!(!listed(withdrawn.last_version + 1));
        }
        for place in pallet_datanets::Allowed::<Runtime>::iter_values() {
            let reason = RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Deposit);
            assert!(Balances::balance_on_hold(&reason, &place.payer) > 0);
        }
        for channel in pallet_payments::Channels::<Runtime>::iter_values() {
            assert_eq!(channel.signer, Signer::Account(channel.payer));
            assert_eq!((channel.former, channel.request), (None, None));
        }
        for version in pallet_models::Versions::<Runtime>::iter_values() {
            assert_eq!(version.index, None);
        }
        for (id, settlement) in pallet_attribution::Settlements::<Runtime>::iter() {
            assert!(settlement.parameters.is_valid());
            assert_eq!(settlement.challenge, None);
            assert_eq!(settlement.parameters.trace, 0);
            match settlement.outcome() {
                Some(outcome) => {
                    assert_eq!(outcome.split.total(), settlement.total_fee);
                    assert_eq!(outcome.emission, 0);
                }
                None => {
                    assert_eq!(settlement.phase(), Phase::Committing);
                    assert!(settlement.deadline() > Some(System::block_number()));
                    for member in settlement.committee() {
                        assert!(Attribution::open_jobs(member.clone()).contains(&id));
                    }
                }
            }
        }
        assert_eq!(entries("Attribution", "Commitments") + entries("Attribution", "Reveals"), 0);
    });
}

#[test]
fn everybody_should_still_be_paid_when_the_first_storage_was_migrated() {
    first().execute_with(|| {
        upgrade();
        let anyone = || RuntimeOrigin::signed(AccountId::new([7; 32]));
        // What is under way ends: nobody can answer any more, so its data's part goes to the pools.
        let open: Vec<_> = pallet_attribution::Settlements::<Runtime>::iter()
            .filter(|(_, settlement)| !settlement.is_over())
            .map(|(id, _)| id)
            .collect();
        assert!(!open.is_empty());
        for id in open {
            while let Some(deadline) = Attribution::settlement(id).unwrap().deadline {
                System::set_block_number(System::block_number().max(deadline + 1));
                Attribution::advance(anyone(), id).unwrap();
            }
        }
        let mut paid = 0;
        for (id, contribution) in pallet_datanets::Contributions::<Runtime>::iter() {
            let before = Balances::free_balance(&contribution.payee);
            let ids = vec![id].try_into().unwrap();
            if Attribution::claim_contributions(anyone(), ids).is_ok() {
                assert!(Balances::free_balance(&contribution.payee) > before);
                paid += 1;
            }
        }
        assert!(paid > 0);
        for (id, channel) in pallet_payments::Channels::<Runtime>::iter().collect::<Vec<_>>() {
            let before = Balances::free_balance(&channel.payer);
            Payments::close(RuntimeOrigin::signed(channel.operator.clone()), id).unwrap();
            assert_eq!(Balances::free_balance(&channel.payer), before + channel.left());
        }
    });
}

/// Of what the second runtime had, what a version with an index looks like: SCALE of artefact, config, datanet
/// versions, index and block.
fn version_with_index(blocks: u32) -> Vec<u8> {
    let (artefact, config) = ([1u8; 32], [2u8; 32]);
    let index = Some(([3u8; 32], [4u8; 32], [5u8; 32], blocks));
    (artefact, config, vec![(0u32, 1u32)], index, 7u32).encode()
}

#[test]
fn index_should_end_and_results_stay_when_the_second_storage_was_migrated() {
    first().execute_with(|| {
        assert!(creep::<ToVersion2<v2::Models>>() + creep::<ToVersion2<v2::Attribution>>() > 2);
        assert_eq!(versions(), [1, 1, 2, 1, 2].map(StorageVersion::new));
        let key = pallet_models::Versions::<Runtime>::hashed_key_for(1, 99);
        sp_io::storage::set(&key, &version_with_index(270));
        let read = || {
            let keys = pallet_attribution::Settlements::<Runtime>::iter_keys();
            let raw = |id: u64| {
                let key = pallet_attribution::Settlements::<Runtime>::hashed_key_for(id);
                (id, sp_io::storage::get(&key).unwrap().to_vec())
            };
            keys.map(raw).collect::<Vec<_>>()
        };
        let before = read();
        creep::<ToVersion3<v3::Models>>();
        creep::<ToVersion3<v3::Attribution>>();
        let new = read();
        creep::<ToVersion4<v4::Models>>();
        creep::<ToVersion4<v4::Attribution>>();
        let version = pallet_models::Versions::<Runtime>::get(1, 99).unwrap();
        assert_eq!((version.index, version.registered), (None, 7));
        assert_eq!(version.trained_on.to_vec(), [(0, 1)]);
        let (mut open, mut over) = (0, 0);
        for ((id, old), (_, new)) in before.into_iter().zip(new) {
            let settlement = pallet_attribution::Settlements::<Runtime>::get(id).unwrap();
            assert_eq!(settlement.parameters.trace, 0);
            assert_eq!(new.len(), old.len() + 4);
            if settlement.phase() == Phase::Committing {
                assert_eq!(settlement.parameters.silence_slash, 0);
                open += 1;
            } else {
                // Four bytes more, of the parameter: all else is where it was.
                assert!(settlement.parameters.silence_slash > 0);
                let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
                assert_eq!(old[same..], new[same + 4..]);
                over += 1;
            }
        }
        assert!(open > 0 && over > 0);
    });
}

/// SCALE of a settlement of the third runtime: the phase's number, the committee, the block in which it
/// ended, shares and split where there are some. Everything else is the same for all.
fn third(
    phase: u8,
    committee: &[AccountId],
    ended: Option<u32>,
    shares: Option<&ShareVector>,
    split: Option<Split>,
) -> Vec<u8> {
    let parameters = <Runtime as pallet_attribution::Config>::Parameters::get();
    let who = AccountId::new([5; 32]);
    let head = (1u32, 2u32, who, [6u8; 32], [7u8; 32], 8u32, 900u128, 10u32, parameters);
    let challenge: Option<pallet_attribution::Challenge<AccountId>> = None;
    let tail = (phase, 3u8, committee, 40u32, ended, shares, split, 11u128, challenge);
    [head.encode(), tail.encode()].concat()
}

#[test]
fn stage_should_hold_what_the_phase_knew_when_the_third_storage_was_migrated() {
    first().execute_with(|| {
        StorageVersion::new(3).put::<Attribution>();
        let committee = [AccountId::new([1; 32]), AccountId::new([2; 32])];
        let shares = ShareVector::from_weights([(3, 1)], 1);
        let split = Split { data: 900, ..Default::default() };
        let key = |id: u64| pallet_attribution::Settlements::<Runtime>::hashed_key_for(id);
        let (found, over) = (Some(&shares), Some(41));
        let mut old = vec![
            third(0, &[], None, None, None),
            third(0, &committee, None, None, None),
            third(1, &committee, None, None, None),
            third(4, &committee, None, found, None),
            third(2, &committee, over, found, Some(split)),
            third(3, &committee, over, found, Some(split)),
        ];
        // One that is over without a split was never written, and stays as it is.
        old.push(third(2, &committee, over, found, None));
        for (id, value) in (1_000..).zip(&old) {
            sp_io::storage::set(&key(id), value);
        }
        creep::<ToVersion4<v4::Attribution>>();
        let get = |id: u64| pallet_attribution::Settlements::<Runtime>::get(1_000 + id).unwrap();
        let members = || committee.to_vec().try_into().unwrap();
        let outcome = |committee| Outcome {
            ended: 41,
            committee,
            shares: shares.clone(),
            split,
            emission: 11,
        };
        let shares = shares.clone();
        let stages = [
            Stage::Undrawn { deadline: 40 },
            Stage::Committing { committee: members(), deadline: 40 },
            Stage::Revealing { committee: members(), deadline: 40 },
            Stage::Decided { committee: members(), shares, deadline: 40 },
            Stage::Finalised(outcome(members())),
            Stage::Fallback(outcome(Default::default())),
        ];
        for (id, stage) in (0..).zip(stages) {
            let new = get(id);
            assert_eq!(new.stage, stage);
            assert_eq!((new.model, new.version, new.count, new.total_fee), (1, 2, 8, 900));
            assert_eq!((new.submitted, new.attempt, new.challenge), (10, 3, None));
        }
        assert_eq!(sp_io::storage::get(&key(1_006)).unwrap().to_vec(), old[6]);
    });
}

#[test]
fn size_should_be_unknown_when_the_third_storage_was_migrated() {
    first().execute_with(|| {
        StorageVersion::new(3).put::<Models>();
        let (artefact, config) = ([1u8; 32], [2u8; 32]);
        let index = Some(([3u8; 32], [4u8; 32], [5u8; 32], 270u32, 2u8, Some([6u8; 32])));
        let old = (artefact, config, vec![(0u32, 1u32)], index, 7u32).encode();
        let key = pallet_models::Versions::<Runtime>::hashed_key_for(1, 99);
        sp_io::storage::set(&key, &old);
        creep::<ToVersion4<v4::Models>>();
        let new = pallet_models::Versions::<Runtime>::get(1, 99).unwrap();
        let index = new.index.unwrap();
        assert_eq!((new.size, index.size), (0, 0));
        assert_eq!((index.blocks, index.variants), (270, 2));
        assert_eq!(index.trace, Some([6; 32].into()));
        assert_eq!((new.artefact.0, new.config.0, new.registered), (artefact, config, 7));
    });
}

/// All that the product's pallets, and the holds of deposits, have in a state.
fn product(state: &mut TestExternalities) -> Vec<(Vec<u8>, Vec<u8>)> {
    state.execute_with(|| {
        let mut found = Vec::new();
        for name in ["Providers", "Datanets", "Models", "Payments", "Attribution", "Balances"] {
            let prefix = sp_io::hashing::twox_128(name.as_bytes());
            let mut key = prefix.to_vec();
            while let Some(next) =
                sp_io::storage::next_key(&key).filter(|next| next.starts_with(&prefix))
            {
                found.push((next.clone(), sp_io::storage::get(&next).unwrap().to_vec()));
                key = next;
            }
        }
        found
    })
}

/// Runs one migration with so little weight at a time that each step rewrites one entry.
fn creep<M: SteppedMigration<Cursor = Cursor>>() -> usize {
    let mut cursor = None;
    let mut steps = 0;
    loop {
        let mut meter = WeightMeter::with_limit(ParityDbWeight::get().reads_writes(4, 3));
        steps += 1;
        cursor = M::step(cursor, &mut meter).unwrap();
        if cursor.is_none() {
            return steps;
        }
    }
}

#[test]
fn result_should_be_the_same_when_every_step_is_as_small_as_can_be() {
    let mut small = first();
    small.execute_with(|| {
        let steps = creep::<ToVersion2<v2::Providers>>()
            + creep::<ToVersion2<v2::Datanets>>()
            + creep::<ToVersion2<v2::Models>>()
            + creep::<ToVersion2<v2::Payments>>()
            + creep::<ToVersion2<v2::Attribution>>()
            + creep::<ToVersion3<v3::Models>>()
            + creep::<ToVersion3<v3::Attribution>>()
            + creep::<ToVersion4<v4::Models>>()
            + creep::<ToVersion4<v4::Attribution>>();
        assert!(steps > 30, "{steps}");
    });
    // In one block, as the small steps were, since deadlines count from the block.
    let mut large = first();
    large.execute_with(|| {
        fn leap<M: SteppedMigration<Cursor = Cursor>>() {
            assert_eq!(M::step(None, &mut WeightMeter::new()).unwrap().encode(), [0]);
        }
        leap::<ToVersion2<v2::Providers>>();
        leap::<ToVersion2<v2::Datanets>>();
        leap::<ToVersion2<v2::Models>>();
        leap::<ToVersion2<v2::Payments>>();
        leap::<ToVersion2<v2::Attribution>>();
        leap::<ToVersion3<v3::Models>>();
        leap::<ToVersion3<v3::Attribution>>();
        leap::<ToVersion4<v4::Models>>();
        leap::<ToVersion4<v4::Attribution>>();
    });
    assert!(product(&mut small) == product(&mut large));
}

#[test]
fn storage_should_stay_as_it_is_when_it_was_migrated_before() {
    let mut state = first();
    state.execute_with(upgrade);
    let before = product(&mut state);
    state.execute_with(|| {
        for id in pallet_migrations::Historic::<Runtime>::iter_keys().collect::<Vec<_>>() {
            pallet_migrations::Historic::<Runtime>::remove(id);
        }
        upgrade();
    });
    assert!(product(&mut state) == before);
}
