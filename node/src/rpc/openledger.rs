//! The `openledger_*` namespace: what clients ask of the chain all the time, in one call each.

use std::{fmt::Display, sync::Arc};

use jsonrpsee::{
    core::RpcResult,
    proc_macros::rpc,
    types::{error::INTERNAL_ERROR_CODE, ErrorObjectOwned},
};
use openledger_primitives::{
    reads::{Claimable, Lineage, SettlementState},
    ModelId, SettlementId,
};
use openledger_runtime::{AccountId, Hash};
use openledger_runtime_api::OpenLedgerApi;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;

use crate::client::Client;

/// Each call takes the block to look at as its last parameter: the best one where it is left out.
#[rpc(server, namespace = "openledger")]
pub trait OpenLedger {
    /// What an account could claim now, for its work and for its contributions.
    #[method(name = "claimable")]
    fn claimable(&self, account: AccountId, at: Option<Hash>) -> RpcResult<Claimable>;

    /// From what a model descends; null where there is no such model.
    #[method(name = "lineage")]
    fn lineage(&self, model: ModelId, at: Option<Hash>) -> RpcResult<Option<Lineage>>;

    /// Where a settlement stands; null where there is no such settlement.
    #[method(name = "settlement")]
    fn settlement(
        &self,
        settlement: SettlementId,
        at: Option<Hash>,
    ) -> RpcResult<Option<SettlementState>>;
}

/// Answers from the runtime.
pub struct OpenLedger {
    client: Arc<Client>,
}

impl OpenLedger {
    /// Answers from what `client` knows.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    fn block(&self, at: Option<Hash>) -> Hash {
        at.unwrap_or_else(|| self.client.info().best_hash)
    }
}

impl OpenLedgerServer for OpenLedger {
    fn claimable(&self, account: AccountId, at: Option<Hash>) -> RpcResult<Claimable> {
        self.client.runtime_api().claimable(self.block(at), account).map_err(refused)
    }

    fn lineage(&self, model: ModelId, at: Option<Hash>) -> RpcResult<Option<Lineage>> {
        self.client.runtime_api().lineage(self.block(at), model).map_err(refused)
    }

    fn settlement(
        &self,
        settlement: SettlementId,
        at: Option<Hash>,
    ) -> RpcResult<Option<SettlementState>> {
        self.client.runtime_api().settlement(self.block(at), settlement).map_err(refused)
    }
}

/// The runtime did not answer: an unknown block, one whose state is pruned, or a runtime without the
/// call. The error says which.
fn refused(error: impl Display) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(
        INTERNAL_ERROR_CODE,
        format!("the runtime did not answer: {error}"),
        None::<()>,
    )
}
