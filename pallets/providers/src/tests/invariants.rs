use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Register(u8, Role, Balance),
    BondMore(u8, Role, Balance),
    Unbond(u8, Role, Balance),
    Withdraw(u8, Role),
    Worker(u8, Option<u8>),
    Slash(u8, Role, Balance),
    Heartbeat(u8, Role),
    Ledger(u8),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1..6u8;
    let role = prop::sample::select(&ROLES[..]);
    let amount = 0..4 * MIN_BOND;
    let worker = prop::option::of(6..9u8);
    prop_oneof![
        3 => (who.clone(), role.clone(), amount.clone()).prop_map(|(n, r, a)| Step::Register(n, r, a)),
        1 => (who.clone(), role.clone(), amount.clone()).prop_map(|(n, r, a)| Step::BondMore(n, r, a)),
        1 => (who.clone(), role.clone(), amount.clone()).prop_map(|(n, r, a)| Step::Unbond(n, r, a)),
        1 => (who.clone(), role.clone()).prop_map(|(n, r)| Step::Withdraw(n, r)),
        1 => (who.clone(), worker).prop_map(|(n, w)| Step::Worker(n, w)),
        1 => (who.clone(), role.clone()).prop_map(|(n, r)| Step::Heartbeat(n, r)),
        1 => who.clone().prop_map(Step::Ledger),
        1 => (who, role, amount).prop_map(|(n, r, a)| Step::Slash(n, r, a)),
        1 => (1..DELAY).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn invariants_should_hold_when_calls_come_in_any_order(steps in prop::collection::vec(step(), 1..60)) {
        run(|| {
            for step in steps {
                // Many of these fail; a failure must leave nothing behind.
                let _ = match step {
                    Step::Register(n, role, bond) => register(n, role, bond),
                    Step::BondMore(n, role, amount) => bond_more(n, role, amount),
                    Step::Unbond(n, role, amount) => unbond(n, role, amount),
                    Step::Withdraw(n, role) => withdraw(n, role),
                    Step::Worker(n, worker) => set_worker(n, worker),
                    Step::Slash(n, role, amount) => {
                        let taken = Pallet::<Test>::slash(role, &account(n), amount, &account(9));
                        assert!(taken <= amount);
                        Ok(())
                    },
                    Step::Heartbeat(n, role) => heartbeat(n, role),
                    Step::Ledger(n) => send(n, Call::set_ledger { ledger: H256::zero() }),
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
