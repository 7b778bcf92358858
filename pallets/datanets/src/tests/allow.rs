use super::*;

fn allow(n: u8, datanet: DatanetId, allowed: bool) -> DispatchResult {
    send(n, Call::allow { datanet, who: account(CONTRIBUTOR), allowed })
}

#[test]
fn allow_should_open_and_close_the_door_when_the_policy_is_a_list() {
    run(|| {
        assert_ok!(send(OWNER, create_call(Licence::OPEN, Policy::AllowList)));
        assert_noop!(send(CONTRIBUTOR, contribute_call(0, 1)), Error::<Test>::NotMember);
        assert_ok!(allow(OWNER, 0, true));
        let event = Event::AllowedSet { datanet: 0, who: account(CONTRIBUTOR), allowed: true };
        assert_eq!(last_event(), event.into());
        assert_ok!(send(CONTRIBUTOR, contribute_call(0, 1)));
        assert_ok!(allow(OWNER, 0, false));
        assert_noop!(send(CONTRIBUTOR, contribute_call(0, 2)), Error::<Test>::NotMember);
        // What is in stays in.
        assert_ok!(review(CURATOR, 0, Verdict::Accept));
    });
}

#[test]
fn allow_should_fail_when_not_the_owner() {
    run(|| {
        let datanet = datanet();
        assert_noop!(allow(CURATOR, datanet, true), Error::<Test>::NotOwner);
    });
}

#[test]
fn allow_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(allow(OWNER, 0, true), Error::<Test>::NotFound);
    });
}

#[test]
fn allow_should_fail_when_not_signed() {
    run(|| {
        assert_needs_signature(Call::allow { datanet: 0, who: account(1), allowed: true });
    });
}
