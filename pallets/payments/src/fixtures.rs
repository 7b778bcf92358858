//! A small world for tests and benchmarks, here and in the pallets above: providers, datanets, models
//! and channels, all made by the calls that everybody makes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

use crate::*;
use alloc::{vec, vec::Vec};
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;
use openledger_primitives::{
    licence::Licence, signature::Signature, voucher::wrapped, ContributionId, DatanetId, UNIT,
};
use pallet_datanets::{Policy, Verdict};
use pallet_models::IndexInfo;
use sp_core::crypto::KeyTypeId;

/// The keys of payers in a keystore.
const PAYER: KeyTypeId = KeyTypeId(*b"payr");
/// What every account here begins with: more than all it will hold and pay.
pub const FUNDS: Balance = 1_000_000 * UNIT;

/// Bytes of a base's files, of an adapter's, and of an index.
pub const BASE_SIZE: u64 = 1_000_000;
pub const ADAPTER_SIZE: u64 = 10_000;
pub const INDEX_SIZE: u64 = 100_000;

/// Account number `n`, of a kind of its own.
pub fn account(kind: &str, n: u32) -> AccountId32 {
    sp_io::hashing::blake2_256(&(kind, n).encode()).into()
}

/// Account number `n` of a kind, with [`FUNDS`].
pub fn funded<T: Config>(kind: &str, n: u32) -> AccountId32 {
    let who = account(kind, n);
    <T as Config>::Currency::set_balance(&who, FUNDS);
    who
}

/// Registers an account for a role, with the least bond times `weight`.
pub fn register<T: Config>(role: Role, who: &AccountId32, weight: u32) {
    let bond = <T as pallet_providers::Config>::MinBond::get() * Balance::from(weight);
    pallet_providers::Pallet::<T>::register(
        RawOrigin::Signed(who.clone()).into(),
        role,
        bond,
        Default::default(),
    )
    .unwrap();
}

/// An active operator.
pub fn operator<T: Config>() -> AccountId32 {
    let who = funded::<T>("operator", 0);
    register::<T>(Role::Operator, &who, 1);
    who
}

/// Attributor number `n`, whose worker is `account("worker", n)`. Its bond is twice the least, so that it
/// stays active when it loses some.
pub fn attributor<T: Config>(n: u32) -> AccountId32 {
    let who = funded::<T>("attributor", n);
    register::<T>(Role::Attributor, &who, 2);
    let worker = funded::<T>("worker", n);
    pallet_providers::Pallet::<T>::appoint(&who, Some(worker)).unwrap();
    who
}

/// A datanet with one accepted contribution for each number of records, the contributor of each being
/// `account("contributor", id)`, published as version 1.
pub fn datanet<T: Config>(licence: Licence, records: &[u32]) -> (DatanetId, Vec<ContributionId>) {
    let owner = funded::<T>("curator", 0);
    let id = pallet_datanets::NextDatanetId::<T>::get();
    let signed = || RawOrigin::Signed(owner.clone());
    pallet_datanets::Pallet::<T>::create(
        signed().into(),
        b"datanet".to_vec().try_into().unwrap(),
        Default::default(),
        licence,
        Policy::Open,
        vec![owner.clone()].try_into().unwrap(),
    )
    .unwrap();
    let contributions = records
        .iter()
        .map(|records| {
            let contribution = pallet_datanets::NextContributionId::<T>::get();
            let contributor = funded::<T>("contributor", contribution);
            let root = openledger_primitives::hashing::content_id(&contribution.to_le_bytes());
            pallet_datanets::Pallet::<T>::contribute(
                RawOrigin::Signed(contributor).into(),
                id,
                root,
                root,
                *records,
                1_000,
                Default::default(),
            )
            .unwrap();
            pallet_datanets::Pallet::<T>::review(signed().into(), contribution, Verdict::Accept)
                .unwrap();
            contribution
        })
        .collect();
    pallet_datanets::Pallet::<T>::publish(signed().into(), id).unwrap();
    (id, contributions)
}

/// A base model of `account("base owner", 0)`.
pub fn base<T: Config>() -> ModelId {
    let id = pallet_models::NextModelId::<T>::get();
    pallet_models::Pallet::<T>::register_base(
        RawOrigin::Signed(funded::<T>("base owner", 0)).into(),
        b"base".to_vec().try_into().unwrap(),
        H256::repeat_byte(1),
        H256::repeat_byte(2),
        BASE_SIZE,
        0,
        0,
    )
    .unwrap();
    id
}

