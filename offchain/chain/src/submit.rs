//! Calls as signed extrinsics.

use std::time::Duration;

use openledger_primitives::{Balance, H256};
use subxt::{
    client::OnlineClientAtBlockImpl,
    config::DefaultExtrinsicParamsBuilder,
    error::{BackendError, DispatchError, ExtrinsicError, RpcError, TransactionEventsError},
    ext::scale_decode::DecodeAsFields,
    extrinsics::ExtrinsicEvents,
    rpcs::client::rpc_params,
    tx::{SubmittableTransaction, TransactionInBlock, TransactionProgress, TransactionStatus},
    PolkadotConfig,
};
use subxt_signer::sr25519::Keypair;

use crate::{account, AccountId, BlockId, Call, Chain, Error, Result};

/// How many blocks a transaction stays valid.
const MORTALITY: u64 = 64;
/// How long a transaction is watched. A block has it much sooner, or never; it may take longer to be final.
const WATCH: Duration = Duration::from_secs(300);
/// How often a nonce is asked for anew, because another process used it at the same time.
const ATTEMPTS: u32 = 6;

/// How long to wait for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the pool has it.
    None,
    /// Until a block of the best chain has it.
    InBlock,
    /// Until it is final.
    Finalized,
}

/// A transaction that was sent.
#[derive(Debug)]
pub struct Included {
    /// Its hash.
    pub hash: H256,
    /// Its call, such as `Datanets.create`.
    pub call: String,
    /// The block that has it, unless nobody waited.
    pub block: Option<BlockId>,
    events: Option<ExtrinsicEvents<PolkadotConfig>>,
}

impl Included {
    /// The fields of its events of one name, in order; none where nobody waited for the block.
    ///
    /// # Errors
    /// If an event has other fields.
    pub fn events<E: DecodeAsFields>(&self, pallet: &str, name: &str) -> Result<Vec<E>> {
        let what = || format!("event {pallet}.{name}");
        let mut found = Vec::new();
        for event in self.events.iter().flat_map(|events| events.iter()) {
            let event = event.map_err(Error::reading(what()))?;
            if event.pallet_name() == pallet && event.event_name() == name {
                let fields = event.decode_fields_unchecked_as().map_err(Error::reading(what()))?;
                found.push(fields);
            }
        }
        Ok(found)
    }

    /// [`Self::events`] of several.
    ///
    /// # Errors
    /// As there.
    pub fn all_events<E: DecodeAsFields>(
        several: &[Self],
        pallet: &str,
        name: &str,
    ) -> Result<Vec<E>> {
        let each: Result<Vec<_>> = several.iter().map(|one| one.events(pallet, name)).collect();
        Ok(each?.into_iter().flatten().collect())
    }
}

type Client = OnlineClientAtBlockImpl<PolkadotConfig>;
type Progress = TransactionProgress<PolkadotConfig, Client>;

impl Chain {
    /// Sends calls as transactions of `signer`, all at once, then waits for each.
    ///
    /// # Errors
    /// [`Error::NotTaken`] when the pool takes one not (those before it were sent), and then the first of those that
    /// failed: [`Error::Refused`] with the runtime's own words, [`Error::Lost`], or [`Error::NotSeen`] after five minutes
    /// without news.
    pub async fn submit(
        &self,
        signer: &Keypair,
        calls: &[Call],
        wait: Wait,
    ) -> Result<Vec<Included>> {
        let mut sent = Vec::with_capacity(calls.len());
        // Final, so that a fork cannot take the block away on which the transactions' lifetime rests.
        let base = self.at(self.finalized().await?).await?;
        let mut nonce = self.next_nonce(&account::of(signer)).await?;
        for call in calls {
            let mut attempt = 0;
            let progress = loop {
                attempt += 1;
                match send(&base, signer, call, nonce).await {
                    Err(error) if attempt < ATTEMPTS && is_nonce(&error) => {
                        tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
                        nonce = self.next_nonce(&account::of(signer)).await?;
                    }
                    result => break result?,
                }
            };
            nonce += 1;
            sent.push((call.name(), progress));
        }
        let mut included = Vec::with_capacity(sent.len());
        let mut failed = None;
        for (call, progress) in sent {
            match self.follow(call, progress, wait).await {
                Ok(done) => included.push(done),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(included),
        }
    }

    /// What it would cost now to send a call as a transaction of `signer`, in units.
    ///
    /// # Errors
    /// If the node does not answer, or the call does not fit the runtime.
    pub async fn fee(&self, signer: &Keypair, call: &Call) -> Result<Balance> {
        let base = self.now().await?;
        let nonce = self.next_nonce(&account::of(signer)).await?;
        let transaction = signed(&base, signer, call, nonce)?;
        let what = || format!("the fee of {}", call.name());
        transaction.partial_fee_estimate().await.map_err(Error::reading(what()))
    }

    /// The next nonce of an account, counting what is in the pool.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn next_nonce(&self, account: &AccountId) -> Result<u64> {
        self.request("system_accountNextIndex", rpc_params![account]).await
    }

