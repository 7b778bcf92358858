//! The state that every input begins with: the `local` preset, and a small economy on it, made by the
//! calls that everybody makes. There is no Root key in it, so that a signed call has nothing to be kept
//! from.

use frame_support::{genesis_builder_helper::build_state, traits::fungible::Inspect};
use openledger_primitives::{
    licence::{Licence, WithdrawnRoyalties},
    BlockNumber, UNIT,
};
use openledger_runtime::{genesis, Balances, Runtime, RuntimeCall, RuntimeGenesisConfig};
use pallet_datanets::{Policy, Verdict};
use pallet_providers::Role;
use serde_json::Value;
use sp_core::storage::Storage;
use sp_state_machine::BasicExternalities;

use crate::{
    accounts::{users, workers},
    calls::{datanets, models, providers},
    chain::{transact, Chain, Outcome},
};

/// A state, and the chain that led to it.
pub struct Start {
    pub storage: Storage,
    pub chain: Chain,
}

impl Start {
    /// Builds it.
    pub fn new() -> Self {
        let mut state = BasicExternalities::new_empty();
        let chain = state.execute_with(|| {
            build_state::<RuntimeGenesisConfig>(local_preset()).expect("the preset builds");
            let mut chain = Chain::at_genesis();
            chain.begin(1);
            found();
            chain.end();
            chain
        });
        Self { storage: state.into_storages(), chain }
    }
}

impl Default for Start {
    fn default() -> Self {
        Self::new()
    }
}

fn local_preset() -> Vec<u8> {
    let patch = genesis::preset(&genesis::LOCAL.into()).expect("there is this preset");
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("plain data");
    merge(&mut config, serde_json::from_slice(&patch).expect("a preset is JSON"));
    serde_json::to_vec(&config).expect("plain data")
}

/// Lays `patch` over `base`, object by object.
fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

/// User number `n` makes a call, which must succeed.
fn call(n: usize, call: impl Into<RuntimeCall>) {
    let call = call.into();
    let outcome = transact(&users()[n].account, call.clone());
    assert!(matches!(outcome, Ok(Outcome::Done)), "{call:?}: {outcome:?}");
}

/// Workers with money for their fees, eleven attributors, two operators, three datanets of different
/// terms, a base with two adapters, and some channels.
fn found() {
    for (n, worker) in workers().iter().enumerate() {
        if Balances::total_balance(&worker.account) == 0 {
            let dest = worker.account.clone().into();
            let value = 1_000 * UNIT;
            call(n, pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value });
        }
    }
    let register = |n: usize, role, open: u128| {
        let bond = open * UNIT;
        let metadata = Default::default();
        call(n, pallet_providers::Call::<Runtime>::register { role, bond, metadata });
    };
    // The first three are attributors by the preset; the last is left out.
    for n in 3..users().len() - 1 {
        register(n, Role::Attributor, 1_000 * n as u128);
        call(n, providers::set_worker_call(Some(n), &users()[n].account));
    }
    register(0, Role::Operator, 1_000);
    register(1, Role::Operator, 5_000);
    register(2, Role::Curator, 1_000);
    datanets();
    models();
    for (payer, operator, open) in [(5, 0, 1_000), (6, 0, 100), (7, 1, 1), (8, 1, 100_000)] {
        let operator = users()[operator].account.clone();
        let (deposit, expires) = (open * UNIT, BlockNumber::MAX);
        let open = pallet_payments::Call::<Runtime>::open_channel { operator, deposit, expires };
        call(payer, open);
    }
}

fn datanets() {
    let strict = Licence {
        min_data_share: 600_000,
        training_price: UNIT,
        revocable: true,
        withdrawn: WithdrawnRoyalties::Redirect,
        ..Licence::OPEN
    };
    let terms = [
        (Policy::Open, Licence::OPEN),
        (Policy::Vote, strict),
        (Policy::AllowList, Licence { derivatives: false, ..Licence::OPEN }),
    ];
    let curators: Vec<_> = users()[..3].iter().map(|key| key.account.clone()).collect();
    for (owner, (policy, licence)) in terms.into_iter().enumerate() {
        let name = b"datanet".to_vec();
        call(owner, datanets::create_call(name, licence, policy, curators.clone()));
    }
    let (who, allowed) = (users()[5].account.clone(), true);
    call(2, pallet_datanets::Call::<Runtime>::allow { datanet: 2, who, allowed });
    let contributions = [(3, 0, 2), (4, 0, 8), (3, 1, 14), (4, 1, 20), (5, 2, 26)];
    for (id, (contributor, datanet, blob)) in (0..).zip(contributions) {
        call(contributor, datanets::contribute_call(datanet, blob, None));
        for curator in 0..if datanet == 1 { 2 } else { 1 } {
            let (contribution, verdict) = (id, Verdict::Accept);
            call(curator, pallet_datanets::Call::<Runtime>::review { contribution, verdict });
        }
    }
    for datanet in 0..3 {
        call(0, pallet_datanets::Call::<Runtime>::publish { datanet });
    }
}

fn models() {
    let base = pallet_models::Call::<Runtime>::register_base {
        name: b"base".to_vec().try_into().expect("short"),
        artefact: sp_core::H256::repeat_byte(1),
        config: sp_core::H256::repeat_byte(2),
        size: 1_000,
        price_in: 0,
        price_out: 0,
    };
    call(9, base);
    for (owner, parents, datanets) in [(10, vec![], vec![0]), (11, vec![1], vec![0, 1])] {
        let trained_on: Vec<_> = datanets.into_iter().map(|datanet| (datanet, 1)).collect();
        let index = models::index(&trained_on, 2);
        call(owner, models::adapter_call(0, parents, trained_on, Some(index), (0, 0)));
    }
}
