use super::*;

fn set(datanet: DatanetId, weight: u32) -> DispatchResult {
    send_as(RuntimeOrigin::root(), Call::set_emission_weight { datanet, weight })
}

#[test]
fn set_emission_weight_should_replace_the_weight_when_called_by_its_origin() {
    run(|| {
        let [first, second] = [datanet(), datanet()];
        for weight in [1, u32::MAX, 0] {
            assert_ok!(set(first, weight));
            assert_eq!(last_event(), Event::EmissionWeightSet { datanet: first, weight }.into());
            assert_eq!(Pallet::<Test>::emission_weight(first), weight);
            assert_eq!(EmissionWeights::<Test>::contains_key(first), weight > 0);
            assert_eq!(Pallet::<Test>::emission_weight(second), 0);
            check();
        }
    });
}

#[test]
fn set_emission_weight_should_fail_when_there_is_no_datanet() {
    run(|| {
        for weight in [0, 1] {
            assert_noop!(set(0, weight), Error::<Test>::NotFound);
        }
    });
}

#[test]
fn set_emission_weight_should_fail_when_not_from_its_origin() {
    run(|| {
        let datanet = datanet();
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::signed(account(OWNER))] {
            let call = Call::set_emission_weight { datanet, weight: 1 };
            assert_noop!(send_as(origin, call), DispatchError::BadOrigin);
        }
    });
}
