//! The mock chain in which OpenLedger's pallets are tested. Only development dependencies name this crate.
//!
//! A pallet's own tests see the pallet as `crate`, and every other crate sees another copy of it. So the mock
//! chain cannot be one runtime in a crate of its own. It is macros instead, and each mock says only what differs:
//!
//! | macro | what it adds to a mock |
//! |---|---|
//! | [`chain!`] | the runtime `Test` of system, balances and the pallets that are named, and how its state begins |
//! | [`accounts!`] | numbered accounts, and calls from them |
//! | [`providers!`], [`datanets!`], [`models!`] | the configuration of a pallet below the one under test |
//! | [`transfer_ownership!`] | the tests of a call that two pallets have |
//!
//! The configuration of the pallet under test stands in its mock, since its tests depend on the numbers.

/// The runtime `Test`: system, balances with this existential deposit, and these pallets at these indices.
///
/// Adds `storage(balances)`, the state at genesis; `begin(storage)`, that state in block 1 with a keystore; and
/// `assert_conserved()`, which fails where money came or went.
#[macro_export]
macro_rules! chain {
    ($existential_deposit:expr; $($index:tt: $name:ident = $pallet:ident),* $(,)?) => {
        // By this name alone: what the attribute expands to names it so.
        use frame_support::derive_impl;

        type Block = frame_system::mocking::MockBlockU32<Test>;

        #[frame_support::runtime]
        mod runtime {
            #[runtime::runtime]
            #[runtime::derive(
                RuntimeCall,
                RuntimeEvent,
                RuntimeError,
                RuntimeOrigin,
                RuntimeFreezeReason,
                RuntimeHoldReason,
                RuntimeSlashReason,
                RuntimeLockId,
                RuntimeTask,
                RuntimeViewFunction
            )]
            pub struct Test;

            #[runtime::pallet_index(0)]
            pub type System = frame_system;
            #[runtime::pallet_index(10)]
            pub type Balances = pallet_balances;
            $(
                #[runtime::pallet_index($index)]
                pub type $name = $pallet;
            )*
        }

        #[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
        impl frame_system::Config for Test {
            type AccountData = pallet_balances::AccountData<u128>;
            type AccountId = sp_runtime::AccountId32;
            type Block = Block;
            type Lookup = sp_runtime::traits::IdentityLookup<sp_runtime::AccountId32>;
        }

        #[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
        impl pallet_balances::Config for Test {
            type AccountStore = System;
            type Balance = u128;
            type ExistentialDeposit = frame_support::traits::ConstU128<{ $existential_deposit }>;
            type MaxFreezes = frame_support::traits::VariantCountOf<RuntimeFreezeReason>;
            type RuntimeFreezeReason = RuntimeFreezeReason;
            type RuntimeHoldReason = RuntimeHoldReason;
        }

        /// The state at genesis, with these balances.
        pub fn storage(balances: Vec<(sp_runtime::AccountId32, u128)>) -> sp_runtime::Storage {
            use sp_runtime::BuildStorage;
            let mut storage =
                frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
            pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
                .assimilate_storage(&mut storage)
                .unwrap();
            storage
        }

        /// A state in block 1, with a keystore.
        pub fn begin(storage: sp_runtime::Storage) -> sp_io::TestExternalities {
            use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
            let mut state = sp_io::TestExternalities::new(storage);
            state.register_extension(KeystoreExt::new(MemoryKeystore::new()));
            state.execute_with(|| System::set_block_number(1));
            state
        }

        /// Checks that all accounts together have what was issued.
        pub fn assert_conserved() {
            let all = frame_system::Account::<Test>::iter_values()
                .map(|account| account.data.free + account.data.reserved)
                .sum::<u128>();
            assert_eq!(all, pallet_balances::TotalIssuance::<Test>::get());
        }
    };
}

/// Numbered accounts, and the calls of the pallet under test from them.
#[macro_export]
macro_rules! accounts {
    () => {
        /// Account number `n`.
        pub fn account(n: u8) -> sp_runtime::AccountId32 {
            sp_runtime::AccountId32::new([n; 32])
        }

        /// Sends `call` from account number `n`.
        pub fn send(n: u8, call: Call<Test>) -> frame_support::dispatch::DispatchResult {
            send_as(RuntimeOrigin::signed(account(n)), call)
        }

        /// Sends `call` from `origin`, as a transaction would: a failure leaves nothing behind.
        pub fn send_as(
            origin: RuntimeOrigin,
            call: Call<Test>,
        ) -> frame_support::dispatch::DispatchResult {
            use sp_runtime::traits::Dispatchable;
            RuntimeCall::from(call).dispatch(origin).map(|_| ()).map_err(|error| error.error)
        }

        /// Checks that neither nobody nor Root can send `call`.
        pub fn assert_needs_signature(call: Call<Test>) {
            for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
                frame_support::assert_noop!(
                    send_as(origin, call.clone()),
                    sp_runtime::DispatchError::BadOrigin
                );
            }
        }

        /// The last event.
        pub fn last_event() -> RuntimeEvent {
            System::events().pop().expect("there is an event").event
        }
    };
}

