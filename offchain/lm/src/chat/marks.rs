//! Marks on control tokens that messages spell, which part them from those that a template writes.
//!
//! A control token in a message is put between two marks, and stays readable for the template, which may look for it.
//! A string that could become part of a control token together with what the template puts beside it, is cut off by
//! one mark. Marks are characters that Unicode reserves for use inside a program; a message that holds one is refused.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{Error, Json, Result};

const START: char = '\u{fdd0}';
const END: char = '\u{fdd1}';
/// Around the number of a stand-in.
const STAND_IN: [char; 2] = ['\u{fdd2}', '\u{fdd3}'];

/// Finds control tokens and marks them.
#[derive(Debug)]
pub(super) struct Marks {
    /// The source of the template.
    source: String,
    /// All control tokens.
    all: AhoCorasick,
    /// Those that an assistant cannot say either: special ones and those around turns. Others, such as that which
    /// begins a thought, are part of answers.
    turns: AhoCorasick,
    /// What control tokens begin and end with, but for the whole of them.
    heads: HashSet<String>,
    tails: HashSet<String>,
    longest: usize,
}

/// A part of a rendered text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The control token of this number, which the template wrote.
    Control(usize),
    /// Text, without marks.
    Text(&'a str),
}

impl Marks {
    /// `special` are those of the `tokens` which the tokenizer calls so; `turn` is what the template writes for a
    /// simple conversation.
    pub fn new(
        source: &str,
        tokens: Vec<String>,
        special: impl Iterator<Item = String>,
        turn: Option<String>,
    ) -> Result<Self> {
        let finder = |tokens: &[String]| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(tokens)
                .map_err(|error| Error::Template(error.to_string()))
        };
        let mut guarded: HashSet<String> = special.collect();
        guarded.extend(
            tokens
                .iter()
                .filter(|token| turn.as_ref().is_none_or(|turn| turn.contains(*token)))
                .cloned(),
        );
        let guarded: Vec<String> = guarded.into_iter().collect();
        let cuts = |token: &str| -> Vec<usize> {
            token.char_indices().map(|(at, _)| at).skip(1).collect()
        };
        let mut heads = HashSet::new();
        let mut tails = HashSet::new();
        for token in &tokens {
            for at in cuts(token) {
                heads.insert(token[..at].to_string());
                tails.insert(token[at..].to_string());
            }
        }
        Ok(Self {
            source: source.into(),
            all: finder(&tokens)?,
            turns: finder(&guarded)?,
            heads,
            tails,
            longest: tokens.iter().map(String::len).max().unwrap_or(0),
        })
    }

    /// A message with marks. Its role says what the template tells turns by, and stays as it is.
    pub fn message(&self, message: &Json) -> Result<Json> {
        let Json::Object(fields) = message else { return self.value(message) };
        let said = message.get("role").and_then(Json::as_str) == Some("assistant");
        let finder = if said { &self.turns } else { &self.all };
        let marked = fields.iter().map(|(key, value)| {
            let value = if key == "role" { value.clone() } else { self.marked(value, finder)? };
            Ok((self.string(key, finder)?, value))
        });
        Ok(Json::Object(marked.collect::<Result<_>>()?))
    }

    /// Any other value with marks on its strings and keys.
    pub fn value(&self, value: &Json) -> Result<Json> {
        self.marked(value, &self.all)
    }

    fn marked(&self, value: &Json, finder: &AhoCorasick) -> Result<Json> {
        Ok(match value {
            Json::String(text) => Json::String(self.string(text, finder)?),
            Json::Array(items) => {
                let items = items.iter().map(|item| self.marked(item, finder));
                Json::Array(items.collect::<Result<_>>()?)
            }
            Json::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| {
                    Ok((self.string(key, finder)?, self.marked(value, finder)?))
                });
                Json::Object(fields.collect::<Result<_>>()?)
            }
            other => other.clone(),
        })
    }

    fn string(&self, text: &str, finder: &AhoCorasick) -> Result<String> {
        let reserved = [START, END, STAND_IN[0], STAND_IN[1]];
        if let Some(found) = text.chars().find(|char| reserved.contains(char)) {
            return Err(Error::Template(format!(
                "a message holds U+{:04X}, which is no character of any text",
                u32::from(found)
            )));
        }
        let mut marked = String::with_capacity(text.len());
        let mut copied = 0;
        for found in finder.find_iter(text) {
            marked.push_str(&text[copied..found.start()]);
            marked.push(START);
            marked.push_str(&text[found.range()]);
            marked.push(END);
            copied = found.end();
        }
        marked.push_str(&text[copied..]);

        // Templates may trim: the marks stand where the text itself begins and ends.
        let cut = !self.compared(text);
        if cut && self.could_end(text.trim_start()) {
            marked.insert(marked.len() - marked.trim_start().len(), END);
        }
        if cut && self.could_begin(text.trim_end()) {
            marked.insert(marked.trim_end().len(), START);
        }
        Ok(marked)
    }

    /// Whether the template compares strings with this word, or reads it as a key.
    fn compared(&self, text: &str) -> bool {
        text.chars().all(|char| char.is_alphanumeric() || char == '_')
            && [format!("'{text}'"), format!("\"{text}\""), format!(".{text}")]
                .iter()
                .any(|spelled| self.source.contains(spelled))
    }

    /// Whether a control token may begin at the end of this text and go on after it.
    fn could_begin(&self, text: &str) -> bool {
        let starts = text.char_indices().rev().map(|(at, _)| at);
        let mut starts = starts.take_while(|&at| text.len() - at <= self.longest);
        starts.any(|at| self.heads.contains(&text[at..]))
    }

    /// Whether a control token may begin before this text and end in it or after it.
    fn could_end(&self, text: &str) -> bool {
        let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
        let mut ends = ends.take_while(|&end| end <= self.longest);
        ends.any(|end| self.tails.contains(&text[..end]))
            || (text.len() < self.longest
                && !text.is_empty()
                && self.tails.iter().any(|tail| tail.starts_with(text)))
    }

    /// A rendered text, cut at the control tokens that the template wrote.
    pub fn pieces<'a>(&self, text: &'a str) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let mut copied = 0;
        let unmarked = |pieces: &mut Vec<Piece<'a>>, text: &'a str| {
            let texts = text.split([START, END]).filter(|text| !text.is_empty());
            pieces.extend(texts.map(Piece::Text));
        };
        for found in self.all.find_iter(text) {
            if text[..found.start()].ends_with(START) && text[found.end()..].starts_with(END) {
                continue;
            }
            unmarked(&mut pieces, &text[copied..found.start()]);
            pieces.push(Piece::Control(found.pattern().as_usize()));
            copied = found.end();
        }
        unmarked(&mut pieces, &text[copied..]);
        pieces
    }

    /// What stands in for a control token that the template wrote, so that no text can spell it.
    pub fn stand_in(index: usize) -> String {
        format!("{}{index}{}", STAND_IN[0], STAND_IN[1])
    }
}
