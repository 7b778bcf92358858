//! What an attribution method is: code and parameters, under one hash.

use openledger_primitives::{method, score::MAX_VARIANTS, Ppm, H256};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The mathematics of this crate. Any change that changes an index or a query gets a new name.
pub const CODE: &str = "openledger/ekfac/v3";

/// How much each record of a contribution counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// `α = 1`: influence as it is.
    Equal,
    /// `α = 1 / sqrt(∇ℓᵀ (H + λI)⁻¹ ∇ℓ)`: each record counts by its direction and not by the length of its
    /// gradient, so that outliers (long, garbled or random records) do not drown the others (Barshan et al.
    /// 2020, RelatIF).
    SelfInfluence,
}

/// What of a paid exchange is explained by the training records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// `-log p(answer | prompt)`: what made the answer likely, given what was asked.
    Answer,
    /// `-log p(prompt, answer)`: what made question and answer likely. The fee is paid for the tokens of both, and
    /// the answer of a small model says little by itself about where it came from.
    Exchange,
}

/// When a record says again what an earlier one said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    /// From this Jaccard similarity of their shingles on, in parts per million.
    pub jaccard_ppm: Ppm,
    /// Words in a row that make a shingle.
    pub shingle: u32,
}

/// A version of attribution. Fields are in alphabetical order, and so is its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// [`CODE`].
    pub code: String,
    /// λ of each matrix, in parts per million of the mean eigenvalue of its block of H: what predicts retraining
    /// without some of the records best, see docs/attribution.md.
    pub damping_ppm: Ppm,
    /// What counts as a duplicate.
    pub duplicates: Duplicates,
    /// Training records that H is estimated from, at most; evenly spaced over all.
    pub fisher_records: u32,
    /// Trainings of half the steps at whose ends gradients are compared: the index's variants.
    pub runs: u8,
    /// What is explained.
    pub scope: Scope,
    /// Seed of the sampled labels.
    pub seed: u64,
    /// The longest sequence, in tokens, of an index and of a query; and never more than the model's context. What of a
    /// record is beyond is cut off.
    pub tokens: u32,
    /// How much each record counts.
    pub weighting: Weighting,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            code: CODE.into(),
            damping_ppm: 1_000,
            duplicates: Duplicates { jaccard_ppm: 800_000, shingle: 3 },
            fisher_records: 512,
            runs: 3,
            scope: Scope::Exchange,
            seed: 0,
            tokens: 32_768,
            weighting: Weighting::SelfInfluence,
        }
    }
}

impl Method {
    /// Canonical JSON: no blanks, keys in alphabetical order.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and strings always serialise")
    }

    /// `blake2b_256(tag ‖ SCALE(JSON))`: the method's identity on chain.
    pub fn id(&self) -> H256 {
        method::id(&self.to_json())
    }

    /// Reads canonical JSON.
    ///
    /// # Errors
    /// If it is not canonical, so that its hash would be another, or is of code that this is not.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let method: Self =
            serde_json::from_slice(json).map_err(|error| Error::Method(error.to_string()))?;
        if method.code != CODE {
            return Err(Error::Method(format!("this is {CODE}, the method is {}", method.code)));
        }
        if method.to_json() != json {
            return Err(Error::Method("its JSON is not canonical".into()));
        }
        method.check()?;
        Ok(method)
    }

    /// Refuses parameters that no index can be built with.
    ///
    /// # Errors
    /// If one is zero that must not be, or out of range.
    pub fn check(&self) -> Result<()> {
        let sane = [
            ("damping_ppm", self.damping_ppm > 0),
            ("fisher_records", self.fisher_records > 0),
            ("runs", (1..=MAX_VARIANTS).contains(&self.runs)),
            ("tokens", self.tokens > 1),
            ("shingle", self.duplicates.shingle > 0),
            ("jaccard_ppm", (1..=1_000_000).contains(&self.duplicates.jaccard_ppm)),
        ];
        match sane.into_iter().find(|(_, sane)| !sane) {
            Some((name, _)) => Err(Error::Method(format!("{name} is out of range"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_should_change_when_any_parameter_does() {
        let method = Method::default();
        assert_eq!(Method::from_json(&method.to_json()).unwrap(), method);
        assert_ne!(Method { seed: 1, ..method.clone() }.id(), method.id());
        assert_ne!(Method { weighting: Weighting::Equal, ..method.clone() }.id(), method.id());
        assert_ne!(Method { scope: Scope::Answer, ..method.clone() }.id(), method.id());
    }

    #[test]
    fn default_should_be_what_the_chain_knows() {
        let known = method::DEFAULT.as_bytes();
        assert_eq!(Method::from_json(known).unwrap(), Method::default());
        assert_eq!(Method::default().id(), method::id(known));
    }

    #[test]
    fn json_should_be_in_alphabetical_order() {
        let json: serde_json::Value = serde_json::from_slice(&Method::default().to_json()).unwrap();
        // serde_json's own map is sorted.
        assert_eq!(serde_json::to_vec(&json).unwrap(), Method::default().to_json());
    }

    #[test]
    fn from_json_should_refuse_when_not_canonical_or_of_other_code() {
        let mut spaced = Method::default().to_json();
        spaced.push(b' ');
        assert!(Method::from_json(&spaced).is_err());
        let other = Method { code: "openledger/ekfac/v1".into(), ..Method::default() };
        assert!(Method::from_json(&other.to_json()).is_err());
        for runs in [0, MAX_VARIANTS + 1] {
            let other = Method { runs, ..Method::default() };
            assert!(Method::from_json(&other.to_json()).is_err());
        }
        let undamped = Method { damping_ppm: 0, ..Method::default() };
        assert!(Method::from_json(&undamped.to_json()).is_err());
    }
}
