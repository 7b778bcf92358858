//! What no order of claims, and no way to spread contributions over accounts, can change.

use super::*;
use proptest::prelude::*;
use sp_runtime::traits::Dispatchable;

/// A settlement that is decided, and the claims that follow it at once.
type Round = (Balance, Ppm, Ppm, Vec<ContributionId>);

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let claims = proptest::collection::vec(0u32..3, 0..3);
    let round = (1u128..10_000_000, 0u32..=PPM / 2, 0u32..=PPM / 2, claims);
    proptest::collection::vec(round, 1..6)
}

fn list(shares: Vec<(ContributionId, Ppm)>) -> Vec<(ContributionId, Ppm)> {
    shares.into_iter().filter(|(_, ppm)| *ppm > 0).collect()
}

/// Fails where there is nothing, or not enough for an account to exist.
fn claim(contribution: ContributionId) {
    let ids = vec![contribution].try_into().unwrap();
    let call = Call::<Test>::claim_contributions { ids };
    let _ = RuntimeCall::from(call).dispatch(anyone());
}

/// What each contributor has in the end, after claims as they come, and then in this order.
fn paid(rounds: &[Round], last: [ContributionId; 3]) -> [Balance; 3] {
    let mut paid = [0; 3];
    run(|| {
        let world = world(1);
        for (fee, first, second, claims) in rounds {
            let id = world.settle(*fee);
            world.decide_alike(id, &list(vec![(0, *first), (2, *second)]));
            claims.iter().copied().for_each(claim);
            check();
        }
        last.into_iter().for_each(claim);
        paid = [0, 1, 2].map(|n| Balances::free_balance(account("contributor", n)));
    });
    paid
}

/// What the contributors of the first datanet, who are one person, earn with these shares.
fn earned(fee: Balance, shares: Vec<(ContributionId, Ppm)>) -> Balance {
    let mut earned = 0;
    run(|| {
        let world = world(1);
        let id = world.settle(fee);
        world.decide_alike(id, &list(shares));
        earned = [0, 1].map(|id| Attribution::earnings(id).accrued).iter().sum();
    });
    earned
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn claims_should_give_the_same_sums_when_they_come_in_any_order_and_however_often(
        rounds in rounds(),
        last in Just([0, 1, 2]).prop_shuffle(),
    ) {
        let rare: Vec<Round> =
            rounds.iter().map(|(fee, a, b, _)| (*fee, *a, *b, Vec::new())).collect();
        prop_assert_eq!(paid(&rounds, last), paid(&rare, [0, 1, 2]));
    }

    /// Two contributions of one person share what one of them would have had.
    #[test]
    fn payout_should_not_grow_when_shares_are_spread_over_contributions(
        fee in 1u128..1_000_000_000,
        share in 0u32..=PPM,
        cut in 0u64..=1_000_000,
    ) {
        let part = (u64::from(share) * cut / 1_000_000) as Ppm;
        let whole = earned(fee, vec![(0, share)]);
        let spread = earned(fee, vec![(0, part), (1, share - part)]);
        // At most what rounding down leaves to the pools, of which both have their records' part.
        prop_assert!(spread <= whole + 1, "{spread} > {whole}");
    }
}

#[test]
fn payout_should_not_change_when_one_account_is_paid_for_contributions_of_two() {
    run(|| {
        let world = world(1);
        let (first, second) = (account("contributor", 0), account("contributor", 1));
        let before = Balances::free_balance(&first) + Balances::free_balance(&second);
        for merged in [false, true] {
            if merged {
                sell(1, &first);
            }
            let id = world.settle(1_000_003);
            world.decide_alike(id, &[(0, 333_333), (1, 222_222)]);
        }
        for id in [1, 0] {
            claim(id);
        }
        for who in [&first, &second] {
            let _ = Attribution::claim(anyone(), who.clone());
        }
        let after = Balances::free_balance(&first) + Balances::free_balance(&second);
        let accrued: Balance = [0, 1].map(|id| Attribution::earnings(id).accrued).iter().sum();
        assert_eq!(after - before, accrued);
    });
}

#[test]
fn claim_and_transfer_should_be_harmless_when_they_are_to_oneself() {
    run(|| {
        let world = world(1);
        let who = account("contributor", 0);
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[(0, 400_000)]);
        let before = Balances::free_balance(&who);
        sell(0, &who);
        let ids = || vec![0].try_into().unwrap();
        assert_ok!(Attribution::claim_contributions(signed(&who), ids()));
        assert_eq!(Balances::free_balance(&who), before + 300_000);
        let error = Error::<Test>::NotFound;
        assert_noop!(Attribution::claim_contributions(signed(&who), ids()), error);
        assert_noop!(Attribution::claim(signed(&who), who.clone()), Error::<Test>::NotFound);
    });
}

/// A pool with one record, and the smallest fee: whoever comes next must not pay for it.
#[test]
fn first_in_a_pool_should_gain_nothing_from_those_who_follow() {
    run(|| {
        let payer = payer::<Test>();
        let operator = operator::<Test>();
        attributor::<Test>(0);
        let datanet = datanet::<Test>(Licence::OPEN, &[1]).0;
        let first = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
        let channel = channel::<Test>(&payer, &operator, FUNDS / 2);
        let world =
            World { operator, model: first, channel, attributors: vec![account("attributor", 0)] };
        let id = world.settle(2);
        world.decide_alike(id, &[]);
        assert_eq!(Attribution::earnings(0).accrued, 1);
        let (late, model) = newcomer(999, &[2]);
        let world = World { model, ..world };
        let id = world.settle(2_000_000);
        world.decide_alike(id, &[]);
        assert_eq!(Attribution::earnings(0).accrued, 1 + 1_000);
        assert_eq!(Attribution::earnings(late).accrued, 999_000);
    });
}

/// Who enters a pool just before a fee is divided shares it by its records, and only from then on: what
/// was divided before stays with those who were there.
#[test]
fn newcomer_should_gain_nothing_of_what_was_divided_when_it_comes_between_two_fees() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[]);
        let before = [0, 1].map(|id| Attribution::earnings(id).accrued);
        let (late, model) = newcomer(u32::MAX, &[2]);
        let id = world.settle_for(model, 100);
        world.decide_alike(id, &[(late, PPM)]);
        claim(late);
        assert_eq!([0, 1].map(|id| Attribution::earnings(id).accrued), before);
        assert_eq!(Attribution::earnings(late).accrued, 50);
    });
}
