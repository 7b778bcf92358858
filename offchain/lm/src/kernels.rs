//! Row kernels: the memory-bound loops of a decoder, on plain slices.
//!
//! Each processes whole rows, so rows may be split over threads without changing a bit of the result.
//! Sums run in a fixed order of 16 lanes and nothing is contracted into fused multiply-adds, so the result is
//! also the same whichever vector instructions the processor has.

/// Lanes of every reduction: one AVX-512 register of `f32`.
const LANES: usize = 16;

/// Compiles a function three times (AVX-512, AVX2, portable) and picks at run time what the processor has.
macro_rules! vectorised {
    ($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        pub(crate) fn $name($($arg: $ty),*) {
            #[inline(always)]
            fn portable($($arg: $ty),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512($($arg: $ty),*) { portable($($arg),*) }
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $ty),*) { portable($($arg),*) }

                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has what the function is compiled for.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            portable($($arg),*)
        }
    };
}

/// `e^x` to about 2 units in the last place, branch-free so that it vectorises.
///
/// Range reduction to `[-ln2/2, ln2/2]` and the degree-5 minimax polynomial of Cephes' `expf`.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * (355.0 / 512.0) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_6e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

#[inline(always)]
fn total(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Sum of `f(i)` over `0..n`, in 16 lanes.
#[inline(always)]
fn sum(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let whole = n / LANES * LANES;
    let mut base = 0;
    while base < whole {
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value += f(base + lane);
        }
        base += LANES;
    }
    let mut rest = 0.0;
    for i in whole..n {
        rest += f(i);
    }
    total(lanes) + rest
}

#[inline(always)]
fn maximum(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let mut top = f32::NEG_INFINITY;
    for &value in chunks.remainder() {
        top = if value > top { value } else { top };
    }
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    lanes.iter().fold(top, |a, &b| if b > a { b } else { a })
}

/// Replaces a row by `exp(scale * (x - max))` and returns the sum of it and the scaled maximum.
#[inline(always)]
fn exponentials(row: &mut [f32], scale: f32) -> (f32, f32) {
    let top = maximum(row);
    for value in row.iter_mut() {
        *value = exp((*value - top) * scale);
    }
    let row = &*row;
    (sum(row.len(), |i| row[i]), top * scale)
}

vectorised! {
    /// `y = w * x / rms(x)`; keeps `1 / rms(x)` of each row for the way back.
    fn rms_norm(x: &[f32], w: &[f32], eps: f32, y: &mut [f32], inverse: &mut [f32]) {
        let d = w.len();
        for ((x, y), inverse) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)).zip(inverse) {
            let inv = 1.0 / (sum(d, |i| x[i] * x[i]) / d as f32 + eps).sqrt();
            *inverse = inv;
            for i in 0..d {
                y[i] = w[i] * (x[i] * inv);
            }
        }
    }
}

vectorised! {
    /// Gradient of [`rms_norm`] with respect to `x`: `inv * (g w - x * inv^2 * mean(g w x))`.
    fn rms_norm_back(x: &[f32], w: &[f32], inverse: &[f32], g: &[f32], out: &mut [f32]) {
        let d = w.len();
        for (((x, g), out), &inv) in
            x.chunks_exact(d).zip(g.chunks_exact(d)).zip(out.chunks_exact_mut(d)).zip(inverse)
        {
            let mean = sum(d, |i| g[i] * w[i] * x[i]) / d as f32;
            let pull = mean * inv * inv;
            for i in 0..d {
                out[i] = inv * (g[i] * w[i] - x[i] * pull);
            }
        }
    }
}

vectorised! {
    /// Gradient of [`rms_norm`] with respect to `w`, added to `out`: the sum of `g x inv` over rows.
    fn rms_norm_back_weight(x: &[f32], inverse: &[f32], g: &[f32], out: &mut [f32]) {
        let d = out.len();
        for ((x, g), &inv) in x.chunks_exact(d).zip(g.chunks_exact(d)).zip(inverse) {
            for i in 0..d {
                out[i] += g[i] * (x[i] * inv);
            }
        }
    }
}

vectorised! {
    /// `y = silu(gate) * up`.
    fn swiglu(gate: &[f32], up: &[f32], y: &mut [f32]) {
        for ((y, &gate), &up) in y.iter_mut().zip(gate).zip(up) {
            *y = gate / (1.0 + exp(-gate)) * up;
        }
    }
}

