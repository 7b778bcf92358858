//! Formats, their hashing and their mathematics.

mod fraud;
mod hashing;
mod json;
mod licence;
mod merkle;
mod score;
mod session;
mod shares;
mod split;
mod trace;
