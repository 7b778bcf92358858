//! LoRA fine-tuning of a language model on records of contributions: the task, its training and retraining.

use std::{collections::HashMap, path::Path};

use anyhow::{bail, Context, Result};
use openledger_factory::Settings;
use openledger_influence::{duplicates, gradients, Method};
use openledger_lm::{Adapter, Device, Labels, Model, Sequence, Tokenizer, Trainer};
use openledger_primitives::{hashing, H256};
use serde::{Deserialize, Serialize};

use crate::{
    bank::{self, Design},
    files::{self, Losses, Named},
};

/// A line of `records.jsonl` and of `queries.jsonl`.
#[derive(Deserialize)]
pub struct Line {
    /// What stands before the text and is not learnt or asked about: of a query, the question.
    #[serde(default)]
    pub prompt: String,
    pub text: String,
    pub label: String,
    /// None of a query.
    pub contribution: Option<u32>,
}

/// A record or a query as tokens.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contribution: Option<u32>,
    pub label: String,
    pub ids: Vec<u32>,
    pub from: usize,
    /// All of it, prompt included.
    pub text: String,
}

/// How adapters are trained: what a retraining depends on, which is not how an index is built.
#[derive(Clone, Serialize, Deserialize)]
pub struct Training {
    pub rank: usize,
    pub alpha: f64,
    pub epochs: usize,
    pub rows: usize,
    pub learning_rate: f64,
    pub seed: u64,
    /// The longest record, in tokens.
    pub tokens: u32,
}

/// `task.json`.
#[derive(Serialize, Deserialize)]
pub struct Task {
    pub name: String,
    pub kind: String,
    /// Content id of the base's weights.
    pub base: H256,
    pub records: Vec<Row>,
    pub queries: Vec<Row>,
    pub settings: Training,
}

/// Records whose gradients are written for comparison.
const COMPARED: usize = 8;
/// How adapters name their base.
const BASE: &str = "base";
/// The first random half that is in no bank.
const UNBANKED: usize = 10_000;
/// Sequences of one forward pass.
const ROWS: usize = 16;

impl Task {
    pub fn open(folder: &Path) -> Result<Self> {
        files::read(&folder.join("task.json"))
    }

    pub fn records(&self) -> Vec<Sequence> {
        self.records.iter().map(Row::sequence).collect()
    }

    pub fn queries(&self) -> Vec<Sequence> {
        self.queries.iter().map(Row::sequence).collect()
    }

    /// The base, without an adapter.
    pub fn base(folder: &Path, device: Device) -> Result<Model> {
        Ok(Model::load(&folder.join("base"))?.to(device)?)
    }

    /// The base with the adapter that all records made.
    pub fn model(folder: &Path, device: Device) -> Result<Model> {
        let base = Self::base(folder, device)?;
        let adapter = Adapter::load(&folder.join("adapter"), base.config(), None)?;
        Ok(base.with_adapter(adapter)?)
    }

    /// Trains on some of the records.
    pub fn train(&self, base: &Model, kept: &[usize], seed: u64) -> Result<Model> {
        let mut trainer = self.settings.of(seed).trainer(base, BASE, self.some(kept))?;
        trainer.run(|_, _| Ok(true))?;
        Ok(trainer.model().clone())
    }

    /// A run on all records, from its first step.
    pub fn full(&self, base: &Model, run: u8) -> Result<Trainer> {
        let seed = self.settings.seed + u64::from(run);
        Ok(self.settings.of(seed).trainer(base, BASE, self.records())?)
    }

    /// Where runs on all records end; the first is the task's own model.
    pub fn fulls(&self, first: &Model, base: &Model, runs: u8) -> Result<Vec<Model>> {
        let every: Vec<usize> = (0..self.records.len()).collect();
        let others =
            (1..runs).map(|run| self.train(base, &every, self.settings.seed + u64::from(run)));
        std::iter::once(Ok(first.clone())).chain(others).collect()
    }

    /// A run of half the steps on all records, from its first step.
    pub fn half(&self, base: &Model, run: u8) -> Result<Trainer> {
        Ok(self.settings.of(self.settings.seed).half(base, BASE, self.records(), run)?)
    }

