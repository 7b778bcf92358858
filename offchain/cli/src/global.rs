//! Options of every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The node's RPC
    #[arg(
        long,
        global = true,
        env = "OPENLEDGER_NODE",
        hide_env_values = true,
        default_value = "ws://127.0.0.1:9944",
        value_name = "URL"
    )]
    pub node: String,
    /// Where blobs lie [default: <home>/store]
    #[arg(
        long,
        global = true,
        env = "OPENLEDGER_STORE",
        hide_env_values = true,
        value_name = "DIR|URL"
    )]
    pub store: Option<String>,
    /// Caches, the gateway's ledger, vouchers given [default: ~/.openledger]
    #[arg(
        long,
        global = true,
        env = "OPENLEDGER_HOME",
        hide_env_values = true,
        value_name = "DIR"
    )]
    pub home: Option<PathBuf>,
    /// Bytes of fetched models that are kept, in GiB; beyond it, those unused for longest go
    #[arg(
        long,
        global = true,
        env = "OPENLEDGER_CACHE_GIB",
        hide_env_values = true,
        default_value_t = 64,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub cache_gib: u32,
    /// Who signs: //Alice, a phrase, phrase//path, or 0x and a seed
    #[arg(long, global = true, env = "OPENLEDGER_SURI", hide_env_values = true)]
    pub suri: Option<String>,
    /// How long to wait for a transaction
    #[arg(long, global = true, value_enum, default_value = "in-block")]
    pub wait: Wait,
    /// Print one JSON object
    #[arg(long, global = true)]
    pub json: bool,
}

// Without rustdoc: it would stretch every help text to several lines for each option.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Wait {
    InBlock,
    Finalized,
    // Until the pool has it.
    None,
}