    async fn follow(&self, call: String, mut progress: Progress, wait: Wait) -> Result<Included> {
        let hash = progress.extrinsic_hash();
        if wait == Wait::None {
            return Ok(Included { hash, call, block: None, events: None });
        }
        let lost = |reason: String| Error::Lost { call: call.clone(), reason };
        let found: TransactionInBlock<PolkadotConfig, Client> = loop {
            let status = tokio::time::timeout(WATCH, progress.next())
                .await
                .map_err(|_| Error::NotSeen { call: call.clone(), seconds: WATCH.as_secs() })?
                .ok_or_else(|| lost("the node stopped reporting on it".into()))?;
            match status.map_err(|error| lost(error.to_string()))? {
                TransactionStatus::InBestBlock(block) if wait == Wait::InBlock => break block,
                TransactionStatus::InFinalizedBlock(block) => break block,
                TransactionStatus::Error { message }
                | TransactionStatus::Invalid { message }
                | TransactionStatus::Dropped { message } => return Err(lost(message)),
                _ => {}
            }
        };
        let events = match found.wait_for_success().await {
            Ok(events) => events,
            Err(TransactionEventsError::ExtrinsicFailed(error)) => {
                return Err(refused(call, error))
            }
            Err(error) => {
                return Err(Error::Unexpected {
                    what: format!("events of {call}"),
                    reason: error.to_string(),
                })
            }
        };
        let block = self.block(found.block_hash()).await?;
        Ok(Included { hash, call, block: Some(block), events: Some(events) })
    }
}

/// A call as a transaction that is valid for some blocks after `base`.
fn signed(
    base: &crate::View,
    signer: &Keypair,
    call: &Call,
    nonce: u64,
) -> Result<SubmittableTransaction<PolkadotConfig, Client>> {
    let unfit =
        |error: ExtrinsicError| Error::Unfit { call: call.name(), reason: error.to_string() };
    let block = base.block();
    let params = DefaultExtrinsicParamsBuilder::new()
        .nonce(nonce)
        .mortal_from_unchecked(MORTALITY, block.number.into(), block.hash)
        .build();
    let payload = call.payload();
    let mut transaction =
        base.client.transactions().create_signable_offline(&payload, params).map_err(unfit)?;
    transaction.sign(signer).map_err(unfit)
}

async fn send(base: &crate::View, signer: &Keypair, call: &Call, nonce: u64) -> Result<Progress> {
    signed(base, signer, call, nonce)?
        .submit_and_watch()
        .await
        .map_err(|error| Error::NotTaken { call: call.name(), reason: pool_reason(&error) })
}

/// Why the pool does not take a transaction. What it means it says as data beside a general message.
fn pool_reason(error: &ExtrinsicError) -> String {
    use subxt::rpcs::Error::User;
    let ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(RpcError::ClientError(User(
        user,
    )))) = error
    else {
        return error.to_string();
    };
    let data = user.data.as_deref().and_then(|data| serde_json::from_str(data.get()).ok());
    let meaning: String = data.unwrap_or_else(|| user.message.clone());
    format!("{} ({})", meaning.trim_end_matches('.'), user.code)
}

/// Whether a transaction was not taken because its nonce is used or in use: the pool's codes 1010 (outdated), 1013
/// (already imported) and 1014 (too low a priority to replace another).
fn is_nonce(error: &Error) -> bool {
    let Error::NotTaken { reason, .. } = error else { return false };
    ["outdated", "1013", "1014"].iter().any(|sign| reason.contains(sign))
}

fn refused(call: String, error: DispatchError) -> Error {
    let DispatchError::Module(module) = &error else {
        return Error::Refused {
            call,
            pallet: String::new(),
            error: error.to_string(),
            docs: String::new(),
        };
    };
    match module.details() {
        Ok(details) => Error::Refused {
            call,
            pallet: details.pallet.name().into(),
            error: details.variant.name.clone(),
            docs: details.variant.docs.join(" ").trim().into(),
        },
        // An error that the metadata does not have, in numbers.
        Err(_) => Error::Refused {
            call,
            pallet: String::new(),
            error: module.details_string(),
            docs: String::new(),
        },
    }
}
