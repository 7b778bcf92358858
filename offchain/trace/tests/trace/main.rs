//! Indices through the public interface, against what is slow and plain to see.

mod credits;
mod damage;
mod files;
mod naive;
mod normal;
mod service;
mod spans;
