//! Other ways of attributing, on a model small enough that the slow way is affordable.

mod baseline;
mod conjugate;
mod path;
#[path = "../../../influence/tests/influence/tiny.rs"]
mod tiny;
mod unrolled;
