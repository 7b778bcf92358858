//! The program of `bench/adversary`, see its README.

mod attacks;
mod payouts;
mod report;
mod rewrite;
mod scene;
mod training;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use report::Bench;

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Names all rows, one a line, the most important first.
    Rows,
    /// Trains and attributes what these rows need, as far as that was not done before.
    Run {
        /// A task of texts of bench/attribution.
        folder: PathBuf,
        /// All of them without a name.
        names: Vec<String>,
        /// Trainings of each attack; a row is of the mean over them.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
    },
    /// Prints as JSON what is known of all rows.
    Report { folder: PathBuf },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Rows => {
            report::rows().iter().for_each(|row| println!("{}", row.name()));
            Ok(())
        }
        Command::Run { folder, names, seeds } => Bench::open(&folder)?.run(&names, seeds),
        Command::Report { folder } => {
            println!("{}", serde_json::to_string(&Bench::open(&folder)?.report()?)?);
            Ok(())
        }
    }
}
