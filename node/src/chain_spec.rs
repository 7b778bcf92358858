//! The chains that the node knows by name.

use openledger_runtime::{genesis, units::DECIMALS, WASM_BINARY};
use sc_chain_spec::{ChainSpecExtension, ChainType, GenericChainSpec, Properties};
use sc_sync_state_rpc::LightSyncStateExtension;
use serde::{Deserialize, Serialize};

/// What a specification may carry besides genesis.
#[derive(Clone, ChainSpecExtension, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Extensions {
    /// A finalised state from which light clients may start, as `sync_state_genSyncSpec` gives it.
    pub light_sync_state: LightSyncStateExtension,
}

/// A chain's specification.
pub type ChainSpec = GenericChainSpec<Extensions>;

/// The chain of that name, or the one in the file of that path.
///
/// # Errors
///
/// The node was built without a runtime, or the file is missing or no chain specification.
pub fn load(id: &str) -> Result<ChainSpec, String> {
    match id {
        "dev" | genesis::DEVELOPMENT => {
            named("OpenLedger Development", "dev", ChainType::Development, genesis::DEVELOPMENT)
        }
        genesis::LOCAL => {
            named("OpenLedger Local", "openledger_local", ChainType::Local, genesis::LOCAL)
        }
        "" | genesis::LIVE => named("OpenLedger", "openledger", ChainType::Live, genesis::LIVE),
        path => ChainSpec::from_json_file(path.into()).map_err(|error| {
            format!(
                "no chain is named {path:?} (dev, local and live are), nor is it a file: {error}"
            )
        }),
    }
}

fn named(name: &str, id: &str, kind: ChainType, preset: &str) -> Result<ChainSpec, String> {
    let code = WASM_BINARY
        .ok_or("this node was built without a runtime; build it again without SKIP_WASM_BUILD")?;
    let properties = Properties::from_iter([
        ("tokenSymbol".to_owned(), "OPEN".into()),
        ("tokenDecimals".to_owned(), DECIMALS.into()),
        ("ss58Format".to_owned(), 42.into()),
    ]);
    Ok(ChainSpec::builder(code, Extensions::default())
        .with_name(name)
        .with_id(id)
        .with_chain_type(kind)
        .with_protocol_id(id)
        .with_properties(properties)
        .with_genesis_config_preset_name(preset)
        .build())
}
