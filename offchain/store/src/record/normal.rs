//! The normal form of a text, and where each part of it was.

use std::{iter, ops::Range};

use unicode_normalization::{
    char::{canonical_combining_class, decompose_canonical},
    is_nfc, is_nfc_quick, IsNormalized, UnicodeNormalization,
};

/// A text in normal form: Unicode NFC; CRLF and CR as LF; without spaces and tabs at the end of lines and without
/// newlines at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normal {
    text: String,
    /// Ascending in both texts.
    pieces: Vec<Piece>,
}

/// A part of the normal form, and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    normal: Range<usize>,
    original: Range<usize>,
    /// Whether each byte stands for one. If not, all of the part stands for all that it was.
    bytewise: bool,
}

impl Normal {
    /// Of any text.
    pub fn new(original: &str) -> Self {
        let mut normal = Self::default();
        // Only what comes after them shows that they are not at the end.
        let (mut newlines, mut blanks): (Vec<Range<usize>>, Vec<Range<usize>>) = Default::default();
        let mut segments = segments(original).peekable();
        while let Some(mut range) = segments.next() {
            match &original[range.clone()] {
                " " | "\t" => blanks.push(range),
                segment @ ("\r" | "\n") => {
                    let next = |next: &Range<usize>| &original[next.clone()] == "\n";
                    if segment == "\r" {
                        range.end = segments.next_if(next).map_or(range.end, |next| next.end);
                    }
                    blanks.clear();
                    newlines.push(range);
                }
                segment => {
                    for range in newlines.drain(..) {
                        let bytewise = range.len() == 1;
                        normal.push("\n", range, bytewise);
                    }
                    for range in blanks.drain(..) {
                        normal.push(&original[range.clone()], range, true);
                    }
                    if is_nfc(segment) {
                        normal.push(segment, range, true);
                    } else {
                        normal.push(&segment.nfc().collect::<String>(), range, false);
                    }
                }
            }
        }
        normal
    }

    /// The normal form.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the original that a range of the normal form's bytes is of.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let piece = |at: usize| {
            let next = self.pieces.partition_point(|piece| piece.normal.end <= at);
            self.pieces.get(next)
        };
        let start = match piece(range.start) {
            Some(piece) if piece.bytewise => {
                piece.original.start + (range.start - piece.normal.start)
            }
            Some(piece) => piece.original.start,
            None => self.pieces.last().map_or(0, |piece| piece.original.end),
        };
        let end = match range.end.checked_sub(1).filter(|_| !range.is_empty()).and_then(piece) {
            Some(piece) if piece.bytewise => {
                piece.original.start + (range.end - piece.normal.start)
            }
            Some(piece) => piece.original.end,
            None => start,
        };
        start..end
    }

    fn push(&mut self, text: &str, original: Range<usize>, bytewise: bool) {
        let normal = self.text.len()..self.text.len() + text.len();
        self.text.push_str(text);
        match self.pieces.last_mut() {
            Some(last) if bytewise && last.bytewise && last.original.end == original.start => {
                (last.normal.end, last.original.end) = (normal.end, original.end);
            }
            _ => self.pieces.push(Piece { normal, original, bytewise }),
        }
    }
}

/// The normal form of a text.
pub fn normalise(text: &str) -> String {
    Normal::new(text).text
}

/// Runs of characters that are composed apart from each other: each begins with one that joins nothing before it, or
/// comes after a blank or the end of a line, which nothing joins.
fn segments(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut apart = true;
    let mut starts = text
        .char_indices()
        .filter(move |(_, c)| std::mem::replace(&mut apart, " \t\r\n".contains(*c)) || begins(*c))
        .map(|(at, _)| at)
        .peekable();
    iter::from_fn(move || {
        let start = starts.next()?;
        Some(start..starts.peek().copied().unwrap_or(text.len()))
    })
}

/// Whether a character, or what it is decomposed to, joins nothing before it.
fn begins(c: char) -> bool {
    if c.is_ascii() {
        return true;
    }
    let mut first = None;
    decompose_canonical(c, |part| {
        first.get_or_insert(part);
    });
    let first = first.unwrap_or(c);
    canonical_combining_class(first) == 0 && is_nfc_quick(iter::once(first)) == IsNormalized::Yes
}
