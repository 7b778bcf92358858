use super::*;

fn offered(to: u8) -> DatanetId {
    let datanet = datanet();
    assert_ok!(send(OWNER, Call::transfer_ownership { datanet, new_owner: account(to) }));
    datanet
}

fn accept(n: u8, datanet: DatanetId) -> DispatchResult {
    send(n, Call::accept_ownership { datanet })
}

#[test]
fn accept_ownership_should_move_the_deposit_when_offered() {
    run(|| {
        let datanet = offered(5);
        let deposit = held(OWNER);
        assert_ok!(accept(5, datanet));
        assert_eq!((held(OWNER), held(5)), (0, deposit));
        let event = Event::OwnershipTransferred { datanet, from: account(OWNER), to: account(5) };
        assert_eq!(last_event(), event.into());
        assert_noop!(
            send(OWNER, Call::set_licence { datanet, licence: Licence::OPEN }),
            Error::<Test>::NotOwner
        );
        // The offer is used up.
        assert_noop!(accept(5, datanet), Error::<Test>::NotFound);
    });
}

#[test]
fn accept_ownership_should_change_nothing_when_offered_to_oneself() {
    run(|| {
        let datanet = offered(OWNER);
        assert_ok!(accept(OWNER, datanet));
        assert_eq!(stored(datanet).owner, account(OWNER));
    });
}

#[test]
fn accept_ownership_should_fail_when_offered_to_another() {
    run(|| {
        let datanet = offered(5);
        assert_noop!(accept(6, datanet), Error::<Test>::NotOwner);
    });
}

#[test]
fn accept_ownership_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        let datanet = offered(20);
        assert_noop!(accept(20, datanet), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn accept_ownership_should_fail_when_nothing_was_offered() {
    run(|| {
        let datanet = datanet();
        assert_noop!(accept(5, datanet), Error::<Test>::NotFound);
    });
}

#[test]
fn accept_ownership_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::accept_ownership { datanet: 0 }));
}
