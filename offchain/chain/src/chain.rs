//! A connection to a node.

use std::{sync::Arc, time::Duration};

use jsonrpsee::ws_client::{PingConfig, WsClientBuilder};
use openledger_primitives::H256;
use serde::{Deserialize, Serialize};
use subxt::{
    backend::{BlockRef, LegacyBackend},
    rpcs::{
        client::{rpc_params, RpcParams},
        RpcClient,
    },
    OnlineClient, PolkadotConfig,
};

use crate::{Error, Result, View};

/// How long is waited for a node.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// For a connection.
    connecting: Duration,
    /// For the answer to a request.
    answering: Duration,
    /// Between signs of life that it is asked for.
    ping: Duration,
    /// For a sign of life: then the connection is lost.
    silence: Duration,
}

const LIMITS: Limits = Limits {
    connecting: Duration::from_secs(10),
    answering: Duration::from_secs(30),
    ping: Duration::from_secs(10),
    silence: Duration::from_secs(30),
};
/// Messages of one subscription that may wait to be read.
const BUFFER: usize = 4_096;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockId {
    /// Its height.
    pub number: u32,
    /// Its hash.
    pub hash: H256,
}

/// A connection to a node. A handle: cloning it shares the connection.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(crate) client: OnlineClient<PolkadotConfig>,
    rpc: RpcClient,
    url: Arc<str>,
}

impl Chain {
    /// Connects to the RPC of a node, such as `ws://127.0.0.1:9944`. Every request has a time limit, and a node that is
    /// silent for half a minute counts as gone: then all that waits for it fails.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_within(url, LIMITS).await
    }

    async fn connect_within(url: &str, limits: Limits) -> Result<Self> {
        let unreachable = |reason: String| Error::Unreachable { url: url.into(), reason };
        let pings = PingConfig::new().ping_interval(limits.ping).inactive_limit(limits.silence);
        let client = WsClientBuilder::new()
            .request_timeout(limits.answering)
            .enable_ws_ping(pings)
            .max_buffer_capacity_per_subscription(BUFFER)
            .build(url);
        // The builder's own limit is for the TCP connection alone, not for the handshake.
        let client = tokio::time::timeout(limits.connecting, client)
            .await
            .map_err(|_| {
                unreachable(format!("no connection within {} s", limits.connecting.as_secs_f32()))
            })?
            .map_err(|error| unreachable(innermost(&error)))?;
        let rpc = RpcClient::new(client);
        let backend = LegacyBackend::<PolkadotConfig>::builder().build(rpc.clone());
        let client = OnlineClient::from_backend(Arc::new(backend))
            .await
            .map_err(|error| unreachable(innermost(&error)))?;
        Ok(Self { client, rpc, url: url.into() })
    }

    /// The hash of the first block: what tells chains apart.
    pub fn genesis(&self) -> H256 {
        self.client.genesis_hash()
    }

    /// The newest block of the best chain.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn best(&self) -> Result<BlockId> {
        let hash = self.request("chain_getBlockHash", rpc_params![]).await?;
        self.block(hash).await
    }

    /// The newest block that is final.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn finalized(&self) -> Result<BlockId> {
        let hash = self.request("chain_getFinalizedHead", rpc_params![]).await?;
        self.block(hash).await
    }

    /// The block with this hash.
    ///
    /// # Errors
    /// If the node does not know it.
    pub async fn block(&self, hash: H256) -> Result<BlockId> {
        #[derive(Deserialize)]
        struct Header {
            number: String,
        }
        let header: Option<Header> = self.request("chain_getHeader", rpc_params![hash]).await?;
        let unknown = |reason: &str| Error::Unexpected {
            what: format!("block {hash:?}"),
            reason: reason.into(),
        };
        let header = header.ok_or_else(|| unknown("the node does not know it"))?;
        let digits = header.number.trim_start_matches("0x");
        let number = u32::from_str_radix(digits, 16)
            .map_err(|_| unknown("its header has no number of 32 bits"))?;
        Ok(BlockId { number, hash })
    }

    /// The state after a block.
    ///
    /// # Errors
    /// If the node no longer has that state.
    pub async fn at(&self, block: BlockId) -> Result<View> {
        let client = self
            .client
            .at_block_hash_and_number(BlockRef::from_hash(block.hash), block.number.into())
            .await
            .map_err(Error::reading(format!("state at block {}", block.number)))?;
        Ok(View { client, chain: self.clone(), block })
    }

    /// The state after the newest block of the best chain.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn now(&self) -> Result<View> {
        self.at(self.best().await?).await
    }

    /// A request to the node's RPC.
    pub(crate) async fn request<T: serde::de::DeserializeOwned>(
        &self,
        method: &str,
        params: RpcParams,
    ) -> Result<T> {
        use subxt::rpcs::Error as Rpc;
        self.rpc.request(method, params).await.map_err(|error| match error {
            Rpc::Client(_) | Rpc::DisconnectedWillReconnect(_) => {
                Error::Unreachable { url: self.url.to_string(), reason: innermost(&error) }
            }
            error => Error::Unexpected { what: method.into(), reason: error.to_string() },
        })
    }
}

/// What lies at the bottom of an error: the rest is subxt's layers, some of which only prefix the text.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let text = cause.to_string();
    text.rsplit("client error: ").next().unwrap_or(&text).into()
}

#[cfg(test)]
mod tests {
    use jsonrpsee::{server::Server, RpcModule};
    use tokio::net::TcpListener;

    use super::*;

    const SHORT: Limits = Limits {
        connecting: Duration::from_millis(200),
        answering: Duration::from_millis(200),
        ..LIMITS
    };

    #[tokio::test]
    async fn connect_should_give_up_a_node_that_does_not_speak() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let silent = Chain::connect_within(&url, SHORT).await;
        assert!(matches!(silent, Err(Error::Unreachable { .. })), "{silent:?}");
    }

    #[tokio::test]
    async fn a_request_should_be_given_up_when_the_node_does_not_answer() {
        let server = Server::builder().build("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", server.local_addr().unwrap());
        let mut module = RpcModule::new(());
        module
            .register_async_method("chain_getBlockHash", |_, _, _| async {
                std::future::pending::<()>().await;
                "never"
            })
            .unwrap();
        let _server = server.start(module);
        let silent = Chain::connect_within(&url, SHORT).await;
        assert!(matches!(silent, Err(Error::Unreachable { .. })), "{silent:?}");
    }
}
