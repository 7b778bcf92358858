//! Who decides what. Each is the Root origin today, which nobody is but by [`pallet_sudo`]'s key, and that
//! the `development` preset alone has.

use frame_support::traits::AsEnsureOriginWithArg;
use frame_system::EnsureRoot;

use crate::AccountId;

/// Decides appeals against a datanet's curators.
pub type Appeals = EnsureRoot<AccountId>;
/// Sets the weights of datanets in the ecosystem's emission.
pub type EmissionWeights = EnsureRoot<AccountId>;
/// Names registrars and authorities of usernames, and removes identities.
pub type Identities = EnsureRoot<AccountId>;
/// Sets the parameters of [`params`](openledger_runtime_common::params).
pub type Parameters = AsEnsureOriginWithArg<EnsureRoot<AccountId>>;
/// Keeps preimages without a deposit.
pub type Preimages = EnsureRoot<AccountId>;
/// Schedules calls.
pub type Schedule = EnsureRoot<AccountId>;
