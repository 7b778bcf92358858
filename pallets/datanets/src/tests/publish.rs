use super::*;

#[test]
fn publish_should_freeze_what_is_accepted_when_called_by_owner_or_curator() {
    run(|| {
        let datanet = datanet();
        let (first, second) = (accepted(datanet, 1), accepted(datanet, 2));
        contribute(datanet, 3);
        assert_ok!(publish(OWNER, datanet));
        let version = Pallet::<Test>::version(datanet, 1).unwrap();
        assert_eq!(version.contributions.clone().into_inner(), [first, second]);
        assert_eq!((version.records, version.bytes, version.published), (20, 2_000, 1));
        // Leaves as docs/protocol/records.md defines them, spelt out by hand.
        let leaf = |id: u32, root: H256| {
            let mut preimage = id.to_le_bytes().to_vec();
            preimage.extend_from_slice(root.as_bytes());
            content_id(&preimage)
        };
        assert_eq!(version.root, merkle::root(&[leaf(first, root(1)), leaf(second, root(2))]));
        let event = Event::Published {
            datanet,
            version: 1,
            root: version.root,
            contributions: 2,
            records: 20,
        };
        assert_eq!(last_event(), event.into());
        accepted(datanet, 4);
        assert_ok!(publish(CURATOR, datanet));
        assert_eq!(stored(datanet).latest_version, 2);
    });
}

#[test]
fn publish_should_fail_when_nothing_is_accepted() {
    run(|| {
        let datanet = datanet();
        contribute(datanet, 1);
        assert_noop!(publish(OWNER, datanet), Error::<Test>::InvalidVersion);
    });
}

#[test]
fn publish_should_fail_when_nothing_changed() {
    run(|| {
        let datanet = datanet();
        accepted(datanet, 1);
        assert_ok!(publish(OWNER, datanet));
        assert_noop!(publish(OWNER, datanet), Error::<Test>::Stale);
    });
}

#[test]
fn publish_should_fail_when_neither_owner_nor_curator() {
    run(|| {
        let datanet = datanet();
        accepted(datanet, 1);
        assert_noop!(publish(CONTRIBUTOR, datanet), Error::<Test>::NotCurator);
    });
}

#[test]
fn publish_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(publish(OWNER, 0), Error::<Test>::NotFound);
    });
}

#[test]
fn publish_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::publish { datanet: 0 }));
}

#[test]
fn publish_should_stay_far_below_a_block_when_the_version_is_full() {
    use frame_support::weights::constants::WEIGHT_REF_TIME_PER_MILLIS;
    let worst = <Test as Config>::WeightInfo::publish(MAX_CONTRIBUTIONS);
    assert!(worst.ref_time() < 100 * WEIGHT_REF_TIME_PER_MILLIS);
}
