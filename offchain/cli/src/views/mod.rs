//! What several commands look up and say.

pub mod channel;
pub mod datanet;
pub mod model;
pub mod settlement;
