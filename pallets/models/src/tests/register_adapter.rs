use super::*;
use frame_support::traits::fungible::Inspect;

const OPEN: Licence = Licence::OPEN;

#[test]
fn register_adapter_should_store_lineage_and_data_when_licences_allow() {
    run(|| {
        let (base, first, second) = (base(), datanet(OPEN), datanet(OPEN));
        // Named in any order and twice; stored ascending and once.
        let named = trained_on(&[(second, 1), (first, 1), (second, 1)]);
        let adapter = Adapter { trained_on: named, ..Adapter::of(base, first) };
        let id = adapter.registered();
        let version = Pallet::<Test>::version(id, 1).unwrap();
        assert_eq!(version.trained_on.into_inner(), [(first, 1), (second, 1)]);
        assert_eq!(version.index, Some(index()));
        assert_eq!(model(id).depth, 1);
        let child = Adapter::of(base, first).from(id).registered();
        assert_eq!(
            model(child).kind,
            Kind::Adapter { base, parents: Parents::truncate_from(vec![id]) }
        );
        assert_eq!(model(child).depth, 2);
    });
}

#[test]
fn register_adapter_should_pay_each_datanet_when_training_has_a_price() {
    run(|| {
        let base = base();
        let paid = [30, 50].map(|training_price| datanet(Licence { training_price, ..OPEN }));
        let free = datanet(OPEN);
        let trained_on = trained_on(&[(paid[0], 1), (paid[1], 1), (free, 1)]);
        let before = Balances::total_balance(&account(OWNER));
        let model = Adapter { trained_on, ..Adapter::of(base, free) }.registered();
        assert_eq!(Balances::total_balance(&account(OWNER)), before - 80);
        for (datanet, amount) in [(paid[0], 30), (paid[1], 50), (free, 0)] {
            let treasury = self::treasury(datanet);
            assert_eq!(Balances::free_balance(treasury), amount);
        }
        System::assert_has_event(
            Event::TrainingPaid { model, datanet: paid[1], amount: 50 }.into(),
        );
    });
}

#[test]
fn register_adapter_should_pay_the_versions_price_when_it_changed_since() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence { training_price: 30, ..OPEN }));
        set_licence(datanet, Licence { training_price: 900, ..OPEN });
        Adapter::of(base, datanet).registered();
        assert_eq!(Balances::free_balance(treasury(datanet)), 30);
    });
}

#[test]
fn register_adapter_should_leave_everything_when_the_price_cannot_be_paid() {
    run(|| {
        let base = base();
        let datanet = datanet(Licence { training_price: 2 * FUNDS, ..OPEN });
        assert_noop!(Adapter::of(base, datanet).send(), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn register_adapter_should_fail_when_training_is_forbidden_then_or_now() {
    run(|| {
        let base = base();
        let closed = Licence { training: false, ..OPEN };
        let (then, now) = (datanet(closed), datanet(OPEN));
        set_licence(then, OPEN);
        set_licence(now, closed);
        for datanet in [then, now] {
            assert_noop!(Adapter::of(base, datanet).send(), Error::<Test>::ForbiddenByLicence);
        }
    });
}

#[test]
fn register_adapter_should_fail_when_a_licence_has_expired() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence { expires: Some(5), ..OPEN }));
        System::set_block_number(5);
        Adapter::of(base, datanet).registered();
        System::set_block_number(6);
        assert_noop!(Adapter::of(base, datanet).send(), Error::<Test>::Expired);
    });
}

#[test]
fn register_adapter_should_need_commercial_use_when_a_price_is_set() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence { commercial: false, ..OPEN }));
        let adapter = Adapter::of(base, datanet);
        assert_noop!(adapter.clone().send(), Error::<Test>::ForbiddenByLicence);
        let free = adapter.at(0).registered();
        // Nor may what derives from it be sold, whatever it was trained on.
        let open = self::datanet(OPEN);
        let child = Adapter::of(base, open).from(free);
        assert_noop!(child.clone().send(), Error::<Test>::ForbiddenByLicence);
        child.at(0).registered();
    });
}

#[test]
fn register_adapter_should_need_derivatives_when_a_parent_is_named() {
    run(|| {
        let base = base();
        let (open, closed) = (datanet(OPEN), datanet(Licence { derivatives: false, ..OPEN }));
        let (parent, childless) =
            (Adapter::of(base, open).registered(), Adapter::of(base, closed).registered());
        for child in
            [Adapter::of(base, closed).from(parent), Adapter::of(base, open).from(childless)]
        {
            assert_noop!(child.send(), Error::<Test>::ForbiddenByLicence);
        }
    });
}

