mod accept_ownership;
#[cfg(feature = "runtime-benchmarks")]
mod bounds;
mod deprecate;
mod invariants;
mod reads;
mod register_adapter;
mod register_base;
mod register_version;
mod set_price;
mod transfer_ownership;

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::H256;
use pallet_datanets::{Curators, Metadata, Policy, Verdict};

// Who is who in these tests.
const OWNER: u8 = 1;
const CURATOR: u8 = 2;
const STRANGER: u8 = 4;

fn hash(n: u8) -> H256 {
    H256([n; 32])
}

fn name() -> Name {
    Name::truncate_from(b"a model".to_vec())
}

fn index() -> IndexInfo {
    IndexInfo {
        content: hash(3),
        root: hash(4),
        method: hash(1),
        blocks: 6,
        variants: 2,
        trace: Some(hash(8)),
        size: 5_000,
    }
}

fn trained_on(versions: &[(DatanetId, VersionNumber)]) -> TrainedOn {
    TrainedOn::truncate_from(versions.to_vec())
}

fn curate(call: pallet_datanets::Call<Test>) {
    use sp_runtime::traits::Dispatchable;
    assert_ok!(RuntimeCall::from(call).dispatch(RuntimeOrigin::signed(account(CURATOR))));
}

/// A datanet of [`CURATOR`]'s with one version under `licence`, of two contributions.
fn datanet(licence: Licence) -> DatanetId {
    type Call = pallet_datanets::Call<Test>;
    let id = pallet_datanets::NextDatanetId::<Test>::get();
    let label = pallet_datanets::Name::truncate_from(b"data".to_vec());
    curate(Call::create {
        name: label.clone(),
        metadata: Metadata::new(),
        licence,
        policy: Policy::Open,
        curators: Curators::truncate_from(vec![account(CURATOR)]),
    });
    for n in 1..=2 {
        let contribution = pallet_datanets::NextContributionId::<Test>::get();
        curate(Call::contribute {
            datanet: id,
            root: hash(n),
            content: hash(n),
            records: 10,
            bytes: 100,
            label: label.clone(),
        });
        curate(Call::review { contribution, verdict: Verdict::Accept });
    }
    curate(Call::publish { datanet: id });
    id
}

fn treasury(datanet: DatanetId) -> sp_runtime::AccountId32 {
    pallet_datanets::Pallet::<Test>::treasury(datanet)
}

fn set_licence(datanet: DatanetId, licence: Licence) {
    curate(pallet_datanets::Call::set_licence { datanet, licence });
}

fn base_call() -> Call<Test> {
    Call::register_base {
        name: name(),
        artefact: hash(1),
        config: hash(2),
        size: 1_000,
        price_in: 100,
        price_out: 200,
    }
}

/// A base model of [`OWNER`].
fn base() -> ModelId {
    let id = NextModelId::<Test>::get();
    assert_ok!(send(OWNER, base_call()));
    id
}

/// An adapter to register; the tests change what they are about.
#[derive(Clone)]
struct Adapter {
    base: ModelId,
    parents: Vec<ModelId>,
    trained_on: TrainedOn,
    index: Option<IndexInfo>,
    price: Balance,
}

impl Adapter {
    fn of(base: ModelId, datanet: DatanetId) -> Self {
        let trained_on = trained_on(&[(datanet, 1)]);
        Self { base, parents: Vec::new(), trained_on, index: Some(index()), price: 10 }
    }

    fn from(self, parent: ModelId) -> Self {
        self.merged(&[parent])
    }

    fn merged(self, parents: &[ModelId]) -> Self {
        Self { parents: parents.to_vec(), ..self }
    }

    fn at(self, price: Balance) -> Self {
        Self { price, ..self }
    }

    fn call(self) -> Call<Test> {
        Call::register_adapter {
            name: name(),
            base: self.base,
            parents: Parents::truncate_from(self.parents),
            artefact: hash(6),
            config: hash(7),
            size: 1_000,
            trained_on: self.trained_on,
            index: self.index,
            price_in: self.price,
            price_out: self.price,
        }
    }

    fn send(self) -> DispatchResult {
        send(OWNER, self.call())
    }

    fn registered(self) -> ModelId {
        let id = NextModelId::<Test>::get();
        assert_ok!(self.send());
        id
    }
}

fn model(id: ModelId) -> ModelOf<Test> {
    Pallet::<Test>::model(id).expect("registered")
}

fn deprecate(n: u8, model: ModelId) -> DispatchResult {
    send(n, Call::deprecate { model })
}
