//! Worst cases: the longest strings, all curators, a full version.

use crate::{owner::sorted, *};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::assert_ok;
use frame_system::RawOrigin;
use openledger_primitives::UNIT;

const FUNDS: Balance = 1_000_000 * UNIT;

fn name() -> Name {
    Name::truncate_from(vec![b'n'; MAX_NAME as usize])
}

fn metadata() -> Metadata {
    Metadata::truncate_from(vec![b'm'; MAX_METADATA as usize])
}

fn funded<T: Config>(who: T::AccountId) -> T::AccountId {
    T::Currency::set_balance(&who, FUNDS);
    who
}

/// As many curators as there can be. The one who reviews is among them.
fn curators<T: Config>() -> CuratorsOf<T> {
    Curators::truncate_from((0..MAX_CURATORS).map(curator::<T>).collect())
}

fn curator<T: Config>(index: u32) -> T::AccountId {
    account("curator", index, 0)
}

/// Root and content id number `index` of `datanet`.
fn root(datanet: DatanetId, index: u32) -> H256 {
    content_id(&(datanet, index).encode())
}

fn create<T: Config>(owner: &T::AccountId, licence: Licence) -> DatanetId {
    let datanet = NextDatanetId::<T>::get();
    let origin = RawOrigin::Signed(owner.clone()).into();
    assert_ok!(Pallet::<T>::create(
        origin,
        name(),
        metadata(),
        licence,
        Policy::AllowList,
        curators::<T>(),
    ));
    datanet
}

fn contribute<T: Config>(
    owner: &T::AccountId,
    contributor: &T::AccountId,
    datanet: DatanetId,
    index: u32,
) -> ContributionId {
    let id = NextContributionId::<T>::get();
    let owner = RawOrigin::Signed(owner.clone()).into();
    assert_ok!(Pallet::<T>::allow(owner, datanet, contributor.clone(), true));
    assert_ok!(Pallet::<T>::contribute(
        RawOrigin::Signed(contributor.clone()).into(),
        datanet,
        root(datanet, index),
        root(datanet, index),
        1_000,
        1_000_000,
        name(),
    ));
    id
}

fn accept<T: Config>(id: ContributionId) {
    let origin = RawOrigin::Signed(curator::<T>(0)).into();
    assert_ok!(Pallet::<T>::review(origin, id, Verdict::Accept));
}

/// Has half of the curators vote, with one more to decide.
fn vote<T: Config>(datanet: DatanetId, id: ContributionId, verdict: Verdict) {
    Datanets::<T>::mutate_extant(datanet, |stored| stored.policy = Policy::Vote);
    for index in 0..MAX_CURATORS / 2 {
        let origin = RawOrigin::Signed(curator::<T>(index)).into();
        assert_ok!(Pallet::<T>::review(origin, id, verdict));
    }
}

/// A contribution of `contributor` to a datanet that has room for one more, rejected.
fn rejected<T: Config>(contributor: &T::AccountId) -> ContributionId {
    let owner = funded::<T>(account("owner", 0, 0));
    let datanet = filled::<T>(&owner, Licence::OPEN, MAX_CONTRIBUTIONS - 1);
    let id = contribute::<T>(&owner, contributor, datanet, MAX_CONTRIBUTIONS);
    let origin = RawOrigin::Signed(curator::<T>(0)).into();
    assert_ok!(Pallet::<T>::review(origin, id, Verdict::Reject(RejectReason::Malformed)));
    id
}

/// Like [`rejected`], and its contributor appealed.
fn appealed<T: Config>() -> ContributionId {
    let contributor = funded::<T>(account("contributor", 0, 0));
    let id = rejected::<T>(&contributor);
    assert_ok!(Pallet::<T>::appeal(RawOrigin::Signed(contributor).into(), id));
    id
}

/// A datanet of `owner` with `count` accepted contributions, all of `owner`.
fn filled<T: Config>(owner: &T::AccountId, licence: Licence, count: u32) -> DatanetId {
    let datanet = create::<T>(owner, licence);
    for index in 0..count {
        accept::<T>(contribute::<T>(owner, owner, datanet, index));
    }
    datanet
}

/// A new datanet of `owner` with one version of `count` contributions: for the benchmarks of pallets
/// that build on versions.
pub fn published<T: Config>(
    owner: &T::AccountId,
    licence: Licence,
    count: u32,
) -> (DatanetId, VersionNumber) {
    let owner = funded::<T>(owner.clone());
    let datanet = filled::<T>(&owner, licence, count);
    assert_ok!(Pallet::<T>::publish(RawOrigin::Signed(owner).into(), datanet));
    (datanet, 1)
}

