//! Puts the node together: database, transaction pool, BABE, GRANDPA, network, RPC, off-chain workers.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use openledger_runtime::{apis::RuntimeApi, opaque::Block, Hash, WORKER_KEY_TYPE};
use sc_client_api::Backend;
use sc_consensus_babe::{BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_grandpa::{
    warp_proof, FinalityProofProvider, GrandpaPruningFilter, SharedVoterState,
    ThreeQuartersOfTheUnfinalizedChain, VotingRule, VotingRulesBuilder,
};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{
    config::{FullNetworkConfiguration, NetworkBackendType},
    Event, NetworkBackend, NetworkEventStream,
};
use sc_network_sync::strategy::warp::WarpSyncConfig;
use sc_service::{
    config::KeystoreConfig, error::Error, Configuration, PartialComponents, RpcHandlers,
    TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::ProvideRuntimeApi;
use sp_consensus_babe::{
    inherents::{BabeCreateInherentDataProviders, InherentDataProvider},
    BabeApi, SlotDuration,
};
use sp_keystore::KeystorePtr;

use crate::{ports, rpc};

pub type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
pub type Client = sc_service::TFullClient<Block, RuntimeApi, Executor>;
pub type FullBackend = sc_service::TFullBackend<Block>;
pub type SelectChain = sc_consensus::LongestChain<FullBackend, Block>;
pub type TransactionPool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;
type GrandpaBlockImport =
    sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, Client, SelectChain>;
type BlockImport = sc_consensus_babe::BabeBlockImport<
    Block,
    Client,
    GrandpaBlockImport,
    BabeCreateInherentDataProviders<Block>,
    SelectChain,
>;

/// A justification is kept for every this many blocks, for those who sync or bridge later.
const JUSTIFICATION_PERIOD: u32 = 512;

/// A vote for the best block, or, after a time without finality, for one further back. The default leaves out
/// the two newest blocks, which is as safe, and costs everybody who waits for finality as many.
fn voting_rule() -> impl VotingRule<Block, Client> + Clone {
    VotingRulesBuilder::new().add(ThreeQuartersOfTheUnfinalizedChain).build()
}

/// What consensus needs beyond the usual parts.
pub struct Consensus {
    block_import: BlockImport,
    grandpa_link: sc_consensus_grandpa::LinkHalf<Block, Client, SelectChain>,
    babe_link: BabeLink<Block>,
    babe_worker: BabeWorkerHandle<Block>,
    telemetry: Option<Telemetry>,
}

/// The parts that every command which touches the chain needs.
pub type Parts = PartialComponents<
    Client,
    FullBackend,
    SelectChain,
    sc_consensus::DefaultImportQueue<Block>,
    TransactionPool,
    Consensus,
>;

/// The parts for a command that works on the database alone.
pub fn for_chain_operations(config: &mut Configuration) -> Result<Parts, Error> {
    config.keystore = KeystoreConfig::InMemory;
    assemble(config)
}

/// The slot of now, and now.
fn slot_and_time(
    slot_duration: SlotDuration,
) -> (InherentDataProvider, sp_timestamp::InherentDataProvider) {
    let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
    let slot = InherentDataProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
    (slot, timestamp)
}

fn assemble(config: &Configuration) -> Result<Parts, Error> {
    let telemetry = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty())
        .map(|endpoints| {
            let worker = TelemetryWorker::new(16)?;
            let telemetry = worker.handle().new_telemetry(endpoints);
            Ok::<_, sc_telemetry::Error>((worker, telemetry))
        })
        .transpose()?;
    let executor = sc_service::new_wasm_executor(&config.executor);
    // Without the filter, pruning would take the blocks whose justifications warp sync needs.
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts::<Block, RuntimeApi, _>(
            config,
            telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
            executor,
            vec![Arc::new(GrandpaPruningFilter)],
        )?;
    require_validators(&client, config)?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });
    let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);

    let select_chain = sc_consensus::LongestChain::new(Arc::clone(&backend));
    let transaction_pool = Arc::from(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            Arc::clone(&client),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
        Arc::clone(&client),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        telemetry_handle.clone(),
    )?;
    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import.clone(),
        Arc::clone(&client),
        Arc::new(move |_, _| async move { Ok(slot_and_time(slot_duration)) })
            as BabeCreateInherentDataProviders<Block>,
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(Arc::clone(&transaction_pool)),
    )?;
    let (import_queue, babe_worker) =
        sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
            link: babe_link.clone(),
            block_import: block_import.clone(),
            justification_import: Some(Box::new(grandpa_import)),
            client: Arc::clone(&client),
            slot_duration,
            spawner: &task_manager.spawn_essential_handle(),
            registry: config.prometheus_registry(),
            telemetry: telemetry_handle,
        })?;

    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Consensus { block_import, grandpa_link, babe_link, babe_worker, telemetry },
    })
}

