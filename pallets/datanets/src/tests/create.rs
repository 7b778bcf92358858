use super::*;

#[test]
fn create_should_store_the_datanet_and_hold_a_deposit_when_valid() {
    run(|| {
        let id = datanet();
        let stored = stored(id);
        assert_eq!((id, stored.owner, stored.latest_version), (0, account(OWNER), 0));
        assert_eq!(stored.licence, Licence::OPEN);
        assert!(held(OWNER) > 0);
        assert_eq!(last_event(), Event::Created { datanet: id, owner: account(OWNER) }.into());
        assert_eq!(datanet(), 1);
    });
}

#[test]
fn create_should_keep_each_curator_once_and_ascending_when_given_otherwise() {
    run(|| {
        let Call::create { name, metadata, licence, policy, .. } =
            create_call(Licence::OPEN, Policy::Open)
        else {
            unreachable!()
        };
        let curators = Curators::truncate_from([9, 2, 9, 5].map(account).to_vec());
        assert_ok!(send(OWNER, Call::create { name, metadata, licence, policy, curators }));
        assert_eq!(stored(0).curators.into_inner(), [2, 5, 9].map(account));
    });
}

#[test]
fn create_should_fail_when_the_name_is_empty() {
    run(|| {
        let call = Call::create {
            name: Name::new(),
            metadata: Metadata::new(),
            licence: Licence::OPEN,
            policy: Policy::Open,
            curators: Curators::new(),
        };
        assert_noop!(send(OWNER, call), Error::<Test>::InvalidName);
    });
}

#[test]
fn create_should_fail_when_the_licence_makes_no_sense() {
    run(|| {
        for licence in [
            Licence { min_data_share: 1_000_001, ..Licence::OPEN },
            Licence { training_price: EXISTENTIAL_DEPOSIT - 1, ..Licence::OPEN },
        ] {
            assert_noop!(
                send(OWNER, create_call(licence, Policy::Open)),
                Error::<Test>::InvalidLicence
            );
        }
        datanet_under(Licence { training_price: EXISTENTIAL_DEPOSIT, ..Licence::OPEN });
    });
}

#[test]
fn create_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        assert_noop!(
            send(20, create_call(Licence::OPEN, Policy::Open)),
            sp_runtime::TokenError::FundsUnavailable
        );
    });
}

#[test]
fn create_should_fail_when_no_ids_are_left() {
    run(|| {
        NextDatanetId::<Test>::put(u32::MAX);
        assert_noop!(
            send(OWNER, create_call(Licence::OPEN, Policy::Open)),
            sp_runtime::ArithmeticError::Overflow
        );
    });
}

#[test]
fn create_should_fail_when_not_signed() {
    run(|| assert_needs_signature(create_call(Licence::OPEN, Policy::Open)));
}
