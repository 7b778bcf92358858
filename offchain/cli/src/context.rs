//! What commands work with: node, store, key, home.

use std::path::PathBuf;

use anyhow::{bail, Context as _};
use openledger_chain::{account, AccountId, Call, Chain, Included, Keypair, View, Wait};
use openledger_primitives::ModelId;
use openledger_store::BlobStore;

use crate::args::{self, Global};

/// What the global options say.
pub struct Context {
    pub node: String,
    store: Option<String>,
    home: Option<PathBuf>,
    suri: Option<String>,
    wait: args::Wait,
}

impl Context {
    pub fn new(global: Global) -> Self {
        let Global { node, store, home, suri, wait, json: _ } = global;
        Self { node, store, home, suri, wait }
    }

    /// A connection to the node.
    pub async fn chain(&self) -> anyhow::Result<Chain> {
        Ok(Chain::connect(&self.node).await?)
    }

    /// The newest state.
    pub async fn now(&self) -> anyhow::Result<View> {
        Ok(self.chain().await?.now().await?)
    }

    /// Where caches, journal and vouchers lie.
    pub fn home(&self) -> anyhow::Result<PathBuf> {
        match &self.home {
            Some(home) => Ok(home.clone()),
            None => {
                let user = std::env::home_dir().context("there is no home directory: give --home")?;
                Ok(user.join(".openledger"))
            },
        }
    }

    /// Where fetched models lie.
    pub fn cache(&self) -> anyhow::Result<PathBuf> {
        Ok(self.home()?.join("cache"))
    }

    /// The blob store.
    pub fn store(&self) -> anyhow::Result<BlobStore> {
        let location = match &self.store {
            Some(store) => store.clone(),
            None => self.home()?.join("store").to_string_lossy().into_owned(),
        };
        Ok(BlobStore::open(&location)?)
    }

    /// Whose key signs.
    pub fn signer(&self) -> anyhow::Result<Keypair> {
        let Some(suri) = &self.suri else {
            bail!("this command signs: say who with --suri or OPENLEDGER_SURI, such as --suri //Alice");
        };
        Ok(account::keypair(suri)?)
    }

    /// Whether a transaction is waited for until it is in a block.
    pub fn waits(&self) -> bool {
        !matches!(self.wait, args::Wait::None)
    }

    /// The account that an argument names, or else the signer's.
    pub fn account_or_signer(&self, text: Option<&str>) -> anyhow::Result<AccountId> {
        match text {
            Some(text) => Ok(account::parse(text)?),
            None => Ok(account::of(&self.signer().context("name an account")?)),
        }
    }

    /// Sends calls as the signer, and waits as long as `--wait` says.
    pub async fn submit(&self, chain: &Chain, calls: &[Call]) -> anyhow::Result<Vec<Included>> {
        let wait = match self.wait {
            args::Wait::None => Wait::None,
            args::Wait::InBlock => Wait::InBlock,
            args::Wait::Finalized => Wait::Finalized,
        };
        Ok(chain.submit(&self.signer()?, calls, wait).await?)
    }

    /// Sends one call as the signer.
    pub async fn submit_one(&self, chain: &Chain, call: Call) -> anyhow::Result<Included> {
        let mut included = self.submit(chain, &[call]).await?;
        included.pop().context("the transaction was sent, but nothing is known of it")
    }
}

/// The model of an id or a registered name.
pub async fn model(view: &View, text: &str) -> anyhow::Result<ModelId> {
    if let Ok(id) = text.strip_prefix("openledger/").unwrap_or(text).parse() {
        return Ok(id);
    }
    let named: Vec<ModelId> = view
        .models()
        .await?
        .into_iter()
        .filter(|(_, model)| model.name == text.as_bytes())
        .map(|(id, _)| id)
        .collect();
    match named[..] {
        [id] => Ok(id),
        [] => bail!("there is no model {text:?}; `openledger model list` shows all"),
        _ => bail!("{} models are called {text:?}: name one by its id, of {named:?}", named.len()),
    }
}
