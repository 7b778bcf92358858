//! Settlements whose time is up: the gateway moves its own on, so that nobody else has to.

use std::collections::BTreeMap;

use openledger_chain::{call, Wait};
use openledger_primitives::{BlockNumber, SettlementId};

use crate::{gateway::Gateway, Result};

/// The operator's settlements that are not over, with the last block of their phases as far as it is known; nothing until
/// the chain was asked once.
pub(crate) type Unfinished = Option<BTreeMap<SettlementId, BlockNumber>>;

impl Gateway {
    /// Moves those of the operator's settlements on whose deadline has passed. One that the chain refuses, since
    /// somebody else was first, is looked at again next time.
    pub(crate) async fn advance(&self) -> Result<()> {
        let mut state = self.settling.lock().await;
        let (chain, view) = self.link.now().await?;
        if state.unfinished.is_none() {
            let all = view.settlements().await?.into_iter();
            let own = all.filter(|(_, settlement)| settlement.operator == self.account);
            let due = own.filter_map(|(id, settlement)| Some((id, settlement.deadline()?)));
            state.unfinished = Some(due.collect());
        }
        let Some(unfinished) = &mut state.unfinished else { return Ok(()) };
        let best = view.block().number;
        let over: Vec<_> = unfinished
            .iter()
            .filter(|(_, deadline)| best >= **deadline)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            let Some(settlement) = view.settlement(id).await? else { continue };
            let Some(deadline) = settlement.deadline() else {
                unfinished.remove(&id);
                continue;
            };
            // A phase may have ended before its time, and the next one has more.
            unfinished.insert(id, deadline);
            if best < deadline {
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
