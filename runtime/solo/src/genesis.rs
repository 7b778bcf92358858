//! The chain's beginnings. Each preset issues exactly [`TOTAL_ISSUANCE`].
//!
//! | preset | validators | Root key | who holds OPEN |
//! |---|---|---|---|
//! | `development` | Alice | Alice | the well-known accounts, the workers' accounts, the treasury |
//! | `local` | Alice, Bob, Charlie | none | the same |
//! | `live` | supplied at launch | none | the distribution, vesting |
//!
//! `live` is what a launch starts from: `openledger-node export-chain-spec --chain live` writes it, and
//! the launch fills in the validators under `session.keys`. The distribution is that of
//! [`openledger_runtime_common::distribution`].

use alloc::{format, string::ToString, vec::Vec};
use frame_support::build_struct_json_patch;
use openledger_runtime_common::{
    distribution::{self, Holding, Release, COMMUNITY, EMISSION_START, POT_START},
    fees::TreasuryAccount,
    units::{TOTAL_ISSUANCE, UNIT},
};
use pallet_providers::Role;
use serde_json::Value;
use sp_core::{crypto::get_public_from_string_or_panic, sr25519};
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::traits::AccountIdConversion;

use crate::{
    consensus::BABE_GENESIS, AccountId, Attribution, BabeConfig, Balance, BalancesConfig, Emission,
    ProvidersConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig, VestingConfig,
};

/// One validator, Alice, who also holds the Root key.
pub const DEVELOPMENT: &str = sp_genesis_builder::DEV_RUNTIME_PRESET;
/// Three validators and three attributors on one machine, without a Root key.
pub const LOCAL: &str = "local";
/// The network that people use.
pub const LIVE: &str = "live";

/// What the community's pool has in the `development` and `local` presets, all of it free to drip.
const DEVELOPMENT_COMMUNITY: Balance = 100_000_000 * UNIT;
/// What each well-known account has in the `development` and `local` presets.
const DEVELOPER_BALANCE: Balance = 10_000_000 * UNIT;
/// What an attributor's worker has there, for its transaction fees.
const WORKER_BALANCE: Balance = 10_000 * UNIT;
/// What each attributor of the `local` preset has bonded.
const ATTRIBUTOR_BOND: Balance = 100_000 * UNIT;
/// The attributors there: registered from the start in `local`, by extrinsic in `development`. Each one's off-chain worker signs with `//Name//poaw`.
const ATTRIBUTORS: [Sr25519Keyring; 3] =
    [Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie];

/// A validator whose session keys follow from a well-known name.
struct Validator {
    stash: Sr25519Keyring,
    blocks: Sr25519Keyring,
    finality: Ed25519Keyring,
}

const ALICE: Validator = Validator {
    stash: Sr25519Keyring::AliceStash,
    blocks: Sr25519Keyring::Alice,
    finality: Ed25519Keyring::Alice,
};
const BOB: Validator = Validator {
    stash: Sr25519Keyring::BobStash,
    blocks: Sr25519Keyring::Bob,
    finality: Ed25519Keyring::Bob,
};
const CHARLIE: Validator = Validator {
    stash: Sr25519Keyring::CharlieStash,
    blocks: Sr25519Keyring::Charlie,
    finality: Ed25519Keyring::Charlie,
};

impl Validator {
    /// `(account, validator, session keys)`, as the session pallet wants them.
    fn session_entry(&self) -> (AccountId, AccountId, SessionKeys) {
        let account = self.stash.to_account_id();
        let keys = SessionKeys {
            babe: self.blocks.public().into(),
            grandpa: self.finality.public().into(),
            authority_discovery: self.blocks.public().into(),
        };
        (account.clone(), account, keys)
    }
}

/// The account with which the off-chain worker of a well-known attributor signs.
pub fn worker_account(attributor: Sr25519Keyring) -> AccountId {
    get_public_from_string_or_panic::<sr25519::Public>(&format!("{attributor}//poaw")).into()
}

/// Well-known accounts and workers with enough to try everything, and the community's pool; the treasury
/// has the rest.
fn developers() -> Vec<Holding> {
    let accounts = Sr25519Keyring::well_known()
        .map(|key| Holding::free(key.to_account_id(), DEVELOPER_BALANCE));
    let workers = ATTRIBUTORS.map(|key| Holding::free(worker_account(key), WORKER_BALANCE));
    let pot = Holding::free(Attribution::pot(), POT_START);
    let emission = Holding::free(Emission::account(), EMISSION_START);
    let community = Holding::free(COMMUNITY.into_account_truncating(), DEVELOPMENT_COMMUNITY);
    let others = [pot, emission, community];
    let mut holdings: Vec<_> = accounts.chain(workers).chain(others).collect();
    let given: Balance = holdings.iter().map(|holding| holding.amount).sum();
    holdings.push(Holding::free(TreasuryAccount::get(), TOTAL_ISSUANCE - given));
    holdings
}

fn patch(
    validators: &[Validator],
    attributors: &[Sr25519Keyring],
    root: Option<AccountId>,
    holdings: Vec<Holding>,
) -> Value {
    let providers = attributors
        .iter()
        .map(|key| {
            (Role::Attributor, key.to_account_id(), ATTRIBUTOR_BOND, Some(worker_account(*key)))
        })
        .collect::<Vec<_>>();
    let vesting = holdings
        .iter()
        .filter_map(|Holding { account, release, .. }| {
            let Release { begin, length } = release.as_ref()?;
            // All of it is locked: nothing is liquid at the start.
            Some((account.clone(), *begin, *length, 0))
        })
        .collect::<Vec<_>>();
    let balances =
        holdings.into_iter().map(|holding| (holding.account, holding.amount)).collect::<Vec<_>>();
    build_struct_json_patch!(RuntimeGenesisConfig {
        babe: BabeConfig { epoch_config: BABE_GENESIS },
        balances: BalancesConfig { balances },
        providers: ProvidersConfig { providers },
        session: SessionConfig {
            keys: validators.iter().map(Validator::session_entry).collect::<Vec<_>>(),
        },
        sudo: SudoConfig { key: root },
        vesting: VestingConfig { vesting },
    })
}

/// The JSON of a preset, or nothing where there is none of that name.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEVELOPMENT => {
            patch(&[ALICE], &[], Some(Sr25519Keyring::Alice.to_account_id()), developers())
        }
        LOCAL => patch(&[ALICE, BOB, CHARLIE], &ATTRIBUTORS, None, developers()),
        LIVE => {
            patch(&[], &[], None, distribution::holdings(Attribution::pot(), Emission::account()))
        }
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// The names of the presets.
pub fn preset_names() -> Vec<PresetId> {
    [DEVELOPMENT, LOCAL, LIVE].map(PresetId::from).to_vec()
}
