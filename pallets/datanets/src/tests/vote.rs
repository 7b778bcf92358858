//! Review where more than half of the curators decide.

use super::*;

const REJECT: Verdict = Verdict::Reject(RejectReason::OffTopic);
const MALFORMED: Verdict = Verdict::Reject(RejectReason::Malformed);

/// A datanet of which accounts number 5 to 4 + `count` are the curators.
fn voted_by(count: u8) -> DatanetId {
    let id = NextDatanetId::<Test>::get();
    assert_ok!(send(OWNER, create_call(Licence::OPEN, Policy::Vote)));
    set_curators(id, 5, count);
    id
}

fn set_curators(datanet: DatanetId, first: u8, count: u8) {
    let curators = (first..first + count).map(account).collect();
    let curators = Curators::truncate_from(curators);
    assert_ok!(send(OWNER, Call::set_curators { datanet, curators }));
}

#[test]
fn vote_should_accept_when_more_than_half_agree() {
    run(|| {
        for (curators, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            let datanet = voted_by(curators);
            let id = contribute(datanet, 1);
            for n in 5..4 + needed {
                assert_ok!(review(n, id, Verdict::Accept));
                let event = Event::Voted {
                    contribution: id,
                    datanet,
                    curator: account(n),
                    verdict: Verdict::Accept,
                };
                assert_eq!(last_event(), event.into());
                assert!(matches!(status(id), Status::Pending { .. }));
                check();
            }
            assert_ok!(review(4 + needed, id, Verdict::Accept));
            assert_eq!(status(id), Status::Accepted);
            assert!(Votes::<Test>::get(id).is_empty());
            let event = Event::Reviewed {
                contribution: id,
                datanet,
                curator: account(4 + needed),
                verdict: Verdict::Accept,
            };
            assert_eq!(last_event(), event.into());
            assert_noop!(review(5, id, REJECT), Error::<Test>::WrongPhase);
        }
    });
}

#[test]
fn vote_should_reject_for_the_reason_of_the_deciding_vote() {
    run(|| {
        let id = contribute(voted_by(4), 1);
        assert_ok!(review(5, id, REJECT));
        assert_ok!(review(6, id, Verdict::Accept));
        assert_ok!(review(7, id, REJECT));
        assert_ok!(review(8, id, MALFORMED));
        assert!(matches!(status(id), Status::Rejected { reason: RejectReason::Malformed, .. }));
        assert_eq!((held(CONTRIBUTOR), bonded(CONTRIBUTOR)), (0, 0));
        assert!(Votes::<Test>::get(id).is_empty());
    });
}

#[test]
fn vote_should_count_the_last_of_each_curator_when_it_changes_its_mind() {
    run(|| {
        let id = contribute(voted_by(3), 1);
        for verdict in [Verdict::Accept, Verdict::Accept, REJECT] {
            assert_ok!(review(5, id, verdict));
        }
        assert_eq!(Votes::<Test>::get(id).into_inner(), [(account(5), REJECT)]);
        assert_ok!(review(6, id, Verdict::Accept));
        assert_ok!(review(5, id, Verdict::Accept));
        assert_eq!(status(id), Status::Accepted);
    });
}

#[test]
fn vote_should_not_count_former_curators() {
    run(|| {
        let datanet = voted_by(3);
        let id = contribute(datanet, 1);
        assert_ok!(review(5, id, Verdict::Accept));
        // 6, 7 and 8 from now on.
        set_curators(datanet, 6, 3);
        assert_noop!(review(5, id, Verdict::Accept), Error::<Test>::NotCurator);
        assert_ok!(review(6, id, Verdict::Accept));
        assert!(matches!(status(id), Status::Pending { .. }));
        assert_ok!(review(8, id, Verdict::Accept));
        assert_eq!(status(id), Status::Accepted);
    });
}

#[test]
fn vote_should_be_decided_by_the_votes_there_are_when_curators_become_fewer() {
    run(|| {
        let datanet = voted_by(4);
        let id = contribute(datanet, 1);
        assert_ok!(review(5, id, REJECT));
        assert_ok!(review(6, id, MALFORMED));
        set_curators(datanet, 5, 3);
        // Two of three want it rejected: whatever the third says, that is decided now.
        assert_ok!(review(7, id, Verdict::Accept));
        assert!(matches!(status(id), Status::Rejected { reason: RejectReason::Malformed, .. }));
    });
}

#[test]
fn vote_should_take_as_many_as_there_can_be_curators() {
    run(|| {
        let datanet = voted_by(1);
        let id = contribute(datanet, 1);
        for first in [20u8, 60] {
            let all = (first..first + MAX_CURATORS as u8).map(account).collect();
            let curators = Curators::truncate_from(all);
            assert_ok!(send(OWNER, Call::set_curators { datanet, curators }));
            let half = MAX_CURATORS as u8 / 2;
            for n in first..first + half {
                assert_ok!(review(n, id, Verdict::Accept));
            }
            for n in first + half..first + 2 * half {
                assert_ok!(review(n, id, REJECT));
            }
            assert!(matches!(status(id), Status::Pending { .. }));
            assert_eq!(Votes::<Test>::get(id).len() as u32, MAX_CURATORS);
            check();
        }
    });
}

#[test]
fn vote_should_be_forgotten_when_the_contribution_ends() {
    run(|| {
        let datanet = voted_by(3);
        let [withdrawn, kept, lapsed] = [20, 40, 60].map(|r| contribute(datanet, r));
        let earlier = contribute(datanet, 41);
        let later = contribute(datanet, 42);
        for id in [withdrawn, kept, lapsed, earlier, later] {
            assert_ok!(review(5, id, Verdict::Accept));
        }
        assert_ok!(withdraw(CONTRIBUTOR, withdrawn));
        assert_ok!(send(STRANGER, duplicate_call((earlier, 41), (later, 42))));
        after_review_period();
        assert_noop!(review(6, lapsed, Verdict::Accept), Error::<Test>::Expired);
        assert_ok!(lapse(STRANGER, lapsed));
        for id in [withdrawn, later, lapsed] {
            assert!(Votes::<Test>::get(id).is_empty());
        }
    });
}

#[test]
fn vote_should_let_everybody_contribute_and_charge_for_the_votes() {
    run(|| {
        let datanet = voted_by(3);
        assert_ok!(send(STRANGER, contribute_call(datanet, 1)));
        let voted = deposit(Pallet::<Test>::contribution_footprint(Policy::Vote));
        assert_eq!(held(STRANGER), voted);
        assert!(voted > deposit(Pallet::<Test>::contribution_footprint(Policy::Open)));
    });
}

#[test]
fn vote_should_fail_to_accept_when_the_version_is_full() {
    run(|| {
        let datanet = voted_by(1);
        let id = contribute(datanet, 1);
        Accepted::<Test>::insert(
            datanet,
            ContributionIds::truncate_from((1_000..1_000 + MAX_CONTRIBUTIONS).collect()),
        );
        assert_noop!(review(5, id, Verdict::Accept), Error::<Test>::TooMany);
        Accepted::<Test>::remove(datanet);
    });
}