    /// Where runs of half the steps on all records end.
    pub fn halves(&self, base: &Model, runs: u8) -> Result<Vec<Model>> {
        Ok(self.settings.of(self.settings.seed).halves(base, BASE, &self.records(), runs)?)
    }

    /// Where runs on a random half of the records end, each on another: on none that a bank has.
    pub fn sampled(&self, base: &Model, runs: u8) -> Result<Vec<Model>> {
        let nobodys = vec![0; self.records.len()];
        let trained = (0..runs).map(|run| {
            let kept = Design::RecordHalves.kept(&nobodys, UNBANKED + usize::from(run));
            self.train(base, &kept.unwrap_or_default(), self.settings.seed + u64::from(run))
        });
        trained.collect()
    }

    fn some(&self, kept: &[usize]) -> Vec<Sequence> {
        kept.iter().map(|&i| self.records[i].sequence()).collect()
    }
}

impl Training {
    /// As a job has it.
    fn of(&self, seed: u64) -> Settings {
        let Self { rank, alpha, epochs, rows, learning_rate, tokens, .. } = *self;
        let method = Method { tokens, ..Method::default() };
        Settings { rank, alpha, epochs, rows, learning_rate, seed, records_cap: None, method }
    }
}

impl Row {
    fn new(line: Line, tokenizer: &Tokenizer, tokens: usize) -> Result<Self> {
        let Line { prompt, text, label, contribution } = line;
        let sequence = tokenizer.completion(&prompt, &text, tokens)?;
        let (ids, from) = (sequence.ids().to_vec(), sequence.context());
        if ids.len() <= from {
            bail!("expected a prompt of fewer than {tokens} tokens: {prompt:?}");
        }
        Ok(Self { contribution, label, ids, from, text: prompt + &text })
    }

    pub fn sequence(&self) -> Sequence {
        Sequence::after(self.ids.clone(), self.from)
    }
}

/// The loss of each sequence.
pub fn losses(model: &Model, sequences: &[Sequence]) -> openledger_lm::Result<Vec<f32>> {
    let mut losses = Vec::with_capacity(sequences.len());
    for rows in sequences.chunks(ROWS) {
        losses.extend(model.losses(rows)?);
    }
    Ok(losses)
}

/// Retrains on what a design keeps, as far as that was not done before, and keeps the adapters.
pub fn fill(
    folder: &Path,
    base: &Model,
    design: Design,
    numbers: std::ops::Range<usize>,
    seed: u64,
) -> Result<()> {
    let task = Task::open(folder)?;
    let queries = task.queries();
    let contributions: Vec<u32> =
        task.records.iter().map(|row| row.contribution.unwrap_or_default()).collect();
    bank::fill(folder, design, &contributions, numbers, seed, |kept, seed, beside| {
        let model = task.train(base, kept, seed)?;
        save(&model, beside)?;
        Ok(losses(&model, &queries)?)
    })
}

/// Writes a model's adapter.
fn save(model: &Model, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let adapter = model.adapter().context("a trained model has an adapter")?;
    Ok(adapter.save(folder, model.config())?)
}

/// A base of three million parameters takes a higher rate than the default, which is for large ones.
const LEARNING_RATE: f64 = 5e-3;
/// Records are cut to so many tokens.
const TOKENS: u32 = 128;

