use super::*;

const FINDER: u8 = 6;

fn prove(n: u8, earlier: (ContributionId, u8), later: (ContributionId, u8)) -> DispatchResult {
    send(n, duplicate_call(earlier, later))
}

/// A pending contribution of account number `n` with root number `r`.
fn contribute_as(n: u8, datanet: DatanetId, r: u8) -> ContributionId {
    let id = NextContributionId::<Test>::get();
    assert_ok!(send(n, contribute_call(datanet, r)));
    id
}

fn accepted_as(n: u8, datanet: DatanetId, r: u8) -> ContributionId {
    let id = contribute_as(n, datanet, r);
    assert_ok!(review(CURATOR, id, Verdict::Accept));
    id
}

fn treasury(datanet: DatanetId) -> sp_runtime::AccountId32 {
    Pallet::<Test>::treasury(datanet)
}

#[test]
fn prove_duplicate_should_void_the_later_and_pay_the_finder_when_accepted() {
    run(|| {
        let (first, second) = (datanet(), datanet());
        let earlier = accepted(first, 1);
        let later = accepted_as(STRANGER, second, 3);
        assert_ok!(prove(FINDER, (earlier, 1), (later, 3)));
        assert_eq!(status(later), Status::Voided { by: earlier });
        assert_eq!(status(earlier), Status::Accepted);
        assert!(Accepted::<Test>::get(second).is_empty());
        assert_eq!((held(STRANGER), bonded(STRANGER)), (0, 0));
        assert_eq!((total(STRANGER), total(FINDER)), (FUNDS - BOND, FUNDS + BOND));
        assert_eq!(payee(later), treasury(second));
        assert!(ContributionsOf::<Test>::contains_key(treasury(second), later));
        assert_eq!(PayoutChanges::get(), [(later, account(STRANGER))]);
        let event = Event::Voided {
            contribution: later,
            datanet: second,
            by: earlier,
            record: records(3)[0],
            finder: account(FINDER),
            bond: BOND,
        };
        assert_eq!(last_event(), event.into());
        // It never was in a version: the root is free, and nothing else changed.
        contribute_as(STRANGER, second, 3);
        assert_eq!((stored(second).tainted, stored(second).consent_epoch), (0, 0));
    });
}

#[test]
fn prove_duplicate_should_work_when_both_are_pending() {
    run(|| {
        let datanet = datanet();
        let earlier = contribute(datanet, 1);
        // One's own in the same datanet, too.
        let later = contribute(datanet, 2);
        assert_ok!(prove(FINDER, (earlier, 1), (later, 2)));
        assert_noop!(review(CURATOR, later, Verdict::Accept), Error::<Test>::WrongPhase);
        assert_ok!(review(CURATOR, earlier, Verdict::Accept));
    });
}

#[test]
fn prove_duplicate_should_taint_all_versions_that_list_it_when_published() {
    run(|| {
        // Whatever the licence.
        let datanet = datanet();
        let earlier = accepted(datanet, 1);
        let later = accepted_as(STRANGER, datanet, 2);
        assert_ok!(publish(OWNER, datanet));
        accepted(datanet, 50);
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(prove(FINDER, (earlier, 1), (later, 2)));
        assert_eq!((stored(datanet).tainted, stored(datanet).consent_epoch), (2, 1));
        assert_eq!(last_event(), Event::ConsentRevoked { datanet, consent_epoch: 1 }.into());
        // Versions never change; the next one has it no more.
        assert!(Pallet::<Test>::version(datanet, 2).unwrap().contributions.contains(&later));
        assert_ok!(publish(OWNER, datanet));
        assert!(!Pallet::<Test>::version(datanet, 3).unwrap().contributions.contains(&later));
        assert_eq!(stored(datanet).tainted, 2);
        assert_noop!(send(STRANGER, contribute_call(datanet, 2)), Error::<Test>::AlreadyExists);
    });
}