/// `pallet-providers` for tests of a pallet above it: at most so many attributors, and this delay.
#[macro_export]
macro_rules! providers {
    (attributors: $attributors:expr, delay: $delay:expr) => {
        impl pallet_providers::Config for Test {
            type Currency = Balances;
            type MaxAttributors = frame_support::traits::ConstU32<{ $attributors }>;
            type MinBond = frame_support::traits::ConstU128<{ openledger_primitives::UNIT }>;
            type RuntimeHoldReason = RuntimeHoldReason;
            type UnbondingDelay = frame_support::traits::ConstU32<{ $delay }>;
            type WeightInfo = pallet_providers::weights::SubstrateWeight<Test>;
        }
    };
}

/// `pallet-datanets` for tests of a pallet above it: its name in the runtime, and who is told of other payees.
#[macro_export]
macro_rules! datanets {
    ($name:ident, payouts: $payouts:ty) => {
        frame_support::parameter_types! {
            pub const DatanetsPalletId: frame_support::PalletId =
                frame_support::PalletId(*b"ol/datan");
            pub const DatanetDeposit: RuntimeHoldReason =
                RuntimeHoldReason::$name(pallet_datanets::HoldReason::Deposit);
        }

        impl pallet_datanets::Config for Test {
            type AppealBond = frame_support::traits::ConstU128<70>;
            type AppealOrigin = frame_system::EnsureRoot<sp_runtime::AccountId32>;
            type AppealPeriod = frame_support::traits::ConstU32<10>;
            type Consideration = $crate::deposit!(DatanetDeposit);
            type ContributionBond = frame_support::traits::ConstU128<50>;
            type Currency = Balances;
            type OnPayoutChange = $payouts;
            type PalletId = DatanetsPalletId;
            type ReviewPeriod = frame_support::traits::ConstU32<10>;
            type RuntimeHoldReason = RuntimeHoldReason;
            type WeightInfo = pallet_datanets::weights::SubstrateWeight<Test>;
        }
    };
}

/// `pallet-models` for tests of a pallet above it: its name in the runtime.
#[macro_export]
macro_rules! models {
    ($name:ident) => {
        frame_support::parameter_types! {
            pub const ModelDeposit: RuntimeHoldReason =
                RuntimeHoldReason::$name(pallet_models::HoldReason::Deposit);
        }

        impl pallet_models::Config for Test {
            type Consideration = $crate::deposit!(ModelDeposit);
            type Currency = Balances;
            type Methods = frame_support::traits::Everything;
            type PriceNotice = frame_support::traits::ConstU32<10>;
            type WeightInfo = pallet_models::weights::SubstrateWeight<Test>;
        }
    };
}

/// A storage deposit for this reason: `$item` for each item and one unit for each byte. Without a number, the
/// item costs ten.
#[macro_export]
macro_rules! deposit {
    ($reason:ty) => {
        $crate::deposit!($reason, 10)
    };
    ($reason:ty, $item:expr) => {
        frame_support::traits::fungible::HoldConsideration<
            sp_runtime::AccountId32,
            Balances,
            $reason,
            frame_support::traits::LinearStoragePrice<
                frame_support::traits::ConstU128<$item>,
                frame_support::traits::ConstU128<1>,
                u128,
            >,
        >
    };
}

/// The tests of `transfer_ownership` for what has the id `$id`. `$made` makes one that is `OWNER`'s, and `$owner`
/// says whose one is.
#[macro_export]
macro_rules! transfer_ownership {
    ($id:ident, $made:expr, $owner:expr) => {
        fn offer(n: u8, $id: u32, to: u8) -> DispatchResult {
            send(n, Call::transfer_ownership { $id, new_owner: account(to) })
        }

        #[test]
        fn transfer_ownership_should_only_offer_when_called_by_the_owner() {
            run(|| {
                let $id = $made;
                assert_ok!(offer(OWNER, $id, 5));
                let event = Event::OwnershipOffered { $id, to: account(5) };
                assert_eq!(last_event(), event.into());
                assert_eq!($owner($id), account(OWNER));
            });
        }

        #[test]
        fn transfer_ownership_should_replace_the_offer_when_called_again() {
            run(|| {
                let $id = $made;
                assert_ok!(offer(OWNER, $id, 5));
                assert_ok!(offer(OWNER, $id, OWNER));
                assert_noop!(send(5, Call::accept_ownership { $id }), Error::<Test>::NotOwner);
            });
        }

        #[test]
        fn transfer_ownership_should_fail_when_not_the_owner() {
            run(|| {
                let $id = $made;
                assert_noop!(offer(5, $id, 5), Error::<Test>::NotOwner);
            });
        }

        #[test]
        fn transfer_ownership_should_fail_when_there_is_nothing_with_this_id() {
            run(|| {
                assert_noop!(offer(OWNER, 0, 5), Error::<Test>::NotFound);
            });
        }

        #[test]
        fn transfer_ownership_should_fail_when_not_signed() {
            run(|| {
                let $id = 0;
                assert_needs_signature(Call::transfer_ownership { $id, new_owner: account(1) });
            });
        }
    };
}
