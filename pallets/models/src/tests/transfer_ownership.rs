use super::*;

fn offer(n: u8, model: ModelId, to: u8) -> DispatchResult {
    send(n, Call::transfer_ownership { model, new_owner: account(to) })
}

#[test]
fn transfer_ownership_should_only_offer_when_called_by_the_owner() {
    run(|| {
        let model = base();
        assert_ok!(offer(OWNER, model, 5));
        let event = Event::OwnershipOffered { model, to: account(5) };
        assert_eq!(last_event(), event.into());
        assert_eq!(super::model(model).owner, account(OWNER));
    });
}

#[test]
fn transfer_ownership_should_replace_the_offer_when_called_again() {
    run(|| {
        let model = base();
        assert_ok!(offer(OWNER, model, 5));
        assert_ok!(offer(OWNER, model, OWNER));
        assert_noop!(send(5, Call::accept_ownership { model }), Error::<Test>::NotOwner);
    });
}

#[test]
fn transfer_ownership_should_fail_when_not_the_owner() {
    run(|| {
        let model = base();
        assert_noop!(offer(5, model, 5), Error::<Test>::NotOwner);
    });
}

#[test]
fn transfer_ownership_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(offer(OWNER, 0, 5), Error::<Test>::NotFound);
    });
}

#[test]
fn transfer_ownership_should_fail_when_not_signed() {
    run(|| {
        assert_needs_signature(Call::transfer_ownership { model: 0, new_owner: account(1) });
    });
}
