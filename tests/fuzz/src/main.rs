//! `openledger-fuzz`: runs the corpus, then looks for inputs that break something. `scripts/fuzz` builds
//! and calls it.

use std::{
    fmt::Display,
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Parser;
use openledger_fuzz::{
    corpus::{distil, read, shrink, write, Totals},
    coverage::Coverage,
    mutate::{mutate, Parent},
    run::run,
    start::Start,
};
use rand::{seq::IndexedRandom, Rng};

/// Looks for inputs that break something.
#[derive(Parser)]
struct Options {
    /// For how long, in seconds, after the corpus.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The folder of the inputs that come with the sources.
    #[arg(long)]
    corpus: PathBuf,
    /// The folder of those that were found on this machine.
    #[arg(long)]
    found: PathBuf,
    /// Run this input only, and say what it does.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// Replace the corpus by a few short inputs that end the product's calls in as many ways as all.
    #[arg(long)]
    distil: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let start = Start::new();
    if let Some(path) = &options.replay {
        let input = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(replay(&start, &input));
    }
    let mut inputs = read(&options.corpus).context("cannot read the corpus")?;
    inputs.extend(read(&options.found).context("cannot read what was found before")?);
    if options.distil {
        return renew(&start, &options, &inputs);
    }
    let coverage = Coverage::default();
    Fuzzer { start, options, coverage, totals: Totals::default(), parents: Vec::new() }.fuzz(inputs)
}

fn replay(start: &Start, input: &[u8]) -> ExitCode {
    match run(start, input, &mut |what: &dyn Display| println!("{what}")) {
        Ok(_) => {
            println!("everything held");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("broken: {broken}");
            ExitCode::FAILURE
        }
    }
}

fn renew(start: &Start, options: &Options, inputs: &[Vec<u8>]) -> anyhow::Result<ExitCode> {
    let few = distil(start, inputs);
    if options.corpus.exists() {
        fs::remove_dir_all(&options.corpus)?;
    }
    for input in &few {
        write(&options.corpus, input)?;
    }
    let bytes: usize = few.iter().map(Vec::len).sum();
    println!("{} of {} inputs, {bytes} bytes", few.len(), inputs.len());
    Ok(ExitCode::SUCCESS)
}

struct Fuzzer {
    start: Start,
    options: Options,
    coverage: Coverage,
    totals: Totals,
    /// The inputs that reached something new, in the order in which they did.
    parents: Vec<Parent>,
}

impl Fuzzer {
    fn fuzz(mut self, inputs: Vec<Vec<u8>>) -> anyhow::Result<ExitCode> {
        let known = inputs.len();
        for input in inputs {
            if let Some(broken) = self.step(input, false)? {
                return Ok(self.end(&broken));
            }
        }
        println!("{known} known inputs hold; {} of them are worth mutating", self.parents.len());

        let mut rng = rand::rng();
        let begun = Instant::now();
        let all = Duration::from_secs(self.options.seconds);
        let mut said = begun;
        while begun.elapsed() < all {
            let input = self.next(&mut rng);
            if let Some(broken) = self.step(input, true)? {
                return Ok(self.end(&broken));
            }
            if said.elapsed() >= Duration::from_secs(10) {
                said = Instant::now();
                self.say(begun.elapsed());
            }
        }
        self.say(begun.elapsed());
        println!("{}", self.totals.table());
        println!("everything held");
        Ok(ExitCode::SUCCESS)
    }

    /// A mutation of an input that reached something, more likely a late one.
    fn next(&self, rng: &mut impl Rng) -> Vec<u8> {
        let recent = &self.parents[self.parents.len().saturating_sub(32)..];
        let from = if rng.random_ratio(1, 3) { recent } else { &self.parents[..] };
        let empty = Parent { input: Vec::new(), encoded: Vec::new() };
        let parent = from.choose(rng).unwrap_or(&empty);
        let other = self.parents.choose(rng).unwrap_or(&empty);
        mutate(parent, other, rng)
    }

    /// Runs an input, and keeps it if it reached something new; says what it broke.
    fn step(&mut self, input: Vec<u8>, is_new: bool) -> anyhow::Result<Option<String>> {
        let report = match run(&self.start, &input, &mut |_: &dyn Display| {}) {
            Ok(report) => report,
            Err(broken) => return self.save(&input, &broken).map(Some),
        };
        // Both take note of what is new.
        if self.totals.add(&report) | self.coverage.note() {
            if is_new {
                write(&self.options.found, &input).context("cannot keep an input")?;
            }
            self.parents.push(Parent { input, encoded: report.encoded });
        }
        Ok(None)
    }

    /// Keeps what is left of a breaking input when all that it can do without is taken out.
    fn save(&self, input: &[u8], broken: &str) -> anyhow::Result<String> {
        let breaks = |input: &[u8]| run(&self.start, input, &mut |_: &dyn Display| {}).err();
        let short = shrink(input, |input| breaks(input).is_some());
        let broken = breaks(&short).unwrap_or_else(|| broken.to_string());
        let path = write(&self.options.found.join("broken"), &short)?;
        Ok(format!("{broken}\nreplay it with scripts/fuzz --replay {}", path.display()))
    }

    fn end(&self, broken: &str) -> ExitCode {
        println!("{}", self.totals.table());
        println!("broken: {broken}");
        ExitCode::FAILURE
    }

    fn say(&self, elapsed: Duration) {
        let (inputs, seconds) = (self.totals.inputs, elapsed.as_secs_f64());
        let (sum, (taken, edges)) = (self.totals.sum(), self.coverage.edges());
        println!(
            "{seconds:.0} s: {inputs} inputs, {} blocks, {} calls of which {} succeeded, {} outcomes, \
             {taken} of {edges} edges, {} inputs kept, {} of the product's calls never succeeded",
            self.totals.blocks,
            sum.tried,
            sum.done,
            self.totals.outcomes.len(),
            self.parents.len(),
            self.totals.missing().len(),
        );
    }
}