/// An adapter of `account("owner", its id)`, derived from `parents`, trained on version 1 of each datanet, with an index or
/// without.
pub fn adapter<T: Config>(
    base: ModelId,
    parents: &[ModelId],
    datanets: &[DatanetId],
    has_index: bool,
) -> ModelId {
    let id = pallet_models::NextModelId::<T>::get();
    let trained_on: Vec<_> = datanets.iter().map(|datanet| (*datanet, 1)).collect();
    let index = IndexInfo {
        content: H256::repeat_byte(5),
        root: H256::repeat_byte(6),
        method: H256::repeat_byte(7),
        blocks: 8,
        variants: 2,
        trace: Some(H256::repeat_byte(8)),
        size: INDEX_SIZE,
    };
    pallet_models::Pallet::<T>::register_adapter(
        RawOrigin::Signed(funded::<T>("owner", id)).into(),
        b"adapter".to_vec().try_into().unwrap(),
        base,
        parents.to_vec().try_into().unwrap(),
        H256::repeat_byte(3),
        H256::repeat_byte(4),
        ADAPTER_SIZE,
        trained_on.try_into().unwrap(),
        has_index.then_some(index),
        0,
        0,
    )
    .unwrap();
    id
}

/// A new payer with [`FUNDS`] whose sr25519 key is in the keystore.
pub fn payer<T: Config>() -> AccountId32 {
    let who = AccountId32::from(sp_io::crypto::sr25519_generate(PAYER, None));
    <T as Config>::Currency::set_balance(&who, FUNDS);
    who
}

/// A payer's signature over a voucher, wrapped as browser wallets do if `wrap`.
pub fn sign<T: Config>(payer: &AccountId32, voucher: &Voucher, wrap: bool) -> Signature {
    sign_message(payer, voucher.preimage(&pallet_common::genesis::<T>()), wrap)
}

fn sign_message(who: &AccountId32, preimage: Vec<u8>, wrap: bool) -> Signature {
    let message = if wrap { wrapped(&preimage) } else { preimage };
    let key = sp_core::sr25519::Public::from_raw(*who.as_ref());
    Signature::Sr25519(sp_io::crypto::sr25519_sign(PAYER, &key, &message).unwrap().0)
}

/// An active operator whose sr25519 key is in the keystore.
pub fn signing_operator<T: Config>() -> AccountId32 {
    let who = payer::<T>();
    register::<T>(Role::Operator, &who, 1);
    who
}

/// An operator's signature over the statement that nothing is owed beyond `claimed`.
pub fn sign_closing<T: Config>(
    operator: &AccountId32,
    channel: ChannelId,
    claimed: Balance,
    wrap: bool,
) -> Signature {
    sign_message(
        operator,
        Closing { channel, claimed }.preimage(&pallet_common::genesis::<T>()),
        wrap,
    )
}

/// Opens a channel for `deposit` units that does not end.
pub fn channel<T: Config>(
    payer: &AccountId32,
    operator: &AccountId32,
    deposit: Balance,
) -> ChannelId {
    let id = NextChannelId::<T>::get();
    Pallet::<T>::open_channel(
        RawOrigin::Signed(payer.clone()).into(),
        operator.clone(),
        deposit,
        BlockNumber::MAX,
    )
    .unwrap();
    id
}

/// A claim for `amount` units on top of what was claimed from a channel before.
pub fn claim<T: Config>(channel: ChannelId, amount: Balance, wrap: bool) -> Claim {
    let entry = Channels::<T>::get(channel).unwrap();
    let cumulative = entry.claimed + amount;
    let voucher = Voucher { channel, cumulative, expires: BlockNumber::MAX };
    // A one-off payment needs no voucher.
    let signature = entry.request.is_none().then(|| sign::<T>(&entry.payer, &voucher, wrap));
    Claim { channel, cumulative, expires: BlockNumber::MAX, signature, amount }
}

/// Has an operator settle a fee from one channel, under a root of its own, and returns the settlement.
pub fn settle<T: Config>(
    operator: &AccountId32,
    model: ModelId,
    channel: ChannelId,
    fee: Balance,
) -> SettlementId {
    let claims = vec![claim::<T>(channel, fee, false)].try_into().unwrap();
    let claimed = Channels::<T>::get(channel).unwrap().claimed;
    let root = sp_io::hashing::blake2_256(&(channel, claimed).encode()).into();
    LastSettled::<T>::remove(model);
    Pallet::<T>::settle(
        RawOrigin::Signed(operator.clone()).into(),
        model,
        1,
        claims,
        root,
        H256::repeat_byte(9),
        1,
        fee,
    )
    .unwrap();
    Roots::<T>::get((operator.clone(), root)).unwrap()
}
