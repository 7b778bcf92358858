//! The states that presets start with.

use frame_support::genesis_builder_helper::build_state;
use openledger_runtime::{genesis, RuntimeGenesisConfig};
use serde_json::Value;
use sp_io::TestExternalities;

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

/// The state that a preset starts with, built as a node builds it.
pub fn state_of(preset: &str) -> TestExternalities {
    let patch = genesis::preset(&preset.into()).expect("the preset exists");
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
    merge(&mut config, serde_json::from_slice(&patch).expect("the preset is JSON"));
    let mut state = TestExternalities::new_empty();
    state.execute_with(|| {
        build_state::<RuntimeGenesisConfig>(serde_json::to_vec(&config).unwrap())
            .expect("the preset builds")
    });
    state
}
