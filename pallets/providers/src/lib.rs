//! # Providers
//!
//! Accounts that do off-chain work under a bond: *operators* serve answers, *attributors* compute
//! whose data made them likely, *curators* review contributions.
//!
//! ## Surface
//!
//! An account registers for a role with a bond of at least [`Config::MinBond`], may raise it, and
//! takes it back in two steps: [`unbond`](Pallet::unbond) starts a delay of
//! [`Config::UnbondingDelay`] blocks, [`withdraw_unbonded`](Pallet::withdraw_unbonded) ends it. What
//! is leaving can still be slashed. An attributor also names the account with which its off-chain
//! worker signs; that account serves one attributor, and its key has to agree, so that nobody occupies
//! another's worker. A provider may say that it is there: [`heartbeat`](Pallet::heartbeat). An operator
//! names the ledger that its gateway serves from ([`set_ledger`](Pallet::set_ledger)), so that no second
//! gateway of it, with another ledger, serves for the same vouchers.
//!
//! ## Cross-pallet contract
//!
//! This pallet asks nothing of the other product pallets. They may ask it:
//! - [`is_active`](Pallet::is_active): may this account work in this role now?
//! - [`attributors`](Pallet::attributors): whom may a committee be drawn from, with what weight?
//!   Sorted by account, at most [`Config::MaxAttributors`], so that a draw has a bounded cost.
//! - [`attributor_of`](Pallet::attributor_of): for whom does this worker sign?
//! - [`slash`](Pallet::slash): take from a bond, to a named beneficiary.
//! - [`verify`]: whose key made a signature, of any of the kinds that the protocol knows.
//!
//! An attributor who stops being active leaves the list at once, but keeps its worker until the last
//! of its bond is withdrawn, so that it can finish what it was drawn for.
//!
//! ## Money model
//!
//! Bonds are *held* on the provider's own account, under one [`HoldReason`] for each role; nothing
//! moves but by [`slash`](Pallet::slash). For every role and account: funds on hold = `bond` +
//! `unbonding`. A bond is zero or at least the minimum, unless a slash cut it. An entry exists as long
//! as it holds anything.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(any(test, feature = "runtime-benchmarks")),
    deny(
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing
    )
)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
mod verify;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use verify::verify;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
    pallet_prelude::*,
    traits::fungible::{self, hold::Mutate as _},
};
use frame_system::pallet_prelude::*;
use openledger_primitives::{
    attribution::worker_consent, signature::Signer, Balance, BlockNumber, H256,
};
use pallet_common::{forfeit, genesis, now, release};
use sp_runtime::AccountId32;

