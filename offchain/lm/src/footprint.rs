//! What a checkpoint needs of memory, known before any of it is taken: from its configuration and the sizes of its files.

use std::path::Path;

use crate::{
    cache::PREFILL,
    head::LOGITS,
    names::PROJECTIONS,
    tensor_files::{bytes, weight_files},
    Config, Error, Result,
};

/// Bytes of a number as it is computed with.
const NUMBER: u128 = 4;
/// Bytes of a number in the smallest format that checkpoints are read in.
const SMALLEST: u128 = 2;
/// What a thread holds while it computes, and what programs need besides.
const OVERHEAD: u128 = 64 << 20;

/// Bytes of memory that a base model needs on the CPU. All are upper bounds, so that what is within a limit stays there.
#[derive(Clone, Debug)]
pub struct Footprint {
    config: Config,
    files: u64,
}

impl Footprint {
    /// Of a configuration, and of the sizes of the files that hold its tensors, added.
    ///
    /// # Errors
    /// If the configuration contradicts itself, or describes more numbers than files of that size can hold.
    pub fn of(config: &Config, files: u64) -> Result<Self> {
        config.check()?;
        let parameters = config.parameters();
        if u128::from(parameters) * SMALLEST > u128::from(files) {
            return Err(Error::Larger { parameters, bytes: files });
        }
        Ok(Self { config: config.clone(), files })
    }

    /// Of a folder, of which `config.json` and the sizes of the other files are read.
    ///
    /// # Errors
    /// As [`Footprint::of`], and if a file cannot be read.
    pub fn of_checkpoint(folder: &Path) -> Result<Self> {
        Self::of(&Config::load(folder)?, bytes(&weight_files(folder)?)?)
    }

    /// The weights alone.
    pub fn weights(&self) -> u64 {
        whole(u128::from(self.config.parameters()) * NUMBER)
    }

    /// An adapter of this rank on all linear layers.
    pub fn adapter(&self, rank: usize) -> u64 {
        let widths = self.widths().map(|[inputs, outputs]| inputs + outputs);
        whole(widths.sum::<u128>() * self.layers() * rank as u128 * NUMBER)
    }

    /// To load the model and answer, prompt and answer being of `tokens` together.
    pub fn answering(&self, tokens: usize) -> u64 {
        self.with_weights(self.work(tokens))
    }

    /// One answer of a model that is loaded, prompt and answer being of `tokens` together: the cache of keys and values,
    /// what one part of a prompt takes on its way through a layer, and the likelihoods of all tokens.
    pub fn answer(&self, tokens: usize) -> u64 {
        whole(self.work(tokens))
    }

    fn work(&self, tokens: usize) -> u128 {
        let c = &self.config;
        let tokens = tokens as u128;
        let shared = (c.num_key_value_heads * c.head_dim) as u128;
        let heads = (c.num_attention_heads * c.head_dim) as u128;
        let cache = 2 * shared * tokens * self.layers();
        let (d, inner) = (c.hidden_size as u128, c.intermediate_size as u128);
        let of_token = 8 * d + 5 * heads + 8 * shared + 5 * inner;
        let part = of_token * tokens.min(PREFILL as u128);
        // The likelihoods of all tokens, sorted.
        let logits = 8 * c.vocab_size as u128;
        (cache + part + logits) * NUMBER
    }

    /// To load the model and take the gradients of single sequences, of `tokens` together and padded, by the matrices of
    /// an adapter of this rank: weights, adapter, all that the way back needs, and the result.
    pub fn capturing(&self, tokens: usize, rank: usize) -> u64 {
        let c = &self.config;
        let tokens = tokens as u128;
        let (inputs, outputs) = self
            .widths()
            .fold((0, 0), |(inputs, outputs), [input, output]| (inputs + input, outputs + output));
        // Both factors of each matrix, and of one the copy that it is made of. Before that, what the way back needs and
        // the gradient of each output, which are together less than this and the queries.
        let heads = (c.num_attention_heads * c.head_dim) as u128;
        let of_adapter = 4 * rank as u128 * PROJECTIONS.len() as u128;
        let of_layer = inputs + 2 * outputs + heads + of_adapter;
        let of_ends = 8 * c.hidden_size as u128;
        let each = (of_layer * self.layers() + of_ends) * tokens;
        let vocab = c.vocab_size as u128;
        let logits = 4 * (tokens * vocab).min(vocab.max(LOGITS as u128));
        self.with_weights((each + logits) * NUMBER + u128::from(self.adapter(rank)))
    }

    /// Refuses what needs more than a limit.
    ///
    /// # Errors
    /// If `needed` is more than `limit`; `what` says what needs it.
    pub fn check(what: &str, needed: u64, limit: u64) -> Result<()> {
        if needed > limit {
            return Err(Error::Memory { what: what.into(), needed, limit });
        }
        Ok(())
    }

    /// Weights, and then the larger of what loading needs and what working needs.
    fn with_weights(&self, work: u128) -> u64 {
        let c = &self.config;
        let largest = c.vocab_size.max(c.intermediate_size) as u128 * c.hidden_size as u128;
        // Files are mapped while they are read; two matrices that may be one are compared.
        let loading = u128::from(self.files) + 3 * largest * NUMBER;
        whole(u128::from(self.weights()) + loading.max(work) + OVERHEAD)
    }

    fn layers(&self) -> u128 {
        self.config.num_hidden_layers as u128
    }

    /// Inputs and outputs of the linear layers of a decoder layer.
    fn widths(&self) -> impl Iterator<Item = [u128; 2]> {
        let layer = self.config.layer(0);
        (0..PROJECTIONS.len())
            .map(move |projection| layer.projection(projection).map(|w| w as u128))
    }
}

/// No machine has as many bytes as do not fit.
fn whole(bytes: u128) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
