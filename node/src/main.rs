//! The OpenLedger node: it keeps, makes and finalises the chain, and answers RPC. What the chain does
//! is the runtime's business.

mod chain_spec;
mod cli;
mod client;
mod command;
mod ports;
mod rpc;
mod service;

fn main() -> sc_cli::Result<()> {
    command::run()
}