// What the attributes below expand to has an `expect` here and there, and calls take what they take.
#[allow(clippy::expect_used, clippy::too_many_arguments)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32, Hash = H256> {
        /// Where bonds are held.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for a hold.
        type RuntimeHoldReason: From<HoldReason>;

        /// The least bond of an active provider, in units. Raising it needs a migration of
        /// [`Attributors`].
        #[pallet::constant]
        type MinBond: Get<Balance>;

        /// Blocks between unbonding and withdrawing.
        #[pallet::constant]
        type UnbondingDelay: Get<BlockNumber>;

        /// The most active attributors.
        #[pallet::constant]
        type MaxAttributors: Get<u32>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why funds are on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The bond of an operator.
        OperatorBond,
        /// The bond of an attributor.
        AttributorBond,
        /// The bond of a curator.
        CuratorBond,
    }

    impl From<Role> for HoldReason {
        fn from(role: Role) -> Self {
            match role {
                Role::Operator => Self::OperatorBond,
                Role::Attributor => Self::AttributorBond,
                Role::Curator => Self::CuratorBond,
            }
        }
    }

    /// Who does what, by role and account.
    #[pallet::storage]
    pub type Providers<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        T::AccountId,
        Provider,
        OptionQuery,
    >;

    /// The attributor for whom a worker's account signs.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId>;

    /// The worker's account of an attributor: the reverse of [`Workers`].
    #[pallet::storage]
    pub type WorkerOf<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId>;

    /// The active attributors with their bonds, ascending by account.
    #[pallet::storage]
    pub type Attributors<T: Config> =
        StorageValue<_, BoundedVec<(T::AccountId, Balance), T::MaxAttributors>, ValueQuery>;

    /// The block of a provider's last heartbeat.
    #[pallet::storage]
    pub type LastSeen<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        T::AccountId,
        BlockNumber,
        OptionQuery,
    >;

    /// The ledger that an operator's gateway serves from, by the operator's account.
    #[pallet::storage]
    pub type Ledgers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, H256>;

    /// Providers from the first block on: role, account, bond in units, worker's account.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// `(role, account, bond, worker)`; a worker only for an attributor.
        pub providers: Vec<GenesisProvider<T::AccountId>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            for (role, who, bond, worker) in &self.providers {
                let outcome = Pallet::<T>::do_register(*role, who, *bond, Metadata::default())
                    .and_then(|()| match worker {
                        Some(_) if *role != Role::Attributor => Err(Error::<T>::NotFound.into()),
                        Some(_) => Pallet::<T>::appoint(who, worker.clone()),
                        None => Ok(()),
                    });
                if let Err(error) = outcome {
                    panic!("genesis: cannot register {who:?} as {role:?}: {error:?}");
                }
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An account took up a role.
        Registered {
            /// The role that it takes up.
            role: Role,
            /// The account that is a provider now.
            who: T::AccountId,
            /// Its bond, in units.
            bond: Balance,
        },
        /// A provider raised its bond.
        BondIncreased {
            /// The role that the bond is for.
            role: Role,
            /// The provider that raised it.
            who: T::AccountId,
            /// By how much, in units.
            amount: Balance,
            /// The bond now, in units.
            bond: Balance,
        },
        /// A provider began to take back some of its bond.
        UnbondingStarted {
            /// The role that the bond is for.
            role: Role,
            /// The provider that takes it back.
            who: T::AccountId,
            /// The amount that becomes free, in units.
            amount: Balance,
            /// The bond now, in units.
            bond: Balance,
            /// The block from which it may be withdrawn.
            until: BlockNumber,
        },
        /// What was unbonding is free again.
        Withdrawn {
            /// The role that the bond was for.
            role: Role,
            /// The provider that has it back.
            who: T::AccountId,
            /// The amount, in units.
            amount: Balance,
        },
        /// A provider gave up a role: nothing is held for it any more.
        Unregistered {
            /// The role that it gave up.
            role: Role,
            /// The account that is no provider in this role any more.
            who: T::AccountId,
        },
        /// A provider described itself anew.
        MetadataSet {
            /// The role that the description is of.
            role: Role,
            /// The provider that it is of.
            who: T::AccountId,
        },
        /// An attributor named its worker's account, or dismissed it.
        WorkerSet {
            /// The attributor whose worker changed.
            attributor: T::AccountId,
            /// The worker's account now.
            worker: Option<T::AccountId>,
        },
        /// A provider lost some of its bond.
        Slashed {
            /// The role that the bond is for.
            role: Role,
            /// The provider that lost it.
            who: T::AccountId,
            /// The amount that it lost, in units.
            amount: Balance,
            /// Who received it.
            beneficiary: T::AccountId,
        },
        /// A provider said that it is there.
        Heartbeat {
            /// The role in which it works.
            role: Role,
            /// The provider that is there.
            who: T::AccountId,
        },
        /// An operator named the ledger that its gateway serves from.
        LedgerSet {
            /// The operator that serves from it.
            who: T::AccountId,
            /// The ledger's id.
            ledger: H256,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No such provider: register for this role first.
        NotFound,
        /// The account is registered for this role already, or the worker serves another attributor.
        AlreadyExists,
        /// There are as many active attributors as the chain allows.
        TooMany,
        /// The unbonding delay is not over.
        TooEarly,
        /// To unbond: something is unbonding already. To withdraw: nothing is unbonding.
        WrongPhase,
        /// The bond would be less than the minimum.
        InvalidBond,
        /// The amount is zero, or more than is bonded.
        InvalidAmount,
        /// The signature is not the worker's over its consent to serve this attributor.
        BadSignature,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MinBond::get() > 0, "without a bond, registering would cost nothing");
            assert!(T::MaxAttributors::get() > 0, "somebody must be able to attribute");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Take up a role: operator, attributor or curator.
        ///
        /// `bond` (in units; 1 OPEN = 10^18) is held on your account until you unbond it and the delay
        /// is over; misconduct can cost you some of it. `metadata` says where to reach you (of an
        /// operator, the URL of its gateway), in which region you are, and on what hardware you work; each
        /// may be empty.
        #[pallet::call_index(0)]
        pub fn register(
            origin: OriginFor<T>,
            role: Role,
            #[pallet::compact] bond: Balance,
            metadata: Metadata,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(role, &who, bond, metadata)
        }

        /// Raise your bond in a role by `amount` units.
        ///
        /// Afterwards it must be at least the minimum. What is unbonding keeps unbonding.
        #[pallet::call_index(1)]
        pub fn bond_more(
            origin: OriginFor<T>,
            role: Role,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(amount > 0, Error::<T>::InvalidAmount);
            let mut provider = Providers::<T>::get(role, &who).ok_or(Error::<T>::NotFound)?;
            let bond = provider.bond.saturating_add(amount);
            ensure!(bond >= T::MinBond::get(), Error::<T>::InvalidBond);
            T::Currency::hold(&Self::hold_reason(role), &who, amount)?;
            Self::list(role, &who, bond)?;
            provider.bond = bond;
            Providers::<T>::insert(role, &who, provider);
            Self::deposit_event(Event::BondIncreased { role, who, amount, bond });
            Ok(())
        }

        /// Begin to take `amount` units of your bond in a role back.
        ///
        /// What is left must be at least the minimum, or nothing: then you stop being active at once.
        /// The amount stays on hold, and at stake, until the delay is over and you withdraw it. One
        /// amount can be unbonding at a time.
        #[pallet::call_index(2)]
        pub fn unbond(
            origin: OriginFor<T>,
            role: Role,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(amount > 0, Error::<T>::InvalidAmount);
            let mut provider = Providers::<T>::get(role, &who).ok_or(Error::<T>::NotFound)?;
            ensure!(provider.unbonding.is_none(), Error::<T>::WrongPhase);
            let bond = provider.bond.checked_sub(amount).ok_or(Error::<T>::InvalidAmount)?;
            ensure!(bond == 0 || bond >= T::MinBond::get(), Error::<T>::InvalidBond);
            let until = now::<T>().saturating_add(T::UnbondingDelay::get());
            Self::list(role, &who, bond)?;
            provider.bond = bond;
            provider.unbonding = Some((amount, until));
            Providers::<T>::insert(role, &who, provider);
            Self::deposit_event(Event::UnbondingStarted { role, who, amount, bond, until });
            Ok(())
        }

        /// Free what you unbonded in a role, once the delay is over.
        ///
        /// When nothing is bonded any more, you give up the role, and as an attributor your worker.
        #[pallet::call_index(3)]
        pub fn withdraw_unbonded(origin: OriginFor<T>, role: Role) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let mut provider = Providers::<T>::get(role, &who).ok_or(Error::<T>::NotFound)?;
            let (amount, until) = provider.unbonding.take().ok_or(Error::<T>::WrongPhase)?;
            ensure!(now::<T>() >= until, Error::<T>::TooEarly);
            release::<T::Currency, _>(&Self::hold_reason(role), &who, amount)?;
            Self::deposit_event(Event::Withdrawn { role, who: who.clone(), amount });
            Self::store(role, &who, provider);
            Ok(())
        }

        /// Describe yourself anew in a role: endpoint, region, hardware.
        #[pallet::call_index(4)]
        pub fn set_metadata(
            origin: OriginFor<T>,
            role: Role,
            metadata: Metadata,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Providers::<T>::try_mutate(role, &who, |provider| {
                provider.as_mut().ok_or(Error::<T>::NotFound)?.metadata = metadata;
                Ok::<_, Error<T>>(())
            })?;
            Self::deposit_event(Event::MetadataSet { role, who });
            Ok(())
        }

        /// As an attributor, name the account with which your off-chain worker signs; nothing to
        /// dismiss it.
        ///
        /// It is the account of the `poaw` key in your node's keystore, and needs a small balance for
        /// fees. It can serve only one attributor, and that key must agree to serve you:
        /// `openledger provider consent` signs so.
        #[pallet::call_index(5)]
        pub fn set_worker(
            origin: OriginFor<T>,
            worker: Option<Consent<T::AccountId>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let worker = worker
                .map(|Consent { worker, signature }| {
                    let consent = worker_consent(&genesis::<T>(), who.as_ref());
                    let signed = verify(&Signer::Account(worker.clone()), &consent, &signature);
                    signed.then_some(worker).ok_or(Error::<T>::BadSignature)
                })
                .transpose()?;
            Self::appoint(&who, worker)
        }

        /// Say that you are there, in a role of yours: so others see whom they can count on.
        #[pallet::call_index(6)]
        pub fn heartbeat(origin: OriginFor<T>, role: Role) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(Providers::<T>::contains_key(role, &who), Error::<T>::NotFound);
            LastSeen::<T>::insert(role, &who, now::<T>());
            Self::deposit_event(Event::Heartbeat { role, who });
            Ok(())
        }

        /// As an operator, name the ledger that your gateway serves from.
        ///
        /// A gateway does so when it starts, with an id that it drew for its ledger. One with another
        /// ledger then serves no more, so that no voucher is served for twice.
        #[pallet::call_index(7)]
        pub fn set_ledger(origin: OriginFor<T>, ledger: H256) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(Providers::<T>::contains_key(Role::Operator, &who), Error::<T>::NotFound);
            Ledgers::<T>::insert(&who, ledger);
            Self::deposit_event(Event::LedgerSet { who, ledger });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What is known of an account in a role.
        pub fn provider(role: Role, who: T::AccountId) -> Option<Provider> {
            Providers::<T>::get(role, who)
        }

        /// The active attributors with their bonds, ascending by account.
        pub fn attributors() -> Vec<(T::AccountId, Balance)> {
            Attributors::<T>::get().into_inner()
        }

        /// The block of a provider's last heartbeat.
        pub fn last_seen(role: Role, who: T::AccountId) -> Option<BlockNumber> {
            LastSeen::<T>::get(role, who)
        }

        /// The ledger that an operator's gateway serves from.
        pub fn ledger_of(operator: T::AccountId) -> Option<H256> {
            Ledgers::<T>::get(operator)
        }

        /// The account with which an attributor's off-chain worker signs.
        pub fn worker_of(attributor: T::AccountId) -> Option<T::AccountId> {
            WorkerOf::<T>::get(attributor)
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Whether `who` may work in `role` now: its bond is at least the minimum.
    pub fn is_active(role: Role, who: &T::AccountId) -> bool {
        Providers::<T>::get(role, who).is_some_and(|p| p.bond >= T::MinBond::get())
    }

    /// The attributor for whom `worker` signs.
    pub fn attributor_of(worker: &T::AccountId) -> Option<T::AccountId> {
        Workers::<T>::get(worker)
    }

    /// Moves up to `amount` units of `who`'s bond in `role` to `beneficiary`, and returns how much that
    /// was: first from the bond, then from what is unbonding. It is zero when there is no such
    /// provider, or when the beneficiary cannot receive it.
    pub fn slash(
        role: Role,
        who: &T::AccountId,
        amount: Balance,
        beneficiary: &T::AccountId,
    ) -> Balance {
        let Some(mut provider) = Providers::<T>::get(role, who) else { return 0 };
        // The most that can be taken is what this role holds: other roles have other reasons.
        let taken = amount.min(provider.held());
        let reason = Self::hold_reason(role);
        if taken == 0 || forfeit::<T::Currency, _>(&reason, who, beneficiary, taken).is_err() {
            return 0;
        }
        let from_bond = taken.min(provider.bond);
        provider.bond = provider.bond.saturating_sub(from_bond);
        let rest = taken.saturating_sub(from_bond);
        provider.unbonding = provider
            .unbonding
            .map(|(leaving, until)| (leaving.saturating_sub(rest), until))
            .filter(|(leaving, _)| *leaving > 0);
        // A smaller bond never needs a new place in the list, so this cannot fail.
        let listed = Self::list(role, who, provider.bond);
        debug_assert!(listed.is_ok());
        Self::deposit_event(Event::Slashed {
            role,
            who: who.clone(),
            amount: taken,
            beneficiary: beneficiary.clone(),
        });
        Self::store(role, who, provider);
        taken
    }

    fn do_register(
        role: Role,
        who: &T::AccountId,
        bond: Balance,
        metadata: Metadata,
    ) -> DispatchResult {
        ensure!(!Providers::<T>::contains_key(role, who), Error::<T>::AlreadyExists);
        ensure!(bond >= T::MinBond::get(), Error::<T>::InvalidBond);
        T::Currency::hold(&Self::hold_reason(role), who, bond)?;
        Self::list(role, who, bond)?;
        Providers::<T>::insert(
            role,
            who,
            Provider { bond, unbonding: None, metadata, since: now::<T>() },
        );
        Self::deposit_event(Event::Registered { role, who: who.clone(), bond });
        Ok(())
    }

    /// Gives an attributor a worker that agreed to serve it, or none. For the genesis, which vouches for
    /// the workers' consent itself, and where it was checked before.
    pub fn appoint(attributor: &T::AccountId, worker: Option<T::AccountId>) -> DispatchResult {
        ensure!(Providers::<T>::contains_key(Role::Attributor, attributor), Error::<T>::NotFound);
        if let Some(worker) = &worker {
            ensure!(
                Workers::<T>::get(worker).is_none_or(|served| served == *attributor),
                Error::<T>::AlreadyExists
            );
        }
        Self::dismiss_worker(attributor);
        if let Some(worker) = &worker {
            Workers::<T>::insert(worker, attributor);
            WorkerOf::<T>::insert(attributor, worker);
        }
        Self::deposit_event(Event::WorkerSet { attributor: attributor.clone(), worker });
        Ok(())
    }

    fn dismiss_worker(attributor: &T::AccountId) {
        if let Some(worker) = WorkerOf::<T>::take(attributor) {
            Workers::<T>::remove(worker);
        }
    }

    /// Stores `provider`, or ends its registration when nothing is held for it any more.
    fn store(role: Role, who: &T::AccountId, provider: Provider) {
        if provider.held() > 0 {
            Providers::<T>::insert(role, who, provider);
            return;
        }
        Providers::<T>::remove(role, who);
        LastSeen::<T>::remove(role, who);
        match role {
            Role::Attributor => Self::dismiss_worker(who),
            Role::Operator => Ledgers::<T>::remove(who),
            Role::Curator => {}
        }
        Self::deposit_event(Event::Unregistered { role, who: who.clone() });
    }

    /// Keeps [`Attributors`] in step with a bond of `who` in `role`.
    fn list(role: Role, who: &T::AccountId, bond: Balance) -> Result<(), Error<T>> {
        if role != Role::Attributor {
            return Ok(());
        }
        let active = bond >= T::MinBond::get();
        Attributors::<T>::try_mutate(|list| {
            match list.binary_search_by(|(account, _)| account.cmp(who)) {
                Ok(index) if active => {
                    if let Some((_, listed)) = list.get_mut(index) {
                        *listed = bond;
                    }
                }
                Ok(index) => {
                    list.remove(index);
                }
                Err(index) if active => {
                    list.try_insert(index, (who.clone(), bond)).map_err(|_| Error::<T>::TooMany)?
                }
                Err(_) => {}
            }
            Ok(())
        })
    }

    fn hold_reason(role: Role) -> T::RuntimeHoldReason {
        HoldReason::from(role).into()
    }
}
