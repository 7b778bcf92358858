//! Which records a job trains on.

use openledger_influence::{build::Example, duplicates};
use openledger_lm::Sequence;
use openledger_primitives::ContributionId;
use openledger_store::record::Record;
use serde::{Deserialize, Serialize};

use crate::{
    rendering::{Rendered, Renderer},
    Error, Result, Settings,
};

/// What became of the records of one contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The contribution.
    pub contribution: ContributionId,
    /// Its records.
    pub records: usize,
    /// Of these, those that repeat an earlier record, exactly or nearly.
    pub duplicates: usize,
    /// Of these, those of which nothing is learned: nobody answers, or the answer is beyond the cut.
    pub empty: usize,
    /// Of these, those that are trained on.
    pub used: usize,
    /// Of the records that are trained on, those that are longer than the model's context, or than the method reads: what is beyond is not.
    pub cut: usize,
}

/// A record that the base's template or tokenizer does not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its contribution.
    pub contribution: ContributionId,
    /// Its place in it, from 0.
    pub place: usize,
    /// What the template or the tokenizer said.
    pub reason: String,
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
    /// Records that could not be rendered.
    pub refused: Vec<Refused>,
}

impl TrainingSet {
    /// The examples' tokens.
    pub fn sequences(&self) -> Vec<Sequence> {
        self.examples.iter().map(|example| example.sequence.clone()).collect()
    }

    /// Takes every record once (for the contribution that came first), thins out the largest contributions until no
    /// more than the cap are left, where there is one, and renders each record.
    ///
    /// # Errors
    /// If contributions are not in strictly ascending order, or nothing is left.
    pub fn new(
        contributions: &[(ContributionId, Vec<Record>)],
        renderer: &Renderer,
        settings: &Settings,
    ) -> Result<Self> {
        if let Some(pair) = contributions.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(Error::NotAscending(pair[1].0));
        }
        let texts: Vec<String> =
            contributions.iter().flat_map(|(_, records)| records).map(Record::text).collect();
        let repeats = duplicates::of_earlier(&texts, &settings.method.duplicates);
        let mut repeats = repeats.iter();
        let mut unique: Vec<Vec<usize>> = Vec::with_capacity(contributions.len());
        for (_, records) in contributions {
            let own = repeats.by_ref().take(records.len()).enumerate();
            unique.push(own.filter(|(_, repeats)| repeats.is_none()).map(|(at, _)| at).collect());
        }
        let sizes: Vec<usize> = unique.iter().map(Vec::len).collect();
        let limit = settings.records_cap.map_or(usize::MAX, |cap| limit(&sizes, cap));

        let (mut examples, mut places) = (Vec::new(), Vec::new());
        let mut counts = Vec::with_capacity(contributions.len());
        let mut refused = Vec::new();
        for ((contribution, records), unique) in contributions.iter().zip(&unique) {
            let mut count = Count {
                contribution: *contribution,
                records: records.len(),
                duplicates: records.len() - unique.len(),
                empty: 0,
                used: 0,
                cut: 0,
            };
            let taken = unique.len().min(limit);
            for i in 0..taken {
                let place = unique[i * unique.len() / taken];
                match renderer.render(&records[place]) {
                    Ok(Rendered { sequence, cut }) if sequence.targets() > 0 => {
                        examples.push(Example { contribution: *contribution, sequence });
                        places.push(place);
                        count.used += 1;
                        count.cut += usize::from(cut);
                    }
                    Ok(_) => count.empty += 1,
                    Err(error) => refused.push(Refused {
                        contribution: *contribution,
                        place,
                        reason: error.to_string(),
                    }),
                }
            }
            counts.push(count);
        }
        match refused.first() {
            Some(first) if examples.is_empty() => Err(Error::Refused(first.clone())),
            None if examples.is_empty() => Err(Error::NoRecords),
            _ => Ok(Self { examples, places, counts, refused }),
        }
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
