use super::*;

fn set_price(n: u8, model: ModelId, price: Balance) -> DispatchResult {
    send(n, Call::set_price { model, price_in: price, price_out: 2 * price })
}

#[test]
fn set_price_should_change_both_when_called_by_the_owner() {
    run(|| {
        let id = base();
        assert_ok!(set_price(OWNER, id, 7));
        assert_eq!((model(id).price_in, model(id).price_out), (7, 14));
        assert_eq!(last_event(), Event::PriceSet { model: id, price_in: 7, price_out: 14 }.into());
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
