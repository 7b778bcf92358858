//! Blocks and transactions, as a node has the runtime execute them.

use codec::Encode;
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
    weights::Weight,
};
use openledger_runtime::{
    system::Weights, units::BLOCK_MILLIS, AccountId, Babe, BlockNumber, Executive, Hash, Header,
    Runtime, RuntimeCall, RuntimeOrigin, Signature, System, TxExtension, UncheckedExtrinsic,
};
use sp_consensus_babe::{
    digests::{PreDigest, PrimaryPreDigest, SecondaryPlainPreDigest},
    make_vrf_sign_data, Slot, BABE_ENGINE_ID,
};
use sp_core::{crypto::VrfSecret, sr25519};
use sp_runtime::{
    generic::{Digest, DigestItem, Era},
    traits::{
        DispatchTransaction, Dispatchable, ExtensionPostDispatchWeightHandler, TransactionExtension,
    },
    transaction_validity::TransactionValidityError,
    DispatchError,
};

use crate::accounts::key_of;

/// The slot of block 0. BABE takes a slot of zero for a chain that has not begun.
const FIRST_SLOT: u64 = 1_000;

/// The block that is being made.
#[derive(Clone)]
pub struct Chain {
    parent: Hash,
}

impl Chain {
    /// A chain that has its genesis state only.
    pub fn at_genesis() -> Self {
        Self { parent: System::block_hash(0) }
    }

    /// Begins the block that is `after` blocks after the last. Those between are passed over: no hook of
    /// a product pallet does anything in them.
    pub fn begin(&self, after: BlockNumber) {
        let number = System::block_number().saturating_add(after.max(1));
        // A block follows on the one before; and the scheduler would go through the empty agendas of all
        // that are passed over.
        System::set_block_number(number - 1);
        pallet_scheduler::IncompleteSince::<Runtime>::kill();
        let slot = Slot::from(FIRST_SLOT + u64::from(number));
        let seal = DigestItem::PreRuntime(BABE_ENGINE_ID, pre_digest(slot).encode());
        Executive::initialize_block(&Header {
            parent_hash: self.parent,
            number,
            state_root: Default::default(),
            extrinsics_root: Default::default(),
            digest: Digest { logs: vec![seal] },
        });
        let time = pallet_timestamp::Call::set { now: *slot * BLOCK_MILLIS };
        let set = Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(time.into()));
        assert_eq!(set, Ok(Ok(())), "the time of a block");
    }

    /// Whether the block has no room for transactions from its beginning on: the SDK weighs the turn of a
    /// session as a whole block.
    pub fn is_full() -> bool {
        System::block_weight().total().any_gte(Weights::get().max_block)
    }

    /// Ends the block.
    pub fn end(&mut self) {
        self.parent = Executive::finalize_block().hash();
    }
}

/// What the author of a slot puts into its block: in turn one of the validators, by a VRF that it proves.
/// The first block of an epoch has none, since its randomness is known only in it.
fn pre_digest(slot: Slot) -> PreDigest {
    let epoch = Babe::current_epoch();
    let index = (*slot % epoch.authorities.len() as u64) as u32;
    let public = sr25519::Public::from(epoch.authorities[index as usize].0.clone());
    match key_of(&public.into()) {
        Some(pair) if slot < epoch.start_slot + epoch.duration => {
            let data = make_vrf_sign_data(&epoch.randomness, slot, epoch.epoch_index);
            let vrf_signature = pair.vrf_sign(&data);
            PreDigest::Primary(PrimaryPreDigest { authority_index: index, slot, vrf_signature })
        }
        // Also where a validator has taken a key that is not known here.
        _ => PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: index, slot }),
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it says.
    Done,
    /// It is in the block, and did nothing.
    Failed(DispatchError),
    /// It does not get into a block.
    Refused(TransactionValidityError),
}

/// A transaction that costs more than its weight says.
#[derive(Clone, Copy, Debug)]
pub struct Overweight {
    pub actual: Weight,
    pub declared: Weight,
}

/// Executes a transaction of `who`, with its fee, nonce and weight. Only the signature itself is left
/// out: to check one costs more than most calls, and is the SDK's.
pub fn transact(who: &AccountId, call: RuntimeCall) -> Result<Outcome, Overweight> {
    let extension = extension(System::account_nonce(who));
    let mut info = call.get_dispatch_info();
    info.extension_weight = extension.weight(&call);
    let signature = Signature::Sr25519(sr25519::Signature::from_raw([0; 64]));
    let address = who.clone().into();
    let encoded =
        UncheckedExtrinsic::new_signed(call.clone(), address, signature, extension.clone())
            .encode();
    let length = encoded.len();

    // As a block builder does: what is refused leaves no trace.
    sp_io::storage::start_transaction();
    System::note_extrinsic(encoded);
    let origin = RuntimeOrigin::signed(who.clone());
    let (pre, origin) = match extension.validate_and_prepare(origin, &call, &info, length, 0) {
        Ok(prepared) => prepared,
        Err(refusal) => {
            sp_io::storage::rollback_transaction();
            return Ok(Outcome::Refused(refusal));
        }
    };
    let mut result = call.dispatch(origin);
    let checked = within(&result, info.call_weight);
    let outcome = result.map(|_| ()).map_err(|failed| failed.error);
    let post = match &mut result {
        Ok(post) => post,
        Err(failed) => &mut failed.post_info,
    };
    post.set_extension_weight(&info);
    <TxExtension as TransactionExtension<RuntimeCall>>::post_dispatch(
        pre, &info, post, length, &outcome,
    )
    .expect("a transaction that was let in can be paid for");
    System::note_applied_extrinsic(&result, info);
    sp_io::storage::commit_transaction();
    checked?;
    Ok(outcome.map_or_else(Outcome::Failed, |()| Outcome::Done))
}

/// Executes a call as Root, as the scheduler does with what governance decided.
pub fn govern(call: RuntimeCall) -> Result<Outcome, Overweight> {
    let declared = call.get_dispatch_info().call_weight;
    let result = call.dispatch(RuntimeOrigin::root());
    within(&result, declared)?;
    Ok(result.map_or_else(|failed| Outcome::Failed(failed.error), |_| Outcome::Done))
}

fn within(result: &DispatchResultWithPostInfo, declared: Weight) -> Result<(), Overweight> {
    let post = match result {
        Ok(post) => post,
        Err(failed) => &failed.post_info,
    };
    match post.actual_weight {
        Some(actual) if actual.any_gt(declared) => Err(Overweight { actual, declared }),
        _ => Ok(()),
    }
}

fn extension(nonce: u32) -> TxExtension {
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    )
}
