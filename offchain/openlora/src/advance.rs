//! Settlements whose time is up: the gateway moves its own on, so that nobody else has to.

use std::collections::BTreeSet;

use openledger_chain::{call, Wait};
use openledger_primitives::SettlementId;

use crate::{gateway::Gateway, Result};

/// The operator's settlements that are not over; nothing until the chain was asked once.
pub(crate) type Unfinished = Option<BTreeSet<SettlementId>>;

impl Gateway {
    /// Moves those of the operator's settlements on whose deadline has passed. One that the chain refuses, since
    /// somebody else was first, is looked at again next time.
    pub(crate) async fn advance(&self) -> Result<()> {
        let mut state = self.settling.lock().await;
        let (chain, view) = self.link.now().await?;
        if state.unfinished.is_none() {
            let all = view.settlements().await?.into_iter();
            let own = all.filter(|(_, s)| s.operator == self.account && !s.is_over());
            state.unfinished = Some(own.map(|(id, _)| id).collect());
        }
        let Some(unfinished) = &mut state.unfinished else { return Ok(()) };
        for id in unfinished.clone() {
            let Some(settlement) = view.settlement(id).await? else { continue };
            let Some(deadline) = settlement.deadline() else {
                unfinished.remove(&id);
                continue;
            };
            if view.block().number < deadline {
                continue;
            }
            match chain.submit(&self.operator, &[call::advance(id)], Wait::InBlock).await {
                Ok(_) => tracing::info!(settlement = id, "moved on"),
                Err(error) => tracing::debug!(settlement = id, %error, "not moved on"),
            }
        }
        Ok(())
    }
}
