//! # Emission
//!
//! Lets a part of the community's OPEN drip to the datanets whose records are really used. Nothing is
//! minted: what drips was there since genesis.
//!
//! ## Surface
//!
//! Governance gives datanets weights by [`set_weight`](Pallet::set_weight). Anyone may
//! [`drip`](Pallet::drip) once in a [`Config::Period`]: for each block since the last time,
//! [`Config::Rate`] moves from [`Config::Source`] to this pallet's [account](Pallet::account), and is
//! shared by the datanets' weights into their *budgets*. A budget is spent by
//! [`draw`](Pallet::draw) alone: when a settlement ends, what the datanet's contributions earned by it
//! is matched out of the budget. So inside a datanet the emission follows what contributions earned
//! from real use, and a datanet that nobody uses emits nothing.
//!
//! ## Cross-pallet contract
//!
//! - `pallet-datanets` knows which datanets there are; its `Currency` is the one of this pallet.
//! - `pallet-attribution` draws, and says how much at most; it divides what it gets among the
//!   contributions.
//! - The runtime endows the account with the existential deposit at genesis, which stays there for ever.
//!
//! ## Money model
//!
//! At any time, with equality unless somebody made the account a present:
//!
//! ```text
//! account ≥ existential deposit
//!         + Σ Budgets.unspent
//!         + Σ Budgets.entry.units × (Distribution.per_unit − entry_per_unit)
//!         + Distribution.carry                                    what did not divide
//! ```
//!
//! and what was ever received is that plus what was ever drawn. What a source cannot pay in time is not
//! owed later.
//!
//! ## Why not `pallet-dap`
//!
//! It mints by a curve and pushes to a fixed set of recipients in a hook, every time. OPEN's supply is
//! fixed, datanets are many, and nothing here runs unless somebody calls it. What is taken over is its
//! idea: a cadence, and a budget that governance divides.
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
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
    dispatch::Pays,
    pallet_prelude::*,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Preservation},
    },
    PalletId,
};
use frame_system::pallet_prelude::*;
use openledger_primitives::{
    pool::{Pool, PoolEntry},
    Balance, BlockNumber, DatanetId,
};
use pallet_common::now;
use scale_info::TypeInfo;
use sp_runtime::{traits::AccountIdConversion, ArithmeticError};

/// The account that holds what dripped and was not drawn yet is derived from this.
pub const PALLET_ID: PalletId = PalletId(*b"ol/emiss");

/// What a datanet has of the emission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Budget {
    /// Its weight, and up to where what it earned is in `unspent`.
    pub entry: Option<PoolEntry>,
    /// What the datanet received and did not draw, in units, up to when `entry` was last brought up to
    /// date.
    pub unspent: Balance,
}

