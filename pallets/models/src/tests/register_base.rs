use super::*;

#[test]
fn register_base_should_store_the_model_and_hold_a_deposit_when_valid() {
    run(|| {
        let id = base();
        let model = model(id);
        assert_eq!((id, model.kind, model.latest, model.depth), (0, Kind::Base, 1, 0));
        assert_eq!((model.price_in, model.price_out), (100, 200));
        assert!(held(OWNER) > 0);
        let version = Pallet::<Test>::version(id, 1).unwrap();
        assert_eq!((version.artefact, version.config), (hash(1), hash(2)));
        assert_eq!(
            System::events().into_iter().rev().nth(1).unwrap().event,
            Event::Registered {
                model: id,
                owner: account(OWNER),
                base: None,
                parents: Parents::new()
            }
            .into()
        );
        let event = Event::VersionRegistered { model: id, version: 1, artefact: hash(1) };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn register_base_should_fail_when_the_name_is_empty() {
    run(|| {
        let call = Call::register_base {
            name: Name::new(),
            artefact: hash(1),
            config: hash(2),
            size: 1_000,
            price_in: 0,
            price_out: 0,
        };
        assert_noop!(send(OWNER, call), Error::<Test>::InvalidName);
    });
}

#[test]
fn register_base_should_fail_when_a_content_id_or_the_size_is_zero_or_it_is_too_large() {
    run(|| {
        let with = |artefact, config, size| Call::register_base {
            name: name(),
            artefact,
            config,
            size,
            price_in: 0,
            price_out: 0,
        };
        for call in [
            with(hash(0), hash(2), 1),
            with(hash(1), hash(0), 1),
            with(hash(1), hash(2), 0),
            with(hash(1), hash(2), MAX_SIZE + 1),
        ] {
            assert_noop!(send(OWNER, call), Error::<Test>::InvalidArtefact);
        }
        assert_ok!(send(OWNER, with(hash(1), hash(2), MAX_SIZE)));
        assert_eq!(Pallet::<Test>::version(0, 1).unwrap().size, MAX_SIZE);
    });
}

#[test]
fn register_base_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        assert_noop!(send(20, base_call()), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn register_base_should_fail_when_no_ids_are_left() {
    run(|| {
        NextModelId::<Test>::put(u32::MAX);
        assert_noop!(send(OWNER, base_call()), sp_runtime::ArithmeticError::Overflow);
    });
}

#[test]
fn register_base_should_fail_when_not_signed() {
    run(|| assert_needs_signature(base_call()));
}
