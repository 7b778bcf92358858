//! Other ways of attributing than the one that is paid by, to measure it against.
//!
//! Nothing here decides what anybody is paid: that is `openledger-influence`, which this crate is built on and which
//! knows nothing of it.
//!
//! | | |
//! |---|---|
//! | [`attributor`] | what all ways have in common |
//! | [`exact`], [`conjugate`] | the Gauss-Newton matrix without an approximation |
//! | [`unrolled`], [`path`] | the path of a training instead of its end |
//! | [`correction`] | scores corrected by what retrainings gave |
//! | [`baseline`] | what others do with gradients, and BM25 |

pub mod attributor;
pub mod baseline;
pub mod conjugate;
pub mod correction;
pub mod exact;
pub mod path;
pub mod unrolled;

pub use openledger_influence::{Error, Result};
