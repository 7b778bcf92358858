//! The one place that decides the numeric format of indices and queries.
//!
//! A vector covers all LoRA matrices in the order of `Model::lora_matrices`, each row-major and padded with zeros
//! to whole blocks of [`BLOCK`]. Of each matrix, an element is stored as the `i16` nearest to `value / 2^e` (ties
//! to even), where the matrix's exponent `e` is the smallest at which the largest magnitude still fits.
//!
//! Within one vector, exponents span at most [`SPAN`]: a matrix whose values are all below `2^-27` of the largest
//! is stored more coarsely, down to zeros. So the sum of two exponents spans at most 54, and the cap of
//! [`openledger_primitives::score::MAX_SHIFT`] is never reached.

pub use openledger_primitives::score::BLOCK;
use openledger_primitives::score::MAX_SHIFT;

/// How far exponents of one vector lie apart, at most.
pub const SPAN: i32 = 27;

/// Exponents outside of this have no use, and would leave the range of normal `f64`.
const EXPONENTS: std::ops::RangeInclusive<i32> = -900..=900;

/// Blocks of a matrix of so many elements.
pub fn blocks(elements: usize) -> usize {
    elements.div_ceil(BLOCK)
}

/// The exponent of each matrix, from the largest magnitude in it; all must be finite.
pub fn exponents(largest: &[f64]) -> Vec<i16> {
    let needed: Vec<Option<i32>> = largest.iter().map(|&value| exponent(value)).collect();
    let top = needed.iter().flatten().copied().max().unwrap_or(0);
    let bottom = (top - SPAN).max(*EXPONENTS.start());
    needed.into_iter().map(|needed| needed.map_or(bottom, |e| e.max(bottom)) as i16).collect()
}

/// The smallest `e` such that `largest / 2^e` rounds to at most 32,767; none for zero.
fn exponent(largest: f64) -> Option<i32> {
    if largest == 0.0 {
        return None;
    }
    // floor(log2) of a normal number, from its bits; smaller ones are clamped anyway.
    let log = ((largest.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let e = (log - 14).clamp(*EXPONENTS.start(), *EXPONENTS.end());
    Some(if (largest * power(-e)).round_ties_even() > f64::from(i16::MAX) { e + 1 } else { e })
}

/// `2^e`, exactly.
fn power(e: i32) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

/// Appends one matrix to a vector, padded to whole blocks.
pub fn append(values: impl Iterator<Item = f64>, exponent: i16, vector: &mut Vec<i16>) {
    let scale = power(-i32::from(exponent));
    // The conversion saturates, and is only asked to where the exponent was clamped.
    vector.extend(values.map(|value| (value * scale).round_ties_even() as i16));
    vector.resize(vector.len().next_multiple_of(BLOCK), 0);
}

/// The shift of each matrix: `e_w + e_q` less the smallest of these sums.
pub fn shifts(index: &[i16], query: &[i16]) -> Vec<u8> {
    let sums: Vec<i32> =
        index.iter().zip(query).map(|(&w, &q)| i32::from(w) + i32::from(q)).collect();
    let least = sums.iter().copied().min().unwrap_or(0);
    sums.into_iter().map(|sum| (sum - least).min(i32::from(MAX_SHIFT)) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn value_should_return_within_half_a_step(
            values in prop::collection::vec(-1e3f64..1e3, 1..600),
            scale in -40i32..40,
        ) {
            let values: Vec<f64> = values.into_iter().map(|v| v * f64::from(scale).exp2()).collect();
            let largest = values.iter().fold(0.0f64, |top, v| top.max(v.abs()));
            let e = exponents(&[largest])[0];
            let mut vector = Vec::new();
            append(values.iter().copied(), e, &mut vector);
            prop_assert_eq!(vector.len() % BLOCK, 0);
            let step = power(i32::from(e));
            for (&value, &stored) in values.iter().zip(&vector) {
                prop_assert!((value - f64::from(stored) * step).abs() <= step / 2.0);
            }
            // No smaller exponent would do.
            prop_assert!(largest == 0.0 || (largest / (step / 2.0)).round_ties_even() > 32_767.0);
        }

        #[test]
        fn shift_should_stay_below_the_cap(
            w in prop::collection::vec(prop::option::of(-300i32..300), 1..20),
            q in prop::collection::vec(prop::option::of(-300i32..300), 20),
        ) {
            let largest = |e: &[Option<i32>]| -> Vec<f64> {
                e.iter().map(|e| e.map_or(0.0, |e| 1.3 * f64::from(e).exp2())).collect()
            };
            let shifts = shifts(&exponents(&largest(&w)), &exponents(&largest(&q[..w.len()])));
            prop_assert!(shifts.iter().all(|&shift| i32::from(shift) <= 2 * SPAN));
            prop_assert!(shifts.contains(&0));
        }
    }

    #[test]
    fn largest_should_round_into_range_when_just_below_a_power_of_two() {
        let largest = 32_767.6;
        let mut vector = Vec::new();
        append([largest].into_iter(), exponents(&[largest])[0], &mut vector);
        assert_eq!(vector[0], 16_384);
    }
}
