//! A fuzzer over the runtime: sequences of calls and blocks out of bytes, against the runtime as it is
//! compiled for the node's tests, with everything that must hold checked after each.
//!
//! - [`start`]: the state that each input begins with.
//! - [`arguments`], [`calls`], [`work`]: what the bytes of an input do: calls that know the protocol, down
//!   to vouchers, duplicate proofs, and an attributor's lies.
//! - [`chain`]: how calls are executed, and blocks made.
//! - [`invariants`]: what must hold.
//! - [`run`]: an input from its first record to its last.
//! - [`mutate`], [`corpus`], [`coverage`]: new inputs out of those that reached something new.
//!
//! `docs/fuzzing.md` says how to use it.

pub mod accounts;
pub mod arguments;
pub mod calls;
pub mod chain;
pub mod corpus;
pub mod coverage;
pub mod invariants;
pub mod mutate;
pub mod run;
pub mod start;
pub mod work;
