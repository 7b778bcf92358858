//! Text generation with a cache of keys and values.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{
    batch::Pass,
    cache::{Cache, PREFILL},
    random::stream,
    tensors::values,
    Error, Model, Result, Tokenizer,
};

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Most tokens to generate.
    pub max_tokens: usize,
    /// 0 takes the likeliest token; above, logits are divided by it before drawing.
    pub temperature: f32,
    /// Draw among the fewest likeliest tokens whose probability reaches this (nucleus sampling, Holtzman et al.
    /// 2020). 1 keeps all.
    pub top_p: f32,
    /// The same seed, prompt and model give the same answer.
    pub seed: u64,
}

impl Sampling {
    /// Always the likeliest token.
    pub fn greedy(max_tokens: usize) -> Self {
        Self { max_tokens, temperature: 0.0, top_p: 1.0, seed: 0 }
    }
}

/// What an answer has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many tokens of the prompt are read.
    Read(usize),
    /// The next token.
    Token(u32),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// The model said so.
    EndOfText,
    /// It reached `max_tokens`, or the model's context.
    Length,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its tokens, without the end-of-text token.
    pub ids: Vec<u32>,
    /// Its text.
    pub text: String,
    /// Why it ended.
    pub stop: Stop,
}

impl Model {
    /// Continues a prompt. `each` sees every part of the prompt that is read and every token as it comes, and ends the
    /// answer by returning false. A prompt is read in parts, so that memory grows with its length and not with its square,
    /// and a long one can be given up. Tokens of `unnamed` are never chosen: rows of the
    /// vocabulary that the tokenizer has no token for ([`Tokenizer::unnamed`]).
    ///
    /// # Errors
    /// If the prompt is empty, fills the context, or holds tokens outside the vocabulary; if temperature or
    /// top-p are out of range; if a logit is not finite, or no token is left to choose.
    pub fn generate(
        &self,
        prompt: &[u32],
        sampling: Sampling,
        unnamed: &[u32],
        mut each: impl FnMut(Step) -> bool,
    ) -> Result<(Vec<u32>, Stop)> {
        let Sampling { max_tokens, temperature, top_p, seed } = sampling;
        if prompt.is_empty() {
            return Err(Error::NoTarget { len: 0 });
        }
        self.check_ids(prompt, prompt.len())?;
        if !(0.0..=100.0).contains(&temperature) {
            return Err(Error::Config(format!("temperature {temperature} is not in 0 to 100")));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(Error::Config(format!("top_p {top_p} is not in (0, 1]")));
        }
        let room = self.config.max_position_embeddings - prompt.len();
        let mut rng = stream(seed, 0);
        let most = max_tokens.min(room);
        let mut cache = Cache::new(self.config.num_hidden_layers, prompt.len() + most);
        let mut ids: Vec<u32> = Vec::new();
        let last = prompt.len() - (prompt.len() - 1) % PREFILL - 1;
        let (before, rest) = prompt.split_at(last);
        for part in before.chunks(PREFILL) {
            self.hidden(&Pass::of(part), Some(&mut cache), None);
            if !each(Step::Read(cache.len)) {
                return Ok((ids, Stop::Length));
            }
        }
        let mut input = rest.to_vec();
        for _ in 0..most {
            let hidden = self.hidden(&Pass::of(&input), Some(&mut cache), None);
            let [tokens, width] = hidden.dims();
            let last = hidden.slice([tokens - 1..tokens, 0..width]);
            let mut logits = values(self.logits(last));
            if logits.iter().any(|logit| !logit.is_finite()) {
                return Err(Error::Overflow(prompt.len() + ids.len()));
            }
            for &id in unnamed {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
            let next = if temperature == 0.0 {
                likeliest(&logits)
            } else {
                nucleus(&logits, temperature, top_p, rng.random())
            };
            if self.config.eos_token_ids.contains(&next) {
                return Ok((ids, Stop::EndOfText));
            }
            ids.push(next);
            if !each(Step::Token(next)) {
                break;
            }
            input = vec![next];
        }
        Ok((ids, Stop::Length))
    }

    /// Continues a text: [`Model::generate`] between a tokenizer's two ends.
    ///
    /// # Errors
    /// As [`Model::generate`], and if the tokenizer fails.
    pub fn answer(
        &self,
        tokenizer: &Tokenizer,
        prompt: &str,
        sampling: Sampling,
    ) -> Result<Answer> {
        let prompt = tokenizer.prompt(prompt)?;
        let (ids, stop) = self.generate(&prompt, sampling, tokenizer.unnamed(), |_| true)?;
        let text = tokenizer.decode_after(&prompt, &ids)?;
        Ok(Answer { ids, text, stop })
    }
}

/// The first of the largest.
fn likeliest(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (token, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = token;
        }
    }
    best as u32
}

