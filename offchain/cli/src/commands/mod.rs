//! One file per command.

pub mod account;
pub mod ask;
pub mod attribute;
pub mod audit;
pub mod channel;
pub mod claim;
pub mod claimable;
pub mod contribute;
pub mod datanet;
pub mod emission;
pub mod engine;
pub mod gateway;
pub mod model;
pub mod parameter;
pub mod prove_fraud;
pub mod provider;
pub mod records;
pub mod settle;
pub mod settlement;
pub mod status;
pub mod trace;
