//! What OpenLedger's runtimes agree on, whoever makes their blocks: once, for the solochain of today and
//! for a parachain.
//!
//! | module | what it holds |
//! |---|---|
//! | [`units`] | units of money and time |
//! | [`params`] | what governance tunes without an upgrade |
//! | [`product`] | how the product's pallets are set up |
//! | [`fees`] | what fees cost, and where fees, slashes and dust go |
//! | [`distribution`] | who holds OPEN at the start |
//! | [`randomness`] | what committees are drawn from |
//! | [`reads`] | what the `openledger_*` calls answer |
//! | [`transactions`] | what a transaction carries besides its call |
//!
//! A runtime adds who makes blocks and who governs, the pallets' indices, the weights that were measured
//! for it, its genesis presets and its migrations. It names its pallets as [`params`] and [`product`]
//! require.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod distribution;
pub mod fees;
pub mod params;
pub mod product;
pub mod randomness;
pub mod reads;
pub mod transactions;
pub mod units;

use core::marker::PhantomData;

use frame_support::traits::{Contains, IsSubType};
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};

/// A signature of any of the usual schemes.
pub type Signature = MultiSignature;
/// An account: 32 bytes.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of OPEN in its smallest unit, of which [`units::UNIT`] make one OPEN.
pub type Balance = u128;
/// A block's number.
pub type BlockNumber = u32;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// A hash.
pub type Hash = sp_core::H256;
/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;

/// Refuses the one call with which an account could make the supply of OPEN shrink.
pub struct KeepSupply<R>(PhantomData<R>);

impl<R> Contains<R::RuntimeCall> for KeepSupply<R>
where
    R: pallet_balances::Config,
    R::RuntimeCall: IsSubType<pallet_balances::Call<R>>,
{
    fn contains(call: &R::RuntimeCall) -> bool {
        !matches!(call.is_sub_type(), Some(pallet_balances::Call::burn { .. }))
    }
}