/// Draws from the nucleus; `u` is uniform in [0, 1). Logits are finite, or minus infinity for what is never drawn.
fn nucleus(logits: &[f32], temperature: f32, top_p: f32, u: f64) -> u32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut tokens: Vec<(u32, f64)> = logits
        .iter()
        .enumerate()
        .map(|(token, &logit)| (token as u32, f64::from((logit - top) / temperature).exp()))
        .collect();
    let total: f64 = tokens.iter().map(|token| token.1).sum();
    let kept =
        if top_p < 1.0 { likeliest_of(&mut tokens, f64::from(top_p) * total) } else { &tokens };
    let mut left = u * kept.iter().map(|token| token.1).sum::<f64>();
    for &(token, weight) in kept {
        left -= weight;
        if left < 0.0 {
            return token;
        }
    }
    // Only rounding leads here.
    kept.iter().rev().find(|token| token.1 > 0.0).map_or(0, |token| token.0)
}

/// The fewest likeliest tokens whose weights reach `mass`, the likeliest first. Few reach it, most of the time, so
/// that only those are sorted.
fn likeliest_of(tokens: &mut [(u32, f64)], mass: f64) -> &[(u32, f64)] {
    // Ties in the order of the vocabulary, so that the choice is the same everywhere.
    let order = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut sorted = 64.min(tokens.len());
    loop {
        if sorted < tokens.len() {
            tokens.select_nth_unstable_by(sorted, order);
        }
        tokens[..sorted].sort_unstable_by(order);
        let mut reached = 0.0;
        for (i, token) in tokens[..sorted].iter().enumerate() {
            reached += token.1;
            if reached >= mass {
                return &tokens[..=i];
            }
        }
        if sorted == tokens.len() {
            return tokens;
        }
        sorted = (8 * sorted).min(tokens.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nucleus_should_leave_out_the_tail_when_top_p_is_small() {
        let logits = [0.0, 3.0, 2.9, -5.0];
        for i in 0..100 {
            let token = nucleus(&logits, 1.0, 0.9, f64::from(i) / 100.0);
            assert!(token == 1 || token == 2, "{token} is outside the nucleus");
        }
        assert_eq!(nucleus(&logits, 1.0, 0.01, 0.999), 1);
        assert_eq!(nucleus(&logits, 1.0, 1.0, 0.9999), 3);
    }

    #[test]
    fn nucleus_should_be_that_of_a_full_sort_when_few_or_many_tokens_are_in_it() {
        let mut logits: Vec<f32> = (0..2000).map(|i| ((i * 7919) % 2003) as f32 / 100.0).collect();
        logits[77] = f32::NEG_INFINITY;
        for top_p in [1e-6, 0.3, 0.9, 0.999_999] {
            let mut tokens: Vec<(u32, f64)> = logits
                .iter()
                .enumerate()
                .map(|(token, &logit)| (token as u32, f64::from(logit).exp()))
                .collect();
            let mass = top_p * tokens.iter().map(|token| token.1).sum::<f64>();
            let mut all = tokens.clone();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let mut reached = 0.0;
            let within = |token: &&(u32, f64)| {
                let open = reached < mass;
                reached += token.1;
                open
            };
            let expected: Vec<_> = all.iter().take_while(within).copied().collect();
            assert_eq!(likeliest_of(&mut tokens, mass), expected);
        }
    }

    #[test]
    fn draw_should_never_be_of_a_token_without_weight() {
        let logits = [f32::NEG_INFINITY, 1.0, 1.0, f32::NEG_INFINITY];
        for i in 0..100 {
            for top_p in [0.6, 1.0] {
                let token = nucleus(&logits, 1.0, top_p, f64::from(i) / 99.999);
                assert!(token == 1 || token == 2, "{token}");
            }
        }
    }

    #[test]
    fn likeliest_should_be_the_first_when_tied() {
        assert_eq!(likeliest(&[1.0, 2.0, 2.0]), 1);
    }
}
