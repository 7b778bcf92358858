//! Never compiled: see `[patch.crates-io]` in the workspace manifest.
