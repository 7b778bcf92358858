//! What commands work with: node, store, key, home.

use std::path::PathBuf;

use anyhow::{bail, Context as _};
use openledger_artefacts::Cache;
use openledger_chain::{
    account, types::Model, AccountId, Call, Chain, Included, Keypair, View, Wait,
};
use openledger_primitives::ModelId;
use openledger_store::BlobStore;

use crate::global::{self, Global};

/// What the global options say.
pub struct Context {
    pub node: String,
    store: Option<String>,
    home: Option<PathBuf>,
    cache_bytes: u64,
    suri: Option<String>,
    wait: Wait,
    json: bool,
}

/// Somebody who sends transactions.
pub struct Sender {
    /// Its key.
    pub key: Keypair,
    /// Its account.
    pub account: AccountId,
    /// The chain.
    pub chain: Chain,
    wait: Wait,
}

impl Context {
    pub fn new(global: Global) -> Self {
        let Global { node, store, home, cache_gib, suri, wait, json } = global;
        let wait = match wait {
            global::Wait::None => Wait::None,
            global::Wait::InBlock => Wait::InBlock,
            global::Wait::Finalized => Wait::Finalized,
        };
        Self { node, store, home, cache_bytes: u64::from(cache_gib) << 30, suri, wait, json }
    }

    /// Whether JSON is printed.
    pub fn json(&self) -> bool {
        self.json
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
                let user = std::env::home_dir()
                    .context("there is no home directory: name a folder with --home")?;
                Ok(user.join(".openledger"))
            }
        }
    }

    /// Where fetched models lie.
    pub fn cache(&self) -> anyhow::Result<Cache> {
        Ok(Cache::new(self.home()?.join("cache"), self.cache_bytes))
    }

    /// The blob store.
    pub fn store(&self) -> anyhow::Result<BlobStore> {
        let location = match &self.store {
            Some(store) => store.clone(),
            None => self.home()?.join("store").to_string_lossy().into_owned(),
        };
        Ok(BlobStore::open(&location)?)
    }

    /// Whether it was said whose key signs.
    pub fn has_signer(&self) -> bool {
        self.suri.is_some()
    }

    /// Whose key signs.
    pub fn signer(&self) -> anyhow::Result<Keypair> {
        let Some(suri) = &self.suri else {
            bail!("this needs a key: say whose with --suri or OPENLEDGER_SURI, such as --suri //Alice");
        };
        Ok(account::keypair(suri)?)
    }

    /// The signer, connected; asked for its key before anything else.
    pub async fn sender(&self) -> anyhow::Result<Sender> {
        let key = self.signer()?;
        let account = account::of(&key);
        Ok(Sender { key, account, chain: self.chain().await?, wait: self.wait })
    }

    /// The account that was named, or else the signer's.
    pub fn account(&self, named: Option<AccountId>) -> anyhow::Result<AccountId> {
        match named {
            Some(account) => Ok(account),
            None => Ok(account::of(&self.signer().context("no account is named")?)),
        }
    }

    /// The accounts that were named, or else the signer's.
    pub fn accounts(&self, named: Vec<AccountId>) -> anyhow::Result<Vec<AccountId>> {
        if named.is_empty() {
            return Ok(vec![self.account(None)?]);
        }
        Ok(named)
    }
}

impl Sender {
    /// Whether it waits until a block has its transactions: only then is known what they did.
    pub fn waits(&self) -> bool {
        self.wait != Wait::None
    }

    /// Sends calls, and waits as long as `--wait` says.
    pub async fn send(&self, calls: &[Call]) -> anyhow::Result<Vec<Included>> {
        Ok(self.chain.submit(&self.key, calls, self.wait).await?)
    }

    /// Sends one call.
    pub async fn send_one(&self, call: Call) -> anyhow::Result<Included> {
        let mut included = self.send(&[call]).await?;
        included.pop().context("the transaction was sent, but the node says nothing of it")
    }
}

/// The id of a model by its id, as `openledger/2`, or by its name; and what the chain says of it.
pub async fn model(view: &View, text: &str) -> anyhow::Result<(ModelId, Model)> {
    let unknown = || format!("there is no model {text:?}; `openledger model list` shows all");
    if let Ok(id) = text.strip_prefix("openledger/").unwrap_or(text).parse() {
        return Ok((id, view.model(id).await?.with_context(unknown)?));
    }
    let mut named = view.models().await?;
    named.retain(|(_, model)| model.name == text.as_bytes());
    if named.len() > 1 {
        let ids: Vec<String> = named.iter().map(|(id, _)| id.to_string()).collect();
        bail!("several models are called {text:?}: name one by its id, of {}", ids.join(", "));
    }
    named.pop().with_context(unknown)
}
