//! Dividing a whole number of parts by weight, exactly.

use crate::Ppm;
use alloc::{vec, vec::Vec};
use primitive_types::U256;

/// Divides `total` parts among `weights` by the largest-remainder method (Hamilton's).
///
/// Entry `i` gets `floor(total · wᵢ / Σw)`; the parts left over go one each to the largest
/// remainders, ties to the lower index. The result sums to `total` exactly, or is all zeros when the
/// weights are.
pub fn apportion(weights: &[u128], total: Ppm) -> Vec<Ppm> {
    let sum = weights.iter().fold(U256::zero(), |sum, w| sum.saturating_add(U256::from(*w)));
    if sum.is_zero() {
        return vec![0; weights.len()];
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given: Ppm = 0;
    for (index, weight) in weights.iter().enumerate() {
        // 128 + 32 bits: the product fits; `sum` is not zero.
        let (part, remainder) = U256::from(*weight).saturating_mul(U256::from(total)).div_mod(sum);
        // A part is at most `total`, so it fits.
        let part = part.low_u32();
        given = given.saturating_add(part);
        parts.push(part);
        remainders.push((remainder, index));
    }
    // Largest remainder first, then lowest index. Fewer parts are left than there are weights.
    remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = total.saturating_sub(given) as usize;
    for (_, index) in remainders.into_iter().take(left) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.saturating_add(1);
        }
    }
    parts
}
