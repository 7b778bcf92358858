use super::*;

/// Weights 1 and 3 for datanets 0 and 1, and one drip: 250 and 750 units.
fn dripped() {
    assert_ok!(set(0, 1));
    assert_ok!(set(1, 3));
    pass(PERIOD);
    assert_ok!(drip());
}

#[test]
fn draw_should_pay_at_most_what_is_wanted_and_what_is_there() {
    run(|| {
        dripped();
        let to = account(8);
        assert_eq!(Emission::draw(&[(0, 100), (1, 1_000), (2, 5)], &to), Ok(vec![100, 750, 0]));
        assert_eq!(balance(&to), 850);
        assert_eq!([0, 1, 2].map(Emission::budget), [150, 0, 0]);
        assert_eq!(Emission::draw(&[(1, 1), (0, 1_000)], &to), Ok(vec![0, 150]));
        assert_eq!((balance(&to), Drawn::<Test>::get()), (1_000, 1_000));
        // And again from the next drip on.
        pass(PERIOD);
        assert_ok!(drip());
        assert_eq!([0, 1].map(Emission::budget), [250, 750]);
    });
}

#[test]
fn draw_should_take_from_one_budget_twice_when_a_datanet_is_named_twice() {
    run(|| {
        dripped();
        assert_eq!(Emission::draw(&[(0, 200), (0, 200)], &account(8)), Ok(vec![200, 50]));
    });
}

#[test]
fn draw_should_pay_nothing_when_nothing_is_there() {
    run(|| {
        assert_eq!(Emission::draw(&[(0, 1), (7, 1)], &account(8)), Ok(vec![0, 0]));
        assert_eq!(Budgets::<Test>::iter().count(), 0);
        assert_eq!(balance(&account(8)), 0);
    });
}

#[test]
fn draw_should_fail_and_keep_the_budget_when_the_receiver_cannot_be_paid() {
    run(|| {
        dripped();
        // Below the existential deposit of an account that does not exist.
        assert!(frame_support::storage::with_storage_layer(|| {
            Emission::draw(&[(0, ED - 1)], &account(8))
        })
        .is_err());
        assert_eq!(Emission::budget(0), 250);
    });
}
