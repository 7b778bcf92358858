//! The connection to the node, which comes back when the node does.

use std::time::{Duration, Instant};

use openledger_chain::{Chain, View};
use openledger_primitives::H256;
use tokio::sync::{Mutex, RwLock};

use crate::{Error, Result};

/// How long a node that could not be reached is not tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// A connection that is made anew where it is lost.
pub struct Link {
    url: String,
    genesis: H256,
    block_time: Duration,
    /// With the number of the connection.
    chain: RwLock<Option<(u64, Chain)>>,
    /// Held while connecting, so that all who wait share one new connection, or one failure.
    connecting: Mutex<Tried>,
}

/// What is remembered of connecting.
#[derive(Default)]
struct Tried {
    /// Connections that there were.
    count: u64,
    /// When it failed last.
    failed: Option<Instant>,
}

impl Link {
    /// Connects.
    pub async fn new(url: &str) -> Result<Self> {
        let chain = Chain::connect(url).await?;
        Ok(Self {
            url: url.into(),
            genesis: chain.genesis(),
            block_time: chain.now().await?.block_time()?,
            chain: RwLock::new(Some((0, chain))),
            connecting: Mutex::default(),
        })
    }

    /// A lost connection, to a port where no node listens.
    #[cfg(test)]
    pub fn lost(genesis: H256) -> Self {
        Self {
            url: "ws://127.0.0.1:1".into(),
            genesis,
            block_time: Duration::from_secs(2),
            chain: RwLock::default(),
            connecting: Mutex::default(),
        }
    }

    /// The chain's genesis hash.
    pub fn genesis(&self) -> H256 {
        self.genesis
    }

    /// How long a block takes.
    pub fn block_time(&self) -> Duration {
        self.block_time
    }

    /// The connection, and the newest state: so it works at this moment.
    pub async fn now(&self) -> Result<(Chain, View)> {
        if let Some(working) = self.known().await {
            return Ok(working);
        }
        let mut tried = self.connecting.lock().await;
        // Somebody else may have connected meanwhile, or failed to.
        if let Some(working) = self.known().await {
            return Ok(working);
        }
        if tried.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Error::Unreachable);
        }
        let connected = self.connect().await;
        tried.failed = connected.is_err().then(Instant::now);
        let (chain, view) = connected?;
        tried.count += 1;
        *self.chain.write().await = Some((tried.count, chain.clone()));
        Ok((chain, view))
    }

    async fn connect(&self) -> Result<(Chain, View)> {
        let chain = Chain::connect(&self.url).await?;
        if chain.genesis() != self.genesis {
            return Err(Error::OtherChain { expected: self.genesis, found: chain.genesis() });
        }
        let view = chain.now().await?;
        Ok((chain, view))
    }

    /// The connection, if it works; otherwise it is given up, unless there is a newer one.
    async fn known(&self) -> Option<(Chain, View)> {
        let (count, chain) = self.chain.read().await.clone()?;
        if let Ok(view) = chain.now().await {
            return Some((chain, view));
        }
        self.chain.write().await.take_if(|(newest, _)| *newest == count);
        None
    }
}
