use super::*;

fn set_price(n: u8, model: ModelId, price: Balance) -> DispatchResult {
    send(n, Call::set_price { model, price_in: price, price_out: 2 * price })
}

/// What holds now: of a prompt, of an answer.
fn prices(model: ModelId) -> (Balance, Balance) {
    let Prices { price_in, price_out } = Pallet::<Test>::price(model).unwrap();
    (price_in, price_out)
}

fn set(model: ModelId, price_in: Balance, price_out: Balance) {
    assert_ok!(send(OWNER, Call::set_price { model, price_in, price_out }));
}

#[test]
fn set_price_should_lower_both_at_once_when_called_by_the_owner() {
    run(|| {
        // It begins with 100 and 200.
        let id = base();
        assert_ok!(set_price(OWNER, id, 7));
        assert_eq!(prices(id), (7, 14));
        assert_eq!(PendingPrices::<Test>::get(id), None);
        let event = Event::PriceSet { model: id, price_in: 7, price_out: 14, from: 1 };
        assert_eq!(last_event(), event.into());
        assert_eq!(Pallet::<Test>::price(9), None);
    });
}

#[test]
fn set_price_should_raise_after_the_notice() {
    run(|| {
        let id = base();
        // One rises, one falls.
        set(id, 150, 50);
        let event = Event::PriceSet { model: id, price_in: 150, price_out: 50, from: 1 + NOTICE };
        assert_eq!(last_event(), event.into());
        assert_eq!(prices(id), (100, 50));
        System::set_block_number(NOTICE);
        assert_eq!(prices(id), (100, 50));
        System::set_block_number(1 + NOTICE);
        assert_eq!(prices(id), (150, 50));
        // What holds by now is what the next price is held against.
        set(id, 120, 60);
        assert_eq!(prices(id), (120, 50));
        System::set_block_number(1 + 2 * NOTICE);
        assert_eq!(prices(id), (120, 60));
    });
}

#[test]
fn set_price_should_take_back_what_does_not_hold_yet() {
    run(|| {
        let id = base();
        set(id, 150, 250);
        set(id, 100, 200);
        assert_eq!(PendingPrices::<Test>::get(id), None);
        set(id, 150, 250);
        System::set_block_number(5);
        // The notice begins anew.
        set(id, 110, 250);
        System::set_block_number(4 + NOTICE);
        assert_eq!(prices(id), (100, 200));
        System::set_block_number(5 + NOTICE);
        assert_eq!(prices(id), (110, 250));
    });
}

#[test]
fn register_version_should_need_what_a_pending_price_needs() {
    run(|| {
        let (base, open) = (base(), datanet(Licence::OPEN));
        let unsold = datanet(Licence { commercial: false, ..Licence::OPEN });
        let adapter = Adapter::of(base, open).at(0).registered();
        set(adapter, 0, 1);
        let call = Call::register_version {
            model: adapter,
            artefact: hash(8),
            config: hash(9),
            size: 1_000,
            trained_on: trained_on(&[(unsold, 1)]),
            index: None,
        };
        assert_noop!(send(OWNER, call.clone()), Error::<Test>::ForbiddenByLicence);
        set(adapter, 0, 0);
        assert_ok!(send(OWNER, call));
    });
}

#[test]
fn deprecate_should_forget_a_pending_price() {
    run(|| {
        let id = base();
        set(id, 150, 250);
        assert_ok!(deprecate(OWNER, id));
        assert_eq!(PendingPrices::<Test>::get(id), None);
    });
}

#[test]
fn set_price_should_fail_when_a_licence_forbids_commercial_use() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence { commercial: false, ..Licence::OPEN }));
        let adapter = Adapter::of(base, datanet).at(0).registered();
        assert_noop!(set_price(OWNER, adapter, 1), Error::<Test>::ForbiddenByLicence);
        assert_ok!(set_price(OWNER, adapter, 0));
    });
}

#[test]
fn set_price_should_fail_when_deprecated() {
    run(|| {
        let base = base();
        assert_ok!(deprecate(OWNER, base));
        assert_noop!(set_price(OWNER, base, 1), Error::<Test>::WrongPhase);
    });
}

#[test]
fn set_price_should_fail_when_not_the_owner() {
    run(|| {
        let base = base();
        assert_noop!(set_price(STRANGER, base, 1), Error::<Test>::NotOwner);
    });
}

#[test]
fn set_price_should_fail_when_there_is_no_model() {
    run(|| {
        assert_noop!(set_price(OWNER, 0, 1), Error::<Test>::NotFound);
    });
}

#[test]
fn set_price_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::set_price { model: 0, price_in: 1, price_out: 1 }));
}
