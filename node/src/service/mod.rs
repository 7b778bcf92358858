//! Puts the node together.
//!
//! | module | what it starts |
//! |---|---|
//! | [`mod@assemble`] | database, transaction pool, import of blocks: what every command needs |
//! | [`network`] | the network |
//! | [`workers`] | the off-chain workers |
//! | [`authorship`] | BABE, and the discovery of other validators |
//! | [`finality`] | GRANDPA |

mod assemble;
mod authorship;
mod finality;
mod network;
mod workers;

use std::sync::Arc;

use jsonrpsee::RpcModule;
use openledger_runtime::{opaque::Block, Hash};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_grandpa::{FinalityProofProvider, SharedVoterState};
use sc_network::{config::NetworkBackendType, NetworkBackend};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::{error::Error, Configuration, PartialComponents, RpcHandlers, TaskManager};
use sc_telemetry::Telemetry;
use sp_keystore::KeystorePtr;

pub use assemble::for_chain_operations;
use assemble::{assemble, Consensus, GrandpaLink};

use crate::{
    client::{Client, FullBackend, SelectChain, TransactionPool},
    ports, rpc,
};

/// Starts the node; the tasks that it returns run until it stops.
pub fn start(mut config: Configuration) -> Result<TaskManager, Error> {
    ports::require_free(&mut config)?;
    match config.network.network_backend {
        NetworkBackendType::Litep2p => start_on::<sc_network::Litep2pNetworkBackend>(config),
        NetworkBackendType::Libp2p => start_on::<sc_network::NetworkWorker<Block, Hash>>(config),
    }
}

/// What nearly every part of a node works on.
struct Shared {
    client: Arc<Client>,
    backend: Arc<FullBackend>,
    pool: Arc<TransactionPool>,
    select_chain: SelectChain,
    keystore: KeystorePtr,
}

fn start_on<Backend: NetworkBackend<Block, Hash>>(
    config: Configuration,
) -> Result<TaskManager, Error> {
    let PartialComponents {
        client,
        backend,
        task_manager: mut tasks,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool: pool,
        other: Consensus { block_import, grandpa_link: link, babe_link, babe_worker, mut telemetry },
    } = assemble(&config)?;
    let keystore = keystore_container.keystore();
    if let Some(seed) = &config.dev_key_seed {
        workers::insert_key(&keystore, seed)?;
    }
    let shared = Shared { client, backend, pool, select_chain, keystore };
    let (network, handles) =
        network::build::<Backend>(&config, &shared, &link, import_queue, &tasks)?;
    workers::start(&config, &shared, &network.service, &tasks)?;

    let authorship = authorship::Settings::of(&config);
    let finality = finality::Settings::of(&config);
    let voter_state = SharedVoterState::empty();
    let rpc_builder = rpc_builder(&config, &shared, &link, &voter_state, babe_worker);
    let _: RpcHandlers = sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        backend: Arc::clone(&shared.backend),
        client: Arc::clone(&shared.client),
        keystore: Arc::clone(&shared.keystore),
        network: Arc::clone(&network.service),
        sync_service: Arc::clone(&network.sync),
        rpc_builder: Box::new(rpc_builder),
        transaction_pool: Arc::clone(&shared.pool),
        task_manager: &mut tasks,
        system_rpc_tx: handles.system_rpc,
        tx_handler_controller: handles.transactions,
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    let telemetry = telemetry.as_ref().map(Telemetry::handle);
    let babe = (block_import, babe_link);
    authorship::start(authorship, &shared, babe, &network, telemetry.clone(), &tasks)?;
    finality::start(finality, shared, (link, voter_state), network, telemetry, &tasks)?;
    Ok(tasks)
}

/// Makes the RPC methods, once for each listener.
fn rpc_builder(
    config: &Configuration,
    shared: &Shared,
    link: &GrandpaLink,
    voter_state: &SharedVoterState,
    babe_worker: BabeWorkerHandle<Block>,
) -> impl Fn(SubscriptionTaskExecutor) -> Result<RpcModule<()>, Error> {
    let client = Arc::clone(&shared.client);
    let pool = Arc::clone(&shared.pool);
    let select_chain = shared.select_chain.clone();
    let chain_spec = config.chain_spec.cloned_box();
    let keystore = Arc::clone(&shared.keystore);
    let shared_voter_state = voter_state.clone();
    let shared_authority_set = link.shared_authority_set().clone();
    let justification_stream = link.justification_stream();
    let finality_provider = FinalityProofProvider::new_for_service(
        Arc::clone(&shared.backend),
        Some(shared_authority_set.clone()),
    );
    move |subscription_executor| {
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
    }
}
