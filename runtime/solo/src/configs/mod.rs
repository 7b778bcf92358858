//! How each pallet is set up, by what it is about.

pub mod accounts;
pub mod consensus;
pub mod governance;
pub mod money;
pub mod product;
pub mod system;
