//! Calls of `pallet-models`.

use std::collections::BTreeSet;

use openledger_primitives::{
    hashing::content_id, method, ContributionId, DatanetId, ModelId, VersionNumber, H256,
};
use openledger_runtime::{units::MILLI, AccountId, Runtime};
use pallet_models::{IndexInfo, Kind, ModelOf};

use super::{datanets, one, Step, World};
use crate::{arguments::Arguments, work};

type Call = pallet_models::Call<Runtime>;
/// Datanets in their versions.
type TrainedOn = Vec<(DatanetId, VersionNumber)>;

/// Models that are in some way, ascending.
fn such(is: impl Fn(&ModelOf<Runtime>) -> bool) -> Vec<ModelId> {
    let mut ids: Vec<_> = pallet_models::Models::<Runtime>::iter()
        .filter(|(_, model)| is(model))
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids
}

/// Adapters whose answers can be settled, ascending.
pub fn adapters() -> Vec<ModelId> {
    such(|model| model.kind != Kind::Base && !model.deprecated)
}

fn model(id: ModelId) -> Option<ModelOf<Runtime>> {
    pallet_models::Models::<Runtime>::get(id)
}

fn owner(id: ModelId) -> Option<AccountId> {
    model(id).map(|model| model.owner)
}

fn price(a: &mut Arguments) -> u128 {
    if a.byte() < 128 {
        0
    } else {
        a.amount(MILLI)
    }
}

/// Some content id; zero, which is refused, for one value in 256.
fn content(a: &mut Arguments) -> H256 {
    match a.byte() {
        255 => H256::zero(),
        byte => content_id(&[byte, 2]),
    }
}

/// The newest versions of one to three datanets that have one.
fn trained_on(a: &mut Arguments) -> TrainedOn {
    let published: Vec<_> = datanets::all()
        .into_iter()
        .filter_map(|id| {
            let latest = pallet_datanets::Datanets::<Runtime>::get(id)?.latest_version;
            (latest > 0).then_some((id, latest))
        })
        .collect();
    let number = 1 + a.byte() % 3;
    let mut chosen: TrainedOn = (0..number).filter_map(|_| a.pick(&published)).collect();
    if a.rarely() {
        chosen.push((DatanetId::from(a.byte() % 4), VersionNumber::from(a.byte() % 4)));
    }
    chosen
}

/// The index that honest engines build over what these versions list. One of vectors of one block has no variants and
/// no trace index.
pub fn index(trained_on: &[(DatanetId, VersionNumber)], blocks: u32) -> IndexInfo {
    let contributions: BTreeSet<ContributionId> = trained_on
        .iter()
        .filter_map(|(datanet, version)| {
            pallet_datanets::Versions::<Runtime>::get(datanet, version)
        })
        .flat_map(|version| version.contributions)
        .collect();
    let (variants, trace) = if blocks == 1 { (1, None) } else { (2, Some(content_id(b"trace"))) };
    IndexInfo {
        content: content_id(b"index"),
        root: work::index_root(&contributions, variants, blocks),
        method: method::id(method::DEFAULT.as_bytes()),
        blocks,
        variants,
        trace,
        size: 1_000,
    }
}

fn some_index(a: &mut Arguments, trained_on: &[(DatanetId, VersionNumber)]) -> Option<IndexInfo> {
    match a.byte() {
        0..=223 => Some(index(trained_on, 1 + u32::from(a.byte() % 2))),
        224..=239 => Some(IndexInfo { blocks: u32::from(a.byte()) << 9, ..index(trained_on, 1) }),
        _ => None,
    }
}

/// Bytes of files: rarely none, or more than there may be.
fn size(a: &mut Arguments) -> u64 {
    match a.byte() {
        0..=239 => 1_000,
        byte => u64::from(byte % 2) << 50,
    }
}

pub fn register_base(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let call = Call::register_base {
        name: a.name().try_into().expect("short"),
        artefact: content(a),
        config: content(a),
        size: size(a),
        price_in: price(a),
        price_out: price(a),
    };
    one(a.anyone(), call)
}

pub fn register_adapter(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let trained_on = trained_on(a);
    let base = a.id(&such(|model| model.kind == Kind::Base && !model.deprecated));
    let siblings =
        such(|model| matches!(model.kind, Kind::Adapter { base: its, .. } if its == base));
    let parents = (0..a.byte() % 4).filter_map(|_| a.pick(&siblings)).collect();
    let index = some_index(a, &trained_on);
    let prices = (price(a), price(a));
    one(a.anyone(), adapter_call(base, parents, trained_on, index, prices))
}

pub fn adapter_call(
    base: ModelId,
    parents: Vec<ModelId>,
    trained_on: TrainedOn,
    index: Option<IndexInfo>,
    (price_in, price_out): (u128, u128),
) -> Call {
    Call::register_adapter {
        name: b"adapter".to_vec().try_into().expect("short"),
        base,
        parents: parents.try_into().expect("few"),
        artefact: content_id(b"adapter_model.safetensors"),
        config: content_id(b"adapter_config.json"),
        size: 1_000,
        trained_on: trained_on.try_into().expect("few"),
        index,
        price_in,
        price_out,
    }
}

pub fn register_version(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|model| !model.deprecated));
    let is_base = model(id).is_some_and(|model| model.kind == Kind::Base);
    let trained_on = if is_base { Vec::new() } else { trained_on(a) };
    let index = if is_base { None } else { some_index(a, &trained_on) };
    let call = Call::register_version {
        model: id,
        artefact: content(a),
        config: content(a),
        size: size(a),
        trained_on: trained_on.try_into().expect("few"),
        index,
    };
    one(a.caller(owner(id)), call)
}

pub fn set_price(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let model = a.id(&such(|model| !model.deprecated));
    let call = Call::set_price { model, price_in: price(a), price_out: price(a) };
    one(a.caller(owner(model)), call)
}

pub fn deprecate(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut models = such(|model| !model.deprecated);
    // The newest first: the others descend from the oldest.
    models.reverse();
    let model = a.id(&models);
    one(a.caller(owner(model)), Call::deprecate { model })
}

pub fn transfer_ownership(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let model = a.id(&such(|_| true));
    let new_owner = a.user();
    one(a.caller(owner(model)), Call::transfer_ownership { model, new_owner })
}

pub fn accept_ownership(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut offered: Vec<_> = pallet_models::PendingOwners::<Runtime>::iter_keys().collect();
    offered.sort_unstable();
    let model = a.id(&offered);
    let to = pallet_models::PendingOwners::<Runtime>::get(model);
    one(a.caller(to), Call::accept_ownership { model })
}
