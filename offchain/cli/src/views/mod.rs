//! What several commands look up and say.

pub mod datanet;
pub mod model;
pub mod settlement;
