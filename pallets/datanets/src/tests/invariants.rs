use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Contribute(u8, DatanetId, u8),
    Review(u8, ContributionId, Verdict),
    Lapse(ContributionId),
    Withdraw(u8, ContributionId),
    Publish(DatanetId),
    SetLicence(DatanetId, bool),
    HandOver(u8, u8, DatanetId),
    Sell(u8, u8, ContributionId),
    ProveDuplicate(u8, ContributionId, ContributionId),
    Allow(u8, DatanetId, u8, bool),
    Appeal(u8, ContributionId),
    Resolve(ContributionId, bool),
    LapseAppeal(ContributionId),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1..5u8;
    // The third datanet is one with votes of four curators.
    let (datanet, contribution) = (0..3u32, 0..12u32);
    let verdict = prop_oneof![
        3 => Just(Verdict::Accept),
        1 => Just(Verdict::Reject(RejectReason::Duplicate)),
    ];
    prop_oneof![
        4 => (who.clone(), datanet.clone(), 1..6u8).prop_map(|(n, d, r)| Step::Contribute(n, d, r)),
        6 => (1..5u8, contribution.clone(), verdict).prop_map(|(n, c, v)| Step::Review(n, c, v)),
        1 => contribution.clone().prop_map(Step::Lapse),
        2 => (who.clone(), contribution.clone()).prop_map(|(n, c)| Step::Withdraw(n, c)),
        2 => datanet.clone().prop_map(Step::Publish),
        1 => (datanet.clone(), any::<bool>()).prop_map(|(d, r)| Step::SetLicence(d, r)),
        1 => (who.clone(), who.clone(), datanet.clone()).prop_map(|(a, b, d)| Step::HandOver(a, b, d)),
        2 => (who.clone(), who.clone(), contribution.clone()).prop_map(|(a, b, c)| Step::Sell(a, b, c)),
        2 => (who.clone(), contribution.clone(), contribution.clone())
            .prop_map(|(n, a, b)| Step::ProveDuplicate(n, a, b)),
        2 => (who.clone(), datanet, who.clone(), any::<bool>())
            .prop_map(|(n, d, w, a)| Step::Allow(n, d, w, a)),
        2 => (who, contribution.clone()).prop_map(|(n, c)| Step::Appeal(n, c)),
        2 => (contribution.clone(), any::<bool>()).prop_map(|(c, u)| Step::Resolve(c, u)),
        1 => contribution.prop_map(Step::LapseAppeal),
        1 => (1..REVIEW_PERIOD).prop_map(Step::Wait),
    ]
}

/// All roots are of numbers 1 to 5, so that any two contributions share a record.
fn prove_duplicate(n: u8, earlier: ContributionId, later: ContributionId) -> DispatchResult {
    let number = |id| {
        let root_of = Pallet::<Test>::contribution(id).map(|stored| stored.root);
        (id, (1..6).find(|n| Some(root(*n)) == root_of).unwrap_or(1))
    };
    let before = [total(1), total(2), total(3), total(4)].iter().sum::<Balance>();
    let bond = Pallet::<Test>::contribution(later).map(|stored| (stored.contributor, stored.bond));
    let finder = total(n);
    let result = send(n, duplicate_call(number(earlier), number(later)));
    if result.is_ok() {
        let (contributor, bond) = bond.expect("there was one");
        let gained = if contributor == account(n) { 0 } else { bond };
        assert_eq!(total(n), finder + gained);
        assert_eq!([total(1), total(2), total(3), total(4)].iter().sum::<Balance>(), before);
    }
    result
}

proptest! {
    #[test]
    fn invariants_should_hold_when_calls_come_in_any_order(steps in prop::collection::vec(step(), 1..60)) {
        run(|| {
            datanet();
            let withdrawn = WithdrawnRoyalties::Redirect;
            datanet_under(Licence { revocable: true, withdrawn, ..Licence::OPEN });
            let all = (1..5).map(account).collect();
            assert_ok!(send(OWNER, create_call(Licence::OPEN, Policy::Vote)));
            let curators = Curators::truncate_from(all);
            assert_ok!(send(OWNER, Call::set_curators { datanet: 2, curators }));
            for step in steps {
                // Many of these fail; a failure must leave nothing behind.
                let _ = match step {
                    Step::Contribute(n, datanet, root) => send(n, contribute_call(datanet, root)),
                    Step::Review(n, contribution, verdict) => review(n, contribution, verdict),
                    Step::Lapse(contribution) => lapse(STRANGER, contribution),
                    Step::Withdraw(n, contribution) => withdraw(n, contribution),
                    Step::Publish(datanet) => publish(CURATOR, datanet),
                    Step::SetLicence(datanet, revocable) => {
                        send(OWNER, Call::set_licence { datanet, licence: Licence { revocable, ..Licence::OPEN } })
                    },
                    Step::HandOver(from, to, datanet) => {
                        send(from, Call::transfer_ownership { datanet, new_owner: account(to) })
                            .and_then(|()| send(to, Call::accept_ownership { datanet }))
                    },
                    Step::Sell(from, to, contribution) => {
                        offer_payout(from, contribution, to)
                            .and_then(|()| accept_payout(to, contribution))
                    },
                    Step::ProveDuplicate(n, earlier, later) => prove_duplicate(n, earlier, later),
                    Step::Allow(n, datanet, who, allowed) => {
                        send(n, Call::allow { datanet, who: account(who), allowed })
                    },
                    Step::Appeal(n, contribution) => appeal(n, contribution),
                    Step::Resolve(contribution, uphold) => resolve(contribution, uphold),
                    Step::LapseAppeal(contribution) => lapse_appeal(STRANGER, contribution),
                    Step::Wait(blocks) => {
                        let now = System::block_number();
                        System::set_block_number(now + blocks);
                        Ok(())
                    },
                };
                check();
            }
        });
    }
}
