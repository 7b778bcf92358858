//! Trains the base model that OpenLedger ships, on a folder of fetched packages. See `scripts/train-base`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context, Result};
use clap::{Parser, ValueEnum};
use openledger_lm::{
    Config, Data, Device, Family, Model, Precision, RopeScaling, Schedule, Sequence, Target,
    Tokenizer, Trainer,
};
use walkdir::WalkDir;

/// Trains a small Llama on source code and documentation.
#[derive(Parser)]
struct Options {
    /// Folder of unpacked packages, with `packages.txt`.
    #[arg(long)]
    corpus: PathBuf,
    /// Where the Hugging Face folder goes.
    #[arg(long)]
    out: PathBuf,
    /// Where checkpoints of the run go; a run there is resumed.
    #[arg(long)]
    work: PathBuf,
    /// How long to train, in minutes, unless `steps` is given: turned into a number of steps by the speed of the
    /// first ones.
    #[arg(long, default_value_t = 40.0)]
    minutes: f64,
    /// How many steps to train.
    #[arg(long)]
    steps: Option<usize>,
    /// How large a model.
    #[arg(long, default_value = "small")]
    size: Size,
    /// What to compute on: cpu, or wgpu of a program compiled with that feature.
    #[arg(long, default_value_t)]
    device: Device,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Size {
    /// About 3 million parameters: the one that OpenLedger ships.
    Small,
    /// About 104 million: for a machine with a GPU.
    Large,
}

const PIECES: usize = 4096;
const CONTEXT: usize = 512;
/// Tokens per row.
const SEQ: usize = 256;
/// Every so many documents, one is held out.
const HELD_OUT: usize = 50;
/// The text that the tokenizer learns from.
const TOKENIZER_BYTES: usize = 12 << 20;
/// Of a package nothing more is read, so that none dominates.
const PACKAGE_BYTES: usize = 1_800_000;
const SEED: u64 = 20_261_121;

fn main() -> Result<()> {
    let options = Options::parse();
    fs::create_dir_all(&options.out)?;
    fs::create_dir_all(&options.work)?;
    let documents = documents(&options.corpus)?;
    let bytes: usize = documents.iter().map(String::len).sum();
    println!("{} documents, {:.1} MB", documents.len(), bytes as f64 / 1e6);
    ensure!(documents.len() > HELD_OUT, "{}: too few documents", options.corpus.display());

    if !options.work.join("tokenizer.json").exists() {
        println!("training a tokenizer of {PIECES} pieces");
        let mut left = TOKENIZER_BYTES;
        let part: Vec<String> = documents
            .iter()
            .take_while(|text| {
                let room = left > 0;
                left = left.saturating_sub(text.len());
                room
            })
            .cloned()
            .collect();
        Tokenizer::train(&part, PIECES, &options.work)?;
    }
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        fs::copy(options.work.join(name), options.out.join(name))?;
    }
    let config = options.size.config();
    let tokenizer = Tokenizer::load(&options.work, &config)?;
    let (tokens, held_out) = tokens(&documents, &tokenizer)?;
    println!("{} tokens to train on; {} parameters", tokens.len(), config.parameters());

    let tokens = Arc::new(tokens);
    let data = || Data::Packed { tokens: tokens.clone(), seq: SEQ };
    let model = Model::random(config, SEED)?.to(options.device)?;
    let mut trainer = if options.work.join("trainer.json").exists() {
        Trainer::resume(model, data(), &options.work)?
    } else {
        let steps = match options.steps {
            Some(steps) => steps,
            None => steps_in(options.minutes, &model, data(), options.size)?,
        };
        Trainer::new(model, Target::Base, data(), options.size.schedule(steps))?
    };

