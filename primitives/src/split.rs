//! How a settlement's fee is divided. Everything rounds down; what rounding leaves goes to the
//! treasury and is named `remainder`.

use crate::{shares::ShareVector, Balance, ContributionId, ModelId, Ppm, PPM};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::U256;
use scale_info::TypeInfo;

/// The parts of a fee, in parts per million. They sum to 1,000,000.
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
pub struct SplitParameters {
    /// The treasury.
    pub treasury: Ppm,
    /// The model's owner and, through lineage, the owners of what it derives from.
    pub owner: Ppm,
    /// The operator that served the answers.
    pub operator: Ppm,
    /// The attributors whose result was accepted, in equal parts.
    pub attributors: Ppm,
    /// The contributors of the training data.
    pub data: Ppm,
}

impl SplitParameters {
    /// 5 % treasury, 15 % owner, 25 % operator, 5 % attributors, 50 % data.
    pub const DEFAULT: Self = Self {
        treasury: 50_000,
        owner: 150_000,
        operator: 250_000,
        attributors: 50_000,
        data: 500_000,
    };

    /// Whether the parts sum to the whole.
    pub fn is_valid(&self) -> bool {
        [self.treasury, self.owner, self.operator, self.attributors, self.data]
            .into_iter()
            .map(u64::from)
            .sum::<u64>()
            == u64::from(PPM)
    }
}

/// One fee, divided. The six amounts sum to the fee.
#[derive(
    Clone,
    Copy,
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
pub struct Split {
    /// To the treasury, by its part.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub treasury: Balance,
    /// To the owners of the model and its ancestors.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub owner: Balance,
    /// To the operator.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub operator: Balance,
    /// To the accepted attributors together.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub attributors: Balance,
    /// To the data: contributions and pools together.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub data: Balance,
    /// What rounding left; to the treasury as well.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub remainder: Balance,
}

impl Split {
    /// Divides `fee`. Each part is rounded down, then `data` to what [`distribute`] gives out under
    /// `shares`, then `attributors` to a multiple of `attributors`, their number (with none, their
    /// part joins the remainder).
    pub fn of(
        fee: Balance,
        parts: &SplitParameters,
        shares: &ShareVector,
        attributors: u32,
    ) -> Self {
        let treasury = portion(fee, parts.treasury);
        let owner = portion(fee, parts.owner);
        let operator = portion(fee, parts.operator);
        let each = portion(fee, parts.attributors).checked_div(attributors.into()).unwrap_or(0);
        let attributors = each.saturating_mul(attributors.into());
        let data = distribute(portion(fee, parts.data), shares).total();
        let given = [treasury, owner, operator, attributors, data]
            .into_iter()
            .fold(0, Balance::saturating_add);
        Self { treasury, owner, operator, attributors, data, remainder: fee.saturating_sub(given) }
    }

    /// The sum of all parts: the fee.
    pub fn total(&self) -> Balance {
        [self.treasury, self.owner, self.operator, self.attributors, self.data, self.remainder]
            .into_iter()
            .fold(0, Balance::saturating_add)
    }
}

/// `floor(amount · ppm / 1,000,000)`, without overflow; more than the whole counts as the whole. For more,
/// see [`multiple`].
pub fn portion(amount: Balance, ppm: Ppm) -> Balance {
    proportion(amount, ppm.into(), PPM.into())
}

/// `floor(amount · ppm / 1,000,000)` where `ppm` may be more than the whole, as of a bond that is several
/// times a fee. It stops at the largest amount instead of overflowing.
pub fn multiple(amount: Balance, ppm: Ppm) -> Balance {
    let product = U256::from(amount).saturating_mul(U256::from(ppm));
    let part = product.checked_div(U256::from(PPM)).unwrap_or_default();
    Balance::try_from(part).unwrap_or(Balance::MAX)
}

/// `floor(amount · part / whole)`, without overflow; `part` is at most `whole`, and of nothing it is
/// nothing.
pub fn proportion(amount: Balance, part: Balance, whole: Balance) -> Balance {
    let product = U256::from(amount).saturating_mul(U256::from(part.min(whole)));
    // At most `amount`, so it fits.
    product.checked_div(U256::from(whole)).unwrap_or_default().low_u128()
}

/// The data part of a fee, by contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// What each contribution gets; ascending by contribution.
    pub contributions: Vec<(ContributionId, Balance)>,
    /// What the pools of the model's datanets get together.
    pub pool: Balance,
}

impl Distribution {
    /// Everything given out.
    pub fn total(&self) -> Balance {
        self.contributions.iter().fold(self.pool, |sum, (_, amount)| sum.saturating_add(*amount))
    }
}

/// Gives `data` out under `shares`, every amount rounded down.
pub fn distribute(data: Balance, shares: &ShareVector) -> Distribution {
    Distribution {
        contributions: shares
            .shares()
            .iter()
            .map(|share| (share.contribution, portion(data, share.ppm)))
            .collect(),
        pool: portion(data, shares.pool()),
    }
}

/// Divides an owner's part over a lineage: each model with those that it derives from.
///
/// The served model comes first, and every model before those that it derives from: so each is visited
/// once, when all that reaches it is known. It passes `royalty` of that on, in equal parts, to the models
/// it derives from, and keeps the rest; rounding down, what rounding leaves is its own. A model that
/// derives from none keeps all. One amount for each model, in the order given; they sum to `amount`, and
/// there is none where no model is given.
pub fn royalties<'a>(
    amount: Balance,
    royalty: Ppm,
    lineage: impl IntoIterator<Item = (ModelId, &'a [ModelId])>,
) -> Vec<Balance> {
    let mut reached = BTreeMap::new();
    let mut kept = Vec::new();
    for (model, parents) in lineage {
        let here = match kept.is_empty() {
            true => amount,
            false => reached.remove(&model).unwrap_or(0),
        };
        let number = parents.len() as Balance;
        let each = portion(here, royalty).checked_div(number).unwrap_or(0);
        for parent in parents {
            let there: &mut Balance = reached.entry(*parent).or_default();
            *there = there.saturating_add(each);
        }
        kept.push(here.saturating_sub(each.saturating_mul(number)));
    }
    // Nothing is lost where a model is missing, or comes before one that derives from it.
    if let Some(first) = kept.first_mut() {
        *first = reached.into_values().fold(*first, Balance::saturating_add);
    }
    kept
}
