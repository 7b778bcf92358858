use super::*;

#[test]
fn genesis_should_register_providers_and_workers_when_listed() {
    let providers = vec![
        (Operator, account(1), MIN_BOND, None),
        (Attributor, account(2), 2 * MIN_BOND, Some(account(9))),
    ];
    ext(providers).execute_with(|| {
        assert!(active(1, Operator));
        assert_eq!(Pallet::<Test>::attributors(), [(account(2), 2 * MIN_BOND)]);
        assert_eq!(Pallet::<Test>::attributor_of(&account(9)), Some(account(2)));
        check();
    });
}

#[test]
#[should_panic(expected = "cannot register")]
fn genesis_should_panic_when_a_bond_is_too_small() {
    ext(vec![(Operator, account(1), MIN_BOND - 1, None)]);
}

#[test]
#[should_panic(expected = "cannot register")]
fn genesis_should_panic_when_an_operator_names_a_worker() {
    ext(vec![(Operator, account(1), MIN_BOND, Some(account(9)))]);
}