vectorised! {
    /// Gradients of [`swiglu`] with respect to `gate` and `up`.
    fn swiglu_back(gate: &[f32], up: &[f32], g: &[f32], g_gate: &mut [f32], g_up: &mut [f32]) {
        for i in 0..gate.len().min(up.len()).min(g.len()).min(g_gate.len()).min(g_up.len()) {
            let sigmoid = 1.0 / (1.0 + exp(-gate[i]));
            let silu = gate[i] * sigmoid;
            g_up[i] = g[i] * silu;
            g_gate[i] = g[i] * up[i] * (sigmoid + silu * (1.0 - sigmoid));
        }
    }
}

/// What attention keeps of each query while it goes through blocks of keys: the largest score so far, and the sum of
/// the exponentials relative to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub top: f32,
    pub sum: f32,
}

impl Seen {
    pub(crate) const NOTHING: Self = Self { top: f32::NEG_INFINITY, sum: 0.0 };

    /// The logarithm of the sum of all exponentials.
    pub(crate) fn log_sum(&self, scale: f32) -> f32 {
        self.top * scale + self.sum.ln()
    }
}

/// Takes in the visible scores of one query: they become exponentials relative to the largest so far. Returns what is
/// left of everything that was relative to the largest before.
#[inline(always)]
fn take_in(visible: &mut [f32], seen: &mut Seen, scale: f32) -> f32 {
    let top = maximum(visible);
    let top = if top > seen.top { top } else { seen.top };
    for value in visible.iter_mut() {
        *value = exp((*value - top) * scale);
    }
    let visible = &*visible;
    let added = sum(visible.len(), |i| visible[i]);
    let left = if seen.sum > 0.0 { exp((seen.top - top) * scale) } else { 0.0 };
    *seen = Seen { top, sum: seen.sum * left + added };
    left
}

#[inline(always)]
fn scale_row(row: &mut [f32], factor: f32) {
    if factor != 1.0 {
        for value in row {
            *value *= factor;
        }
    }
}

vectorised! {
    /// One block of attention scores `[queries, keys]`, in place: to exponentials where `visible` says that a query sees
    /// a key, else to 0. `out` `[queries, width]`, the sums so far, is brought to the same scale.
    fn attend(scores: &mut [f32], keys: usize, visible: &[(usize, usize)], scale: f32, seen: &mut [Seen], out: &mut [f32]) {
        let width = out.len() / seen.len().max(1);
        for (((row, &(from, to)), seen), out) in
            scores.chunks_exact_mut(keys).zip(visible).zip(seen).zip(out.chunks_exact_mut(width))
        {
            row[..from].fill(0.0);
            row[to..].fill(0.0);
            if from < to {
                let left = take_in(&mut row[from..to], seen, scale);
                scale_row(out, left);
            }
        }
    }
}

vectorised! {
    /// [`attend`] with rates of change: `rates` `[queries, keys]`, those of the scores, are multiplied by the
    /// exponentials; `turned`, their sum for each query, and `moved` `[queries, width]` are brought to the same scale as
    /// `out`.
    fn attend_moving(scores: &mut [f32], rates: &mut [f32], keys: usize, visible: &[(usize, usize)], scale: f32, seen: &mut [Seen], turned: &mut [f32], out: &mut [f32], moved: &mut [f32]) {
        let width = out.len() / seen.len().max(1);
        let rows = scores.chunks_exact_mut(keys).zip(rates.chunks_exact_mut(keys));
        let sums = seen.iter_mut().zip(turned);
        let outs = out.chunks_exact_mut(width).zip(moved.chunks_exact_mut(width));
        for ((((row, rate), &(from, to)), (seen, turned)), (out, moved)) in
            rows.zip(visible).zip(sums).zip(outs)
        {
            row[..from].fill(0.0);
            row[to..].fill(0.0);
            if from < to {
                let left = take_in(&mut row[from..to], seen, scale);
                scale_row(out, left);
                scale_row(moved, left);
                *turned *= left;
            }
            for i in 0..keys.min(row.len()).min(rate.len()) {
                rate[i] *= row[i] * scale;
            }
            let rate = &*rate;
            *turned += sum(keys, |i| rate[i]);
        }
    }
}

vectorised! {
    /// Divides each row by the sum of its exponentials.
    fn divide(out: &mut [f32], seen: &[Seen]) {
        let width = out.len() / seen.len().max(1);
        for (row, seen) in out.chunks_exact_mut(width).zip(seen) {
            scale_row(row, 1.0 / seen.sum);
        }
    }
}

