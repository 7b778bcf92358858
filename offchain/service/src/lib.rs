//! What every HTTP service here has around its routes, so that a stranger cannot hold it, fill it or borrow its
//! user's browser.
//!
//! | | |
//! |---|---|
//! | [`serve()`] | connections: so many, each with a time for its headers, and a shutdown that ends |
//! | [`Guard`] | requests: who asks by which name, with which secret, how often, for how long, with how many bytes |
//! | [`host`] | whether a request is for this host |
//! | [`Secret`] | what two programs of one owner know: a file that nobody else may read |
//! | [`Rate`] | how often each address may do something |
//! | [`process`] | work in a process of its own, with a limit of memory |

mod guard;
pub mod host;
pub mod process;
mod rate;
mod secret;
mod serve;

pub use guard::{refusal, Guard, Requests};
pub use rate::{network, Rate};
pub use secret::{Error, Secret};
pub use serve::{serve, Connections};
