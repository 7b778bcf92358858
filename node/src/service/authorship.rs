//! A validator's part: it makes blocks by BABE, and makes itself known to the others.

use std::{path::PathBuf, sync::Arc};

use futures::StreamExt;
use openledger_runtime::opaque::Block;
use sc_consensus_babe::{BabeLink, SlotProportion};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{Event, Multiaddr, NetworkEventStream};
use sc_service::{error::Error, Configuration, TaskManager};
use sc_telemetry::TelemetryHandle;
use substrate_prometheus_endpoint::Registry;

use super::{
    assemble::{slot_and_time, BlockImport},
    network::Network,
    Shared,
};

/// What the configuration says of it, which the node's tasks take.
pub struct Settings {
    validator: bool,
    force_authoring: bool,
    publish_local_addresses: bool,
    public_addresses: Vec<Multiaddr>,
    network_directory: Option<PathBuf>,
    registry: Option<Registry>,
}

impl Settings {
    /// Of a configuration.
    pub fn of(config: &Configuration) -> Self {
        Self {
            validator: config.role.is_authority(),
            force_authoring: config.force_authoring,
            publish_local_addresses: config.network.allow_non_globals_in_dht,
            public_addresses: config.network.public_addresses.clone(),
            network_directory: config.network.net_config_path.clone(),
            registry: config.prometheus_registry().cloned(),
        }
    }
}

/// Makes blocks whenever a slot is this node's, if it is a validator.
pub fn start(
    settings: Settings,
    shared: &Shared,
    (block_import, babe_link): (BlockImport, BabeLink<Block>),
    network: &Network,
    telemetry: Option<TelemetryHandle>,
    tasks: &TaskManager,
) -> Result<(), Error> {
    if !settings.validator {
        return Ok(());
    }
    let slot_duration = babe_link.config().slot_duration();
    let proposer = sc_basic_authorship::ProposerFactory::new(
        tasks.spawn_handle(),
        Arc::clone(&shared.client),
        Arc::clone(&shared.pool),
        settings.registry.as_ref(),
        telemetry.clone(),
    );
    let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
        keystore: Arc::clone(&shared.keystore),
        client: Arc::clone(&shared.client),
        select_chain: shared.select_chain.clone(),
        env: proposer,
        block_import,
        sync_oracle: Arc::clone(&network.sync),
        justification_sync_link: Arc::clone(&network.sync),
        create_inherent_data_providers: move |_, ()| async move { Ok(slot_and_time(slot_duration)) },
        force_authoring: settings.force_authoring,
        backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
        babe_link,
        block_proposal_slot_portion: SlotProportion::new(2.0 / 3.0),
        max_block_proposal_slot_portion: None,
        telemetry,
    })?;
    tasks.spawn_essential_handle().spawn_blocking("babe-proposer", Some("block-authoring"), babe);
    discover(settings, shared, network, tasks);
    Ok(())
}

/// Publishes where this validator is reached, and finds the others.
fn discover(settings: Settings, shared: &Shared, network: &Network, tasks: &TaskManager) {
    let dht_events = network
        .service
        .event_stream("authority-discovery")
        .filter_map(|event| async move {
            match event {
                Event::Dht(event) => Some(event),
                _ => None,
            }
        })
        .boxed();
    let (discovery, _service) = sc_authority_discovery::new_worker_and_service_with_config(
        sc_authority_discovery::WorkerConfig {
            publish_non_global_ips: settings.publish_local_addresses,
            public_addresses: settings.public_addresses,
            strict_record_validation: true,
            persisted_cache_directory: settings.network_directory,
            ..Default::default()
        },
        Arc::clone(&shared.client),
        Arc::new(Arc::clone(&network.service)),
        dht_events,
        sc_authority_discovery::Role::PublishAndDiscover(Arc::clone(&shared.keystore)),
        settings.registry,
        tasks.spawn_handle(),
    );
    tasks.spawn_handle().spawn("authority-discovery-worker", Some("networking"), discovery.run());
}