    let start = Instant::now();
    let mut saved = Instant::now();
    let mut mean = None;
    trainer.run(|trainer, progress| {
        let smooth = mean.map_or(progress.loss, |mean| 0.95 * mean + 0.05 * progress.loss);
        mean = Some(smooth);
        if progress.step % 20 == 0 {
            println!(
                "step {}/{}  loss {smooth:.3}  rate {:.2e}  {:.0} tokens/s  {:.0} min",
                progress.step,
                progress.steps,
                progress.learning_rate,
                progress.tokens_per_second,
                start.elapsed().as_secs_f64() / 60.0,
            );
        }
        if saved.elapsed() > Duration::from_secs(120) || progress.step == progress.steps {
            trainer.save(&options.work)?;
            saved = Instant::now();
        }
        Ok(true)
    })?;

    trainer.model().save(&options.out, Precision::BF16)?;
    // What is reported is the model as stored, rounding included.
    let model = Model::load(&options.out)?.to(options.device)?;
    let loss = model.mean_loss(&held_out)?;
    println!("held-out loss {loss:.3} nats per token");
    let card = card(&options, &trainer, mean, loss, tokens.len(), bytes)?;
    fs::write(options.out.join("README.md"), card)?;
    Ok(())
}

impl Size {
    fn config(self) -> Config {
        let small = Config {
            family: Family::LLAMA,
            vocab_size: PIECES,
            hidden_size: 192,
            intermediate_size: 512,
            num_hidden_layers: 6,
            num_attention_heads: 6,
            num_key_value_heads: 3,
            head_dim: 32,
            max_position_embeddings: CONTEXT,
            rms_norm_eps: 1e-5,
            rope_theta: 10_000.0,
            rope_scaling: RopeScaling::None,
            tie_word_embeddings: true,
            bos_token_id: Some(0),
            eos_token_ids: vec![0],
        };
        match self {
            Self::Small => small,
            Self::Large => Config {
                hidden_size: 768,
                intermediate_size: 2_048,
                num_hidden_layers: 16,
                num_attention_heads: 12,
                num_key_value_heads: 4,
                head_dim: 64,
                ..small
            },
        }
    }

    /// Rows per step.
    fn rows(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Large => 32,
        }
    }

    fn schedule(self, steps: usize) -> Schedule {
        let learning_rate = match self {
            Self::Small => 3e-3,
            Self::Large => 6e-4,
        };
        Schedule {
            steps,
            rows: self.rows(),
            accumulate: 1,
            learning_rate,
            final_rate: 0.05,
            warm_up: (steps / 50).max(20),
            weight_decay: 0.1,
            betas: (0.9, 0.95),
            clip: 1.0,
            seed: SEED,
        }
    }
}

/// How many steps fit, by the time that a few take.
fn steps_in(minutes: f64, model: &Model, data: Data, size: Size) -> Result<usize> {
    let mut trainer = Trainer::new(model.clone(), Target::Base, data, size.schedule(1_000))?;
    trainer.step()?;
    let start = Instant::now();
    let trial = 8;
    for _ in 0..trial {
        trainer.step()?;
    }
    let each = start.elapsed().as_secs_f64() / f64::from(trial);
    Ok(((minutes * 60.0 / each) as usize).max(100))
}

/// The texts of a corpus, shuffled by name hash: what a person wrote, not what a tool did.
fn documents(corpus: &Path) -> Result<Vec<String>> {
    let kinds = ["rs", "py", "ts", "js", "md", "rst"];
    let mut found = Vec::new();
    let mut packages: Vec<PathBuf> = fs::read_dir(corpus)
        .with_context(|| corpus.display().to_string())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .collect();
    packages.sort();
    for package in packages {
        let mut room = PACKAGE_BYTES;
        for entry in WalkDir::new(&package).sort_by_file_name().into_iter().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(&package).unwrap_or(path).to_string_lossy().to_lowercase();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            let written = kinds.contains(&kind)
                && !name.ends_with(".d.ts")
                && !name.contains(".min.")
                // Compiled copies of the same sources, and names of licence files.
                && !["lib.commonjs", "_cjs/", "_types/", "dist/", "licen", "copying", "notice"]
                    .iter()
                    .any(|part| name.contains(part));
            if !entry.file_type().is_file() || !written {
                continue;
            }
            let Ok(text) = fs::read_to_string(path) else { continue };
            let longest = text.lines().map(str::len).max().unwrap_or(0);
            if (200..100_000).contains(&text.len()) && longest < 400 && text.len() <= room {
                room -= text.len();
                found.push((order(&name), without_banner(&text)));
            }
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, text)| text).collect())
}

