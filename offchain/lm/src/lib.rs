//! Decoders of the families Llama, Mistral, Qwen 2 and Qwen 3 on [burn](https://burn.dev): this crate loads Hugging Face
//! folders, runs unmerged LoRA adapters, trains, samples, and gives each record's own gradient.
//!
//! | | |
//! |---|---|
//! | [`Model`] | the decoder: a cheap, shareable handle to a base and perhaps an adapter |
//! | [`Config`], [`LayerSpec`] | what a checkpoint describes; what one of its layers is made of |
//! | [`Footprint`] | what a checkpoint will need of memory, before any of it is taken |
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

mod attention;
mod batch;
mod cache;
mod capture;
mod chat;
mod checkpoint;
mod composed;
mod config;
mod curvature;
mod device;
mod error;
mod family;
mod footprint;
mod forward;
mod head;
mod json;
mod kernels;
mod layer;
mod lora;
mod model;
mod names;
mod ops;
mod peft;
mod product;
mod random;
mod rope;
mod rotary;
mod sample;
mod sight;
mod tensor_files;
mod tensors;
mod tokenizer;
mod train;
mod walk;

pub use batch::Sequence;
pub use capture::{Capture, Labels};
pub use chat::{ChatTemplate, Conversation, Rendered, ROLES};
pub use checkpoint::is_file_of_base;
pub use config::Config;
pub use device::Device;
pub use error::{Error, Result};
pub use family::{Family, Windows};
pub use footprint::Footprint;
pub use json::Json;
pub use layer::LayerSpec;
pub use lora::{Adapter, MatrixSpec};
pub use model::Model;
pub use names::PROJECTIONS;
pub use rope::RopeScaling;
pub use sample::{Answer, Sampling, Step, Stop};
pub use tensor_files::Precision;
pub use tokenizer::{Tokenizer, END_OF_TEXT};
pub use train::{Data, Progress, Schedule, Target, Trainer};