// What the attributes below expand to has an `expect` here and there.
#[allow(clippy::expect_used)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config + pallet_datanets::Config {
        /// Who sets the weights of datanets.
        type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The account that drips.
        type Source: Get<Self::AccountId>;

        /// What drips in a block, in units.
        type Rate: Get<Balance>;

        /// The least blocks between two drips.
        #[pallet::constant]
        type Period: Get<BlockNumber>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// What all datanets with a weight receive together, shared by their weights.
    #[pallet::storage]
    pub type Distribution<T: Config> = StorageValue<_, Pool, ValueQuery>;

    /// The budgets of the datanets that have, or had, a weight.
    #[pallet::storage]
    pub type Budgets<T: Config> = StorageMap<_, Twox64Concat, DatanetId, Budget, ValueQuery>;

    /// The block up to which the emission has dripped.
    #[pallet::storage]
    pub type LastDrip<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

    /// What was ever drawn, in units.
    #[pallet::storage]
    pub type Drawn<T: Config> = StorageValue<_, Balance, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A datanet has another weight.
        WeightSet {
            /// The datanet whose weight changed.
            datanet: DatanetId,
            /// Its weight now.
            weight: u32,
        },
        /// The emission dripped to the datanets' budgets.
        Dripped {
            /// The amount for all datanets together, in units.
            amount: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No such datanet, or none with a weight to drip to.
        NotFound,
        /// The period is not over yet.
        TooEarly,
        /// The source has nothing to give: its OPEN is not vested yet (`Vesting::vest_other` releases
        /// what is), or governance set the rate to zero.
        Empty,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::Period::get() > 0, "the emission must have a cadence");
            assert!(T::Source::get() != Self::account(), "the emission must come from elsewhere");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Set the weight of a datanet in the ecosystem's emission, as the origin that may.
        ///
        /// What counts is its proportion to the other datanets' weights; zero for none of it. What drips
        /// from now on follows the new weights; what is in the datanet's budget stays there.
        #[pallet::call_index(0)]
        pub fn set_weight(origin: OriginFor<T>, datanet: DatanetId, weight: u32) -> DispatchResult {
            T::GovernanceOrigin::ensure_origin(origin)?;
            ensure!(pallet_datanets::Datanets::<T>::contains_key(datanet), Error::<T>::NotFound);
            // The time so far belongs to the weights so far.
            Self::drip_now()?;
            let mut distribution = Distribution::<T>::get();
            let mut budget = Self::collected(datanet, &distribution)?;
            if let Some(entry) = budget.entry.take() {
                distribution.leave(entry);
            }
            if weight > 0 {
                budget.entry = Some(distribution.enter(weight));
            }
            Self::keep(datanet, budget);
            Distribution::<T>::put(distribution);
            Self::deposit_event(Event::WeightSet { datanet, weight });
            Ok(())
        }

        /// Let the ecosystem's emission drip: what is due since the last time moves from the community's
        /// pool to the datanets' budgets, by their weights. Anyone may, once in a period; free of charge
        /// when it succeeds.
        #[pallet::call_index(1)]
        pub fn drip(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            ensure!(Distribution::<T>::get().units > 0, Error::<T>::NotFound);
            let due = LastDrip::<T>::get().saturating_add(T::Period::get());
            ensure!(now::<T>() >= due, Error::<T>::TooEarly);
            ensure!(Self::drip_now()? > 0, Error::<T>::Empty);
            Ok(Pays::No.into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The weight of a datanet in the ecosystem's emission.
        pub fn weight(datanet: DatanetId) -> u32 {
            Budgets::<T>::get(datanet).entry.map_or(0, |entry| entry.units)
        }

        /// What could be drawn for a datanet now, in units.
        pub fn budget(datanet: DatanetId) -> Balance {
            let budget = Budgets::<T>::get(datanet);
            let earned = budget.entry.map_or(0, |entry| entry.earned(&Distribution::<T>::get()));
            budget.unspent.saturating_add(earned)
        }

        /// The account that holds what dripped and was not drawn yet.
        pub fn account() -> T::AccountId {
            PALLET_ID.into_account_truncating()
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Takes, for each of these datanets, at most so much out of its budget, and pays all of it to `to`.
    /// How much each gave, in the order given.
    pub fn draw(
        wanted: &[(DatanetId, Balance)],
        to: &T::AccountId,
    ) -> Result<Vec<Balance>, DispatchError> {
        let distribution = Distribution::<T>::get();
        let mut given = Vec::new();
        let mut total: Balance = 0;
        for (datanet, most) in wanted {
            let mut budget = Self::collected(*datanet, &distribution)?;
            let amount = budget.unspent.min(*most);
            if amount > 0 {
                budget.unspent = budget.unspent.saturating_sub(amount);
                total = total.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                Self::keep(*datanet, budget);
            }
            given.push(amount);
        }
        if total > 0 {
            T::Currency::transfer(&Self::account(), to, total, Preservation::Preserve)?;
            Drawn::<T>::mutate(|drawn| *drawn = drawn.saturating_add(total));
        }
        Ok(given)
    }

    /// Lets drip what is due since the last time, or what the source has of it, and returns how much that
    /// was. Without a datanet to drip to, only the clock goes on.
    fn drip_now() -> Result<Balance, DispatchError> {
        let now = now::<T>();
        let blocks = now.saturating_sub(LastDrip::<T>::get());
        LastDrip::<T>::put(now);
        let mut distribution = Distribution::<T>::get();
        if distribution.units == 0 {
            return Ok(0);
        }
        let source = T::Source::get();
        let there =
            T::Currency::reducible_balance(&source, Preservation::Preserve, Fortitude::Polite);
        let amount = T::Rate::get().saturating_mul(blocks.into()).min(there);
        if amount > 0 {
            T::Currency::transfer(&source, &Self::account(), amount, Preservation::Preserve)?;
            distribution.receive(amount);
            Distribution::<T>::put(distribution);
            Self::deposit_event(Event::Dripped { amount });
        }
        Ok(amount)
    }

    /// A datanet's budget, with all that it earned by now in `unspent`.
    fn collected(datanet: DatanetId, distribution: &Pool) -> Result<Budget, ArithmeticError> {
        let mut budget = Budgets::<T>::get(datanet);
        if let Some(entry) = &mut budget.entry {
            let earned = entry.earned(distribution);
            entry.entry_per_unit = distribution.per_unit;
            budget.unspent = budget.unspent.checked_add(earned).ok_or(ArithmeticError::Overflow)?;
        }
        Ok(budget)
    }

    /// Stores a budget, unless there is nothing in it.
    fn keep(datanet: DatanetId, budget: Budget) {
        if budget == Budget::default() {
            Budgets::<T>::remove(datanet);
        } else {
            Budgets::<T>::insert(datanet, budget);
        }
    }
}
