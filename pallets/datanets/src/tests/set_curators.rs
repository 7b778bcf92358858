use super::*;

fn set_curators(n: u8, datanet: DatanetId, curators: &[u8]) -> DispatchResult {
    let curators = curators.iter().copied().map(account).collect();
    send(n, Call::set_curators { datanet, curators: Curators::truncate_from(curators) })
}

#[test]
fn set_curators_should_change_who_reviews_when_called_by_the_owner() {
    run(|| {
        let datanet = datanet();
        let contribution = contribute(datanet, 1);
        assert_ok!(set_curators(OWNER, datanet, &[6, 5, 6]));
        let curators = Curators::truncate_from([5, 6].map(account).to_vec());
        assert_eq!(last_event(), Event::CuratorsSet { datanet, curators }.into());
        assert_noop!(review(CURATOR, contribution, Verdict::Accept), Error::<Test>::NotCurator);
        assert_ok!(review(6, contribution, Verdict::Accept));
    });
}

#[test]
fn set_curators_should_fail_when_not_the_owner() {
    run(|| {
        let datanet = datanet();
        assert_noop!(set_curators(CURATOR, datanet, &[5]), Error::<Test>::NotOwner);
    });
}

#[test]
fn set_curators_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(set_curators(OWNER, 0, &[5]), Error::<Test>::NotFound);
    });
}

#[test]
fn set_curators_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::set_curators { datanet: 0, curators: Curators::new() }));
}
