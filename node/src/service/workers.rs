//! The off-chain workers, which attribute settlements.

use std::sync::Arc;

use futures::FutureExt;
use openledger_runtime::WORKER_KEY_TYPE;
use sc_client_api::Backend;
use sc_network::service::traits::NetworkService;
use sc_service::{error::Error, Configuration, TaskManager};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_keystore::KeystorePtr;

use super::Shared;

/// Runs them from now on at each new block, unless the node was told not to.
pub fn start(
    config: &Configuration,
    shared: &Shared,
    network: &Arc<dyn NetworkService>,
    tasks: &TaskManager,
) -> Result<(), Error> {
    if !config.offchain_worker.enabled {
        return Ok(());
    }
    let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
        runtime_api_provider: Arc::clone(&shared.client),
        keystore: Some(Arc::clone(&shared.keystore)),
        offchain_db: shared.backend.offchain_storage(),
        transaction_pool: Some(OffchainTransactionPoolFactory::new(Arc::clone(&shared.pool))),
        network_provider: Arc::new(Arc::clone(network)),
        is_validator: config.role.is_authority(),
        // The attribution worker talks to its engine over HTTP.
        enable_http_requests: true,
        custom_extensions: |_| Vec::new(),
    })?;
    tasks.spawn_handle().spawn(
        "offchain-workers-runner",
        "offchain-worker",
        workers.run(Arc::clone(&shared.client), tasks.spawn_handle()).boxed(),
    );
    Ok(())
}

/// Puts the key of the attribution worker where a development node expects it: `poaw`, derived from
/// the node's well-known seed by `//poaw`.
pub fn insert_key(keystore: &KeystorePtr, seed: &str) -> Result<(), Error> {
    keystore
        .sr25519_generate_new(WORKER_KEY_TYPE, Some(&format!("{seed}//poaw")))
        .map(|_| ())
        .map_err(|error| Error::Other(format!("cannot store the worker's key: {error}")))
}
