//! Who contributes what, and what is asked.

use std::{collections::BTreeMap, path::Path};

use anyhow::{bail, Context, Result};
use openledger_lm::Tokenizer;
use openledger_primitives::ContributionId;
use serde::Deserialize;

/// The records of every contribution, ascending.
pub type Contributions = BTreeMap<ContributionId, Vec<String>>;

/// What of a task of `bench/attribution` is used here.
#[derive(Deserialize)]
struct Task {
    records: Vec<Row>,
    queries: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    contribution: Option<ContributionId>,
}

/// Everybody behaves, and the queries.
pub struct Scene {
    pub honest: Contributions,
    pub queries: Vec<Asked>,
}

/// One paid exchange: a held-out text, of which the first half of the tokens is the prompt.
#[derive(Clone)]
pub struct Asked {
    pub text: String,
    pub prompt: String,
    pub prompt_ids: Vec<u32>,
    pub answer_ids: Vec<u32>,
}

impl Scene {
    /// Reads `task.json`.
    pub fn open(folder: &Path, tokenizer: &Tokenizer, tokens: usize) -> Result<Self> {
        let path = folder.join("task.json");
        let bytes = std::fs::read(&path).with_context(|| {
            format!("cannot read {}: scripts/bench attribution makes it", path.display())
        })?;
        let task: Task = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is no task of texts", path.display()))?;
        let mut honest = Contributions::new();
        for Row { text, contribution } in task.records {
            let contribution =
                contribution.context("expected a contribution with every record, one has none")?;
            honest.entry(contribution).or_default().push(text);
        }
        let queries = task.queries.into_iter().map(|row| Asked::new(row.text, tokenizer, tokens));
        let queries: Vec<Asked> = queries.collect::<Result<_>>()?;
        if honest.len() < 12 || queries.is_empty() {
            let (found, asked) = (honest.len(), queries.len());
            bail!("expected 12 contributions or more and queries, got {found} and {asked}");
        }
        Ok(Self { honest, queries })
    }
}

impl Asked {
    fn new(text: String, tokenizer: &Tokenizer, tokens: usize) -> Result<Self> {
        let sequence = tokenizer.record(&text, tokens)?;
        let (mut ids, from) = (sequence.ids().to_vec(), sequence.context());
        let answer_ids = ids.split_off(from + (ids.len() - from) / 2);
        let prompt = tokenizer.decode(ids.get(from..).unwrap_or_default())?;
        Ok(Self { text, prompt, prompt_ids: ids, answer_ids })
    }
}
