//! Texts that end an answer before the model would end it.

use openledger_lm::Tokenizer;

/// The most texts of one request.
pub const MAX_STOPS: usize = 4;
/// Tokens that are read together beside the longest text: some have no text of their own.
const SLACK: usize = 8;

/// Watches an answer for the texts that end it.
pub struct Stopping<'a> {
    tokenizer: &'a Tokenizer,
    texts: &'a [String],
    /// Tokens that are read together: each but a few has at least a byte.
    window: usize,
    ids: Vec<u32>,
}

impl<'a> Stopping<'a> {
    /// Watches for any of these texts.
    pub fn new(tokenizer: &'a Tokenizer, texts: &'a [String]) -> Self {
        let longest = texts.iter().map(String::len).max().unwrap_or(0);
        Self { tokenizer, texts, window: longest + SLACK, ids: Vec::new() }
    }

    /// Whether the answer ends with this token. What cannot be read yet does not end it.
    pub fn ends(&mut self, id: u32) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        self.ids.push(id);
        let from = self.ids.len().saturating_sub(self.window);
        let tail = self.tokenizer.decode(&self.ids[from..]);
        tail.is_ok_and(|tail| self.texts.iter().any(|text| tail.contains(text)))
    }
}

/// The text of an answer up to where the first of `texts` begins in it, and whether one does.
pub fn cut(mut answer: String, texts: &[String]) -> (String, bool) {
    match texts.iter().filter_map(|text| answer.find(text)).min() {
        Some(at) => {
            answer.truncate(at);
            (answer, true)
        }
        None => (answer, false),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn tokenizer() -> Tokenizer {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let config = openledger_lm::Config::load(&folder).unwrap();
        Tokenizer::load(&folder, &config).unwrap()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ends_should_be_at_the_token_that_completes_a_text() {
        let tokenizer = tokenizer();
        let answer = "function transfer(address to) public {\n    return;\n}\n\nfunction more() {}";
        let ids = tokenizer.encode(answer).unwrap();
        for stop in ["\n}", "transfer(address", "é", "}\n\nfunction"] {
            let texts = texts(&["nowhere to be found", stop]);
            let mut stopping = Stopping::new(&tokenizer, &texts);
            let end = ids.iter().position(|&id| stopping.ends(id));
            // The slow way: all that there is, each time.
            let slow =
                (0..ids.len()).find(|&i| tokenizer.decode(&ids[..=i]).unwrap().contains(stop));
            assert_eq!(end, slow, "{stop:?}");
            assert_eq!(end.is_some(), answer.contains(stop), "{stop:?}");
            if let Some(end) = end {
                let (text, found) = cut(tokenizer.decode(&ids[..=end]).unwrap(), &texts);
                assert_eq!((text.as_str(), found), (answer.split(stop).next().unwrap(), true));
            }
        }
        let mut nothing = Stopping::new(&tokenizer, &[]);
        assert!(ids.iter().all(|&id| !nothing.ends(id)));
    }

    #[test]
    fn ends_should_wait_for_the_rest_of_a_character() {
        let tokenizer = tokenizer();
        let ids = tokenizer.encode("a é ☕ b").unwrap();
        let texts = texts(&["☕"]);
        let mut stopping = Stopping::new(&tokenizer, &texts);
        let end = ids.iter().position(|&id| stopping.ends(id)).unwrap();
        assert_eq!(cut(tokenizer.decode(&ids[..=end]).unwrap(), &texts).0, "a é ");
    }

    #[test]
    fn cut_should_be_where_the_first_text_begins() {
        let texts = texts(&["END", "b"]);
        assert_eq!(cut("aEND b".into(), &texts), ("a".into(), true));
        assert_eq!(cut("a b END".into(), &texts), ("a ".into(), true));
        assert_eq!(cut("END".into(), &texts), (String::new(), true));
        assert_eq!(cut("nothing".into(), &texts), ("nothing".into(), false));
    }
}
