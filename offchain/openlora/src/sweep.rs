//! Channels that end: claimed from in time, written off when they cannot pay, and forgotten when they are gone.

use std::time::{Duration, Instant};

use openledger_chain::{types::Channel, View};
use openledger_primitives::{BlockNumber, ChannelId};

use crate::{
    gateway::{now, Gateway},
    ledger::{account::Account, book::Entry},
    settle::Settling,
    voucher, Result,
};

/// The most channels that are looked at in one go: one request to the node each.
const CHANNELS: usize = 256;

/// What final state says of a channel in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It can be claimed from.
    Lives,
    /// It can be claimed from up to this block.
    Leaves(BlockNumber),
    /// It is there, and nothing can be claimed from it any more.
    Over,
    /// It was closed.
    Gone,
    /// It is too new for final state.
    Unknown,
}

impl Gateway {
    /// Looks at some of the book's channels, if it did not do so within `pause`: the next ones each time, all of them
    /// in turn.
    pub(crate) async fn sweep(&self, pause: Duration) -> Result<()> {
        let mut state = self.settling.lock().await;
        let from = match state.sweep {
            Some((_, last)) if last.elapsed() < pause => return Ok(()),
            Some((next, _)) => next,
            None => 0,
        };
        let some: Vec<(ChannelId, Account)> = self.book(|book| {
            let owned = |(id, account): (ChannelId, &Account)| (id, account.clone());
            book.channels_from(from).take(CHANNELS).map(owned).collect()
        });
        let next = some.last().filter(|_| some.len() == CHANNELS).map_or(0, |(id, _)| id + 1);
        state.sweep = Some((next, Instant::now()));
        if !some.is_empty() {
            let (chain, _) = self.link.now().await?;
            let view = chain.at(chain.finalized().await?).await?;
            let opened = view.next_channel().await?;
            for (id, account) in some {
                let fate = self.fate(&view, id, &account, opened).await?;
                self.follow(&mut state, id, fate).await?;
            }
        }
        self.ledger.drop_ended(now()).await?;
        Ok(())
    }

    async fn fate(
        &self,
        view: &View,
        id: ChannelId,
        account: &Account,
        opened: ChannelId,
    ) -> Result<Fate> {
        let genesis = self.link.genesis();
        let height = view.block().number;
        Ok(match view.channel(id).await? {
            None if id < opened => Fate::Gone,
            None => Fate::Unknown,
            Some(channel) => {
                let usable = account
                    .vouchers
                    .iter()
                    .any(|kept| voucher::usable(kept, &channel, &genesis, height));
                fate(&channel, height, usable)
            }
        })
    }

    /// Does what follows from a channel's fate.
    async fn follow(&self, state: &mut Settling, id: ChannelId, fate: Fate) -> Result<()> {
        match fate {
            Fate::Leaves(last) => drop(state.leaving.insert(id, last)),
            _ => drop(state.leaving.remove(&id)),
        }
        if matches!(fate, Fate::Over | Fate::Gone) {
            let (numbers, fees) = self.book(|book| book.of_channel(id));
            if !numbers.is_empty() {
                tracing::warn!(
                    channel = id,
                    receipts = numbers.len(),
                    %fees,
                    "written off: the channel is closed, or has ended with its vouchers"
                );
                self.metrics.written_off.inc_by(numbers.len() as u64);
                self.record(Entry::WrittenOff { channel: id, numbers, at: now() }).await?;
            }
        }
        let settled = self.book(|book| {
            book.batched(id) == 0 && book.channel(id).is_some_and(|a| a.outstanding() == 0)
        });
        if fate == Fate::Gone && settled && self.ledger.reserved(id) == 0 {
            state.short.remove(&id);
            self.record(Entry::Forgotten { channel: id }).await?;
        }
        Ok(())
    }
}

/// What becomes of a channel that final state has at `height`; `usable`: whether a voucher that is kept can be claimed by.
fn fate(channel: &Channel, height: BlockNumber, usable: bool) -> Fate {
    // No new vouchers are taken from it.
    if channel.expires < height && !usable {
        return Fate::Over;
    }
    let former = channel.former.as_ref().map(|(_, last)| *last).filter(|last| *last >= height);
    // The block from which the payer may close it is the first too late.
    let closing = channel.closing.map(|from| from.saturating_sub(1));
    closing.into_iter().chain(former).min().map_or(Fate::Lives, Fate::Leaves)
}

#[cfg(test)]
mod tests {
    use openledger_chain::{account, types::Static};
    use openledger_primitives::signature::Signer;

    use super::*;
    use crate::{gateway::tests::offline, ledger::tests::answered};

    fn channel() -> Channel {
        let alice = account::parse("//Alice").unwrap();
        Channel {
            payer: alice,
            operator: account::parse("//Bob").unwrap(),
            deposit: 1_000,
            claimed: 0,
            expires: 500,
            closing: None,
            signer: Static(Signer::Account(alice)),
            former: None,
            request: None,
        }
    }

    #[test]
    fn fate_should_follow_the_end_of_channel_vouchers_and_keys() {
        assert_eq!(fate(&channel(), 500, false), Fate::Lives);
        assert_eq!(fate(&channel(), 501, true), Fate::Lives);
        assert_eq!(fate(&channel(), 501, false), Fate::Over);
        let closing = Channel { closing: Some(300), ..channel() };
        assert_eq!(fate(&closing, 100, true), Fate::Leaves(299));
        let signer = channel().signer;
        let changed = Channel { former: Some((signer, 200)), ..closing };
        assert_eq!(fate(&changed, 100, true), Fate::Leaves(200));
        assert_eq!(fate(&changed, 201, true), Fate::Leaves(299));
    }

    #[tokio::test]
    async fn a_channel_that_is_gone_should_be_written_off_and_leave_the_book() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        gateway.record(answered(0, 1, 5, 10, 10)).await.unwrap();
        gateway.record(answered(1, 1, 6, 10, 10)).await.unwrap();
        let mut state = Settling::default();
        gateway.follow(&mut state, 5, Fate::Unknown).await.unwrap();
        gateway.follow(&mut state, 5, Fate::Leaves(70)).await.unwrap();
        assert_eq!(state.leaving, [(5, 70)].into());
        gateway.follow(&mut state, 5, Fate::Over).await.unwrap();
        assert!(state.leaving.is_empty());
        assert_eq!(gateway.owed(5).unwrap().written_off, 10);
        assert_eq!((gateway.metrics.written_off.get(), gateway.book(|b| b.pending())), (1, 1));
        assert!(gateway.metrics.text().contains("receipts_written_off_total 1"));
        gateway.follow(&mut state, 5, Fate::Gone).await.unwrap();
        assert_eq!(gateway.owed(5), None);
        gateway.follow(&mut state, 6, Fate::Lives).await.unwrap();
        assert_eq!(gateway.owed(6).unwrap().outstanding(), 10);
    }
}
