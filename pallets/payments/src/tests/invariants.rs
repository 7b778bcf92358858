use super::*;
use openledger_primitives::licence::Licence;

#[test]
fn money_should_be_conserved_when_a_channel_lives_and_dies() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        let datanet = datanet::<Test>(Licence::OPEN, &[1]).0;
        let model = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
        let before = Balances::free_balance(&payer);
        let first = channel::<Test>(&payer, &operator, 1_000);
        let second = channel::<Test>(&payer, &operator, 100);
        assert_ok!(Payments::top_up(signed(&payer), first, 11));
        settle::<Test>(&operator, model, first, 1_010);
        settle::<Test>(&operator, model, second, 1);
        assert_eq!(held(&payer), 100);
        assert_ok!(Payments::close(signed(&operator), first));
        assert_ok!(Payments::close(signed(&operator), second));
        assert_eq!(held(&payer), 0);
        assert_eq!(Balances::free_balance(&payer), before - 1_011);
        assert_eq!(Channels::<Test>::iter().count() + ChannelsOf::<Test>::iter().count(), 0);
    });
}

#[test]
fn settle_should_stay_far_below_a_block_when_it_has_the_most_claims() {
    let weight = weights::SubstrateWeight::<Test>::settle(64, MAX_SHARES);
    // A quarter of a block of two seconds.
    assert!(weight.ref_time() < 500_000_000_000, "{weight:?}");
}
