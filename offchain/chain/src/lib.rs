//! A client of the OpenLedger chain that knows it by its metadata alone, so that most runtime
//! upgrades need no rebuild.
//!
//! | | |
//! |---|---|
//! | [`Chain`] | a connection to a node: genesis, blocks |
//! | [`Chain::submit`] | calls as signed extrinsics, many in flight, their events or why they were refused |
//! | [`call`] | the calls, one function each |
//! | [`View`] | typed reads of the state at one block |
//! | [`account`] | accounts and keys from what people write |

pub mod account;
pub mod call;
mod chain;
mod error;
mod submit;
pub mod types;
mod view;

pub use account::AccountId;
pub use call::Call;
pub use chain::{BlockId, Chain};
pub use error::{Error, Result};
pub use submit::{Included, Wait};
/// The derive with which callers of [`Included::events`] describe an event's fields.
pub use subxt::ext::scale_decode;
pub use subxt_signer::sr25519::Keypair;
pub use view::View;