#[test]
fn register_adapter_should_fail_when_consent_was_withdrawn() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence { revocable: true, ..OPEN }));
        Adapter::of(base, datanet).registered();
        let contribution =
            pallet_datanets::Pallet::<Test>::version(datanet, 1).unwrap().contributions[0];
        curate(pallet_datanets::Call::withdraw { contribution });
        assert_noop!(Adapter::of(base, datanet).send(), Error::<Test>::Stale);
        curate(pallet_datanets::Call::publish { datanet });
        let trained_on = trained_on(&[(datanet, 2)]);
        Adapter { trained_on, ..Adapter::of(base, datanet) }.registered();
    });
}

#[test]
fn register_adapter_should_fail_when_the_lineage_is_too_deep() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let mut parent = Adapter::of(base, datanet).registered();
        for _ in 1..MAX_DEPTH {
            parent = Adapter::of(base, datanet).from(parent).registered();
        }
        assert_eq!(model(parent).depth, MAX_DEPTH);
        assert_noop!(Adapter::of(base, datanet).from(parent).send(), Error::<Test>::TooMany);
    });
}

#[test]
fn register_adapter_should_be_one_step_above_its_deepest_parent_when_merged() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let adapter = || Adapter::of(base, datanet);
        let (shallow, below) = (adapter().registered(), adapter().registered());
        let deep = adapter().from(below).registered();
        // Named in any order and twice; stored ascending and once.
        let merged = adapter().merged(&[deep, shallow, deep]).registered();
        assert_eq!(model(merged).depth, 3);
        let parents = Parents::truncate_from(vec![shallow, deep]);
        assert_eq!(model(merged).kind, Kind::Adapter { base, parents: parents.clone() });
        System::assert_has_event(
            Event::Registered { model: merged, owner: account(OWNER), base: Some(base), parents }
                .into(),
        );
    });
}

#[test]
fn register_adapter_should_need_what_every_parent_allows_when_merged() {
    run(|| {
        let base = base();
        let (open, unsold) = (datanet(OPEN), datanet(Licence { commercial: false, ..OPEN }));
        let childless = datanet(Licence { derivatives: false, ..OPEN });
        let sold = Adapter::of(base, open).registered();
        let free = Adapter::of(base, unsold).at(0).registered();
        let last = Adapter::of(base, childless).registered();
        let merged = Adapter::of(base, open).merged(&[sold, free]);
        assert_noop!(merged.clone().send(), Error::<Test>::ForbiddenByLicence);
        let merged = merged.at(0).registered();
        assert!(!model(merged).terms.commercial && model(merged).terms.derivatives);
        assert_noop!(
            Adapter::of(base, open).merged(&[sold, last]).at(0).send(),
            Error::<Test>::ForbiddenByLicence
        );
    });
}

#[test]
fn register_adapter_should_fail_when_the_lineage_has_too_many_models() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        // Layers of adapters, each merged of four of the layer before it, in a round; and one of the last.
        let top = |lowest: usize| {
            let mut last: Vec<ModelId> = Vec::new();
            for models in [lowest, 14, 14, 16, 4] {
                let of = |n: usize| -> Vec<ModelId> {
                    let round = 0..last.len().min(4);
                    round.map(|i| last[(4 * n + i) % last.len()]).collect()
                };
                let next = 0..models;
                last = next
                    .map(|n| Adapter::of(base, datanet).at(0).merged(&of(n)).registered())
                    .collect();
            }
            Adapter::of(base, datanet).at(0).merged(&last)
        };
        // With the last and the base.
        let most = top(14).registered();
        assert_eq!(Pallet::<Test>::lineage(most).len(), MAX_LINEAGE as usize);
        let more = top(15);
        assert_noop!(more.send(), Error::<Test>::TooMany);
    });
}

#[test]
fn register_adapter_should_fail_when_base_or_parent_do_not_fit() {
    run(|| {
        let (base, other, datanet) = (base(), base(), datanet(OPEN));
        let adapter = Adapter::of(base, datanet).registered();
        assert_noop!(Adapter::of(adapter, datanet).send(), Error::<Test>::InvalidBase);
        for parent in [base, Adapter::of(other, datanet).registered()] {
            assert_noop!(
                Adapter::of(base, datanet).from(parent).send(),
                Error::<Test>::InvalidParent
            );
        }
    });
}

#[test]
fn register_adapter_should_fail_when_something_named_is_not_there() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let valid = Adapter::of(base, datanet);
        for adapter in [
            Adapter { base: 9, ..valid.clone() },
            Adapter { parents: vec![9], ..valid.clone() },
            Adapter { trained_on: trained_on(&[(9, 1)]), ..valid.clone() },
            Adapter { trained_on: trained_on(&[(datanet, 2)]), ..valid.clone() },
        ] {
            assert_noop!(adapter.send(), Error::<Test>::NotFound);
        }
    });
}

#[test]
fn register_adapter_should_fail_when_base_or_parent_is_deprecated() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let parent = Adapter::of(base, datanet).registered();
        assert_ok!(deprecate(OWNER, parent));
        assert_noop!(Adapter::of(base, datanet).from(parent).send(), Error::<Test>::WrongPhase);
        assert_ok!(deprecate(OWNER, base));
        assert_noop!(Adapter::of(base, datanet).send(), Error::<Test>::WrongPhase);
    });
}

