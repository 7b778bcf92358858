//! Which ledger the operator serves from. The chain names one for each operator, so that two gateways with a ledger each
//! do not both serve for the same vouchers.
//!
//! A gateway serves while both the final state and the newest one name its ledger. When another one takes over, that one
//! serves from when this is final on. By then the first one has seen it in a newest state, or is cut off from the chain.

use std::{
    sync::{atomic::Ordering, Arc},
    time::Duration,
};

use openledger_chain::{call, types::Role, View, Wait};
use openledger_primitives::H256;
use tokio::time::timeout;

use crate::{Gateway, Refusal, Result};

/// How often the gateway looks whose ledger the chain names.
const LOOK: Duration = Duration::from_secs(2);
/// How long a question waits until it is final that its gateway serves.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a gateway may serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// Not known yet, or not final.
    Waiting,
    /// It may.
    Held,
    /// Not: the chain names another ledger.
    Elsewhere(H256),
}

/// What it means for a gateway with the ledger `own` that the newest state names `best`, and the final one `last`.
fn lease(own: H256, best: Option<H256>, last: Option<H256>, adopts: bool) -> Lease {
    match best {
        Some(other) if other != own && !adopts => Lease::Elsewhere(other),
        Some(named) if named == own && last == Some(own) => Lease::Held,
        _ => Lease::Waiting,
    }
}

impl Gateway {
    /// Has the chain name this gateway's ledger, and looks whether it does.
    pub(crate) async fn keep_lease(self: Arc<Self>) {
        loop {
            match self.look().await {
                Ok(true) => {
                    if let Err(error) = self.name_ledger().await {
                        tracing::warn!(%error, "the chain does not name this gateway's ledger; trying again");
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(%error, "whether this gateway may serve is looked at again");
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Reads which ledger the chain names. Returns whether this gateway is to name its own.
    async fn look(&self) -> Result<bool> {
        let own = self.ledger.id();
        let (chain, view) = self.link.now().await?;
        let last = chain.at(chain.finalized().await?).await?;
        let last = last.ledger_of(&self.account).await?;
        let best = view.ledger_of(&self.account).await?;
        if best == Some(own) {
            self.adopts.store(false, Ordering::Relaxed);
        }
        self.tell(lease(own, best, last, self.adopts.load(Ordering::Relaxed)));
        self.is_to_name(&view, best).await
    }

    /// Whether this gateway is to name its ledger where the chain names `best`.
    async fn is_to_name(&self, view: &View, best: Option<H256>) -> Result<bool> {
        Ok(match best {
            None => view.provider(Role::Operator, &self.account).await?.is_some(),
            Some(best) => best != self.ledger.id() && self.adopts.load(Ordering::Relaxed),
        })
    }

    async fn name_ledger(&self) -> Result<()> {
        // One transaction of the operator at a time. Another gateway may have named its ledger while this one waited.
        let _settling = self.settling.lock().await;
        let (chain, view) = self.link.now().await?;
        let best = view.ledger_of(&self.account).await?;
        if !self.is_to_name(&view, best).await? {
            return Ok(());
        }
        let own = self.ledger.id();
        tracing::info!(ledger = ?own, "the operator is to serve from this ledger");
        chain.submit(&self.operator, &[call::set_ledger(&own)], Wait::InBlock).await?;
        // It takes over once: two gateways that both may would go on for ever.
        self.adopts.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn tell(&self, lease: Lease) {
        let changed = self.lease.send_if_modified(|before| {
            let changed = *before != lease;
            *before = lease;
            changed
        });
        match lease {
            Lease::Elsewhere(other) if changed => tracing::error!(
                ?other,
                "another gateway of this operator serves, from another ledger: this one answers nothing; start it with \
                 --adopt once the other is down for good"
            ),
            Lease::Held if changed => tracing::info!("serving from this ledger is final"),
            _ => {}
        }
    }

    /// Refuses where this state names another ledger; otherwise waits until it is final that it names this one.
    pub(crate) async fn ensure_lease(&self, view: &View) -> Result<(), Refusal> {
        let adopts = self.adopts.load(Ordering::Relaxed);
        let best = view.ledger_of(&self.account).await.map_err(crate::Error::from)?;
        match best {
            Some(other) if other != self.ledger.id() && !adopts => Err(elsewhere(other)),
            _ => self.held().await,
        }
    }

    /// Waits until it is final that the chain names this ledger.
    async fn held(&self) -> Result<(), Refusal> {
        let mut told = self.lease.subscribe();
        let known = timeout(PATIENCE, told.wait_for(|lease| *lease != Lease::Waiting)).await;
        match known.map(|lease| lease.map(|lease| *lease)) {
            Ok(Ok(Lease::Held)) => Ok(()),
            Ok(Ok(Lease::Elsewhere(other))) => Err(elsewhere(other)),
            _ => {
                let message = format!(
                    "it is not final yet that this operator serves from this ledger, after {} s: is the chain finalising, \
                     and can the operator pay a transaction?",
                    PATIENCE.as_secs()
                );
                Err(Refusal::unavailable("ledger_pending", message))
            }
        }
    }
}

fn elsewhere(other: H256) -> Refusal {
    let message = format!(
        "another gateway of this operator serves, from the ledger {other:?}: ask that one (its operator can have this one \
         serve with --adopt, once the other is down for good)"
    );
    Refusal::conflict("ledger_elsewhere", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::offline;

    const OWN: H256 = H256([1; 32]);
    const OTHER: H256 = H256([2; 32]);

    #[test]
    fn lease_should_be_held_when_the_final_state_and_the_newest_name_the_own_ledger() {
        let (ours, theirs) = (Some(OWN), Some(OTHER));
        for (best, last, expected) in [
            (None, None, Lease::Waiting),
            (ours, None, Lease::Waiting),
            (ours, ours, Lease::Held),
            // Taken over, in a block that is not final yet.
            (theirs, ours, Lease::Elsewhere(OTHER)),
            (theirs, theirs, Lease::Elsewhere(OTHER)),
            // Taken back, in a block that is not final yet.
            (ours, theirs, Lease::Waiting),
            // The registration ended.
            (None, ours, Lease::Waiting),
        ] {
            assert_eq!(lease(OWN, best, last, false), expected, "{best:?} {last:?}");
        }
    }

    #[test]
    fn lease_should_be_waited_for_when_it_is_to_be_taken_over() {
        let (ours, theirs) = (Some(OWN), Some(OTHER));
        assert_eq!(lease(OWN, theirs, theirs, true), Lease::Waiting);
        assert_eq!(lease(OWN, ours, theirs, true), Lease::Waiting);
        assert_eq!(lease(OWN, ours, ours, true), Lease::Held);
    }

    #[tokio::test]
    async fn held_should_wait_until_it_is_final_and_refuse_when_another_serves() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let asking = {
            let gateway = gateway.clone();
            tokio::spawn(async move { gateway.held().await })
        };
        tokio::task::yield_now().await;
        assert!(!asking.is_finished());
        gateway.tell(Lease::Held);
        asking.await.unwrap().unwrap();
        gateway.held().await.unwrap();
        gateway.tell(Lease::Elsewhere(OTHER));
        let refusal = gateway.held().await.unwrap_err();
        assert_eq!(refusal.code(), "ledger_elsewhere");
        assert!(refusal.message().contains("0x0202"), "{}", refusal.message());
    }
}
