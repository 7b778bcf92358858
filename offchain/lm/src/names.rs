//! What the parts of a decoder layer are called, and in which order this crate lists them.

/// The seven linear layers of a decoder layer, in the order in which this crate lists them.
pub const PROJECTIONS: [&str; 7] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
];
pub(crate) const Q: usize = 0;
pub(crate) const K: usize = 1;
pub(crate) const V: usize = 2;
pub(crate) const O: usize = 3;
pub(crate) const GATE: usize = 4;
pub(crate) const UP: usize = 5;
pub(crate) const DOWN: usize = 6;

/// The embedding's name in checkpoints.
pub(crate) const EMBEDDING: &str = "model.embed_tokens.weight";
/// The output matrix's name in checkpoints.
pub(crate) const HEAD: &str = "lm_head.weight";
