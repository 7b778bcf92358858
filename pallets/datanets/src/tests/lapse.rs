use super::*;

#[test]
fn lapse_should_return_deposit_and_root_when_nobody_reviewed_in_time() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        after_review_period();
        assert_ok!(lapse(STRANGER, id));
        assert_eq!(status(id), Status::Lapsed);
        assert_eq!(held(CONTRIBUTOR), 0);
        assert_eq!(last_event(), Event::Lapsed { contribution: id, datanet }.into());
        contribute(datanet, 1);
    });
}

#[test]
fn lapse_should_fail_when_the_period_is_not_over() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        System::set_block_number(1 + REVIEW_PERIOD);
        assert_noop!(lapse(STRANGER, id), Error::<Test>::TooEarly);
    });
}

#[test]
fn lapse_should_fail_when_not_pending() {
    run(|| {
        let datanet = datanet();
        let id = accepted(datanet, 1);
        after_review_period();
        assert_noop!(lapse(STRANGER, id), Error::<Test>::WrongPhase);
    });
}

#[test]
fn lapse_should_fail_when_there_is_no_contribution() {
    run(|| {
        assert_noop!(lapse(STRANGER, 0), Error::<Test>::NotFound);
    });
}

#[test]
fn lapse_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::lapse { contribution: 0 }));
}
