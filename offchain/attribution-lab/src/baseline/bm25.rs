//! BM25 (Robertson and Zaragoza 2009), for comparison: what word overlap alone says.

use std::collections::BTreeMap;

use bm25::{Embedder, EmbedderBuilder, Scorer};
use openledger_influence::duplicates::words;
use openledger_primitives::ContributionId;

use crate::{attributor::Attributor, Result};

/// Words and signs in lower case, as for near duplicates.
struct Words;

impl bm25::Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        words(text)
    }
}

/// Records, searchable by words. `k1 = 1.2`, `b = 0.75`.
pub struct Bm25 {
    embedder: Embedder<u64, Words>,
    scorer: Scorer<usize, u64>,
    contributions: Vec<ContributionId>,
    /// How many different words the records have, each counted once for each.
    words: usize,
}

impl Bm25 {
    /// Over all records of all contributions.
    pub fn new(records: &[(ContributionId, String)]) -> Self {
        let texts: Vec<&str> = records.iter().map(|(_, text)| text.as_str()).collect();
        let embedder = EmbedderBuilder::with_tokenizer_and_fit_to_corpus(Words, &texts).build();
        let mut scorer = Scorer::new();
        let mut words = 0;
        for (i, text) in texts.iter().enumerate() {
            let embedding = embedder.embed(text);
            words += embedding.indices().collect::<std::collections::HashSet<_>>().len();
            scorer.upsert(&i, embedding);
        }
        let contributions = records.iter().map(|(id, _)| *id).collect();
        Self { embedder, scorer, contributions, words }
    }

    /// The score of each record, in order; 0 where it has no word in common with `text`.
    pub fn records(&self, text: &str) -> Vec<f64> {
        let mut scores = vec![0.0; self.contributions.len()];
        for found in self.scorer.matches(&self.embedder.embed(text)) {
            scores[found.id] = f64::from(found.score);
        }
        scores
    }

    /// The score of each contribution that has a word in common with `text`: that of its best record, so that a
    /// large contribution does not win by size. Ascending by contribution.
    pub fn scores(&self, text: &str) -> Vec<(ContributionId, f32)> {
        let mut best: BTreeMap<ContributionId, f32> = BTreeMap::new();
        for found in self.scorer.matches(&self.embedder.embed(text)) {
            let score = best.entry(self.contributions[found.id]).or_insert(found.score);
            *score = score.max(found.score);
        }
        best.into_iter().collect()
    }
}

impl Attributor for Bm25 {
    type Query = str;

    fn scores(&self, query: &str) -> Result<Vec<f64>> {
        Ok(self.records(query))
    }

    fn bytes(&self) -> u64 {
        // What it was made of: the words are kept as numbers and weights.
        self.words as u64 * (size_of::<u64>() + size_of::<f32>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula, word by word.
    fn slow(records: &[(ContributionId, String)], query: &str) -> BTreeMap<ContributionId, f64> {
        let documents: Vec<Vec<String>> = records.iter().map(|(_, text)| words(text)).collect();
        let n = documents.len() as f64;
        let mean = documents.iter().map(Vec::len).sum::<usize>() as f64 / n;
        let mut best = BTreeMap::new();
        for ((id, _), document) in records.iter().zip(&documents) {
            let mut score = 0.0;
            for word in words(query) {
                let containing = documents.iter().filter(|d| d.contains(&word)).count() as f64;
                let idf = (1.0 + (n - containing + 0.5) / (containing + 0.5)).ln();
                let tf = document.iter().filter(|w| **w == word).count() as f64;
                let length = document.len() as f64 / mean;
                score += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length));
            }
            if score > 0.0 {
                let entry: &mut f64 = best.entry(*id).or_insert(score);
                *entry = entry.max(score);
            }
        }
        best
    }

    #[test]
    fn scores_should_equal_the_formula() {
        let records: Vec<(ContributionId, String)> = [
            (3, "function transfer(address to) public"),
            (3, "the licence grants permission to use, copy and modify"),
            (5, "function mulDiv(uint x, uint y) internal pure pure pure"),
            (8, "Nothing in common!"),
        ]
        .map(|(id, text)| (id, text.to_string()))
        .into();
        let query = "permission to transfer: pure function";
        let fast = Bm25::new(&records).scores(query);
        let slow = slow(&records, query);
        assert_eq!(
            fast.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            slow.keys().copied().collect::<Vec<_>>()
        );
        for (id, score) in fast {
            assert!((f64::from(score) - slow[&id]).abs() < 1e-4, "{id}: {score} {}", slow[&id]);
        }
    }

    #[test]
    fn scores_should_be_empty_when_there_is_nothing() {
        assert!(Bm25::new(&[]).scores("anything").is_empty());
    }
}
