//! A small language model of the Llama family on [burn](https://burn.dev): it loads Hugging Face folders, runs
//! unmerged LoRA adapters, trains, samples, and gives each record's own gradient.
//!
//! | | |
//! |---|---|
//! | [`Model`] | the decoder: a cheap, shareable handle to a base and perhaps an adapter |
//! | [`Adapter`] | LoRA on the seven linear layers, in PEFT's format on disk |
//! | [`Tokenizer`], [`Sequence`] | text to tokens; a record, or a prompt with its completion |
//! | [`ChatTemplate`] | conversations to tokens, by the base's template |
//! | [`Trainer`] | AdamW on the base or on the adapter, resuming bit for bit |
//! | [`Model::capture`] | per-record gradients of the LoRA matrices |
//! | [`Model::gauss_newton`] | products with their Gauss-Newton matrix |
//! | [`Model::answer`] | sampling with a cache of keys and values |
//!
//! Everything computes in `f32`, on the CPU (burn's flex backend) or, with the feature `wgpu`, where [`Model::to`]
//! puts it.

mod batch;
mod capture;
mod chat;
mod checkpoint;
mod composed;
mod config;
mod curvature;
mod device;
mod error;
mod json;
mod kernels;
mod lora;
mod model;
mod ops;
mod peft;
mod random;
mod sample;
mod tensors;
mod tokenizer;
mod train;

pub use batch::Sequence;
pub use capture::{Capture, Labels};
pub use chat::{ChatTemplate, Conversation, Rendered, ROLES};
pub use checkpoint::is_file_of_base;
pub use config::{Config, RopeScaling};
pub use device::Device;
pub use error::{Error, Result};
pub use json::Json;
pub use lora::{Adapter, MatrixSpec};
pub use model::{Model, PROJECTIONS};
pub use sample::{Answer, Sampling, Stop};
pub use tensors::Precision;
pub use tokenizer::{Tokenizer, END_OF_TEXT};
pub use train::{Data, Progress, Schedule, Target, Trainer};
