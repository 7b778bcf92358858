//! The parts that every command which touches the chain needs: database, transaction pool, import queue.

use std::sync::Arc;

use openledger_runtime::{apis::RuntimeApi, opaque::Block};
use sc_consensus_babe::{BabeLink, BabeWorkerHandle};
use sc_consensus_grandpa::GrandpaPruningFilter;
use sc_service::{
    config::KeystoreConfig, error::Error, Configuration, PartialComponents, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::ProvideRuntimeApi;
use sp_consensus_babe::{
    inherents::{BabeCreateInherentDataProviders, InherentDataProvider},
    BabeApi, SlotDuration,
};

use super::finality::JUSTIFICATION_PERIOD;
use crate::client::{Client, FullBackend, SelectChain, TransactionPool};

type GrandpaBlockImport =
    sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, Client, SelectChain>;
/// What GRANDPA's import hands to its voter.
pub type GrandpaLink = sc_consensus_grandpa::LinkHalf<Block, Client, SelectChain>;
/// Imports blocks: BABE's checks before GRANDPA's.
pub type BlockImport = sc_consensus_babe::BabeBlockImport<
    Block,
    Client,
    GrandpaBlockImport,
    BabeCreateInherentDataProviders<Block>,
    SelectChain,
>;
type ImportQueue = sc_consensus::DefaultImportQueue<Block>;

/// What consensus needs beyond the usual parts.
pub struct Consensus {
    pub block_import: BlockImport,
    pub grandpa_link: GrandpaLink,
    pub babe_link: BabeLink<Block>,
    pub babe_worker: BabeWorkerHandle<Block>,
    pub telemetry: Option<Telemetry>,
}

/// The parts.
pub type Parts =
    PartialComponents<Client, FullBackend, SelectChain, ImportQueue, TransactionPool, Consensus>;

/// The parts for a command that works on the database alone.
pub fn for_chain_operations(config: &mut Configuration) -> Result<Parts, Error> {
    config.keystore = KeystoreConfig::InMemory;
    assemble(config)
}

/// The slot of now, and now.
pub fn slot_and_time(
    slot_duration: SlotDuration,
) -> (InherentDataProvider, sp_timestamp::InherentDataProvider) {
    let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
    let slot = InherentDataProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
    (slot, timestamp)
}

/// All of them.
pub fn assemble(config: &Configuration) -> Result<Parts, Error> {
    let telemetry = telemetry(config)?;
    // Without the filter, pruning would take the blocks whose justifications warp sync needs.
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts::<Block, RuntimeApi, _>(
            config,
            telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
            sc_service::new_wasm_executor(&config.executor),
            vec![Arc::new(GrandpaPruningFilter)],
        )?;
    require_validators(&client, config)?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });
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
    let (import_queue, other) =
        import(config, &client, &select_chain, &transaction_pool, &task_manager, telemetry)?;
    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other,
    })
}

/// Where the node reports to, and the worker that does; nothing where it is not asked to.
fn telemetry(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, Error> {
    let Some(endpoints) = config.telemetry_endpoints.clone().filter(|all| !all.is_empty()) else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(16)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    Ok(Some((worker, telemetry)))
}

/// How blocks are checked and imported.
fn import(
    config: &Configuration,
    client: &Arc<Client>,
    select_chain: &SelectChain,
    pool: &Arc<TransactionPool>,
    tasks: &TaskManager,
    telemetry: Option<Telemetry>,
) -> Result<(ImportQueue, Consensus), Error> {
    let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);
    let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
        Arc::clone(client),
        JUSTIFICATION_PERIOD,
        client,
        select_chain.clone(),
        telemetry_handle.clone(),
    )?;
    let babe_config = sc_consensus_babe::configuration(&**client)?;
    let slot_duration = babe_config.slot_duration();
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import.clone(),
        Arc::clone(client),
        Arc::new(move |_, _| async move { Ok(slot_and_time(slot_duration)) })
            as BabeCreateInherentDataProviders<Block>,
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(Arc::clone(pool)),
    )?;
    let (import_queue, babe_worker) =
        sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
            link: babe_link.clone(),
            block_import: block_import.clone(),
            justification_import: Some(Box::new(grandpa_import)),
            client: Arc::clone(client),
            slot_duration,
            spawner: &tasks.spawn_essential_handle(),
            registry: config.prometheus_registry(),
            telemetry: telemetry_handle,
        })?;
    let consensus = Consensus { block_import, grandpa_link, babe_link, babe_worker, telemetry };
    Ok((import_queue, consensus))
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
