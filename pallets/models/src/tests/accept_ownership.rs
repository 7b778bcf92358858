use super::*;

fn offered(to: u8) -> ModelId {
    let model = base();
    assert_ok!(send(OWNER, Call::transfer_ownership { model, new_owner: account(to) }));
    model
}

fn accept(n: u8, model: ModelId) -> DispatchResult {
    send(n, Call::accept_ownership { model })
}

#[test]
fn accept_ownership_should_move_the_deposit_when_offered() {
    run(|| {
        let model = offered(5);
        let deposit = held(OWNER);
        assert_ok!(accept(5, model));
        assert_eq!((held(OWNER), held(5)), (0, deposit));
        let event = Event::OwnershipTransferred { model, from: account(OWNER), to: account(5) };
        assert_eq!(last_event(), event.into());
        assert_noop!(send(OWNER, Call::deprecate { model }), Error::<Test>::NotOwner);
        // The offer is used up.
        assert_noop!(accept(5, model), Error::<Test>::NotFound);
    });
}

#[test]
fn accept_ownership_should_change_nothing_when_offered_to_oneself() {
    run(|| {
        let model = offered(OWNER);
        assert_ok!(accept(OWNER, model));
        assert_eq!(super::model(model).owner, account(OWNER));
    });
}

#[test]
fn accept_ownership_should_fail_when_offered_to_another() {
    run(|| {
        let model = offered(5);
        assert_noop!(accept(6, model), Error::<Test>::NotOwner);
    });
}

#[test]
fn accept_ownership_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        let model = offered(20);
        assert_noop!(accept(20, model), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn accept_ownership_should_fail_when_nothing_was_offered() {
    run(|| {
        let model = base();
        assert_noop!(accept(5, model), Error::<Test>::NotFound);
    });
}

#[test]
fn accept_ownership_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::accept_ownership { model: 0 }));
}
