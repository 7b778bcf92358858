//! What the tokens of an index are: bytes, or those of a model's tokenizer, which lies beside the shards.

use std::{ops::Range, path::Path};

use anyhow::Context as _;
use openledger_lm::{Config, Tokenizer};
use openledger_trace::{
    report::{Bytes, Codec},
    Alphabet,
};

use crate::files::{read, write};

/// The files of a tokenizer, as in a model's folder.
const FILES: [&str; 2] = ["tokenizer.json", "config.json"];

/// The tokens of an index.
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Those of a tokenizer.
    Tokens(Box<Tokens>),
}

/// A tokenizer and the configuration of its model.
pub struct Tokens {
    tokenizer: Tokenizer,
    config: Config,
}

impl Unit {
    /// The tokenizer in a folder, where one is named.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let Some(folder) = folder else { return Ok(Self::Bytes) };
        let expected = || {
            format!(
                "{}: expected a model's folder, with tokenizer.json and config.json",
                folder.display()
            )
        };
        let config = Config::load(folder).with_context(expected)?;
        let tokenizer = Tokenizer::load(folder, &config).with_context(expected)?;
        Ok(Self::Tokens(Box::new(Tokens { tokenizer, config })))
    }

    /// That of the index in a folder.
    pub fn of(index: &Path) -> anyhow::Result<Self> {
        Self::load(Some(index).filter(|folder| folder.join(FILES[0]).exists()))
    }

    /// Where words begin and end.
    pub fn alphabet(&self) -> anyhow::Result<Alphabet> {
        let Self::Tokens(tokens) = self else { return Ok(Alphabet::bytes()) };
        Ok(openledger_factory::traces::alphabet(&tokens.tokenizer, &tokens.config)?)
    }

    /// What reads texts.
    pub fn into_codec(self) -> Box<dyn Codec> {
        match self {
            Self::Bytes => Box::new(Bytes),
            Self::Tokens(tokens) => tokens,
        }
    }
}

/// Puts the tokenizer of a model's folder beside an index.
pub fn keep(tokenizer: &Path, index: &Path) -> anyhow::Result<()> {
    for name in FILES {
        write(&index.join(name), &read(&tokenizer.join(name))?)?;
    }
    Ok(())
}

/// What reads texts for the index in a folder.
pub fn codec(index: &Path) -> anyhow::Result<Box<dyn Codec>> {
    Ok(Unit::of(index)?.into_codec())
}

impl Codec for Tokens {
    fn encode(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>, String> {
        self.tokenizer.places(text).map_err(|error| error.to_string())
    }

    fn decode(&self, tokens: &[u32]) -> Result<String, String> {
        self.tokenizer.decode(tokens).map_err(|error| error.to_string())
    }
}
