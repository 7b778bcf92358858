//! The connection to the node, which comes back when the node does.

use openledger_chain::{Chain, View};
use openledger_primitives::H256;
use tokio::sync::RwLock;

use crate::{Error, Result};

/// A connection that is made anew where it is lost.
pub struct Link {
    url: String,
    genesis: H256,
    chain: RwLock<Option<Chain>>,
}

impl Link {
    /// Connects.
    pub async fn new(url: &str) -> Result<Self> {
        let chain = Chain::connect(url).await?;
        Ok(Self { url: url.into(), genesis: chain.genesis(), chain: RwLock::new(Some(chain)) })
    }

    /// A lost connection, to a port where no node listens.
    #[cfg(test)]
    pub fn lost(genesis: H256) -> Self {
        Self { url: "ws://127.0.0.1:1".into(), genesis, chain: RwLock::default() }
    }

    /// The chain's genesis hash.
    pub fn genesis(&self) -> H256 {
        self.genesis
    }

    /// The connection, and the newest state: so it works at this moment.
    pub async fn now(&self) -> Result<(Chain, View)> {
        let chain = self.chain.read().await.clone();
        if let Some(chain) = chain {
            if let Ok(view) = chain.now().await {
                return Ok((chain, view));
            }
        }
        let chain = Chain::connect(&self.url).await?;
        if chain.genesis() != self.genesis {
            return Err(Error::OtherChain { expected: self.genesis, found: chain.genesis() });
        }
        let view = chain.now().await?;
        *self.chain.write().await = Some(chain.clone());
        Ok((chain, view))
    }
}
