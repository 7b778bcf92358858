//! What a gateway does beside answering: being ready, and loading what its operator asks for.

use std::{
    sync::{atomic::Ordering, Arc},
    time::Duration,
};

use openledger_chain::account;
use openledger_primitives::{session::Scope, ChannelId, ModelId, ModelVersion};

use crate::{Gateway, Refusal, Result};

/// How long it waits after it could not ask the chain what to load.
const AGAIN: Duration = Duration::from_secs(3);

impl Gateway {
    /// Where the signatures of a channel's requests count.
    pub fn scope(&self, channel: ChannelId) -> Scope {
        let (genesis, operator) = (self.link.genesis(), account::bytes(&self.account));
        Scope { genesis, operator, channel }
    }

    /// Whether the models that it was told to offer are loaded, or cannot be. Without a list, all are loaded when
    /// somebody pays for the first answer.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Loads the models that it was told to offer, so that the first questions need not wait. Those that fail are logged.
    pub async fn keep_ready(self: Arc<Self>) {
        while let Err(error) = self.load_listed().await {
            tracing::warn!(%error, "models are not loaded yet");
            tokio::time::sleep(AGAIN).await;
        }
        self.ready.store(true, Ordering::Relaxed);
    }

    async fn load_listed(&self) -> Result<()> {
        if self.settings.models.is_empty() {
            return Ok(());
        }
        let (_, view) = self.link.now().await?;
        for (id, model) in self.catalogue.offered(&view).await? {
            if let Err(error) = self.catalogue.newest(&view, id, &model).await {
                tracing::warn!(model = id, %error, "not loaded");
            }
        }
        Ok(())
    }

    /// Loads the newest version of a model.
    ///
    /// # Errors
    /// If it is not offered, or cannot be loaded.
    pub async fn load_model(&self, id: ModelId) -> Result<ModelVersion, Refusal> {
        let (_, view) = self.link.now().await?;
        let (id, model) = self.catalogue.find(&view, &id.to_string()).await?;
        let served = self.catalogue.newest(&view, id, &model).await?;
        Ok(served.key.version)
    }
}