/// The root of a tree of as many leaves as there can be, and the longest proof that `record` is its
/// first.
fn deepest(record: &H256) -> (H256, MerkleProof) {
    let sibling = H256::repeat_byte(7);
    let leaf = content_id(&[&[0][..], record.as_bytes()].concat());
    let root = (0..MAX_PROOF).fold(leaf, |hash, _| {
        content_id(&[&[1][..], hash.as_bytes(), sibling.as_bytes()].concat())
    });
    (root, MerkleProof::truncate_from(vec![sibling; MAX_PROOF as usize]))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn create() {
        let owner = funded::<T>(whitelisted_caller());

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            name(),
            metadata(),
            Licence::OPEN,
            Policy::AllowList,
            curators::<T>(),
        );

        assert!(Datanets::<T>::contains_key(0));
    }

    #[benchmark]
    fn set_curators() {
        let owner = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let others = (0..MAX_CURATORS).map(|index| account("other", index, 0)).collect();
        let others = Curators::truncate_from(others);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), datanet, others.clone());

        assert_eq!(Datanets::<T>::get(datanet).unwrap().curators, sorted(others));
    }

    #[benchmark]
    fn set_licence() {
        let owner = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), datanet, Licence::OPEN);

        assert_eq!(Datanets::<T>::get(datanet).unwrap().consent_epoch, 1);
    }

    /// Takes over what a former owner paid.
    #[benchmark]
    fn allow() {
        let former = funded::<T>(account("former", 0, 0));
        let owner = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&former, Licence::OPEN);
        let who: T::AccountId = account("contributor", 0, 0);
        let origin = RawOrigin::Signed(former).into();
        assert_ok!(Pallet::<T>::allow(origin, datanet, who.clone(), true));
        Datanets::<T>::mutate_extant(datanet, |stored| stored.owner = owner.clone());

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), datanet, who.clone(), true);

        assert_eq!(Allowed::<T>::get(datanet, who).unwrap().payer, owner);
    }

    #[benchmark]
    fn contribute() {
        let owner = funded::<T>(account("owner", 0, 0));
        let contributor = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let origin = RawOrigin::Signed(owner).into();
        assert_ok!(Pallet::<T>::allow(origin, datanet, contributor.clone(), true));

        #[extrinsic_call]
        _(
            RawOrigin::Signed(contributor),
            datanet,
            root(datanet, 0),
            root(datanet, 0),
            1_000,
            1_000_000,
            name(),
        );

        assert!(Contributions::<T>::contains_key(0));
    }

    /// By the last vote of nine, into a list that it fills.
    #[benchmark]
    fn review_accept() {
        let owner = funded::<T>(account("owner", 0, 0));
        let datanet = filled::<T>(&owner, Licence::OPEN, MAX_CONTRIBUTIONS - 1);
        let id = super::contribute::<T>(&owner, &owner, datanet, MAX_CONTRIBUTIONS);
        vote::<T>(datanet, id, Verdict::Accept);

        #[extrinsic_call]
        review(RawOrigin::Signed(curator::<T>(MAX_CURATORS / 2)), id, Verdict::Accept);

        assert_eq!(Accepted::<T>::get(datanet).len() as u32, MAX_CONTRIBUTIONS);
    }

    /// By the last vote of nine: returns the deposit and frees the root.
    #[benchmark]
    fn review_reject() {
        let owner = funded::<T>(account("owner", 0, 0));
        let contributor = funded::<T>(account("contributor", 0, 0));
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let id = super::contribute::<T>(&owner, &contributor, datanet, 0);
        let verdict = Verdict::Reject(RejectReason::Malformed);
        vote::<T>(datanet, id, verdict);

        #[extrinsic_call]
        review(RawOrigin::Signed(curator::<T>(MAX_CURATORS / 2)), id, verdict);

        assert!(!Roots::<T>::contains_key((datanet, root(datanet, 0))));
    }

    #[benchmark]
    fn lapse() {
        let owner = funded::<T>(account("owner", 0, 0));
        let contributor = funded::<T>(account("contributor", 0, 0));
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let id = super::contribute::<T>(&owner, &contributor, datanet, 0);
        let over = now::<T>() + T::ReviewPeriod::get() + 1;
        frame_system::Pallet::<T>::set_block_number(over.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), id);

        assert_eq!(Contributions::<T>::get(id).unwrap().status, Status::Lapsed);
    }

    /// From a full version, published under a licence that is revocable and redirects royalties.
    #[benchmark]
    fn withdraw() {
        let owner = funded::<T>(whitelisted_caller());
        let withdrawn = WithdrawnRoyalties::Redirect;
        let licence = Licence { revocable: true, withdrawn, ..Licence::OPEN };
        let (datanet, _) = published::<T>(&owner, licence, MAX_CONTRIBUTIONS);
        let id = Accepted::<T>::get(datanet)[0];

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), id);

        assert_eq!(Datanets::<T>::get(datanet).unwrap().consent_epoch, 1);
        assert_eq!(Pallet::<T>::payout_account(id), Some(Pallet::<T>::treasury(datanet)));
    }

    #[benchmark]
    fn publish(n: Linear<1, MAX_CONTRIBUTIONS>) {
        let owner = funded::<T>(whitelisted_caller());
        let datanet = filled::<T>(&owner, Licence::OPEN, n);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), datanet);

        assert_eq!(Pallet::<T>::version(datanet, 1).unwrap().contributions.len() as u32, n);
    }

    #[benchmark]
    fn spend() {
        let owner = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let dest: T::AccountId = account("dest", 0, 0);
        T::Currency::set_balance(&Pallet::<T>::treasury(datanet), UNIT);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), datanet, dest.clone(), UNIT);

        assert_eq!(T::Currency::balance(&dest), UNIT);
    }

    #[benchmark]
    fn transfer_ownership() {
        let owner = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let to: T::AccountId = account("to", 0, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), datanet, to.clone());

        assert_eq!(PendingOwners::<T>::get(datanet), Some(to));
    }

    #[benchmark]
    fn accept_ownership() {
        let owner = funded::<T>(account("owner", 0, 0));
        let to = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        PendingOwners::<T>::insert(datanet, &to);

        #[extrinsic_call]
        _(RawOrigin::Signed(to.clone()), datanet);

        assert_eq!(Datanets::<T>::get(datanet).unwrap().owner, to);
    }

    #[benchmark]
    fn transfer_payout() {
        let owner = funded::<T>(account("owner", 0, 0));
        let contributor = funded::<T>(whitelisted_caller());
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let id = super::contribute::<T>(&owner, &contributor, datanet, 0);
        let to: T::AccountId = account("to", 0, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(contributor), id, to.clone());

        assert_eq!(PendingPayees::<T>::get(id), Some(to));
    }

    #[benchmark]
    fn accept_payout() {
        let owner = funded::<T>(account("owner", 0, 0));
        let contributor = funded::<T>(account("contributor", 0, 0));
        let datanet = super::create::<T>(&owner, Licence::OPEN);
        let id = super::contribute::<T>(&owner, &contributor, datanet, 0);
        let to: T::AccountId = whitelisted_caller();
        PendingPayees::<T>::insert(id, &to);

        #[extrinsic_call]
        _(RawOrigin::Signed(to.clone()), id);

        assert_eq!(Pallet::<T>::payout_account(id), Some(to));
    }

    /// Longest proofs; the later contribution in a full version.
    #[benchmark]
    fn prove_duplicate() {
        let owner = funded::<T>(account("owner", 0, 0));
        let contributor = funded::<T>(account("contributor", 0, 0));
        let finder = funded::<T>(whitelisted_caller());
        let elsewhere = super::create::<T>(&owner, Licence::OPEN);
        let earlier = super::contribute::<T>(&owner, &owner, elsewhere, 0);
        let datanet = filled::<T>(&owner, Licence::OPEN, MAX_CONTRIBUTIONS - 1);
        let later = super::contribute::<T>(&owner, &contributor, datanet, MAX_CONTRIBUTIONS);
        accept::<T>(later);
        assert_ok!(Pallet::<T>::publish(RawOrigin::Signed(owner).into(), datanet));
        let record = H256::repeat_byte(1);
        let (root, proof) = deepest(&record);
        for id in [earlier, later] {
            Contributions::<T>::mutate_extant(id, |stored| {
                (stored.root, stored.records) = (root, u32::MAX);
            });
        }
        PendingPayees::<T>::insert(later, &finder);

        #[extrinsic_call]
        _(RawOrigin::Signed(finder), earlier, later, record, 0, proof.clone(), 0, proof);

        assert_eq!(Contributions::<T>::get(later).unwrap().status, Status::Voided { by: earlier });
    }

    #[benchmark]
    fn appeal() {
        let contributor = funded::<T>(whitelisted_caller());
        let id = super::rejected::<T>(&contributor);

        #[extrinsic_call]
        _(RawOrigin::Signed(contributor), id);

        assert!(Appeals::<T>::contains_key(id));
    }

    #[benchmark]
    fn resolve_appeal_uphold() -> Result<(), BenchmarkError> {
        let id = super::appealed::<T>();
        let origin =
            T::AppealOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        resolve_appeal(origin as T::RuntimeOrigin, id, true);

        assert_eq!(Contributions::<T>::get(id).unwrap().status, Status::Accepted);
        Ok(())
    }

    #[benchmark]
    fn resolve_appeal_refuse() -> Result<(), BenchmarkError> {
        let id = super::appealed::<T>();
        let origin =
            T::AppealOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        resolve_appeal(origin as T::RuntimeOrigin, id, false);

        assert!(!Appeals::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn lapse_appeal() {
        let id = super::appealed::<T>();
        let over = now::<T>() + T::AppealPeriod::get() + 1;
        frame_system::Pallet::<T>::set_block_number(over.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()), id);

        assert!(!Appeals::<T>::contains_key(id));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
