use super::*;

fn claims(who: &AccountId32) -> Vec<(ContributionId, Balance)> {
    let claims = Attribution::claimable(who.clone()).contributions;
    claims.into_iter().map(|claim| (claim.contribution, claim.accrued - claim.claimed)).collect()
}

#[test]
fn payout_change_should_leave_what_was_earned_with_the_seller_when_sold() {
    run(|| {
        let world = world(1);
        let (seller, buyer) = (account("contributor", 0), account("buyer", 0));
        // Data 600,000: 240,000 direct; 60,000 of the pool.
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[(0, 400_000)]);
        sell(0, &buyer);
        assert_eq!(Credits::<Test>::get(&seller), 300_000);
        assert!(events().contains(&Event::EarningsCredited {
            contribution: 0,
            account: seller.clone(),
            amount: 300_000
        }));
        assert_eq!((claims(&seller), claims(&buyer)), (vec![], vec![(0, 0)]));
        check();
        // What comes later is the buyer's.
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[(0, 400_000)]);
        assert_eq!(claims(&buyer), [(0, 300_000)]);
        assert_ok!(Attribution::claim_contributions(anyone(), vec![0].try_into().unwrap()));
        assert_eq!(Balances::free_balance(&buyer), 300_000);
        let before = Balances::free_balance(&seller);
        assert_ok!(Attribution::claim(anyone(), seller.clone()));
        assert_eq!(Balances::free_balance(&seller), before + 300_000);
    });
}

#[test]
fn payout_change_should_credit_only_what_was_not_claimed() {
    run(|| {
        let world = world(1);
        let seller = account("contributor", 2);
        let id = world.settle(1_000_000);
        world.decide_alike(id, &[(2, PPM)]);
        assert_ok!(Attribution::claim_contributions(anyone(), vec![2].try_into().unwrap()));
        sell(2, &account("buyer", 0));
        assert_eq!(Credits::<Test>::get(&seller), 0);
        assert!(!events().iter().any(|event| matches!(event, Event::EarningsCredited { .. })));
        // Selling on earns nobody anything.
        sell(2, &account("buyer", 1));
        assert_eq!(Credits::<Test>::get(account("buyer", 0)), 0);
    });
}

#[test]
fn payout_change_should_give_the_buyer_what_is_decided_later_when_settled_before() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_000_000);
        sell(2, &account("buyer", 0));
        world.decide_alike(id, &[(2, PPM)]);
        assert_eq!(claims(&account("buyer", 0)), [(2, 500_000)]);
        assert_eq!(Credits::<Test>::get(account("contributor", 2)), 0);
    });
}
