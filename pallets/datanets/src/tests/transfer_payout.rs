use super::*;

#[test]
fn transfer_payout_should_offer_and_change_nothing_else_when_called_by_the_payee() {
    run(|| {
        let id = accepted(datanet(), 1);
        assert_ok!(offer_payout(CONTRIBUTOR, id, 5));
        let event = Event::PayoutOffered { contribution: id, to: account(5) };
        assert_eq!(last_event(), event.into());
        assert_eq!(payee(id), account(CONTRIBUTOR));
        // A later offer replaces it.
        assert_ok!(offer_payout(CONTRIBUTOR, id, 6));
        assert_eq!(PendingPayees::<Test>::get(id), Some(account(6)));
    });
}

#[test]
fn transfer_payout_should_fail_when_not_the_payee() {
    run(|| {
        let id = accepted(datanet(), 1);
        for n in [OWNER, CURATOR, STRANGER] {
            assert_noop!(offer_payout(n, id, n), Error::<Test>::NotOwner);
        }
        assert_ok!(offer_payout(CONTRIBUTOR, id, 5));
        assert_ok!(accept_payout(5, id));
        assert_noop!(offer_payout(CONTRIBUTOR, id, CONTRIBUTOR), Error::<Test>::NotOwner);
        assert_ok!(offer_payout(5, id, CONTRIBUTOR));
    });
}

#[test]
fn transfer_payout_should_fail_when_there_is_no_contribution() {
    run(|| {
        assert_noop!(offer_payout(CONTRIBUTOR, 0, 5), Error::<Test>::NotFound);
    });
}

#[test]
fn transfer_payout_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::transfer_payout { contribution: 0, to: account(1) }));
}
