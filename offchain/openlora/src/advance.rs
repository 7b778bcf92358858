//! Settlements whose time is up: the gateway moves its own on, so that nobody else has to.

use std::collections::BTreeMap;

use openledger_chain::{call, Wait};
use openledger_primitives::{BlockNumber, SettlementId};

use crate::{gateway::Gateway, Result};

/// Blocks after which a settlement whose phase has not reached its deadline is looked at again.
const AGAIN: BlockNumber = 5;

/// The operator's settlements that are not over, each with the block from which on it is looked at again; nothing until
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
            let unfinished = own.filter(|(_, settlement)| !settlement.is_over());
            state.unfinished = Some(unfinished.map(|(id, _)| (id, 0)).collect());
        }
        let Some(unfinished) = &mut state.unfinished else { return Ok(()) };
        let best = view.block().number;
        let over: Vec<_> =
            unfinished.iter().filter(|(_, from)| best >= **from).map(|(id, _)| *id).collect();
        for id in over {
            let Some(settlement) = view.settlement(id).await? else { continue };
            let Some(deadline) = settlement.deadline() else {
                unfinished.remove(&id);
                continue;
            };
            if best < deadline {
                // A phase may end before its time, and the next one's deadline may be sooner.
                unfinished.insert(id, deadline.min(best.saturating_add(AGAIN)));
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
