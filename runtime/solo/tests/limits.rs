//! What no transaction can exceed.

use codec::{Decode, DecodeLimit, Encode};
use frame_support::{
    dispatch::GetDispatchInfo,
    traits::{GetCallIndex, PalletInfoAccess},
    weights::Weight,
    MAX_EXTRINSIC_DEPTH,
};
use openledger_primitives::signature::Signature;
use openledger_runtime::{
    system::Weights, Attribution, Datanets, Emission, Models, Payments, Providers, Runtime,
    RuntimeCall, UncheckedExtrinsic,
};
use sp_io::TestExternalities;

/// Every call of a pallet, its arguments as short as they can be.
fn calls<P, C>() -> Vec<RuntimeCall>
where
    P: PalletInfoAccess,
    C: GetCallIndex,
{
    let pallet = P::index() as u8;
    C::get_call_indices()
        .iter()
        .map(|index| {
            let mut bytes = vec![0; 4_096];
            bytes[0] = pallet;
            bytes[1] = *index;
            RuntimeCall::decode(&mut bytes.as_slice()).expect("zeros are arguments of every call")
        })
        .collect()
}

/// The calls whose cost depends on how much they carry, each with the most.
fn longest() -> Vec<RuntimeCall> {
    let claim = pallet_payments::Claim {
        channel: 0,
        cumulative: 0,
        expires: 0,
        signature: Some(Signature::Sr25519([0; 64])),
        amount: 0,
    };
    let most: u32 = <Runtime as pallet_payments::Config>::MaxClaims::get();
    let settle = pallet_payments::Call::settle {
        model: 0,
        version: 1,
        claims: vec![claim; most as usize].try_into().unwrap(),
        receipts_root: Default::default(),
        batch: Default::default(),
        count: 1,
        total_fee: 1,
    };
    let ids = vec![0; pallet_attribution::MAX_CLAIMED as usize].try_into().unwrap();
    vec![settle.into(), pallet_attribution::Call::claim_contributions { ids }.into()]
}

fn weight(call: &RuntimeCall) -> Weight {
    call.get_dispatch_info().call_weight
}

#[test]
fn calls_should_take_at_most_a_tenth_of_a_block_when_they_are_at_their_worst() {
    TestExternalities::new_empty().execute_with(|| {
        let tenth = Weights::get().max_block / 10;
        let all = [
            calls::<Datanets, pallet_datanets::Call<Runtime>>(),
            calls::<Models, pallet_models::Call<Runtime>>(),
            calls::<Payments, pallet_payments::Call<Runtime>>(),
            calls::<Providers, pallet_providers::Call<Runtime>>(),
            calls::<Attribution, pallet_attribution::Call<Runtime>>(),
            calls::<Emission, pallet_emission::Call<Runtime>>(),
            longest(),
        ];
        assert!(all.iter().all(|calls| calls.len() > 1));
        for call in all.iter().flatten() {
            assert!(weight(call).all_lte(tenth), "{call:?}: {:?} of {tenth:?}", weight(call));
        }
    });
}

#[test]
fn transactions_should_not_decode_when_calls_are_nested_too_deep() {
    let nested = |depth: u32| {
        let remark: RuntimeCall = frame_system::Call::remark { remark: Vec::new() }.into();
        let call = (0..depth)
            .fold(remark, |call, _| pallet_utility::Call::batch { calls: vec![call] }.into());
        let bytes = UncheckedExtrinsic::new_bare(call).encode();
        UncheckedExtrinsic::decode_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut bytes.as_slice())
    };
    assert!(nested(4).is_ok());
    assert!(nested(MAX_EXTRINSIC_DEPTH + 1).is_err());
}
