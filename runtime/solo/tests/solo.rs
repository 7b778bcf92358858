//! The runtime as a whole.

mod common;
mod genesis;
mod limits;
mod migration;
mod money;
mod params;
mod validators;
