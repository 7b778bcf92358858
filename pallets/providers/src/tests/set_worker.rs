use super::*;

#[test]
fn set_worker_should_map_both_ways_when_named() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_eq!(Pallet::<Test>::attributor_of(&worker(9)), Some(account(1)));
        assert_eq!(Pallet::<Test>::worker_of(account(1)), Some(worker(9)));
        let event = Event::WorkerSet { attributor: account(1), worker: Some(worker(9)) };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn set_worker_should_free_the_former_when_replaced_or_dismissed() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(register(2, Attributor, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_ok!(set_worker(1, Some(8)));
        assert_ok!(set_worker(2, Some(9)));
        assert_ok!(set_worker(1, None));
        assert_eq!(Pallet::<Test>::attributor_of(&worker(8)), None);
        assert_eq!(Pallet::<Test>::attributor_of(&worker(9)), Some(account(2)));
    });
}

#[test]
fn set_worker_should_change_nothing_when_named_again() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_ok!(set_worker(1, Some(9)));
        assert_eq!(Pallet::<Test>::attributor_of(&worker(9)), Some(account(1)));
    });
}

#[test]
fn set_worker_should_fail_when_it_serves_another() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(register(2, Attributor, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_noop!(set_worker(2, Some(9)), Error::<Test>::AlreadyExists);
    });
}

#[test]
fn set_worker_should_fail_when_the_worker_did_not_agree_to_serve_this_attributor() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        let genesis = pallet_common::genesis::<Test>();
        let good = consent(9, 1);
        for forged in [
            // To serve another; of another; by the attributor's wish alone.
            Consent { signature: consent(9, 2).signature, ..good.clone() },
            Consent { worker: worker(8), ..good.clone() },
            Consent { worker: account(1), ..good.clone() },
            Consent { signature: Signature::Ethereum([1; 65]), ..good.clone() },
        ] {
            assert_noop!(
                send(1, Call::set_worker { worker: Some(forged) }),
                Error::<Test>::BadSignature
            );
        }
        frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(1));
        let call = Call::set_worker { worker: Some(good) };
        assert_noop!(send(1, call.clone()), Error::<Test>::BadSignature);
        frame_system::BlockHash::<Test>::insert(0, genesis);
        assert_ok!(send(1, call));
    });
}

#[test]
fn set_worker_should_fail_when_not_an_attributor() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_noop!(set_worker(1, Some(9)), Error::<Test>::NotFound);
    });
}

#[test]
fn set_worker_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::set_worker { worker: None }));
}
