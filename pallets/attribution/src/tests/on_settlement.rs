use super::*;

#[test]
fn settlement_should_get_a_committee_and_keep_the_parameters_when_it_arrives() {
    run(|| {
        let world = world(5);
        let id = world.settle(1_000);
        let settlement = stored(id);
        assert_eq!(settlement.committee().len(), 3);
        assert_eq!(
            (settlement.phase(), settlement.attempt, settlement.deadline()),
            (Phase::Committing, 1, Some(1 + COMMIT))
        );
        for (n, who) in world.attributors.iter().enumerate() {
            let is_member = world.committee(id).contains(&(n as u32));
            assert_eq!(Attribution::open_jobs(who.clone()) == vec![id], is_member);
        }
        assert_eq!(
            events().last(),
            Some(&Event::CommitteeDrawn {
                settlement: id,
                attempt: 1,
                committee: settlement.committee().to_vec(),
                deadline: 1 + COMMIT
            })
        );
        // Governance changes its mind; this settlement does not.
        InForce::set(Parameters {
            split: SplitParameters {
                treasury: PPM,
                owner: 0,
                operator: 0,
                attributors: 0,
                data: 0,
            },
            ..PARAMETERS
        });
        world.decide_alike(id, &[(0, PPM)]);
        assert_eq!(stored(id).outcome().unwrap().split.data, 500);
        let state = Attribution::settlement(id).unwrap();
        assert_eq!((state.phase, state.total_fee), (Phase::Finalised, 1_000));
    });
}

#[test]
fn settlement_should_correct_parameters_when_they_are_out_of_range() {
    run(|| {
        let world = world(1);
        InForce::set(Parameters {
            split: SplitParameters { treasury: 1, ..SplitParameters::DEFAULT },
            committee: 0,
            commit_blocks: 0,
            reveal_blocks: 0,
            tolerance: Ppm::MAX,
            floor: Ppm::MAX,
            trace: Ppm::MAX,
            royalty: Ppm::MAX,
            max_attempts: 0,
            challenge_blocks: 0,
            challenge_bond: Ppm::MAX,
            slash: Ppm::MAX,
            silence_slash: Ppm::MAX,
            matching: Ppm::MAX,
        });
        assert!(!InForce::get().is_valid());
        let kept = stored(world.settle(1_000)).parameters;
        assert_eq!(
            kept,
            Parameters {
                split: SplitParameters::DEFAULT,
                committee: 1,
                commit_blocks: 1,
                reveal_blocks: 1,
                tolerance: 2 * PPM,
                floor: PPM,
                trace: PPM,
                royalty: PPM,
                max_attempts: 1,
                challenge_blocks: 1,
                challenge_bond: MAX_CHALLENGE_BOND,
                slash: PPM,
                silence_slash: PPM,
                matching: PPM,
            }
        );
        InForce::set(Parameters { committee: 1_000, ..PARAMETERS });
        assert_eq!(stored(world.settle(1_000)).parameters.committee, MAX_FIRST_COMMITTEE);
    });
}

#[test]
fn settlement_should_give_data_what_the_licences_demand_when_the_split_is_lower() {
    run(|| {
        let operator = operator::<Test>();
        let payer = payer::<Test>();
        attributor::<Test>(0);
        let lax = datanet::<Test>(Licence::OPEN, &[1]).0;
        let strict = datanet::<Test>(Licence { min_data_share: 800_000, ..Licence::OPEN }, &[1]).0;
        let model = adapter::<Test>(base::<Test>(), &[], &[lax, strict], true);
        let channel = channel::<Test>(&payer, &operator, 1_000);
        let id = settle::<Test>(&operator, model, channel, 1_000);
        draw();
        assert_eq!(
            stored(id).parameters.split,
            SplitParameters {
                treasury: 50_000,
                owner: 100_000,
                operator: 0,
                attributors: 50_000,
                data: 800_000
            }
        );
    });
}

#[test]
fn data_share_should_be_met_from_all_parts_in_order_when_it_is_the_whole() {
    let all = with_data_share(SplitParameters::DEFAULT, PPM);
    assert_eq!(
        all,
        SplitParameters { treasury: 0, owner: 0, operator: 0, attributors: 0, data: PPM }
    );
    assert_eq!(with_data_share(SplitParameters::DEFAULT, 500_000), SplitParameters::DEFAULT);
    for least in [0, 600_000, 760_000, 910_000, 960_000, Ppm::MAX] {
        let split = with_data_share(SplitParameters::DEFAULT, least);
        assert!(split.is_valid());
        assert!(split.data >= least.min(PPM));
    }
}

#[test]
fn settlement_should_spare_attributors_when_they_have_all_the_jobs_they_can_take() {
    run(|| {
        let world = world(1);
        let full = u64::from(<<Test as Config>::MaxJobs as Get<u32>>::get());
        let ids: Vec<_> = (0..=full).map(|_| world.settle(1_000)).collect();
        for id in &ids[..full as usize] {
            assert_eq!(stored(*id).committee().len(), 1);
        }
        assert!(stored(full).committee().is_empty());
        // As soon as one is done, there is room.
        world.decide_alike(ids[0], &[]);
        assert_ok!(advance(full));
        assert_eq!(stored(full).committee().len(), 1);
    });
}

#[test]
fn settlement_should_take_contributions_into_their_pools_when_it_is_the_models_first() {
    run(|| {
        let world = world(1);
        assert_eq!(PoolEntries::<Test>::iter().count(), 0);
        world.settle(1_000);
        assert_eq!((Pools::<Test>::get(0).units, Pools::<Test>::get(1).units), (40, 20));
        world.settle(1_000);
        assert_eq!((Pools::<Test>::get(0).units, Pools::<Test>::get(1).units), (40, 20));
    });
}

#[test]
fn settlement_should_take_contributions_in_by_parts_when_there_are_many() {
    run(|| {
        let world = world(1);
        let first = datanet::<Test>(Licence::OPEN, &[1; 200]).0;
        let second = datanet::<Test>(Licence::OPEN, &[1; 100]).0;
        let model = adapter::<Test>(base::<Test>(), &[], &[first, second], true);
        for expected in [256, 300, 300] {
            world.settle_for(model, 1_000);
            assert_eq!(Entered::<Test>::get(model, 1), expected);
            assert_eq!(
                Pools::<Test>::get(first).units + Pools::<Test>::get(second).units,
                u64::from(expected)
            );
        }
    });
}

#[test]
fn settlement_should_need_only_a_live_pot_when_the_fee_is_a_single_unit() {
    run(|| {
        let world = world(1);
        let id = world.settle(1);
        world.decide_alike(id, &[(0, PPM)]);
        // Every part is rounded down: all of it is the treasury's.
        assert_eq!(stored(id).outcome().unwrap().split.remainder, 1);
        assert_eq!(Balances::free_balance(Treasury::get()), ED + 1);
    });
}
