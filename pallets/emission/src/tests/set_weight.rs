use super::*;

#[test]
fn set_weight_should_replace_the_weight_when_called_by_governance() {
    run(|| {
        for weight in [1, u32::MAX, 7, 0] {
            assert_ok!(set(0, weight));
            assert_eq!(last_event(), Event::WeightSet { datanet: 0, weight }.into());
            assert_eq!(Emission::weight(0), weight);
            assert_eq!(Distribution::<Test>::get().units, u64::from(weight));
            assert_eq!(Emission::weight(1), 0);
            check();
        }
        assert_eq!(Budgets::<Test>::iter().count(), 0);
    });
}

#[test]
fn set_weight_should_share_the_time_before_by_the_former_weights_when_some_is_due() {
    run(|| {
        assert_ok!(set(0, 1));
        pass(4);
        assert_ok!(set(1, 1));
        assert_eq!([Emission::budget(0), Emission::budget(1)], [4 * RATE, 0]);
        pass(4);
        assert_ok!(set(0, 0));
        assert_eq!([Emission::budget(0), Emission::budget(1)], [6 * RATE, 2 * RATE]);
        pass(4);
        assert_ok!(set(1, 3));
        assert_eq!([Emission::budget(0), Emission::budget(1)], [6 * RATE, 6 * RATE]);
        assert!(System::events()
            .iter()
            .any(|record| { record.event == Event::<Test>::Dripped { amount: 4 * RATE }.into() }));
    });
}

#[test]
fn set_weight_should_start_the_clock_when_there_was_no_weight_before() {
    run(|| {
        pass(1_000);
        assert_ok!(set(0, 1));
        assert_eq!(Emission::budget(0), 0);
        pass(PERIOD);
        assert_ok!(drip());
        assert_eq!(Emission::budget(0), Balance::from(PERIOD) * RATE);
    });
}

#[test]
fn set_weight_should_keep_the_budget_when_the_weight_ends() {
    run(|| {
        assert_ok!(set(0, 1));
        pass(3);
        assert_ok!(set(0, 0));
        assert_eq!(Emission::budget(0), 3 * RATE);
        pass(3);
        assert_ok!(set(1, 1));
        assert_eq!(Emission::budget(0), 3 * RATE);
        assert_eq!(Emission::draw(&[(0, Balance::MAX)], &account(1)), Ok(vec![3 * RATE]));
        assert!(!Budgets::<Test>::contains_key(0));
    });
}

#[test]
fn set_weight_should_fail_when_there_is_no_datanet() {
    run(|| {
        for weight in [0, 1] {
            assert_noop!(set(3, weight), Error::<Test>::NotFound);
        }
    });
}

#[test]
fn set_weight_should_fail_when_not_from_governance() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::signed(account(1))] {
            let call = Call::set_weight { datanet: 0, weight: 1 };
            assert_noop!(send_as(origin, call), BadOrigin);
        }
    });
}
