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

#[test]
fn payout_change_should_leave_what_was_earned_when_a_withdrawal_redirects() {
    use openledger_primitives::licence::WithdrawnRoyalties;
    run(|| {
        let world = world(1);
        let withdrawn = WithdrawnRoyalties::Redirect;
        let (datanet, ids) = datanet::<Test>(Licence { withdrawn, ..Licence::OPEN }, &[5]);
        let world = World { model: adapter::<Test>(0, &[], &[datanet], true), ..world };
        let (id, giver) = (ids[0], account("contributor", ids[0]));
        let first = world.settle(1_000_000);
        world.decide_alike(first, &[(id, PPM)]);
        assert_ok!(Datanets::withdraw(signed(&giver), id));
        assert_eq!(Credits::<Test>::get(&giver), 500_000);
        let second = world.settle(1_000_000);
        world.decide_alike(second, &[(id, PPM)]);
        assert_eq!(claims(&Datanets::treasury(datanet)), [(id, 500_000)]);
        assert_eq!(claims(&giver), []);
    });
}

#[test]
fn payout_change_should_send_later_earnings_to_the_datanet_when_voided() {
    use openledger_primitives::merkle;
    use pallet_datanets::{MerkleProof, Policy, Status, Verdict};
    run(|| {
        let world = world(1);
        let curator = || signed(&funded::<Test>("curator", 0));
        // A contribution in each of two datanets, of the same record.
        let record = H256::repeat_byte(3);
        let [(_, earlier), (datanet, later)] = [0, 1].map(|n| {
            let datanet = pallet_datanets::NextDatanetId::<Test>::get();
            let name = b"datanet".to_vec().try_into().unwrap();
            let curators = vec![account("curator", 0)].try_into().unwrap();
            let open = Licence::OPEN;
            let metadata = Default::default();
            assert_ok!(Datanets::create(curator(), name, metadata, open, Policy::Open, curators));
            let id = pallet_datanets::NextContributionId::<Test>::get();
            let (root, label) = (merkle::root(&[record]), Default::default());
            let contributor = signed(&funded::<Test>("giver", n));
            assert_ok!(Datanets::contribute(contributor, datanet, root, root, 1, 10, label));
            assert_ok!(Datanets::review(curator(), id, Verdict::Accept));
            assert_ok!(Datanets::publish(curator(), datanet));
            (datanet, id)
        });
        let world = World { model: adapter::<Test>(0, &[], &[datanet], true), ..world };
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[(later, 400_000)]);
        let (proof, giver) = (MerkleProof::default(), account("giver", 1));
        assert_ok!(Datanets::prove_duplicate(
            signed(&account("giver", 0)),
            earlier,
            later,
            record,
            0,
            proof.clone(),
            0,
            proof,
        ));
        let status = Datanets::contribution(later).unwrap().status;
        assert_eq!(status, Status::Voided { by: earlier });
        // What it earned before stays its contributor's: 240,000 direct, 360,000 of its pool.
        assert_eq!(Credits::<Test>::get(&giver), 600_000);
        assert_eq!(claims(&giver), []);
        check();
        // The rest is the treasury's, and anyone may have it paid there.
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[(later, 400_000)]);
        let treasury = Datanets::treasury(datanet);
        assert_eq!(claims(&treasury), [(later, 600_000)]);
        assert_ok!(Attribution::claim_contributions(anyone(), vec![later].try_into().unwrap()));
        assert_eq!(Balances::free_balance(&treasury), 600_000);
    });
}