#[test]
fn register_adapter_should_fail_when_trained_on_nothing() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let adapter = Adapter { trained_on: TrainedOn::new(), ..Adapter::of(base, datanet) };
        assert_noop!(adapter.send(), Error::<Test>::InvalidTraining);
    });
}

#[test]
fn register_adapter_should_fail_when_governance_has_not_chosen_the_method() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let other = IndexInfo { method: hash(6), ..index() };
        let adapter = Adapter { index: Some(other), ..Adapter::of(base, datanet) };
        assert_noop!(adapter.send(), Error::<Test>::UnknownMethod);
        assert_ok!(Adapter { index: None, ..Adapter::of(base, datanet) }.send());
        assert_ok!(Adapter { index: Some(index()), ..Adapter::of(base, datanet) }.send());
    });
}

#[test]
fn register_adapter_should_fail_when_the_index_has_a_zero_in_it_or_is_too_large() {
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        for broken in [
            IndexInfo { content: hash(0), ..index() },
            IndexInfo { root: hash(0), ..index() },
            IndexInfo { method: hash(0), ..index() },
            IndexInfo { blocks: 0, ..index() },
            IndexInfo { blocks: MAX_BLOCKS + 1, ..index() },
            IndexInfo { variants: 0, ..index() },
            IndexInfo { variants: MAX_VARIANTS + 1, ..index() },
            IndexInfo { trace: Some(hash(0)), ..index() },
            IndexInfo { size: 0, ..index() },
            IndexInfo { size: MAX_SIZE + 1, ..index() },
        ] {
            let adapter = Adapter { index: Some(broken), ..Adapter::of(base, datanet) };
            assert_noop!(adapter.send(), Error::<Test>::InvalidArtefact);
        }
        Adapter { index: None, ..Adapter::of(base, datanet) }.registered();
    });
}

/// A version of a datanet of [`CURATOR`]'s that lists so many contributions.
fn large(contributions: u32) -> DatanetId {
    let datanet = datanet(OPEN);
    pallet_datanets::Versions::<Test>::mutate(datanet, 1, |version| {
        let all = (0..contributions).map(|n| 1_000 * datanet + n).collect();
        version.as_mut().unwrap().contributions = BoundedVec::truncate_from(all);
    });
    datanet
}

#[test]
fn register_adapter_should_fail_when_the_index_has_too_many_vectors() {
    run(|| {
        let base = base();
        let (first, second) = (large(256), large(256));
        let with = |variants, versions: &[(DatanetId, VersionNumber)]| Adapter {
            trained_on: trained_on(versions),
            index: Some(IndexInfo { variants, ..index() }),
            ..Adapter::of(base, first)
        };
        // Each contribution counts once, whichever versions list it.
        with(8, &[(first, 1), (second, 1)]).registered();
        with(8, &[(first, 1), (first, 1), (second, 1)]).registered();
        let third = large(1);
        let too_many = with(8, &[(first, 1), (second, 1), (third, 1)]);
        assert_noop!(too_many.send(), Error::<Test>::TooMany);
        with(7, &[(first, 1), (second, 1), (third, 1)]).registered();
    });
}

#[test]
fn register_adapter_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Adapter::of(0, 0).call()));
}

#[test]
fn register_adapter_should_fail_when_a_version_lists_what_was_voided_since() {
    use openledger_primitives::merkle;
    use pallet_datanets::{Call as Datanets, MerkleProof};
    run(|| {
        let (base, datanet) = (base(), datanet(OPEN));
        let label = pallet_datanets::Name::truncate_from(b"data".to_vec());
        // Two more contributions, with the same record in different company.
        let [earlier, later] = [[hash(8), hash(9)], [hash(9), hash(10)]].map(|records| {
            let contribution = pallet_datanets::NextContributionId::<Test>::get();
            let (root, label) = (merkle::root(&records), label.clone());
            curate(Datanets::contribute {
                datanet,
                root,
                content: root,
                records: 2,
                bytes: 100,
                label,
            });
            curate(Datanets::review { contribution, verdict: Verdict::Accept });
            contribution
        });
        curate(Datanets::publish { datanet });
        let on = |version| Adapter {
            trained_on: trained_on(&[(datanet, version)]),
            ..Adapter::of(base, datanet)
        };
        on(2).registered();
        let proof = |records: [H256; 2], index| {
            MerkleProof::truncate_from(merkle::proof(&records, index).unwrap())
        };
        curate(Datanets::prove_duplicate {
            earlier,
            later,
            record: hash(9),
            earlier_index: 1,
            earlier_proof: proof([hash(8), hash(9)], 1),
            later_index: 0,
            later_proof: proof([hash(9), hash(10)], 0),
        });
        curate(Datanets::publish { datanet });
        for version in [1, 2] {
            assert_noop!(on(version).send(), Error::<Test>::Stale);
        }
        on(3).registered();
    });
}
