//! What needs no node. The whole path with one is `tests/e2e/run.py`.

mod checks;
mod errors;
mod failure;
mod help;
mod output;
mod parse;
mod program;
mod records;
mod remote;
mod signing;
mod split;
mod trace;
mod vouchers;
