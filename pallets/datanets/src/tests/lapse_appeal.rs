use super::*;

#[test]
fn lapse_appeal_should_return_the_bond_when_nobody_resolved_it() {
    run(|| {
        let datanet = datanet();
        let id = rejected(datanet, 1);
        assert_ok!(appeal(CONTRIBUTOR, id));
        System::set_block_number(1 + APPEAL_PERIOD);
        assert_noop!(lapse_appeal(STRANGER, id), Error::<Test>::TooEarly);
        System::set_block_number(2 + APPEAL_PERIOD);
        assert_ok!(lapse_appeal(STRANGER, id));
        let event = Event::AppealLapsed { contribution: id, datanet, bond: APPEAL_BOND };
        assert_eq!(last_event(), event.into());
        assert_eq!((appealing(CONTRIBUTOR), total(CONTRIBUTOR)), (0, FUNDS));
        assert!(matches!(status(id), Status::Rejected { appeal_until: None, .. }));
        assert_noop!(lapse_appeal(STRANGER, id), Error::<Test>::NotFound);
    });
}

#[test]
fn lapse_appeal_should_fail_when_there_is_none() {
    run(|| {
        let id = rejected(datanet(), 1);
        for id in [id, id + 1] {
            assert_noop!(lapse_appeal(STRANGER, id), Error::<Test>::NotFound);
        }
    });
}

#[test]
fn lapse_appeal_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::lapse_appeal { contribution: 0 }));
}
