use super::*;

fn spend(n: u8, datanet: DatanetId, amount: Balance) -> DispatchResult {
    send(n, Call::spend { datanet, dest: account(STRANGER), amount })
}

fn fund(datanet: DatanetId, amount: Balance) {
    let treasury = Pallet::<Test>::treasury(datanet);
    assert_ok!(Balances::transfer(&account(9), &treasury, amount, Preservation::Preserve));
}

#[test]
fn spend_should_pay_from_the_treasury_when_called_by_the_owner() {
    run(|| {
        let datanet = datanet();
        fund(datanet, 1_000);
        assert_ok!(spend(OWNER, datanet, 1_000));
        assert_eq!(Balances::free_balance(account(STRANGER)), FUNDS + 1_000);
        let event = Event::Spent { datanet, dest: account(STRANGER), amount: 1_000 };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn spend_should_fail_when_the_treasury_has_less() {
    run(|| {
        let (datanet, other) = (datanet(), datanet());
        fund(other, 1_000);
        assert_noop!(spend(OWNER, datanet, 1), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn spend_should_fail_when_not_the_owner() {
    run(|| {
        let datanet = datanet();
        fund(datanet, 1_000);
        assert_noop!(spend(CURATOR, datanet, 1), Error::<Test>::NotOwner);
    });
}

#[test]
fn spend_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(spend(OWNER, 0, 1), Error::<Test>::NotFound);
    });
}

#[test]
fn spend_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::spend { datanet: 0, dest: account(1), amount: 1 }));
}
