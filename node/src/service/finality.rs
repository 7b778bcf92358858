//! GRANDPA: validators vote on what is final, and every node follows.

use std::time::Duration;

use openledger_runtime::opaque::Block;
use sc_consensus_grandpa::{
    SharedVoterState, ThreeQuartersOfTheUnfinalizedChain, VotingRule, VotingRulesBuilder,
};
use sc_network::config::Role;
use sc_service::{error::Error, Configuration, TaskManager};
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use substrate_prometheus_endpoint::Registry;

use super::{assemble::GrandpaLink, network::Network, Shared};
use crate::client::Client;

/// A justification is kept for every this many blocks, for those who sync or bridge later.
pub const JUSTIFICATION_PERIOD: u32 = 512;

/// A vote for the best block, or, after a time without finality, for one further back. The default leaves out
/// the two newest blocks, which is as safe, and costs everybody who waits for finality as many.
fn voting_rule() -> impl VotingRule<Block, Client> + Clone {
    VotingRulesBuilder::new().add(ThreeQuartersOfTheUnfinalizedChain).build()
}

/// What the configuration says of it, which the node's tasks take.
pub struct Settings {
    enabled: bool,
    role: Role,
    name: String,
    registry: Option<Registry>,
}

impl Settings {
    /// Of a configuration.
    pub fn of(config: &Configuration) -> Self {
        Self {
            enabled: !config.disable_grandpa,
            role: config.role,
            name: config.network.node_name.clone(),
            registry: config.prometheus_registry().cloned(),
        }
    }
}

/// Votes, or follows who does, unless the node was told not to.
pub fn start(
    settings: Settings,
    shared: Shared,
    (link, voter_state): (GrandpaLink, SharedVoterState),
    network: Network,
    telemetry: Option<TelemetryHandle>,
    tasks: &TaskManager,
) -> Result<(), Error> {
    if !settings.enabled {
        return Ok(());
    }
    let config = sc_consensus_grandpa::Config {
        gossip_duration: Duration::from_millis(333),
        justification_generation_period: JUSTIFICATION_PERIOD,
        name: Some(settings.name),
        observer_enabled: false,
        // Only a validator votes; the others follow the voters.
        keystore: settings.role.is_authority().then_some(shared.keystore),
        local_role: settings.role,
        telemetry: telemetry.clone(),
        protocol_name: network.votes.protocol,
    };
    let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
        config,
        link,
        network: network.service,
        sync: network.sync,
        notification_service: network.votes.notifications,
        voting_rule: voting_rule(),
        prometheus_registry: settings.registry,
        shared_voter_state: voter_state,
        telemetry,
        offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(shared.pool),
    })?;
    tasks.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
    Ok(())
}