/// Starts the node; the tasks that it returns run until it stops.
pub fn start(mut config: Configuration) -> Result<TaskManager, Error> {
    ports::require_free(&mut config)?;
    match config.network.network_backend {
        NetworkBackendType::Litep2p => start_on::<sc_network::Litep2pNetworkBackend>(config),
        NetworkBackendType::Libp2p => start_on::<sc_network::NetworkWorker<Block, Hash>>(config),
    }
}

fn start_on<Network: NetworkBackend<Block, Hash>>(
    config: Configuration,
) -> Result<TaskManager, Error> {
    let PartialComponents {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Consensus { block_import, grandpa_link, babe_link, babe_worker, mut telemetry },
    } = assemble(&config)?;
    let keystore = keystore_container.keystore();

    if let Some(seed) = &config.dev_key_seed {
        insert_worker_key(&keystore, seed)?;
    }

    let role = config.role;
    let name = config.network.node_name.clone();
    let force_authoring = config.force_authoring;
    let disable_grandpa = config.disable_grandpa;
    let publish_local_addresses = config.network.allow_non_globals_in_dht;
    let public_addresses = config.network.public_addresses.clone();
    let network_directory = config.network.net_config_path.clone();
    let registry = config.prometheus_registry().cloned();
    let genesis_hash = client.chain_info().genesis_hash;

    let mut net_config = FullNetworkConfiguration::<_, _, Network>::new(
        &config.network,
        config.prometheus_config.as_ref().map(|prometheus| prometheus.registry.clone()),
    );
    let metrics = Network::register_notification_metrics(registry.as_ref());
    let grandpa_protocol =
        sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
    let (grandpa_config, grandpa_notifications) =
        sc_consensus_grandpa::grandpa_peers_set_config::<_, Network>(
            grandpa_protocol.clone(),
            metrics.clone(),
            net_config.peer_store_handle(),
        );
    net_config.add_notification_protocol(grandpa_config);
    let warp_sync = Arc::new(warp_proof::NetworkProvider::new(
        Arc::clone(&backend),
        grandpa_link.shared_authority_set().clone(),
        Vec::new(),
    ));

    let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config,
            client: Arc::clone(&client),
            transaction_pool: Arc::clone(&transaction_pool),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    if config.offchain_worker.enabled {
        // The attribution worker talks to its engine over HTTP.
        let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
            runtime_api_provider: Arc::clone(&client),
            keystore: Some(Arc::clone(&keystore)),
            offchain_db: backend.offchain_storage(),
            transaction_pool: Some(OffchainTransactionPoolFactory::new(Arc::clone(
                &transaction_pool,
            ))),
            network_provider: Arc::new(Arc::clone(&network)),
            is_validator: role.is_authority(),
            enable_http_requests: true,
            custom_extensions: |_| Vec::new(),
        })?;
        task_manager.spawn_handle().spawn(
            "offchain-workers-runner",
            "offchain-worker",
            workers.run(Arc::clone(&client), task_manager.spawn_handle()).boxed(),
        );
    }

    let shared_voter_state = SharedVoterState::empty();
    let rpc_builder = {
        let client = Arc::clone(&client);
        let pool = Arc::clone(&transaction_pool);
        let select_chain = select_chain.clone();
        let chain_spec = config.chain_spec.cloned_box();
        let keystore = Arc::clone(&keystore);
        let shared_voter_state = shared_voter_state.clone();
        let shared_authority_set = grandpa_link.shared_authority_set().clone();
        let justification_stream = grandpa_link.justification_stream();
        let finality_provider = FinalityProofProvider::new_for_service(
            Arc::clone(&backend),
            Some(shared_authority_set.clone()),
        );
        Box::new(move |subscription_executor| {
            rpc::create(rpc::Dependencies {
                client: Arc::clone(&client),
                pool: Arc::clone(&pool),
                select_chain: select_chain.clone(),
                chain_spec: chain_spec.cloned_box(),
                keystore: Arc::clone(&keystore),
                babe_worker: babe_worker.clone(),
                shared_voter_state: shared_voter_state.clone(),
                shared_authority_set: shared_authority_set.clone(),
                justification_stream: justification_stream.clone(),
                finality_provider: Arc::clone(&finality_provider),
                subscription_executor,
            })
            .map_err(Into::into)
        })
    };
    let _: RpcHandlers = sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        backend,
        client: Arc::clone(&client),
        keystore: Arc::clone(&keystore),
        network: Arc::clone(&network),
        sync_service: Arc::clone(&sync_service),
        rpc_builder,
        transaction_pool: Arc::clone(&transaction_pool),
        task_manager: &mut task_manager,
        system_rpc_tx,
        tx_handler_controller,
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);

    if role.is_authority() {
        let slot_duration = babe_link.config().slot_duration();
        let proposer = sc_basic_authorship::ProposerFactory::new(
            task_manager.spawn_handle(),
            Arc::clone(&client),
            Arc::clone(&transaction_pool),
            registry.as_ref(),
            telemetry_handle.clone(),
        );
        let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
            keystore: Arc::clone(&keystore),
            client: Arc::clone(&client),
            select_chain,
            env: proposer,
            block_import,
            sync_oracle: Arc::clone(&sync_service),
            justification_sync_link: Arc::clone(&sync_service),
            create_inherent_data_providers: move |_, ()| async move { Ok(slot_and_time(slot_duration)) },
            force_authoring,
            backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
            babe_link,
            block_proposal_slot_portion: SlotProportion::new(2.0 / 3.0),
            max_block_proposal_slot_portion: None,
            telemetry: telemetry_handle.clone(),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking(
            "babe-proposer",
            Some("block-authoring"),
            babe,
        );

        let dht_events = network
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
                publish_non_global_ips: publish_local_addresses,
                public_addresses,
                strict_record_validation: true,
                persisted_cache_directory: network_directory,
                ..Default::default()
            },
            Arc::clone(&client),
            Arc::new(Arc::clone(&network)),
            dht_events,
            sc_authority_discovery::Role::PublishAndDiscover(Arc::clone(&keystore)),
            registry.clone(),
            task_manager.spawn_handle(),
        );
        task_manager.spawn_handle().spawn(
            "authority-discovery-worker",
            Some("networking"),
            discovery.run(),
        );
    }

    if !disable_grandpa {
        let config = sc_consensus_grandpa::Config {
            gossip_duration: Duration::from_millis(333),
            justification_generation_period: JUSTIFICATION_PERIOD,
            name: Some(name),
            observer_enabled: false,
            // Only a validator votes; the others follow the voters.
            keystore: role.is_authority().then_some(keystore),
            local_role: role,
            telemetry: telemetry_handle.clone(),
            protocol_name: grandpa_protocol,
        };
        let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
            config,
            link: grandpa_link,
            network,
            sync: sync_service,
            notification_service: grandpa_notifications,
            voting_rule: voting_rule(),
            prometheus_registry: registry,
            shared_voter_state,
            telemetry: telemetry_handle,
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
    }

    Ok(task_manager)
}

/// Refuses a chain that nobody makes blocks for, which is what the `live` preset is before its launch.
fn require_validators(client: &Client, config: &Configuration) -> Result<(), Error> {
    let best = client.chain_info().best_hash;
    let authorities = client
        .runtime_api()
        .configuration(best)
        .map_err(|error| Error::Application(Box::new(error)))?
        .authorities;
    if !authorities.is_empty() {
        return Ok(());
    }
    Err(Error::Other(format!(
        "chain {:?} has no validators, so it can make no block: write its specification with \
         `export-chain-spec`, fill in `session.keys`, and start with `--chain FILE`; or use `--dev`",
        config.chain_spec.id(),
    )))
}

/// Puts the key of the attribution worker where a development node expects it: `poaw`, derived from
/// the node's well-known seed by `//poaw`.
fn insert_worker_key(keystore: &KeystorePtr, seed: &str) -> Result<(), Error> {
    keystore
        .sr25519_generate_new(WORKER_KEY_TYPE, Some(&format!("{seed}//poaw")))
        .map(|_| ())
        .map_err(|error| Error::Other(format!("cannot store the worker's key: {error}")))
}
