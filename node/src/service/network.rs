//! The network: blocks, transactions, GRANDPA's votes, warp sync.

use std::sync::Arc;

use openledger_runtime::{opaque::Block, Hash};
use sc_consensus_grandpa::warp_proof;
use sc_network::{
    config::FullNetworkConfiguration, service::traits::NetworkService, NetworkBackend,
    NotificationService, ProtocolName,
};
use sc_network_sync::{strategy::warp::WarpSyncConfig, SyncingService};
use sc_service::{error::Error, Configuration, TaskManager};
use sc_utils::mpsc::TracingUnboundedSender;

use super::{assemble::GrandpaLink, Shared};

/// What the rest of the node needs of the network.
pub struct Network {
    pub service: Arc<dyn NetworkService>,
    pub sync: Arc<SyncingService<Block>>,
    /// Over which GRANDPA votes.
    pub votes: Votes,
}

/// What the node's tasks take of the network.
pub struct Handles {
    /// For the methods of RPC that ask about the network.
    pub system_rpc: TracingUnboundedSender<sc_rpc::system::Request<Block>>,
    /// Lets transactions travel once the node is up.
    pub transactions: sc_network_transactions::TransactionsHandlerController<Hash>,
}

/// The protocol over which GRANDPA's votes travel.
pub struct Votes {
    pub protocol: ProtocolName,
    pub notifications: Box<dyn NotificationService>,
}

/// Sets the network up over `Backend`.
pub fn build<Backend: NetworkBackend<Block, Hash>>(
    config: &Configuration,
    shared: &Shared,
    grandpa: &GrandpaLink,
    import_queue: sc_consensus::DefaultImportQueue<Block>,
    tasks: &TaskManager,
) -> Result<(Network, Handles), Error> {
    let registry = config.prometheus_registry();
    let mut net_config =
        FullNetworkConfiguration::<_, _, Backend>::new(&config.network, registry.cloned());
    let metrics = Backend::register_notification_metrics(registry);
    let genesis_hash = shared.client.chain_info().genesis_hash;
    let protocol = sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
    let (voting, notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, Backend>(
        protocol.clone(),
        metrics.clone(),
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(voting);
    let warp_sync = Arc::new(warp_proof::NetworkProvider::new(
        Arc::clone(&shared.backend),
        grandpa.shared_authority_set().clone(),
        Vec::new(),
    ));
    let (service, system_rpc, transactions, sync, _bitswap) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config,
            net_config,
            client: Arc::clone(&shared.client),
            transaction_pool: Arc::clone(&shared.pool),
            spawn_handle: tasks.spawn_handle(),
            spawn_essential_handle: tasks.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;
    let votes = Votes { protocol, notifications };
    Ok((Network { service, sync, votes }, Handles { system_rpc, transactions }))
}