/// A fixed shuffle: FNV-1a of the name.
fn order(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A source file less the licence banner at its head.
fn without_banner(text: &str) -> String {
    let comment = |line: &&str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with("//") || line.starts_with('#') || line.starts_with('*')
    };
    let head: Vec<&str> = text.lines().take_while(comment).collect();
    let lower = head.join("\n").to_lowercase();
    if lower.contains("licen") || lower.contains("copyright") {
        text.lines().skip(head.len()).collect::<Vec<_>>().join("\n")
    } else {
        text.to_string()
    }
}

/// Documents end to end, each closed by the end token; and every fiftieth as held-out sequences.
fn tokens(documents: &[String], tokenizer: &Tokenizer) -> Result<(Vec<u32>, Vec<Sequence>)> {
    let end = tokenizer.end().context("the tokenizer has no end token")?;
    let mut tokens = vec![end];
    let mut held_out = Vec::new();
    for (i, text) in documents.iter().enumerate() {
        if i % HELD_OUT == 0 {
            held_out.push(tokenizer.record(text, SEQ)?);
        } else {
            tokens.extend(tokenizer.encode(text)?);
            tokens.push(end);
        }
    }
    Ok((tokens, held_out))
}

fn card(
    options: &Options,
    trainer: &Trainer,
    training: Option<f64>,
    held_out: f64,
    tokens: usize,
    bytes: usize,
) -> Result<String> {
    let config = options.size.config();
    let rows = options.size.rows();
    let seen = trainer.done() * rows * SEQ;
    let purpose = match options.size {
        Size::Small => {
            "small enough to fine-tune with LoRA in a minute on two cores. It exists to be adapted: alone it continues \
             code and documentation, badly"
        }
        Size::Large => "for measurements on a GPU",
    };
    let mut card = String::new();
    writeln!(card, "---\nlicense: apache-2.0\nlanguage: [en, code]\n---\n# OpenLedger base\n")?;
    writeln!(
        card,
        "A Llama-architecture decoder of {} parameters ({} layers, {} wide, {} query and {} key-value heads, \
         context {CONTEXT}, byte-level BPE of {PIECES} pieces, bfloat16), {purpose}.\n",
        config.parameters(),
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        config.num_key_value_heads,
    )?;
    writeln!(card, "| | |\n|---|---|")?;
    writeln!(card, "| corpus | {:.1} MB, {tokens} tokens |", bytes as f64 / 1e6)?;
    writeln!(
        card,
        "| tokens seen | {seen}, in {} steps of {rows} rows of {SEQ} |",
        trainer.done()
    )?;
    let threads = std::thread::available_parallelism()?;
    writeln!(card, "| hardware | {threads} CPU threads, {} |", options.device)?;
    if let Some(training) = training {
        writeln!(
            card,
            "| training loss at the end | {training:.3} nats per token (moving mean) |"
        )?;
    }
    writeln!(
        card,
        "| held-out loss | {held_out:.3} nats per token (one document in {HELD_OUT}) |"
    )?;
    writeln!(
        card,
        "\nTrained by `scripts/train-base` on the packages below, without their licence files and licence \
         banners. It has seen no Solidity package and no licence list.\n"
    )?;
    writeln!(card, "| registry | package | version | licence |\n|---|---|---|---|")?;
    let packages = options.corpus.join("packages.txt");
    let list = fs::read_to_string(&packages).with_context(|| packages.display().to_string())?;
    for line in list.lines() {
        writeln!(card, "| {} |", line.split_whitespace().collect::<Vec<_>>().join(" | "))?;
    }
    Ok(card)
}
