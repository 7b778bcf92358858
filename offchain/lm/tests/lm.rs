//! Models, adapters, tokenizers and chat templates, against other implementations of them.

mod adapters;
mod capture;
mod chat;
mod common;
mod families;
mod files;
mod parity;
mod tokenizer;
mod train;
