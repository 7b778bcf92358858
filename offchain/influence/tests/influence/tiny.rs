//! A tiny random model and its records. The tests of openledger-attribution-lab read this file too.

use openledger_influence::build::Example;
use openledger_lm::{Adapter, Config, Family, Model, RopeScaling, Sequence};
use openledger_primitives::hashing;

pub const VOCABULARY: u64 = 40;

/// Numbers that look random and are the same everywhere.
pub fn number(seed: u64) -> u64 {
    let digest = hashing::content_id(&seed.to_le_bytes());
    digest.to_low_u64_be() >> 8
}

/// One decoder layer of width 16, and an adapter of rank 2 of which neither A nor B is zero.
pub fn model() -> Model {
    let config = Config {
        family: Family::LLAMA,
        vocab_size: VOCABULARY as usize,
        hidden_size: 16,
        intermediate_size: 24,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        head_dim: 8,
        max_position_embeddings: 64,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        tie_word_embeddings: false,
        bos_token_id: Some(0),
        eos_token_ids: vec![0],
    };
    let base = Model::random(config, 5).unwrap();
    let adapter = Adapter::new(base.config(), 2, 4.0, "base", 6).unwrap();
    let model = base.with_adapter(adapter).unwrap();
    let mut at = 0;
    let values = model
        .lora_values()
        .into_iter()
        .map(|matrix| {
            matrix.mapv(|_| {
                at += 1;
                (number(at) % 2_001) as f32 / 2_000.0 - 0.5
            })
        })
        .collect();
    model.with_lora_values(values).unwrap()
}

/// A record of 5 to 20 tokens; those of one topic share most of them.
pub fn record(topic: u64, i: u64) -> Sequence {
    let length = 5 + number(1_000 + 31 * topic + i) % 16;
    let ids = (0..length).map(|t| {
        let draw = number(1_000_000 * (topic + 1) + 1_000 * i + t);
        let own = 1 + (topic * 7 + draw % 5) % (VOCABULARY - 1);
        let any = 1 + draw % (VOCABULARY - 1);
        (if draw % 11 < 8 { own } else { any }) as u32
    });
    Sequence::new(std::iter::once(0).chain(ids).collect())
}

/// Contributions 3, 4 and 8 of eight records each, on topics 0, 1 and 2; contribution 9 has none.
pub fn examples() -> Vec<Example> {
    [3, 4, 8]
        .into_iter()
        .zip(0..)
        .flat_map(|(contribution, topic)| {
            (0..8).map(move |i| Example { contribution, sequence: record(topic, i) })
        })
        .collect()
}
