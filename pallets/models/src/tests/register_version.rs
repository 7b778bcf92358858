use super::*;

fn call(model: ModelId, trained_on: TrainedOn, index: Option<IndexInfo>) -> Call<Test> {
    Call::register_version {
        model,
        artefact: hash(8),
        config: hash(9),
        size: 1_000,
        trained_on,
        index,
    }
}

fn register(n: u8, model: ModelId, versions: &[(DatanetId, VersionNumber)]) -> DispatchResult {
    send(n, call(model, trained_on(versions), None))
}

#[test]
fn register_version_should_become_the_newest_when_valid() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence { training_price: 30, ..Licence::OPEN }));
        let adapter = Adapter::of(base, datanet).registered();
        let deposit = held(OWNER);
        assert_ok!(register(OWNER, adapter, &[(datanet, 1)]));
        assert_ok!(register(OWNER, base, &[]));
        assert_eq!((model(adapter).latest, model(base).latest), (2, 2));
        assert!(held(OWNER) > deposit);
        assert_eq!(Balances::free_balance(treasury(datanet)), 60);
        assert_eq!(Pallet::<Test>::version(adapter, 2).unwrap().artefact, hash(8));
        let event = Event::VersionRegistered { model: base, version: 2, artefact: hash(8) };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn register_version_should_fail_when_a_licence_forbids_what_the_model_does() {
    run(|| {
        let base = base();
        let open = datanet(Licence::OPEN);
        let [unsold, childless, untrained] = [
            Licence { commercial: false, ..Licence::OPEN },
            Licence { derivatives: false, ..Licence::OPEN },
            Licence { training: false, ..Licence::OPEN },
        ]
        .map(datanet);
        let sold = Adapter::of(base, open).registered();
        let derived = Adapter::of(base, open).from(sold).registered();
        for (model, datanet) in [(sold, unsold), (derived, childless), (sold, untrained)] {
            assert_noop!(
                register(OWNER, model, &[(datanet, 1)]),
                Error::<Test>::ForbiddenByLicence
            );
        }
        // What is not forbidden narrows what can be done later.
        assert_ok!(register(OWNER, sold, &[(childless, 1)]));
        assert_noop!(Adapter::of(base, open).from(sold).send(), Error::<Test>::ForbiddenByLicence);
    });
}

#[test]
fn register_version_should_fail_when_data_and_kind_do_not_fit() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence::OPEN));
        let adapter = Adapter::of(base, datanet).registered();
        for call in [
            call(base, trained_on(&[(datanet, 1)]), None),
            call(base, TrainedOn::new(), Some(index())),
            call(adapter, TrainedOn::new(), None),
        ] {
            assert_noop!(send(OWNER, call), Error::<Test>::InvalidTraining);
        }
    });
}

#[test]
fn register_version_should_fail_when_a_content_id_or_the_size_is_zero_or_it_is_too_large() {
    run(|| {
        let model = base();
        for (artefact, size) in [(hash(0), 1), (hash(1), 0), (hash(1), MAX_SIZE + 1)] {
            let call = Call::register_version {
                model,
                artefact,
                config: hash(1),
                size,
                trained_on: TrainedOn::new(),
                index: None,
            };
            assert_noop!(send(OWNER, call), Error::<Test>::InvalidArtefact);
        }
    });
}

#[test]
fn register_version_should_fail_when_a_licence_has_expired_or_consent_was_withdrawn() {
    run(|| {
        let base = base();
        let expiring = datanet(Licence { expires: Some(5), ..Licence::OPEN });
        let revocable = datanet(Licence { revocable: true, ..Licence::OPEN });
        let adapter = Adapter::of(base, expiring).registered();
        set_licence(revocable, Licence::OPEN);
        System::set_block_number(6);
        assert_noop!(register(OWNER, adapter, &[(expiring, 1)]), Error::<Test>::Expired);
        assert_noop!(register(OWNER, adapter, &[(revocable, 1)]), Error::<Test>::Stale);
    });
}

#[test]
fn register_version_should_fail_when_deprecated() {
    run(|| {
        let base = base();
        assert_ok!(deprecate(OWNER, base));
        assert_noop!(register(OWNER, base, &[]), Error::<Test>::WrongPhase);
    });
}

#[test]
fn register_version_should_fail_when_no_numbers_are_left() {
    run(|| {
        let base = base();
        let before = model(base);
        Models::<Test>::insert(base, ModelOf::<Test> { latest: u32::MAX, ..before.clone() });
        assert_noop!(register(OWNER, base, &[]), Error::<Test>::TooMany);
        Models::<Test>::insert(base, before);
    });
}

#[test]
fn register_version_should_fail_when_not_the_owner() {
    run(|| {
        let base = base();
        assert_noop!(register(STRANGER, base, &[]), Error::<Test>::NotOwner);
    });
}

#[test]
fn register_version_should_fail_when_something_named_is_not_there() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence::OPEN));
        let adapter = Adapter::of(base, datanet).registered();
        assert_noop!(register(OWNER, 9, &[]), Error::<Test>::NotFound);
        assert_noop!(register(OWNER, adapter, &[(datanet, 2)]), Error::<Test>::NotFound);
    });
}

#[test]
fn register_version_should_fail_when_not_signed() {
    run(|| assert_needs_signature(call(0, TrainedOn::new(), None)));
}