#[test]
fn prove_duplicate_should_pay_nothing_but_void_when_withdrawn_after_publication() {
    run(|| {
        let datanet = datanet();
        let earlier = accepted(datanet, 1);
        let later = accepted_as(STRANGER, datanet, 2);
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(withdraw(STRANGER, later));
        assert_eq!(bonded(STRANGER), 0);
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(prove(FINDER, (earlier, 1), (later, 2)));
        assert_eq!(status(later), Status::Voided { by: earlier });
        assert_eq!((total(STRANGER), total(FINDER)), (FUNDS, FUNDS));
        assert_eq!(payee(later), treasury(datanet));
        // The newest version does not list it.
        assert_eq!((stored(datanet).tainted, stored(datanet).consent_epoch), (1, 0));
    });
}

#[test]
fn prove_duplicate_should_count_the_earlier_when_withdrawn_after_publication() {
    run(|| {
        let datanet = datanet();
        let earlier = accepted(datanet, 1);
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(withdraw(CONTRIBUTOR, earlier));
        let later = contribute_as(STRANGER, datanet, 2);
        assert_ok!(prove(FINDER, (earlier, 1), (later, 2)));
    });
}

#[test]
fn prove_duplicate_should_only_return_the_bond_when_the_contributor_reports_itself() {
    run(|| {
        let datanet = datanet();
        let (earlier, later) = (accepted(datanet, 1), accepted_as(STRANGER, datanet, 2));
        assert_ok!(prove(STRANGER, (earlier, 1), (later, 2)));
        assert_eq!((total(STRANGER), bonded(STRANGER)), (FUNDS, 0));
        assert_eq!(payee(later), treasury(datanet));
    });
}

#[test]
fn prove_duplicate_should_pay_the_finder_when_money_was_frozen_since() {
    run(|| {
        let datanet = datanet();
        let (earlier, later) = (accepted(datanet, 1), accepted_as(STRANGER, datanet, 2));
        freeze(STRANGER, FUNDS);
        assert_ok!(prove(FINDER, (earlier, 1), (later, 2)));
        assert_eq!(total(FINDER), FUNDS + BOND);
    });
}

#[test]
fn prove_duplicate_should_end_offers_and_take_the_payouts_when_sold() {
    run(|| {
        let datanet = datanet();
        let (earlier, later) = (accepted(datanet, 1), accepted_as(STRANGER, datanet, 2));
        assert_ok!(offer_payout(STRANGER, later, 7));
        assert_ok!(accept_payout(7, later));
        assert_ok!(offer_payout(7, later, 8));
        assert_ok!(prove(FINDER, (earlier, 1), (later, 2)));
        // The bond is the contributor's, the earnings were the buyer's.
        assert_eq!((total(STRANGER), total(7)), (FUNDS - BOND, FUNDS));
        assert_eq!(PayoutChanges::get().last(), Some(&(later, account(7))));
        assert_noop!(accept_payout(8, later), Error::<Test>::NotFound);
    });
}

#[test]
fn prove_duplicate_should_fail_when_the_records_are_the_contributors_own_elsewhere() {
    run(|| {
        let (first, second) = (datanet(), datanet());
        let (earlier, later) = (accepted(first, 1), accepted(second, 1));
        let call = prove(FINDER, (earlier, 1), (later, 1));
        assert_noop!(call, Error::<Test>::NotDuplicate);
    });
}

#[test]
fn prove_duplicate_should_fail_when_the_order_is_wrong() {
    run(|| {
        let datanet = datanet();
        let (earlier, later) = (accepted(datanet, 1), accepted(datanet, 2));
        for (a, b) in [((later, 2), (earlier, 1)), ((earlier, 1), (earlier, 1))] {
            assert_noop!(prove(FINDER, a, b), Error::<Test>::NotDuplicate);
        }
    });
}