/// Makes a task folder of texts: repetitions left out, tokenised, trained on. What is there of the same task stays; of
/// another one, nothing does.
pub fn make(
    folder: &Path,
    name: &str,
    base: &Path,
    records: &Path,
    queries: &Path,
    device: Device,
) -> Result<()> {
    let method = Method::default();
    let Settings { rank, alpha, epochs, rows, seed, .. } = Settings::default();
    let (learning_rate, tokens) = (LEARNING_RATE, TOKENS);
    let settings = Training { rank, alpha, epochs, rows, learning_rate, seed, tokens };
    let model = Model::load(base)?.to(device)?;
    let tokenizer = Tokenizer::load(base, model.config())?;
    let tokens = tokens as usize;

    let lines: Vec<Line> = files::read_lines(records)?;
    let texts: Vec<String> =
        lines.iter().map(|line| [&*line.prompt, &line.text].concat()).collect();
    let repeats = duplicates::of_earlier(&texts, &method.duplicates);
    let once = lines.into_iter().zip(repeats).filter(|(_, repeats)| repeats.is_none());
    let records: Vec<Row> =
        once.map(|(line, _)| Row::new(line, &tokenizer, tokens)).collect::<Result<_>>()?;
    let queries: Vec<Row> = files::read_lines(queries)?
        .into_iter()
        .map(|line| Row::new(line, &tokenizer, tokens))
        .collect::<Result<_>>()?;
    if records.is_empty() || queries.is_empty() {
        bail!("expected records and queries, got {} and {}", records.len(), queries.len());
    }

    let base_id = hashing::content_id(&std::fs::read(base.join("model.safetensors"))?);
    let task =
        Task { name: name.into(), kind: "lm".into(), base: base_id, records, queries, settings };
    if !files::begin(folder, &task)? {
        return Ok(());
    }
    for file in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        files::replace(&folder.join("base").join(file), &std::fs::read(base.join(file))?)?;
    }
    let every: Vec<usize> = (0..task.records.len()).collect();
    let trained = task.train(&model, &every, task.settings.seed)?;
    save(&trained, &folder.join("adapter"))?;
    // As read back: what everybody measures.
    let trained = Task::model(folder, device)?;
    let (records, queries) = (task.records(), task.queries());
    let found = Losses {
        records: losses(&trained, &records)?,
        queries: losses(&trained, &queries)?,
        queries_before: Some(losses(&model, &queries)?),
    };
    files::write(&folder.join("losses.json"), &found)?;
    write_gradients(&folder.join("gradients.safetensors"), &trained, &records)?;
    files::write(&folder.join("task.json"), &task)?; // Last: it says that all the rest is there.
    let mean = |losses: &[f32], of: &[Sequence]| {
        losses.iter().sum::<f32>() / of.iter().map(Sequence::targets).sum::<usize>() as f32
    };
    println!(
        "{}: {} records, {} queries; loss {:.3} and {:.3} a token",
        folder.display(),
        records.len(),
        queries.len(),
        mean(&found.records, &records),
        mean(&found.queries, &queries),
    );
    Ok(())
}

/// Gradients of the first records under the names and in the shapes of PEFT.
fn write_gradients(path: &Path, model: &Model, records: &[Sequence]) -> Result<()> {
    let compared = &records[..COMPARED.min(records.len())];
    let gradients = gradients::of_records(model, compared, Labels::Data)?;
    let tensors: Vec<Named<f32>> = model
        .lora_matrices()
        .iter()
        .enumerate()
        .map(|(i, spec)| Named {
            name: format!("base_model.model.model.{}.weight", spec.name),
            shape: vec![compared.len(), spec.output, spec.input],
            values: gradients
                .iter()
                .flat_map(|of| of[i].t().iter().copied().collect::<Vec<_>>())
                .collect(),
        })
        .collect();
    files::write_tensors(path, &tensors, HashMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_lm::Config;

    #[test]
    fn row_should_count_what_stands_after_its_prompt() {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let config = Config::load(&base).unwrap();
        let tokenizer = Tokenizer::load(&base, &config).unwrap();
        let line = |prompt: &str| Line {
            prompt: prompt.into(),
            text: " return the value".into(),
            label: "one".into(),
            contribution: None,
        };
        let alone = Row::new(line(""), &tokenizer, 64).unwrap();
        let asked = Row::new(line("// an order"), &tokenizer, 64).unwrap();
        assert_eq!(asked.text, "// an order return the value");
        assert!(asked.from > alone.from);
        assert_eq!(asked.ids[asked.from..], alone.ids[alone.from..]);
        let error = Row::new(line("// an order"), &tokenizer, asked.from).err().unwrap();
        assert!(error.to_string().contains("expected a prompt of fewer than"), "{error}");
    }
}
