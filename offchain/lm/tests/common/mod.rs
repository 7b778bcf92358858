//! Small models for tests.
#![allow(dead_code)]

pub mod golden;
pub mod python;
pub mod tokenizers;
pub mod twins;

use openledger_lm::{Adapter, Config, Family, Model, RopeScaling, Sequence};
use rand::Rng;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

/// Grouped-query attention, an output matrix of its own, odd widths.
pub fn config() -> Config {
    Config {
        family: Family::LLAMA,
        vocab_size: 23,
        hidden_size: 12,
        intermediate_size: 20,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        head_dim: 4,
        max_position_embeddings: 32,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        tie_word_embeddings: false,
        bos_token_id: Some(0),
        eos_token_ids: vec![0],
    }
}

/// A random base with an adapter both of whose matrices are random, so that every gradient is non-zero.
pub fn adapted() -> Model {
    let base = Model::random(config(), 1).unwrap();
    let adapter = Adapter::new(&config(), 3, 6.0, "base", 2).unwrap();
    let model = base.with_adapter(adapter).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut matrices = model.lora_values();
    for value in matrices.iter_mut().flatten() {
        *value = rng.random_range(-0.5..0.5);
    }
    model.with_lora_values(matrices).unwrap()
}

/// Sequences of different lengths; the second counts from its fourth token on.
pub fn sequences() -> Vec<Sequence> {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    [(7, 1), (11, 4), (5, 0)]
        .into_iter()
        .map(|(len, from)| {
            let ids = (0..len).map(|_| rng.random_range(0..23)).collect();
            Sequence::after(ids, from)
        })
        .collect()
}

/// A folder of its own for one test, removed with it.
pub struct Folder(std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("openledger-lm-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind in the system's temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
