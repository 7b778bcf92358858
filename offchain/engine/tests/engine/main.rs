//! An engine over HTTP, with a tiny model that was really trained.

mod failures;
mod fixture;
mod jobs;
mod restart;
