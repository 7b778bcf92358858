use super::*;
use frame_support::traits::fungible::hold::Inspect as _;
use sp_runtime::TokenError;

const FEE: Balance = 1_000_000;
const BOND: Balance = FEE / 5;
const TRUE: &[(ContributionId, Ppm)] = &[(0, PPM)];
const FALSE: &[(ContributionId, Ppm)] = &[(1, PPM)];

/// A settlement whose committee of one found `shares`; six more attributors wait.
fn found(list: &[(ContributionId, Ppm)]) -> (World, SettlementId) {
    InForce::set(Parameters { committee: 1, ..PARAMETERS });
    let world = world(7);
    let id = world.settle(FEE);
    let results: Vec<_> = world.committee(id).into_iter().map(|n| (n, result(list))).collect();
    world.find(id, &results);
    (world, id)
}

fn challenger() -> AccountId32 {
    funded::<Test>("challenger", 0)
}

fn held(who: &AccountId32) -> Balance {
    Balances::balance_on_hold(&RuntimeHoldReason::Attribution(HoldReason::Challenge), who)
}

#[test]
fn challenge_should_draw_a_larger_fresh_committee() {
    run(|| {
        let (world, id) = found(FALSE);
        let first = stored(id).committee().to_vec();
        let challenger = challenger();
        System::set_block_number(stored(id).deadline().unwrap());
        assert_ok!(challenge(signed(&challenger), id));
        let settlement = stored(id);
        assert_eq!((settlement.phase(), settlement.attempt), (Phase::Committing, 2));
        assert_eq!(settlement.committee().len(), 3);
        assert!(settlement.committee().iter().all(|member| !first.contains(member)));
        assert_eq!(settlement.shares(), None);
        assert_eq!(held(&challenger), BOND);
        assert_eq!(
            events()[events().len() - 2],
            Event::Challenged { settlement: id, challenger, bond: BOND }
        );
        for member in world.committee(id) {
            let who = account("attributor", member);
            assert_eq!(Attribution::open_jobs(who), [id]);
        }
        check();
    });
}

/// What the challenger gets of what one liar loses.
fn reward() -> Balance {
    portion(BONDED / 10, REWARD)
}

fn treasury() -> Balance {
    Balances::free_balance(Treasury::get())
}

#[test]
fn challenger_should_win_when_the_larger_committee_finds_something_else() {
    run(|| {
        let (world, id) = found(FALSE);
        let [liar] = world.committee(id)[..] else { panic!("a committee of one") };
        let challenger = challenger();
        assert_ok!(challenge(signed(&challenger), id));
        let fresh = world.committee(id);
        world.decide_alike(id, TRUE);
        let settlement = stored(id);
        assert_eq!(settlement.phase(), Phase::Finalised);
        assert_eq!(settlement.shares(), Some(&shares(TRUE)));
        assert_eq!(bond(liar), BONDED - BONDED / 10);
        assert_eq!(held(&challenger), 0);
        // Part of what the liar loses; the rest is the treasury's.
        assert_eq!(Balances::free_balance(&challenger), FUNDS + reward());
        let split = settlement.outcome().unwrap().split;
        let rest = BONDED / 10 - reward();
        assert_eq!(treasury(), ED + split.treasury + split.remainder + rest);
        assert_eq!(Credits::<Test>::get(account("attributor", liar)), 0);
        for n in fresh {
            assert_eq!(Credits::<Test>::get(account("attributor", n)), 50_000 / 3);
        }
        assert_eq!(Earned::<Test>::get(0).accrued, 500_000);
        assert_eq!(Earned::<Test>::get(1).accrued, 0);
        assert!(events().contains(&Event::ChallengeResolved {
            settlement: id,
            resolution: Resolution::Overturned
        }));
    });
}

#[test]
fn challenger_should_pay_the_members_when_the_larger_committee_finds_the_same() {
    run(|| {
        let (world, id) = found(TRUE);
        let first = world.committee(id)[0];
        let challenger = challenger();
        assert_ok!(challenge(signed(&challenger), id));
        let fresh = world.committee(id);
        // Within the tolerance: what the first committee found stands.
        world.decide_alike(id, &[(0, 995_000), (1, 5_000)]);
        assert_eq!(stored(id).shares(), Some(&shares(TRUE)));
        assert_eq!(held(&challenger), 0);
        assert_eq!(Balances::free_balance(&challenger), FUNDS - BOND);
        for n in fresh.into_iter().chain([first]) {
            assert_eq!(bond(n), BONDED);
            assert_eq!(Credits::<Test>::get(account("attributor", n)), 50_000 / 4 + BOND / 4);
        }
        assert!(events().contains(&Event::ChallengeResolved {
            settlement: id,
            resolution: Resolution::Upheld
        }));
    });
}

#[test]
fn member_should_be_paid_when_it_alone_was_right_at_first() {
    run(|| {
        let world = world(10);
        let id = world.settle(FEE);
        let first = world.committee(id);
        let results = [(first[0], FALSE), (first[1], TRUE), (first[2], FALSE)]
            .map(|(n, list)| (n, result(list)));
        world.find(id, &results);
        assert_eq!(stored(id).shares(), Some(&shares(FALSE)));
        let challenger = challenger();
        assert_ok!(challenge(signed(&challenger), id));
        assert_eq!(world.committee(id).len(), 7);
        world.decide_alike(id, TRUE);
        assert_eq!(
            [bond(first[0]), bond(first[1]), bond(first[2])],
            [BONDED - BONDED / 10, BONDED, BONDED - BONDED / 10]
        );
        assert_eq!(Credits::<Test>::get(account("attributor", first[1])), 50_000 / 8);
        assert_eq!(Balances::free_balance(&challenger), FUNDS + 2 * reward());
    });
}