vectorised! {
    /// Scores `[queries, keys]` to probabilities, in place, from the logarithm of the sum of all exponentials of each
    /// query.
    fn probabilities(scores: &mut [f32], keys: usize, visible: &[(usize, usize)], scale: f32, log_sums: &[f32]) {
        for ((row, &(from, to)), &log_sum) in scores.chunks_exact_mut(keys).zip(visible).zip(log_sums) {
            row[..from].fill(0.0);
            row[to..].fill(0.0);
            for value in &mut row[from.min(to)..to] {
                *value = exp(*value * scale - log_sum);
            }
        }
    }
}

vectorised! {
    /// Gradient of the scores, in place of that of the probabilities: `scale * p * (g - drag)`, where `drag` is the sum
    /// of `g p` over all keys.
    fn softmax_back(p: &[f32], keys: usize, scale: f32, drag: &[f32], g: &mut [f32]) {
        for ((p, g), &drag) in p.chunks_exact(keys).zip(g.chunks_exact_mut(keys)).zip(drag) {
            for i in 0..keys {
                g[i] = scale * p[i] * (g[i] - drag);
            }
        }
    }
}

vectorised! {
    /// The product of each row of `a` with that of `b`.
    fn dots(a: &[f32], b: &[f32], out: &mut [f32]) {
        let width = a.len() / out.len().max(1);
        for ((a, b), out) in a.chunks_exact(width).zip(b.chunks_exact(width)).zip(out) {
            *out = sum(width, |i| a[i] * b[i]);
        }
    }
}

vectorised! {
    /// In place, rows of logits to `softmax - onehot(label)`, and `-log p(label)` to `loss`.
    fn cross_entropy(logits: &mut [f32], labels: &[u32], loss: &mut [f32]) {
        let vocab = logits.len() / labels.len().max(1);
        for ((row, &label), loss) in logits.chunks_exact_mut(vocab.max(1)).zip(labels).zip(loss) {
            let target = row[label as usize];
            let (sum, top) = exponentials(row, 1.0);
            *loss = sum.ln() + top - target;
            let norm = 1.0 / sum;
            for value in row.iter_mut() {
                *value *= norm;
            }
            row[label as usize] -= 1.0;
        }
    }
}

vectorised! {
    /// Rotates each head of one position: the pair `(i, i + half)` by the position's `i`-th angle, as Hugging
    /// Face lays Llama's rotary embedding out. `sign` is -1 for the inverse rotation.
    fn rotate(x: &[f32], cos: &[f32], sin: &[f32], sign: f32, y: &mut [f32]) {
        let half = cos.len();
        let (x0, x1) = x.split_at(half);
        let (y0, y1) = y.split_at_mut(half);
        for i in 0..half.min(sin.len()).min(x1.len()).min(y0.len()).min(y1.len()) {
            let s = sign * sin[i];
            y0[i] = x0[i] * cos[i] - x1[i] * s;
            y1[i] = x1[i] * cos[i] + x0[i] * s;
        }
    }
}

/// What one AdamW step needs beside the parameter, its gradient and its moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamStep {
    /// Factor on the raw gradient: gradient clipping and the mean over tokens.
    pub gradient: f32,
    /// Learning rate divided by `1 - beta1^t`.
    pub rate: f32,
    /// `1 / sqrt(1 - beta2^t)`.
    pub root: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    /// `1 - learning rate * weight decay`.
    pub keep: f32,
}

vectorised! {
    /// One step of AdamW (Loshchilov and Hutter 2019, algorithm 2), in place.
    fn adamw(x: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], s: AdamStep) {
        for (((x, m), v), &g) in x.iter_mut().zip(m).zip(v).zip(g) {
            let g = g * s.gradient;
            *m = s.beta1 * *m + (1.0 - s.beta1) * g;
            *v = s.beta2 * *v + (1.0 - s.beta2) * g * g;
            *x = s.keep * *x - s.rate * *m / (v.sqrt() * s.root + s.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_should_match_the_libm_when_in_range() {
        for i in -8700..8800 {
            let x = i as f32 / 100.0;
            let (ours, truth) = (exp(x), (x as f64).exp());
            assert!(((ours as f64 - truth) / truth).abs() < 4e-7, "exp({x}) = {ours}, not {truth}");
        }
    }

    #[test]
    fn sum_should_count_every_element_when_the_length_is_odd() {
        for n in 0..70 {
            assert_eq!(sum(n, |i| i as f32), (0..n).sum::<usize>() as f32);
        }
    }
}
