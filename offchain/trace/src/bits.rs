//! The one place that decides how improbable a token is.

/// 65,536ths of a bit.
pub const ONE: u64 = 1 << FRACTION;
const FRACTION: u32 = 16;

/// `log2(value)` in 65,536ths, rounded down, by squaring the mantissa once for each binary digit (Knuth, The Art of
/// Computer Programming 1.2.2, exercise 25). The mantissa has 63 bits behind the point, and each square is cut off
/// there. Of zero, zero.
pub fn log2(value: u64) -> u64 {
    let Some(whole) = value.checked_ilog2() else { return 0 };
    // In [2^63, 2^64).
    let mut mantissa = u128::from(value << (63 - whole));
    let mut digits = u64::from(whole);
    for _ in 0..FRACTION {
        mantissa = (mantissa * mantissa) >> 63;
        let digit = mantissa >> 64;
        mantissa >>= digit;
        digits = digits << 1 | digit as u64;
    }
    digits
}

/// `-log2(count / total)` in 65,536ths. What does not occur counts as if it occurred once.
pub fn improbability(count: u64, total: u64) -> u64 {
    log2(total).saturating_sub(log2(count.max(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn log2_should_be_that_of_floating_point(value in 1..u64::MAX) {
            let exact = (value as f64).log2() * ONE as f64;
            let found = log2(value) as f64;
            prop_assert!(found <= exact + 0.01 && exact - found < 1.01, "{found} {exact}");
        }
    }

    #[test]
    fn log2_should_be_exact_for_powers() {
        for power in 0..64 {
            assert_eq!(log2(1 << power), power * ONE);
        }
        assert_eq!(log2(0), 0);
        assert_eq!(log2(3), 103_872);
        assert_eq!(log2(u64::MAX), 64 * ONE - 1);
    }

    #[test]
    fn improbability_should_be_none_of_what_is_all_there_is() {
        assert_eq!(improbability(8, 8), 0);
        assert_eq!(improbability(1, 8), 3 * ONE);
        assert_eq!(improbability(0, 8), 3 * ONE);
        assert_eq!(improbability(0, 0), 0);
    }
}
