//! The unit tests of `src/ports.rs`: the binary itself is not built a second time for them.

#[allow(dead_code)]
#[path = "../src/ports.rs"]
mod ports;