#[test]
fn prove_duplicate_should_fail_when_one_has_ended() {
    run(|| {
        let datanet = datanet();
        let [rejected, withdrawn, lapsed] = [1, 2, 3].map(|r| contribute(datanet, r));
        let reason = RejectReason::Malformed;
        assert_ok!(review(CURATOR, rejected, Verdict::Reject(reason)));
        // Never published.
        assert_ok!(withdraw(CONTRIBUTOR, withdrawn));
        after_review_period();
        assert_ok!(lapse(STRANGER, lapsed));
        let (standing, voided) = (contribute(datanet, 4), contribute(datanet, 5));
        assert_ok!(prove(FINDER, (standing, 4), (voided, 5)));
        let last = contribute(datanet, 6);
        for ended in [(rejected, 1), (withdrawn, 2), (lapsed, 3), (voided, 5)] {
            assert_noop!(prove(FINDER, ended, (last, 6)), Error::<Test>::WrongPhase);
        }
        assert_noop!(prove(FINDER, (standing, 4), (voided, 5)), Error::<Test>::WrongPhase);
    });
}

#[test]
fn prove_duplicate_should_fail_when_a_proof_does_not_hold() {
    run(|| {
        let datanet = datanet();
        let (earlier, later) = (accepted(datanet, 1), accepted(datanet, 3));
        let Call::prove_duplicate {
            earlier_proof,
            later_proof,
            record,
            earlier_index,
            later_index,
            ..
        } = duplicate_call((earlier, 1), (later, 3))
        else {
            unreachable!()
        };
        let shorter = |proof: &MerkleProof| {
            let mut proof = proof.clone();
            proof.pop();
            proof
        };
        let call = |record, earlier_index, earlier_proof, later_index, later_proof| {
            let call = Call::prove_duplicate {
                earlier,
                later,
                record,
                earlier_index,
                earlier_proof,
                later_index,
                later_proof,
            };
            send(FINDER, call)
        };
        let (e, l) = (&earlier_proof, &later_proof);
        for wrong in [
            // A record of one of them only.
            call(records(1)[0], 0, e.clone(), later_index, l.clone()),
            call(record, earlier_index + 1, e.clone(), later_index, l.clone()),
            call(record, earlier_index, e.clone(), later_index + 1, l.clone()),
            call(record, earlier_index, shorter(e), later_index, l.clone()),
            call(record, earlier_index, e.clone(), later_index, shorter(l)),
            call(record, earlier_index, e.clone(), u32::MAX, l.clone()),
            call(record, later_index, l.clone(), earlier_index, e.clone()),
        ] {
            assert_eq!(wrong, Err(Error::<Test>::InvalidProof.into()));
        }
        assert_ok!(call(record, earlier_index, e.clone(), later_index, l.clone()));
    });
}

#[test]
fn prove_duplicate_should_fail_when_earnings_cannot_be_settled() {
    run(|| {
        let datanet = datanet();
        let (earlier, later) = (accepted(datanet, 1), accepted(datanet, 2));
        LedgerRefuses::set(true);
        let call = prove(FINDER, (earlier, 1), (later, 2));
        assert_noop!(call, DispatchError::Other("refused"));
    });
}

#[test]
fn prove_duplicate_should_cost_what_settling_earnings_costs_as_well() {
    run(|| {
        use frame_support::dispatch::GetDispatchInfo;
        let weight = duplicate_call((0, 1), (1, 1)).get_dispatch_info().call_weight;
        let own = <Test as Config>::WeightInfo::prove_duplicate();
        assert_eq!(weight, own.saturating_add(Ledger::weight()));
    });
}

#[test]
fn prove_duplicate_should_fail_when_there_is_no_contribution() {
    run(|| {
        let id = accepted(datanet(), 1);
        assert_noop!(prove(FINDER, (id, 1), (id + 1, 1)), Error::<Test>::NotFound);
    });
}

#[test]
fn prove_duplicate_should_fail_when_not_signed() {
    run(|| assert_needs_signature(duplicate_call((0, 1), (1, 1))));
}
