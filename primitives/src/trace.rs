//! What the trace of an answer credits, and how that and influence make one share vector.

use crate::{fraud::MAX_CONTRIBUTIONS, hashing, shares::ShareVector, ContributionId, Ppm, PPM};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::H256;
use scale_info::TypeInfo;

/// What contributions are credited, in units of [`Trace::bits`].
pub type Credits = BoundedVec<(ContributionId, u64), ConstU32<MAX_CONTRIBUTIONS>>;

/// How improbable an answer is, and what of that repeats contributions. Nothing where there is no trace index.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Trace {
    /// By how much its tokens are improbable, in 65,536ths of a bit.
    pub bits: u64,
    /// What of that is credited: ascending, none of them zero, together at most `bits`.
    pub credits: Credits,
}

impl Trace {
    /// What commits to it.
    pub fn hash(&self) -> H256 {
        hashing::tagged(hashing::TRACE, self)
    }

    /// Whether it can be of an answer of a model with these contributions, which are ascending.
    pub fn is_of(&self, contributions: &[ContributionId]) -> bool {
        let pairs = self.credits.iter().zip(self.credits.iter().skip(1));
        let mut ascending = pairs.map(|((a, _), (b, _))| a < b);
        let listed = |(id, credit): &(ContributionId, u64)| {
            *credit > 0 && contributions.binary_search(id).is_ok()
        };
        ascending.all(|ascends| ascends)
            && self.credits.iter().all(listed)
            && self.credited() <= u128::from(self.bits)
    }

    /// The shares of a receipt: of what the trace explains, `part` follows the trace, and all else the influence.
    ///
    /// With `B` the bits, `c` the credits, `C` their sum and `t` = `part`, the shares are in proportion to
    /// `10^6·t·c_k + (10^6·B − t·C)·influence_k`, where nothing is credited to the pool. These sum to `10^12·B`,
    /// which is less than 2^104. Where nothing is credited or `t` is zero, they are the influence.
    pub fn mix(&self, influence: &ShareVector, part: Ppm) -> ShareVector {
        let (whole, part, credited) = (u128::from(PPM), part.min(PPM).into(), self.credited());
        if part == 0 || credited == 0 {
            return influence.clone();
        }
        let all = whole.saturating_mul(self.bits.into());
        let rest = all.saturating_sub(credited.saturating_mul(part));
        let traced = self.credits.iter().map(|(id, credit)| {
            (*id, whole.saturating_mul(part).saturating_mul(u128::from(*credit)))
        });
        let other = influence
            .shares()
            .iter()
            .map(|share| (share.contribution, rest.saturating_mul(share.ppm.into())));
        let weights: Vec<_> = traced.chain(other).collect();
        ShareVector::from_weights(weights, rest.saturating_mul(influence.pool().into()))
    }

    fn credited(&self) -> u128 {
        self.credits.iter().fold(0, |sum: u128, (_, credit)| sum.saturating_add((*credit).into()))
    }
}
