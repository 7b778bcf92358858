use super::*;

#[test]
fn lineage_should_name_owners_from_the_model_to_its_base_when_derived() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence::OPEN));
        let parent = Adapter::of(base, datanet).registered();
        let child = NextModelId::<Test>::get();
        assert_ok!(send(STRANGER, Adapter::of(base, datanet).from(parent).call()));
        let of = |model, owner, parents: &[ModelId]| Ancestor {
            model,
            owner: account(owner),
            parents: parents.to_vec(),
        };
        assert_eq!(
            Pallet::<Test>::lineage(child),
            [of(child, STRANGER, &[parent]), of(parent, OWNER, &[base]), of(base, OWNER, &[])]
        );
        assert_eq!(Pallet::<Test>::lineage(base), [of(base, OWNER, &[])]);
        assert_eq!(Pallet::<Test>::lineage(99), []);
    });
}

#[test]
fn lineage_should_name_each_ancestor_once_when_merged() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence::OPEN));
        let adapter = || Adapter::of(base, datanet);
        let [one, two] = [adapter().registered(), adapter().registered()];
        let three = adapter().from(one).registered();
        let merged = adapter().merged(&[three, one, two]).registered();
        let lineage: Vec<_> = Pallet::<Test>::lineage(merged)
            .into_iter()
            .map(|ancestor| (ancestor.model, ancestor.parents))
            .collect();
        assert_eq!(
            lineage,
            [
                (merged, vec![one, two, three]),
                (three, vec![one]),
                (two, vec![base]),
                (one, vec![base]),
                (base, vec![])
            ]
        );
    });
}

#[test]
fn contributions_should_unite_all_datanet_versions_when_there_are_several() {
    run(|| {
        let base = base();
        let [first, second] = [100, 70_000]
            .map(|min_data_share| datanet(Licence { min_data_share, ..Licence::OPEN }));
        // A second version of the first datanet shares its contributions with the first version.
        set_licence(first, Licence { min_data_share: 200, ..Licence::OPEN });
        curate(pallet_datanets::Call::publish { datanet: first });
        let trained_on = trained_on(&[(first, 1), (first, 2), (second, 1)]);
        let model = Adapter { trained_on, ..Adapter::of(base, first) }.registered();
        assert_eq!(Pallet::<Test>::contributions(model, 1), [0, 1, 2, 3]);
        assert_eq!(Pallet::<Test>::min_data_share(model, 1), 70_000);
    });
}

#[test]
fn withdrawn_data_should_name_what_is_gone_when_withdrawn_or_voided() {
    use pallet_datanets::Status;
    run(|| {
        let (base, first, second) = (base(), datanet(Licence::OPEN), datanet(Licence::OPEN));
        let trained_on = trained_on(&[(first, 1), (second, 1)]);
        let model = Adapter { trained_on, ..Adapter::of(base, first) }.registered();
        let gone = || Pallet::<Test>::withdrawn_data(model, 1);
        assert!(gone().is_empty());
        curate(pallet_datanets::Call::withdraw { contribution: 2 });
        assert_eq!(gone(), [2]);
        pallet_datanets::Contributions::<Test>::mutate_extant(1, |stored| {
            stored.status = Status::Voided { by: 0 };
        });
        assert_eq!(gone(), [1, 2]);
        assert!(Pallet::<Test>::withdrawn_data(base, 1).is_empty());
    });
}

#[test]
fn contributions_should_be_none_when_there_is_no_data() {
    run(|| {
        let base = base();
        for (model, version) in [(base, 1), (base, 2), (99, 1)] {
            assert!(Pallet::<Test>::contributions(model, version).is_empty());
            assert_eq!(Pallet::<Test>::min_data_share(model, version), 0);
        }
    });
}
