//! Which records of a contribution made answers likely.

use std::collections::BTreeMap;

use anyhow::{ensure, Context as _};
use openledger_engine::Library;
use openledger_factory::{training_set::TrainingSet, Settings};
use openledger_influence::explain::explain;
use openledger_primitives::{receipt::Transcript, ContributionId, H256};
use openledger_store::record::Record;
use serde::Serialize;

use crate::{
    context::Context,
    evidence::{Batch, Case},
    output::{percent, table, tell},
    views::model::contributions,
};

/// Characters of a record that are shown.
const SHOWN: usize = 60;

/// A record, and what it has to do with an answer.
#[derive(Serialize)]
pub struct Explained {
    /// Its place in its contribution, from 0.
    place: usize,
    /// Its score, as a part of what the scores of all of the contribution's records are in magnitude; below zero where
    /// it made the answer less likely.
    part: f64,
    source: Option<String>,
    text: String,
}

/// The records of a contribution, of each of some receipts, those that made the answer likeliest first.
pub async fn records(
    case: &Case,
    library: &mut Library,
    batch: &Batch,
    wanted: &[H256],
    context: &Context,
    (contribution, records_cap): (ContributionId, usize),
) -> anyhow::Result<BTreeMap<H256, Vec<Explained>>> {
    let (store, cache, view) = (context.store()?, context.cache()?, context.now().await?);
    let artefacts = library.load(&case.job).await?;
    let index = &artefacts.index;
    let listed: Vec<ContributionId> = index.contributions().collect();
    ensure!(
        listed.binary_search(&contribution).is_ok(),
        "the index of model {} is of contributions {listed:?}, and not of {contribution}",
        case.job.model
    );
    let contributions = contributions(&view, &store, &case.info.trained_on).await?;
    let method = index.method().clone();
    let records_cap = (records_cap > 0).then_some(records_cap);
    let settings = Settings { records_cap, method: method.clone(), ..Settings::default() };
    let renderer = case.renderer(&store, &cache, method.tokens as usize).await?;
    let set = TrainingSet::new(&contributions, &renderer, &settings)?;
    let used = set.counts.iter().map(|count| count.used);
    let indexed = index.header().members.iter().map(|member| member.records as usize);
    ensure!(
        used.eq(indexed),
        "the index is of other records than these datanet versions give with {}: name the --records-cap that the model \
         was trained with",
        records_cap.map_or_else(|| "no cap".into(), |cap| format!("a cap of {cap} records"))
    );
    let models = index.models(&artefacts.model)?;
    let own = contributions
        .into_iter()
        .find_map(|(id, records)| (id == contribution).then_some(records))
        .unwrap_or_default();

    let asked: Vec<(H256, Transcript)> = wanted
        .iter()
        .filter_map(|receipt| Some((*receipt, batch.find(receipt)?.1.clone())))
        .collect();
    tell(&format!("Explaining {} answers: every record goes through the model again", asked.len()));
    let (asked, set, scores) = tokio::task::spawn_blocking(move || {
        let exchanges: Vec<(&[u32], &[u32])> =
            asked.iter().map(|(_, t)| (&t.prompt_ids[..], &t.output_ids[..])).collect();
        let scores = explain(&models, &set.examples, &method, &exchanges, |_, _| {})?;
        Ok::<_, openledger_influence::Error>((asked, set, scores))
    })
    .await??;
    let answers = asked.into_iter().zip(scores);
    let found = answers.map(|((receipt, _), scores)| {
        let places = set.examples.iter().zip(&set.places).zip(scores);
        let of = places.filter(|((example, _), _)| example.contribution == contribution);
        let scored: Vec<(usize, f64)> = of.map(|((_, &place), score)| (place, score)).collect();
        Ok((receipt, ranked(scored, &own)?))
    });
    found.collect()
}

fn ranked(mut scored: Vec<(usize, f64)>, own: &[Record]) -> anyhow::Result<Vec<Explained>> {
    let sum: f64 = scored.iter().map(|(_, score)| score.abs()).sum();
    scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let explained = scored.into_iter().map(|(place, score)| {
        let record = own.get(place).with_context(|| format!("there is no record {place}"))?;
        Ok(Explained {
            place,
            part: if sum > 0.0 { score / sum } else { 0.0 },
            source: record.source().map(Into::into),
            text: record.text(),
        })
    });
    explained.collect()
}

/// Records for people.
pub fn words(contribution: ContributionId, records: &[Explained]) -> String {
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|record| {
            let line: String = record.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown: String = line.chars().take(SHOWN).collect();
            let source = record.source.clone().unwrap_or_default();
            let ppm = (record.part.abs() * 1e6) as u32;
            let sign = if record.part < 0.0 { "-" } else { "" };
            vec![record.place.to_string(), format!("{sign}{}", percent(ppm)), source, shown]
        })
        .collect();
    let head = [">record", ">part", "source", "text"];
    format!("Records of contribution {contribution}:\n\n{}", table(&head, &rows))
}
