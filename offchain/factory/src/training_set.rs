//! Which records a job trains on.

use openledger_influence::{build::Example, duplicates};
use openledger_lm::{Sequence, Tokenizer};
use openledger_primitives::ContributionId;
use openledger_store::record::Record;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Settings};

/// What became of the records of one contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The contribution.
    pub contribution: ContributionId,
    /// Its records.
    pub records: usize,
    /// Of these, those that repeat an earlier record, exactly or nearly.
    pub duplicates: usize,
    /// Of these, those that are trained on.
    pub used: usize,
}

/// The records of a job, tokenised.
#[derive(Clone, Debug)]
pub struct TrainingSet {
    /// By contribution, then in the order of its records.
    pub examples: Vec<Example>,
    /// Of each, its place among the records of its contribution, from 0.
    pub places: Vec<usize>,
    /// One for each contribution.
    pub counts: Vec<Count>,
}

impl TrainingSet {
    /// The examples' tokens.
    pub fn sequences(&self) -> Vec<Sequence> {
        self.examples.iter().map(|example| example.sequence.clone()).collect()
    }

    /// Takes every record once (for the contribution that came first), thins out the largest contributions until no
    /// more than the cap are left, and cuts each record to the method's length.
    ///
    /// # Errors
    /// If contributions are not in strictly ascending order, the tokenizer refuses a text, or nothing is left.
    pub fn new(
        contributions: &[(ContributionId, Vec<Record>)],
        tokenizer: &Tokenizer,
        settings: &Settings,
    ) -> Result<Self> {
        if let Some(pair) = contributions.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(Error::NotAscending(pair[1].0));
        }
        let texts: Vec<String> =
            contributions.iter().flat_map(|(_, records)| records).map(Record::text).collect();
        let repeats = duplicates::of_earlier(&texts, &settings.method.duplicates);
        let mut unique: Vec<Vec<(usize, &str)>> = Vec::with_capacity(contributions.len());
        let mut marked = texts.iter().zip(&repeats);
        for (_, records) in contributions {
            let own = marked.by_ref().take(records.len()).enumerate();
            let first = own.filter(|(_, (_, repeats))| repeats.is_none());
            unique.push(first.map(|(place, (text, _))| (place, text.as_str())).collect());
        }
        let sizes: Vec<usize> = unique.iter().map(Vec::len).collect();
        let limit = settings.records_cap.map_or(usize::MAX, |cap| limit(&sizes, cap));

        let (mut examples, mut places) = (Vec::new(), Vec::new());
        let mut counts = Vec::with_capacity(contributions.len());
        for ((contribution, records), unique) in contributions.iter().zip(&unique) {
            let before = examples.len();
            let taken = unique.len().min(limit);
            for i in 0..taken {
                let (place, text) = unique[i * unique.len() / taken];
                let sequence = tokenizer.record(text, settings.method.tokens as usize)?;
                if sequence.targets() > 0 {
                    examples.push(Example { contribution: *contribution, sequence });
                    places.push(place);
                }
            }
            counts.push(Count {
                contribution: *contribution,
                records: records.len(),
                duplicates: records.len() - unique.len(),
                used: examples.len() - before,
            });
        }
        if examples.is_empty() {
            return Err(Error::NoRecords);
        }
        Ok(Self { examples, places, counts })
    }
}

/// The most records that each contribution may give so that together they give at most `cap`.
fn limit(sizes: &[usize], cap: usize) -> usize {
    let total = |limit: usize| sizes.iter().map(|&size| size.min(limit)).sum::<usize>();
    // The total grows with the limit: the last one that fits.
    let (mut fits, mut exceeds) = (0, sizes.iter().copied().max().unwrap_or(0) + 1);
    while exceeds - fits > 1 {
        let middle = fits + (exceeds - fits) / 2;
        if total(middle) <= cap {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    // One record each is more than nothing, if need be beyond the cap.
    fits.max(1)
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limit_should_cut_the_largest_first() {
        assert_eq!(limit(&[10, 3, 50], 1_000), 50);
        assert_eq!(limit(&[10, 3, 50], 23), 10);
        assert_eq!(limit(&[10, 3, 50], 22), 9);
        assert_eq!(limit(&[10, 3, 50], 1), 1);
        assert_eq!(limit(&[], 5), 1);
    }
}
