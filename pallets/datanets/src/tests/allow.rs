use super::*;

fn allow(n: u8, datanet: DatanetId, allowed: bool) -> DispatchResult {
    send(n, Call::allow { datanet, who: account(CONTRIBUTOR), allowed })
}

#[test]
fn allow_should_open_and_close_the_door_when_the_policy_is_a_list() {
    run(|| {
        assert_ok!(send(OWNER, create_call(Licence::OPEN, Policy::AllowList)));
        assert_noop!(send(CONTRIBUTOR, contribute_call(0, 1)), Error::<Test>::NotMember);
        assert_ok!(allow(OWNER, 0, true));
        let event = Event::AllowedSet { datanet: 0, who: account(CONTRIBUTOR), allowed: true };
        assert_eq!(last_event(), event.into());
        assert_ok!(send(CONTRIBUTOR, contribute_call(0, 1)));
        assert_ok!(allow(OWNER, 0, false));
        assert_noop!(send(CONTRIBUTOR, contribute_call(0, 2)), Error::<Test>::NotMember);
        // What is in stays in.
        assert_ok!(review(CURATOR, 0, Verdict::Accept));
    });
}

#[test]
fn allow_should_hold_one_deposit_for_each_account_and_return_it() {
    run(|| {
        let datanet = datanet();
        let before = held(OWNER);
        let each = deposit(Pallet::<Test>::allowance_footprint());
        for _ in 0..2 {
            assert_ok!(allow(OWNER, datanet, true));
            assert_eq!(held(OWNER), before + each);
        }
        let call = Call::allow { datanet, who: account(STRANGER), allowed: true };
        assert_ok!(send(OWNER, call));
        assert_eq!(held(OWNER), before + 2 * each);
        for _ in 0..2 {
            assert_ok!(allow(OWNER, datanet, false));
            assert_eq!(held(OWNER), before + each);
        }
    });
}

/// A datanet that [`OWNER`] gave to account number 5, after it allowed [`CONTRIBUTOR`].
fn handed_over() -> DatanetId {
    let datanet = datanet();
    assert_ok!(allow(OWNER, datanet, true));
    assert_ok!(send(OWNER, Call::transfer_ownership { datanet, new_owner: account(5) }));
    assert_ok!(send(5, Call::accept_ownership { datanet }));
    datanet
}

#[test]
fn allow_should_take_over_the_deposit_when_a_new_owner_allows_again() {
    run(|| {
        let datanet = handed_over();
        let (each, own) = (
            deposit(Pallet::<Test>::allowance_footprint()),
            deposit(Pallet::<Test>::datanet_footprint()),
        );
        assert_eq!((held(OWNER), held(5)), (each, own));
        check();
        assert_ok!(allow(5, datanet, true));
        assert_eq!((held(OWNER), held(5)), (0, own + each));
        assert!(Allowed::<Test>::contains_key(datanet, account(CONTRIBUTOR)));
        // It is not the former owner's to revoke any more.
        assert_noop!(allow(OWNER, datanet, false), Error::<Test>::NotOwner);
    });
}

#[test]
fn allow_should_return_the_deposit_to_who_paid_it_when_revoked() {
    run(|| {
        let datanet = handed_over();
        // Who paid may have it back, and do no more.
        assert_noop!(allow(OWNER, datanet, true), Error::<Test>::NotOwner);
        assert_ok!(allow(OWNER, datanet, false));
        assert_eq!(held(OWNER), 0);
        assert_noop!(allow(OWNER, datanet, false), Error::<Test>::NotOwner);

        let datanet = handed_over();
        assert_ok!(allow(5, datanet, false));
        assert_eq!(held(OWNER), 0);
        assert!(!Allowed::<Test>::contains_key(datanet, account(CONTRIBUTOR)));
    });
}

#[test]
fn allow_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        let datanet = datanet();
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(account(OWNER)),
            account(STRANGER),
            FUNDS - held(OWNER) - EXISTENTIAL_DEPOSIT,
        ));
        let call = allow(OWNER, datanet, true);
        assert_noop!(call, sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn allow_should_fail_when_not_the_owner() {
    run(|| {
        let datanet = datanet();
        for allowed in [true, false] {
            assert_noop!(allow(CURATOR, datanet, allowed), Error::<Test>::NotOwner);
        }
        assert_ok!(allow(OWNER, datanet, true));
        for n in [CURATOR, CONTRIBUTOR] {
            assert_noop!(allow(n, datanet, false), Error::<Test>::NotOwner);
        }
    });
}

#[test]
fn allow_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(allow(OWNER, 0, true), Error::<Test>::NotFound);
    });
}

#[test]
fn allow_should_fail_when_not_signed() {
    run(|| {
        assert_needs_signature(Call::allow { datanet: 0, who: account(1), allowed: true });
    });
}
