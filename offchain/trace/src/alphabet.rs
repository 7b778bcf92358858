//! What tokens are.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Set where a token begins with a sign of a word.
const CONTINUES: u8 = 1;
/// Set where a token ends with a sign of a word.
const OPEN: u8 = 2;
/// The most tokens of an alphabet.
const MAX: usize = 1 << 24;

/// The tokens that records and texts are made of: how many there are, and of each whether it begins and whether it
/// ends with a *sign of a word*, a letter, a digit or `_`.
///
/// As text, one digit for each token: 1 if it begins so, 2 if it ends so, 3 if both, 0 if neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Alphabet {
    flags: Vec<u8>,
}

impl Alphabet {
    /// The bytes of UTF-8, 0xFF not being one. Bytes from 0x80 on are signs of words.
    pub fn bytes() -> Self {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        Self {
            flags: (0..u8::MAX).map(|byte| if word(byte) { CONTINUES | OPEN } else { 0 }).collect(),
        }
    }

    /// Tokens with these texts, in order of their ids. What is not UTF-8 is part of a word; a token without text,
    /// such as one that ends a record, is not.
    ///
    /// # Errors
    /// If there are none, or more than 2^24.
    pub fn of_texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Self> {
        let word = |sign: char| {
            sign.is_alphanumeric() || sign == '_' || sign == char::REPLACEMENT_CHARACTER
        };
        let flags = texts.into_iter().map(|text| {
            let text = text.as_ref();
            let begins = if text.chars().next().is_some_and(word) { CONTINUES } else { 0 };
            let ends = if text.chars().next_back().is_some_and(word) { OPEN } else { 0 };
            begins | ends
        });
        Self::new(flags.collect())
    }

    fn new(flags: Vec<u8>) -> Result<Self> {
        match flags.len() {
            1..=MAX => Ok(Self { flags }),
            found => Err(Error::Alphabet(format!("expected 1 to {MAX} tokens, found {found}"))),
        }
    }

    /// How many tokens there are; their ids are below.
    pub fn vocabulary(&self) -> u32 {
        // At most `MAX`.
        self.flags.len() as u32
    }

    /// Whether between these tokens is the inside of a word. Unknown ones are no words.
    pub fn is_inside(&self, before: u32, after: u32) -> bool {
        let flags = |token: u32| self.flags.get(token as usize).copied().unwrap_or(0);
        flags(before) & OPEN != 0 && flags(after) & CONTINUES != 0
    }
}

impl fmt::Display for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flags.iter().try_for_each(|flags| write!(f, "{flags}"))
    }
}

impl From<Alphabet> for String {
    fn from(alphabet: Alphabet) -> Self {
        alphabet.to_string()
    }
}

impl FromStr for Alphabet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let flags = text.chars().map(|digit| match digit.to_digit(4) {
            Some(flags) => Ok(flags as u8),
            None => Err(Error::Alphabet(format!("expected digits from 0 to 3, found {digit:?}"))),
        });
        Self::new(flags.collect::<Result<_>>()?)
    }
}

impl TryFrom<String> for Alphabet {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_inside_should_tell_words_from_their_borders() {
        let alphabet = Alphabet::of_texts(["foo", " bar", "(", "\u{fffd}", "", "_é "]).unwrap();
        assert_eq!(alphabet.to_string(), "320301");
        assert!(alphabet.is_inside(0, 0) && alphabet.is_inside(1, 3) && alphabet.is_inside(3, 5));
        assert!(!alphabet.is_inside(0, 1) && !alphabet.is_inside(2, 0));
        assert!(!alphabet.is_inside(4, 0) && !alphabet.is_inside(0, 6));
        let bytes = Alphabet::bytes();
        assert_eq!(bytes.vocabulary(), 255);
        assert!(bytes.is_inside(b'a'.into(), b'_'.into()) && bytes.is_inside(0xc3, 0xa9));
        assert!(
            !bytes.is_inside(b'a'.into(), b' '.into())
                && !bytes.is_inside(b'.'.into(), b'a'.into())
        );
    }

    #[test]
    fn alphabet_should_survive_a_round_trip_and_refuse_what_it_is_not() {
        let alphabet = Alphabet::bytes();
        assert_eq!(alphabet.to_string().parse::<Alphabet>().unwrap(), alphabet);
        for wrong in ["", "4", "01x"] {
            assert!(wrong.parse::<Alphabet>().is_err(), "{wrong:?}");
        }
    }
}
