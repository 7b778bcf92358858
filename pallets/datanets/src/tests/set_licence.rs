use super::*;

const CLOSED: Licence = Licence { training: false, ..Licence::OPEN };

fn set_licence(n: u8, datanet: DatanetId, licence: Licence) -> DispatchResult {
    send(n, Call::set_licence { datanet, licence })
}

#[test]
fn set_licence_should_apply_from_the_next_version_when_called_by_the_owner() {
    run(|| {
        let datanet = datanet();
        accepted(datanet, 1);
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(set_licence(OWNER, datanet, CLOSED));
        let event = Event::LicenceSet { datanet, licence: CLOSED, consent_epoch: 1 };
        assert_eq!(last_event(), event.into());
        assert_ok!(publish(OWNER, datanet));
        let versions = [1, 2].map(|n| Pallet::<Test>::version(datanet, n).unwrap());
        assert_eq!(versions.clone().map(|v| v.licence), [Licence::OPEN, CLOSED]);
        assert_eq!(versions.map(|v| v.consent_epoch), [0, 1]);
    });
}

#[test]
fn set_licence_should_fail_when_it_makes_no_sense() {
    run(|| {
        let datanet = datanet();
        let licence = Licence { min_data_share: 1_000_001, ..Licence::OPEN };
        assert_noop!(set_licence(OWNER, datanet, licence), Error::<Test>::InvalidLicence);
    });
}

#[test]
fn set_licence_should_fail_when_not_the_owner() {
    run(|| {
        let datanet = datanet();
        assert_noop!(set_licence(CURATOR, datanet, CLOSED), Error::<Test>::NotOwner);
    });
}

#[test]
fn set_licence_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(set_licence(OWNER, 0, CLOSED), Error::<Test>::NotFound);
    });
}

#[test]
fn set_licence_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::set_licence { datanet: 0, licence: CLOSED }));
}
