//! Channels and who signs for them.

use anyhow::Context as _;
use openledger_chain::{types::Channel, AccountId, View};
use openledger_primitives::{signature::Signer, ChannelId};

/// A signer as it is written.
pub fn name(signer: &Signer<AccountId>) -> String {
    match signer {
        Signer::Account(account) => account.to_string(),
        Signer::Ethereum(address) => format!("0x{}", hex::encode(address)),
    }
}

/// The channel of an id.
pub async fn find(view: &View, id: ChannelId) -> anyhow::Result<Channel> {
    view.channel(id).await?.with_context(|| {
        format!(
            "there is no open channel {id}; `openledger channel list` shows those that there are"
        )
    })
}
