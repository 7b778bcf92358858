//! Share vectors: who made an output likely, in parts per million that sum to exactly one million.

use crate::{apportion::apportion, ContributionId, Ppm, PPM};
use alloc::{collections::BTreeMap, vec::Vec};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, Input, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most contributions that one share vector names. The rest of the data part goes to the pool.
pub const MAX_SHARES: u32 = 256;

/// What one contribution gets.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Share {
    /// The contribution.
    pub contribution: ContributionId,
    /// Its part, in parts per million; never zero inside a [`ShareVector`].
    pub ppm: Ppm,
}

/// A list of shares as a caller sends it, not yet checked.
pub type ShareList = BoundedVec<Share, ConstU32<MAX_SHARES>>;

/// Why a list of shares is no [`ShareVector`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidShares {
    /// Shares and pool do not sum to 1,000,000 parts per million.
    WrongSum,
    /// Contributions are not in strictly ascending order.
    NotAscending,
    /// A share is zero; leave it out instead.
    Zero,
    /// More than [`MAX_SHARES`] contributions.
    TooMany,
}

/// Contributions' shares, strictly ascending by contribution, and the pool's; together 1,000,000 ppm.
///
/// The pool is what belongs to nobody in particular: influence below the floor, and what lies beyond
/// [`MAX_SHARES`]. It goes to the datanets on which the model was trained.
#[derive(Clone, Debug, PartialEq, Eq, Encode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize))]
pub struct ShareVector {
    shares: ShareList,
    pool: Ppm,
}

impl Decode for ShareVector {
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        let (shares, pool) = <(ShareList, Ppm)>::decode(input)?;
        Self::new(shares, pool).map_err(|_| "shares do not form a share vector".into())
    }
}

impl DecodeWithMemTracking for ShareVector {}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for ShareVector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Unchecked {
            shares: Vec<Share>,
            pool: Ppm,
        }
        let Unchecked { shares, pool } = Unchecked::deserialize(deserializer)?;
        ShareList::try_from(shares)
            .map_err(|_| InvalidShares::TooMany)
            .and_then(|shares| Self::new(shares, pool))
            .map_err(|error| serde::de::Error::custom(alloc::format!("invalid shares: {error:?}")))
    }
}

impl ShareVector {
    /// Checks and takes `shares` and `pool`.
    pub fn new(shares: ShareList, pool: Ppm) -> Result<Self, InvalidShares> {
        let mut sum = u64::from(pool);
        let mut previous: Option<ContributionId> = None;
        for share in &shares {
            if share.ppm == 0 {
                return Err(InvalidShares::Zero);
            }
            if previous.is_some_and(|previous| previous >= share.contribution) {
                return Err(InvalidShares::NotAscending);
            }
            previous = Some(share.contribution);
            sum = sum.saturating_add(u64::from(share.ppm));
        }
        if sum != u64::from(PPM) {
            return Err(InvalidShares::WrongSum);
        }
        Ok(Self { shares, pool })
    }

    /// Everything to the pool.
    pub fn all_to_pool() -> Self {
        Self { shares: ShareList::new(), pool: PPM }
    }

