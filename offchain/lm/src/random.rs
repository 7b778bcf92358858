//! Seeded randomness. ChaCha, so that a seed means the same on every machine and in every release.

use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

/// A generator for one purpose: the same seed and stream give the same numbers.
pub(crate) fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// `n` normal numbers of the given deviation (Box and Muller 1958).
pub(crate) fn normals(rng: &mut ChaCha8Rng, n: usize, deviation: f32) -> Vec<f32> {
    (0..n)
        .map(|_| {
            // 1 - u is in (0, 1], so the logarithm is finite.
            let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
            let angle = std::f64::consts::TAU * rng.random::<f64>();
            (radius * angle.cos()) as f32 * deviation
        })
        .collect()
}

/// A permutation of `0..n` (Fisher and Yates).
pub(crate) fn permutation(rng: &mut ChaCha8Rng, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.random_range(0..=i));
    }
    order
}
