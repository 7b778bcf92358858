//! The command line's shape.

/// `openledger-node`, with its subcommands and the options of a running node.
#[derive(Debug, clap::Parser)]
pub struct Cli {
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    #[command(flatten)]
    pub run: sc_cli::RunCmd,
}

#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Make, inspect and insert keys.
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Write a chain's specification.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Write a chain's specification. `export-chain-spec` is the newer way.
    #[allow(deprecated)]
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Check blocks of the database.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Write the state at a block as a chain specification.
    ExportState(sc_cli::ExportStateCmd),

    /// Read blocks from a file.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Delete a chain's database.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Go back by some blocks, never behind a finalised one.
    Revert(sc_cli::RevertCmd),

    /// Show what the database's columns hold.
    ChainInfo(sc_cli::ChainInfoCmd),

    /// Measure weights of a runtime that was built with its benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    #[command(subcommand)]
    Benchmark(frame_benchmarking_cli::BenchmarkCmd),
}
