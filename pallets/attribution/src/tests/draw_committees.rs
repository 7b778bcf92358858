use super::*;
use frame_support::storage::with_storage_layer;

/// Settles without what the next block does.
fn settle_only(world: &World) -> SettlementId {
    settle::<Test>(&world.operator, world.model, world.channel, 1_000)
}

#[test]
fn committee_should_be_drawn_in_the_block_after_the_one_that_called_for_it() {
    run(|| {
        let world = world(5);
        let id = settle_only(&world);
        assert!(stored(id).committee().is_empty());
        assert_eq!(Undrawn::<Test>::get().into_inner(), [id]);
        let who = RuntimeOrigin::signed(account("worker", 0));
        let error = Error::<Test>::NotMember;
        assert_noop!(Attribution::commit(who, id, H256::zero()), error);
        // Nobody can have it drawn earlier, or again.
        assert_noop!(Attribution::advance(anyone(), id), Error::<Test>::TooEarly);
        check();
        System::set_block_number(2);
        draw();
        assert_eq!((stored(id).committee().len(), stored(id).deadline()), (3, Some(2 + COMMIT)));
        assert!(Undrawn::<Test>::get().is_empty());
        let committee = stored(id).committee().to_vec();
        draw();
        assert_eq!(stored(id).committee(), &committee[..]);
    });
}

#[test]
fn committees_should_be_drawn_in_the_order_of_the_calls_when_there_are_more_than_a_block_draws() {
    run(|| {
        let world = world(2);
        let ids: Vec<_> = (0..MAX_DRAWS + 2).map(|_| settle_only(&world)).collect();
        assert_eq!(Attribution::draw_committees(), MAX_DRAWS);
        assert_eq!(Undrawn::<Test>::get().into_inner(), ids[MAX_DRAWS as usize..]);
        assert_eq!(Attribution::draw_committees(), 2);
        assert_eq!(Attribution::draw_committees(), 0);
        // As many as two attributors can work on at once.
        let drawn = ids.iter().filter(|id| !stored(**id).committee().is_empty()).count();
        let most: u32 = <<Test as Config>::MaxJobs as Get<u32>>::get();
        assert_eq!(drawn, most as usize);
    });
}

#[test]
fn settlement_should_be_refused_when_too_many_wait_for_their_committees() {
    run(|| {
        let world = world(0);
        for _ in 0..MAX_UNDRAWN {
            settle_only(&world);
        }
        let settled = Settled {
            model: world.model,
            version: 1,
            operator: world.operator.clone(),
            receipts_root: H256::zero(),
            batch: H256::zero(),
            count: 1,
            total_fee: 0,
        };
        let settle = || with_storage_layer(|| Attribution::on_settlement(settled));
        assert_noop!(settle(), Error::<Test>::TooMany);
        draw();
        settle_only(&world);
    });
}
