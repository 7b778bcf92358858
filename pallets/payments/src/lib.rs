//! # Payments
//!
//! Payment channels, vouchers and settlements: how the fee of an answer gets from whoever asked to
//! the pot from which everybody is paid.
//!
//! ## Surface
//!
//! A payer opens a channel to one operator and puts money in. With each request it signs, off chain, a
//! *voucher*: a permission to have taken at most so much from this channel in its whole life. The
//! operator answers, collects receipts, and from time to time brings the newest voucher of each
//! channel together with the Merkle root over its receipts: [`settle`](Pallet::settle). The cost on
//! chain does not grow with the number of answers. A voucher does not say who may ask: at the gateway
//! each request is signed as well (`docs/protocol/vouchers.md`). Vouchers only grow, so showing one twice takes
//! nothing twice.
//!
//! The payer's own key signs vouchers, or one that it names by [`set_signer`](Pallet::set_signer): of
//! another account, or of an Ethereum address. For [`Config::CloseDelay`] blocks afterwards the vouchers
//! of the former key stay good beside those of the new one, and the key is not changed again: what the
//! operator was given it can claim, whatever the payer does with its keys.
//!
//! Whoever cannot sign vouchers, or asks once only, pays by [`pay`](Pallet::pay): a channel whose whole
//! deposit the operator may claim, without a voucher, up to its last block. The payment names the hash of
//! the one request that it is for. So nobody else can spend it at the gateway, though everybody sees it
//! here: the request itself is told to the operator alone.
//!
//! ## Cross-pallet contract
//!
//! - `pallet-providers`: only active operators are paid.
//! - `pallet-models`: a settlement names a version of an adapter that is not deprecated and has an
//!   attribution index; without one nobody could tell whose data made the answers.
//! - [`OnSettlement`]: whoever divides the fees names the pot, and takes charge of each fee once it is
//!   there. Its error undoes the settlement, money and all.
//!
//! ## Money model
//!
//! A channel's money stays on the payer's own account, *on hold* for [`HoldReason::Channel`]; for each
//! payer, what is on hold = Σ `deposit − claimed` over its channels. It leaves in two ways only:
//! `settle` moves the claimed part to the pot, [`close`](Pallet::close) gives the rest back.
//!
//! What is on hold is promised to the operator, so `settle` takes it whatever has been frozen on the
//! account since: a payer must not be able to make its own signature worthless by locking funds. So
//! that unvested or otherwise frozen money cannot be spent in this way, an account with a freeze that
//! reaches into its free balance can neither open nor top up a channel; pay from another account.
//!
//! Where both agree, a channel is closed at once: by the operator with [`close`](Pallet::close), by the
//! payer with the operator's signed statement that nothing more is owed,
//! [`close_now`](Pallet::close_now). The payer can always get its money back. It asks, and
//! [`Config::CloseDelay`] blocks later it may close, even if the operator has vanished; in that time the
//! operator brings its last voucher. Anybody may close a forgotten channel that long after its end.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(any(test, feature = "runtime-benchmarks")),
    deny(
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing
    )
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod channel;
mod closing;
#[cfg(any(test, feature = "fixtures", feature = "runtime-benchmarks"))]
pub mod fixtures;
#[cfg(test)]
mod mock;
mod settlement;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use alloc::collections::BTreeSet;
use frame_support::{pallet_prelude::*, traits::fungible};
use frame_system::pallet_prelude::*;
use openledger_primitives::{
    shares::MAX_SHARES,
    signature::{Signature, Signer},
    voucher::{Closing, Voucher},
    Balance, BlockNumber, ChannelId, ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use pallet_common::{forfeit, genesis, hold_unfrozen, next_id, now, release};
use pallet_models::Kind;
use pallet_providers::{verify, Role};
use sp_runtime::{AccountId32, ArithmeticError, SaturatedConversion};

// What the attributes below expand to has an `expect` here and there, and calls take what they take.
#[allow(clippy::expect_used, clippy::too_many_arguments)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, Hash = H256>
        + pallet_providers::Config
        + pallet_models::Config
    {
        /// Where channels hold their money.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
            + fungible::hold::Mutate<Self::AccountId, Reason = <Self as Config>::RuntimeHoldReason>;

        /// The runtime's reasons for a hold.
        type RuntimeHoldReason: From<HoldReason>;

        /// Who divides the fees.
        type OnSettlement: OnSettlement<Self::AccountId>;

        /// The least that opens a channel, in units.
        #[pallet::constant]
        type MinDeposit: Get<Balance>;

        /// Blocks between a payer's request to close and the closing, in which the operator can still
        /// claim.
        #[pallet::constant]
        type CloseDelay: Get<BlockNumber>;

        /// The most channels that one settlement draws on.
        #[pallet::constant]
        type MaxClaims: Get<u32>;

        /// The most receipts that one settlement counts.
        #[pallet::constant]
        type MaxReceipts: Get<u32>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why funds are on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// What a channel has left.
        Channel,
    }

    /// The open channels.
    #[pallet::storage]
    pub type Channels<T: Config> =
        StorageMap<_, Twox64Concat, ChannelId, Channel<T::AccountId>, OptionQuery>;

    /// The open channels of a payer.
    #[pallet::storage]
    pub type ChannelsOf<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Twox64Concat,
        ChannelId,
        (),
        OptionQuery,
    >;

    /// The id of the next channel.
    #[pallet::storage]
    pub type NextChannelId<T: Config> = StorageValue<_, ChannelId, ValueQuery>;

    /// The block in which a model was last settled.
    #[pallet::storage]
    pub type LastSettled<T: Config> =
        StorageMap<_, Twox64Concat, ModelId, BlockNumber, OptionQuery>;

    /// The settlement of each operator's receipts root. By operator, so that nobody can spoil
    /// another's settlement by handing in its root first.
    #[pallet::storage]
    pub type Roots<T: Config> =
        StorageMap<_, Blake2_128Concat, (T::AccountId, H256), SettlementId, OptionQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A payer opened a channel.
        ChannelOpened {
            /// The id of the new channel.
            channel: ChannelId,
            /// Who pays.
            payer: T::AccountId,
            /// Who may be paid.
            operator: T::AccountId,
            /// What was put in, in units.
            deposit: Balance,
            /// The last block for which it is meant.
            expires: BlockNumber,
        },
        /// A payer put more into a channel.
        ToppedUp {
            /// The channel that holds more now.
            channel: ChannelId,
            /// How much, in units.
            amount: Balance,
            /// Everything put in so far, in units.
            deposit: Balance,
        },
        /// A payer asked to close a channel.
        CloseRequested {
            /// The channel that its payer may close soon.
            channel: ChannelId,
            /// The block from which it may close it.
            from: BlockNumber,
        },
        /// A channel was closed.
        ChannelClosed {
            /// The channel that ended.
            channel: ChannelId,
            /// Who paid.
            payer: T::AccountId,
            /// What it got back, in units.
            returned: Balance,
        },
        /// An operator took from a channel.
        Claimed {
            /// The channel that paid.
            channel: ChannelId,
            /// How much, in units.
            amount: Balance,
            /// Everything taken so far, in units.
            claimed: Balance,
        },
        /// An operator's receipts were settled; their fee is in the pot.
        Settled {
            /// The id of the new settlement.
            settlement: SettlementId,
            /// The model that answered.
            model: ModelId,
            /// The version of the model.
            version: ModelVersion,
            /// Who served the answers.
            operator: T::AccountId,
            /// Merkle root over the receipts' ids.
            receipts_root: H256,
            /// How many receipts.
            count: u32,
            /// Their fees together, in units.
            total_fee: Balance,
        },
        /// A payer named the key that signs a channel's vouchers.
        SignerSet {
            /// The channel whose signer changed.
            channel: ChannelId,
            /// Whose signature makes vouchers now.
            signer: Signer<T::AccountId>,
            /// The last block in which vouchers of the former key may be claimed.
            former_until: BlockNumber,
        },
        /// A payer paid for one request: the channel just opened needs no vouchers.
        Paid {
            /// The channel that holds the payment.
            channel: ChannelId,
            /// Content id of the request.
            request: H256,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No such channel, model, or version of the model.
        NotFound,
        /// This operator has settled these receipts already.
        AlreadyExists,
        /// Only the channel's payer may do this.
        NotPayer,
        /// Only an active operator may do this, and only with channels that pay it.
        NotOperator,
        /// A closing has been asked for, and the call needs a channel without one; or the payer closes,
        /// and has not asked for the closing.
        WrongPhase,
        /// The channel cannot be closed yet, or vouchers of the former key can still be claimed.
        TooEarly,
        /// The model has been settled in this block already: try again in the next.
        TooMany,
        /// The voucher, or the channel, is past its last block.
        Expired,
        /// The voucher does not cover the amount on top of what was claimed: it is not the newest. Or a
        /// closing statement is not of what was claimed by now.
        Stale,
        /// The voucher promises more than the channel's deposit.
        BeyondDeposit,
        /// The signature is not that of the channel's signer over this voucher, or that of its operator
        /// over this closing.
        BadSignature,
        /// The amount is zero, or the deposit less than the minimum.
        InvalidAmount,
        /// The channel's last block has passed already.
        InvalidExpiry,
        /// A channel is claimed from twice.
        InvalidClaims,
        /// The number of receipts is zero or too large.
        InvalidCount,
        /// The claims do not sum to the total fee, or there is none.
        InvalidFee,
        /// The model is no adapter with an attribution index, or deprecated.
        InvalidModel,
        /// The channel is a one-off payment: it stays as it is.
        Prepaid,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MinDeposit::get() > 0, "without a deposit, channels would cost nothing");
            assert!(T::CloseDelay::get() > 0, "the operator needs time for its last claim");
            assert!(T::MaxClaims::get() > 0, "a settlement draws on at least one channel");
            assert!(T::MaxReceipts::get() > 0, "a settlement counts at least one receipt");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Open a channel to an operator.
        ///
        /// `deposit` (in units; 1 OPEN = 10^18) is held on your account; with each request you sign a
        /// voucher for some of it. `expires` is the last block for which you mean to use the channel.
        /// You get back what was not claimed: see `request_close`.
        #[pallet::call_index(0)]
        pub fn open_channel(
            origin: OriginFor<T>,
            operator: T::AccountId,
            deposit: Balance,
            expires: BlockNumber,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            Self::begin(payer, operator, deposit, expires, None).map(|_| ())
        }

        /// Put `amount` units more into a channel of yours, unless it has ended or you asked to close
        /// it.
        #[pallet::call_index(1)]
        pub fn top_up(origin: OriginFor<T>, channel: ChannelId, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_top_up(who, channel, amount)
        }

        /// Ask to close a channel of yours.
        ///
        /// The operator has a delay to bring your last voucher; then `close` returns the rest to you.
        #[pallet::call_index(2)]
        pub fn request_close(origin: OriginFor<T>, channel: ChannelId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_request_close(who, channel)
        }

        /// Close a channel and return what is left to its payer.
        ///
        /// Its operator may do so at any time, its payer once the delay after `request_close` is over,
        /// and anyone once that delay has passed since the channel's last block.
        #[pallet::call_index(3)]
        pub fn close(origin: OriginFor<T>, channel: ChannelId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_close(who, channel)
        }

        /// Settle a batch of receipts: take their fee from the payers' channels.
        ///
        /// You are the operator that served them all with one version of one model. `claims` holds the
        /// newest voucher of each channel and what you take on it now; together they are `total_fee`
        /// units, the sum over the `count` receipts under `receipts_root`. `batch` is the content id
        /// of their transcripts, which must be where the attributors' engines find it. A model can be
        /// settled once in each block, and a root once.
        #[pallet::call_index(4)]
        #[pallet::weight(
            <T as Config>::WeightInfo::settle(claims.len().saturated_into(), MAX_SHARES)
        )]
        pub fn settle(
            origin: OriginFor<T>,
            model: ModelId,
            version: ModelVersion,
            claims: BoundedVec<Claim, T::MaxClaims>,
            receipts_root: H256,
            batch: ContentId,
            count: u32,
            total_fee: Balance,
        ) -> DispatchResultWithPostInfo {
            let operator = ensure_signed(origin)?;
            let settled =
                Settled { model, version, operator, receipts_root, batch, count, total_fee };
            let entered = Self::do_settle(&claims, settled)?;
            let claims = claims.len().saturated_into();
            Ok(Some(<T as Config>::WeightInfo::settle(claims, entered)).into())
        }

        /// Name the key that signs the vouchers of a channel of yours: another account's, or that of an
        /// Ethereum address; nothing for your own account's.
        ///
        /// Vouchers of the key that signed so far can still be claimed for as long as a closing would
        /// take; until then the key cannot be changed again. Do not lose sight of the former key before:
        /// what it signs until then takes money, too.
        #[pallet::call_index(5)]
        pub fn set_signer(
            origin: OriginFor<T>,
            channel: ChannelId,
            signer: Option<Signer<T::AccountId>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_signer(who, channel, signer)
        }

        /// Close a channel of yours at once, with its operator's consent.
        ///
        /// `signature` is the operator's, over the statement that nothing is owed beyond the `claimed`
        /// units that it has been paid from this channel; a gateway gives it to you when that is so. What
        /// is left is yours again. Without it: `request_close`.
        #[pallet::call_index(6)]
        pub fn close_now(
            origin: OriginFor<T>,
            channel: ChannelId,
            claimed: Balance,
            signature: Signature,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_close_now(who, channel, claimed, signature)
        }

        /// Pay an operator for one request, without a channel and vouchers.
        ///
        /// `amount` (in units; 1 OPEN = 10^18) is held on your account, and the operator may take all of
        /// it up to block `expires`, without another signature of yours. `request` is the BLAKE2b-256 of
        /// the request's body, which you then send to its gateway: that alone is answered for it, so let
        /// the body hold something that nobody can guess. What was not taken comes back as from a channel:
        /// see `request_close`, or `close` after its end.
        #[pallet::call_index(7)]
        pub fn pay(
            origin: OriginFor<T>,
            operator: T::AccountId,
            amount: Balance,
            expires: BlockNumber,
            request: H256,
        ) -> DispatchResult {
            let payer = ensure_signed(origin)?;
            let channel = Self::begin(payer, operator, amount, expires, Some(request))?;
            Self::deposit_event(Event::Paid { channel, request });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A channel, as long as it is open.
        pub fn channel(channel: ChannelId) -> Option<Channel<T::AccountId>> {
            Channels::<T>::get(channel)
        }
    }
}