    /// Shares in proportion to `weights`, and to the pool in proportion to `pool_weight`, by the
    /// largest-remainder method. Contributions may come in any order and more than once; beyond the
    /// [`MAX_SHARES`] heaviest (ties to the lower id) they join the pool. Without any weight,
    /// everything goes to the pool.
    pub fn from_weights(
        weights: impl IntoIterator<Item = (ContributionId, u128)>,
        pool_weight: u128,
    ) -> Self {
        let mut merged = BTreeMap::<ContributionId, u128>::new();
        for (contribution, weight) in weights {
            let entry = merged.entry(contribution).or_default();
            *entry = entry.saturating_add(weight);
        }
        let mut heaviest: Vec<_> = merged.into_iter().filter(|(_, weight)| *weight > 0).collect();
        let mut pool_weight = pool_weight;
        if heaviest.len() > MAX_SHARES as usize {
            heaviest.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            for (_, weight) in heaviest.drain(MAX_SHARES as usize..) {
                pool_weight = pool_weight.saturating_add(weight);
            }
            heaviest.sort_unstable_by_key(|(contribution, _)| *contribution);
        }
        // The pool is the last entry, so that it loses every tie.
        let amounts: Vec<u128> =
            heaviest.iter().map(|(_, weight)| *weight).chain([pool_weight]).collect();
        let parts = apportion(&amounts, PPM);
        let mut shares = ShareList::new();
        let mut given: Ppm = 0;
        for ((contribution, _), ppm) in heaviest.iter().zip(parts) {
            // At most MAX_SHARES entries are left, so the push succeeds.
            if ppm > 0 && shares.try_push(Share { contribution: *contribution, ppm }).is_ok() {
                given = given.saturating_add(ppm);
            }
        }
        Self { shares, pool: PPM.saturating_sub(given) }
    }

    /// The contributions' shares, strictly ascending by contribution.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// The pool's share.
    pub fn pool(&self) -> Ppm {
        self.pool
    }

    /// What `contribution` gets; zero when it is not named.
    pub fn of(&self, contribution: ContributionId) -> Ppm {
        self.shares
            .binary_search_by_key(&contribution, |share| share.contribution)
            .ok()
            .and_then(|index| self.shares.get(index))
            .map_or(0, |share| share.ppm)
    }

    /// L1 distance in parts per million, pool included: 0 for equal vectors, 2,000,000 for disjoint ones.
    pub fn distance(&self, other: &Self) -> Ppm {
        let mut named: Vec<ContributionId> =
            self.shares.iter().chain(&other.shares).map(|share| share.contribution).collect();
        named.sort_unstable();
        named.dedup();
        named.into_iter().fold(self.pool.abs_diff(other.pool), |sum, contribution| {
            sum.saturating_add(self.of(contribution).abs_diff(other.of(contribution)))
        })
    }

    /// The mean of `vectors`, each with its weight (the receipt's fee), exact up to the final rounding
    /// to parts per million by the largest-remainder method. Without any weight, all to the pool.
    ///
    /// Fees sum to at most the total issuance, 10^27 < 2^90 units, so every sum stays below 2^110.
    pub fn weighted_mean<'a>(vectors: impl IntoIterator<Item = (u128, &'a Self)>) -> Self {
        let mut weights = BTreeMap::<ContributionId, u128>::new();
        let mut pool: u128 = 0;
        for (weight, vector) in vectors {
            for share in &vector.shares {
                let entry = weights.entry(share.contribution).or_default();
                *entry = entry.saturating_add(weight.saturating_mul(u128::from(share.ppm)));
            }
            pool = pool.saturating_add(weight.saturating_mul(u128::from(vector.pool)));
        }
        Self::from_weights(weights, pool)
    }

    /// The entry-wise median of `vectors` (an unnamed contribution counts as zero; of an even number,
    /// the mean of the middle two, rounded down), renormalised to exactly 1,000,000 by the
    /// largest-remainder method. Without vectors, or with nothing in common, all to the pool.
    pub fn median(vectors: &[Self]) -> Self {
        let mut named: Vec<ContributionId> =
            vectors.iter().flat_map(|v| v.shares.iter().map(|share| share.contribution)).collect();
        named.sort_unstable();
        named.dedup();
        let weights = named.into_iter().map(|contribution| {
            (contribution, middle(vectors.iter().map(|v| v.of(contribution)).collect()))
        });
        Self::from_weights(weights, middle(vectors.iter().map(|v| v.pool).collect()))
    }
}

fn middle(mut values: Vec<Ppm>) -> u128 {
    values.sort_unstable();
    let upper = values.get(values.len() / 2).copied().unwrap_or_default();
    let lower = match values.len() % 2 {
        0 => values.get((values.len() / 2).saturating_sub(1)).copied().unwrap_or_default(),
        _ => upper,
    };
    u128::from(lower).saturating_add(u128::from(upper)) / 2
}
