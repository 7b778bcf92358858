//! What reads prompts and computes answers runs in processes of its own, each with a limit of memory: a file of a
//! stranger that makes one of them ask for too much, die or never end takes only that process with it.
//!
//! The gateway starts its own program again for each base and each reader of one ([`Worker`]), and talks to it over a
//! socket that is the process's standard input: one line of JSON for each message (`messages.rs`). What a process does
//! is [`run`]. When the gateway ends, so does the input, and the process.

mod messages;
mod process;
mod work;

pub use messages::Generated;
pub use process::{Failure, Worker};
pub use work::run;

#[cfg(test)]
pub mod tests;
