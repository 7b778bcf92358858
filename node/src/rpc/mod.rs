//! What the node answers over RPC beyond what every such node does.

mod openledger;

use std::{error::Error, sync::Arc};

use jsonrpsee::RpcModule;
use openledger_runtime::{opaque::Block, BlockNumber, Hash};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_chain_spec::ChainSpec;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
use sp_keystore::KeystorePtr;
use substrate_frame_rpc_system::{System, SystemApiServer};

use self::openledger::{OpenLedger, OpenLedgerServer};
use crate::client::{Client, FullBackend, SelectChain, TransactionPool};

/// What the RPC methods work on.
pub struct Dependencies {
    pub client: Arc<Client>,
    pub pool: Arc<TransactionPool>,
    pub select_chain: SelectChain,
    pub chain_spec: Box<dyn ChainSpec>,
    pub keystore: KeystorePtr,
    pub babe_worker: BabeWorkerHandle<Block>,
    pub shared_voter_state: SharedVoterState,
    pub shared_authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    pub justification_stream: GrandpaJustificationStream<Block>,
    pub finality_provider: Arc<FinalityProofProvider<FullBackend, Block>>,
    pub subscription_executor: SubscriptionTaskExecutor,
}

/// All methods, in one module.
pub fn create(deps: Dependencies) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
    let mut module = RpcModule::new(());
    module.merge(System::new(Arc::clone(&deps.client), deps.pool).into_rpc())?;
    module.merge(TransactionPayment::new(Arc::clone(&deps.client)).into_rpc())?;
    module.merge(
        Babe::new(
            Arc::clone(&deps.client),
            deps.babe_worker.clone(),
            deps.keystore,
            deps.select_chain,
        )
        .into_rpc(),
    )?;
    module.merge(
        Grandpa::new(
            deps.subscription_executor,
            deps.shared_authority_set.clone(),
            deps.shared_voter_state,
            deps.justification_stream,
            deps.finality_provider,
        )
        .into_rpc(),
    )?;
    module.merge(OpenLedger::new(Arc::clone(&deps.client)).into_rpc())?;
    module.merge(
        SyncState::new(deps.chain_spec, deps.client, deps.shared_authority_set, deps.babe_worker)?
            .into_rpc(),
    )?;
    Ok(module)
}
