//! Simpler ways, for comparison.

mod bm25;
mod cosine;
mod datainf;
mod dot;

pub use bm25::Bm25;
pub use cosine::cosine;
pub use datainf::datainf;
pub use dot::dot;