#[test]
fn first_result_should_stand_when_no_larger_committee_answers() {
    run(|| {
        let (_, id) = found(TRUE);
        let challenger = challenger();
        assert_ok!(challenge(signed(&challenger), id));
        for _ in 0..PARAMETERS.max_attempts {
            assert_eq!(stored(id).phase(), Phase::Committing);
            pass_deadline(id);
            assert_ok!(advance(id));
            check();
        }
        assert_eq!(stored(id).phase(), Phase::Finalised);
        assert_eq!(stored(id).shares(), Some(&shares(TRUE)));
        assert_eq!(Balances::free_balance(&challenger), FUNDS);
        assert!(events().contains(&Event::ChallengeResolved {
            settlement: id,
            resolution: Resolution::Unanswered
        }));
    });
}

#[test]
fn challenge_should_freeze_only_its_settlement() {
    run(|| {
        InForce::set(Parameters { committee: 1, ..PARAMETERS });
        let world = world(7);
        let ids = [FEE, FEE].map(|fee| {
            System::set_block_number(System::block_number() + 1);
            world.settle(fee)
        });
        for id in ids {
            let results: Vec<_> =
                world.committee(id).into_iter().map(|n| (n, result(TRUE))).collect();
            world.find(id, &results);
        }
        assert_ok!(challenge(signed(&challenger()), ids[0]));
        pass_deadline(ids[1]);
        assert_ok!(advance(ids[1]));
        assert_eq!(stored(ids[1]).phase(), Phase::Finalised);
        assert_eq!(stored(ids[0]).phase(), Phase::Committing);
    });
}

#[test]
fn bond_should_be_the_least_when_the_fee_is_small() {
    run(|| {
        InForce::set(Parameters { committee: 1, ..PARAMETERS });
        let world = world(4);
        let id = world.settle(10);
        let results = [(world.committee(id)[0], result(TRUE))];
        world.find(id, &results);
        let challenger = challenger();
        assert_ok!(challenge(signed(&challenger), id));
        assert_eq!(held(&challenger), CHALLENGE);
    });
}

#[test]
fn challenge_should_fail_when_nobody_signs() {
    run(|| {
        let (_, id) = found(TRUE);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Attribution::challenge(origin, id), BadOrigin);
        }
    });
}

#[test]
fn challenge_should_fail_when_there_is_no_such_settlement() {
    run(|| {
        let who = signed(&challenger());
        assert_noop!(Attribution::challenge(who, 0), Error::<Test>::NotFound);
    });
}

#[test]
fn challenge_should_fail_when_there_is_no_result_to_doubt() {
    run(|| {
        let world = world(4);
        let id = world.settle(FEE);
        let who = signed(&challenger());
        assert_noop!(Attribution::challenge(who.clone(), id), Error::<Test>::WrongPhase);
        world.decide_alike(id, TRUE);
        assert_noop!(Attribution::challenge(who, id), Error::<Test>::WrongPhase);
    });
}

#[test]
fn challenge_should_fail_when_there_was_one() {
    run(|| {
        let (world, id) = found(TRUE);
        let who = signed(&challenger());
        assert_ok!(challenge(who.clone(), id));
        assert_noop!(Attribution::challenge(who.clone(), id), Error::<Test>::WrongPhase);
        let results: Vec<_> = world.committee(id).into_iter().map(|n| (n, result(TRUE))).collect();
        world.find(id, &results);
        assert_noop!(Attribution::challenge(who, id), Error::<Test>::AlreadyExists);
    });
}

#[test]
fn challenge_should_fail_when_the_window_is_over() {
    run(|| {
        let (_, id) = found(TRUE);
        pass_deadline(id);
        let who = signed(&challenger());
        assert_noop!(Attribution::challenge(who, id), Error::<Test>::Expired);
    });
}

#[test]
fn challenge_should_fail_when_no_larger_committee_can_be_drawn() {
    run(|| {
        let world = world(5);
        let id = world.settle(FEE);
        let results: Vec<_> = world.committee(id).into_iter().map(|n| (n, result(TRUE))).collect();
        world.find(id, &results);
        let who = signed(&challenger());
        assert_noop!(Attribution::challenge(who, id), Error::<Test>::TooFew);
    });
}

#[test]
fn challenge_should_fail_when_the_bond_is_not_there() {
    run(|| {
        let (_, id) = found(TRUE);
        assert_noop!(Attribution::challenge(anyone(), id), TokenError::FundsUnavailable);
    });
}

#[test]
fn challenge_should_fail_when_some_money_is_frozen() {
    use frame_support::traits::{LockableCurrency, WithdrawReasons};
    run(|| {
        let (_, id) = found(TRUE);
        let who = challenger();
        Balances::set_lock(*b"unvested", &who, ED + 1, WithdrawReasons::all());
        assert_noop!(Attribution::challenge(signed(&who), id), TokenError::Frozen);
    });
}
