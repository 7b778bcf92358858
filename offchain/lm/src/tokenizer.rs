//! Text to tokens and back.

use std::{ops::Range, path::Path};

use serde::Deserialize;
use serde_json::Value;
use tokenizers::{
    decoders::byte_level::ByteLevel as ByteLevelDecoder,
    models::bpe::{BpeTrainerBuilder, BPE},
    pre_tokenizers::byte_level::ByteLevel,
    AddedToken, ModelWrapper, TokenizerBuilder, TokenizerImpl,
};

use crate::{json, Config, Error, Result, Sequence};

/// Begin, end and padding in one: what separates texts.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// The tokenizer of a checkpoint folder, with the tokens that begin and end a text.
///
/// Texts are tokenised as `AutoTokenizer` of transformers does, but for two things. Control tokens (those that
/// `tokenizer.json` marks as special) which a text spells out stay text. And what the file saves for one run alone is
/// not applied: truncation, padding and dropout.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    pub(crate) inner: tokenizers::Tokenizer,
    /// What the post-processor puts before a text.
    pub(crate) before: Vec<u32>,
    end: Option<u32>,
    /// Tokens that end an answer.
    pub(crate) ends: Vec<u32>,
    /// Rows of the model's embedding that stand for no token.
    unnamed: Vec<u32>,
}

/// What this crate reads of `tokenizer_config.json`. A token is a string, or an object that holds one as `content`.
#[derive(Deserialize)]
struct Settings {
    eos_token: Option<Value>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, and `tokenizer_config.json` where it is there.
    ///
    /// Which tokens begin a text is for the post-processor of `tokenizer.json` to say: `bos_token_id` of
    /// `config.json` and `add_bos_token` of `tokenizer_config.json` say nothing here, as in transformers 5. The token
    /// that ends a text is the `eos_token` of `tokenizer_config.json`, else the first end token of the model.
    ///
    /// The tokenizer may know more tokens than the model has rows, as long as none of those begins a text. A text in
    /// which one occurs is refused by the model.
    ///
    /// # Errors
    /// If a file is missing or malformed, or a token that begins every text is outside the model's vocabulary.
    pub fn load(folder: &Path, config: &Config) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        let named =
            |source: tokenizers::Error| Error::Tokenizer(format!("{}: {source}", path.display()));
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(named)?;
        inner.with_truncation(None).map_err(named)?;
        inner.with_padding(None);
        if let ModelWrapper::BPE(bpe) = inner.get_model() {
            if bpe.dropout.is_some() {
                let mut bpe = bpe.clone();
                bpe.dropout = None;
                inner.with_model(bpe);
            }
        }
        inner.set_encode_special_tokens(true);

        let rows = config.vocab_size;
        let before = before(&inner).map_err(named)?;
        if let Some(&id) = before.iter().find(|&&id| id as usize >= rows) {
            return Err(Error::Tokenizer(format!(
                "{} begins every text with token {id} ({}), which is outside a vocabulary of {rows}",
                path.display(),
                inner.id_to_token(id).unwrap_or_default(),
            )));
        }

        let settings: Option<Settings> =
            json::read_if_there(&folder.join("tokenizer_config.json"))?;
        let written = settings.and_then(|settings| content(settings.eos_token?));
        let end = written
            .and_then(|token| inner.token_to_id(&token))
            .into_iter()
            .chain(config.eos_token_ids.iter().copied())
            .find(|&id| (id as usize) < rows);
        let mut ends = config.eos_token_ids.clone();
        ends.extend(end);
        let unnamed = (0..rows as u32).filter(|&id| inner.id_to_token(id).is_none()).collect();
        Ok(Self { inner, before, end, ends, unnamed })
    }

    /// Trains a byte-level BPE of `pieces` tokens, [`END_OF_TEXT`] being token 0, and writes `tokenizer.json`
    /// and `tokenizer_config.json`.
    ///
    /// # Errors
    /// If training fails or the files cannot be written.
    pub fn train(texts: &[String], pieces: usize, folder: &Path) -> Result<()> {
        let failed = |source: tokenizers::Error| Error::Tokenizer(source.to_string());
        let mut trainer = BpeTrainerBuilder::new()
            .show_progress(false)
            .vocab_size(pieces)
            .min_frequency(2)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(vec![AddedToken::from(END_OF_TEXT, true)])
            .build();
        let bytes = ByteLevel::new(false, true, true);
        let mut tokenizer: TokenizerImpl<
            BPE,
            tokenizers::normalizers::unicode::NFC,
            ByteLevel,
            ByteLevel,
            ByteLevelDecoder,
        > = TokenizerBuilder::default()
            .with_model(BPE::default())
            .with_normalizer(None)
            .with_pre_tokenizer(Some(bytes))
            .with_post_processor(Some(bytes))
            .with_decoder(Some(ByteLevelDecoder::default()))
            .build()
            .map_err(failed)?;
        tokenizer.train(&mut trainer, texts.iter()).map_err(failed)?;
        tokenizer.save(folder.join("tokenizer.json"), false).map_err(failed)?;
        let config = serde_json::json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": END_OF_TEXT,
            "eos_token": END_OF_TEXT,
            "pad_token": END_OF_TEXT,
            "clean_up_tokenization_spaces": false,
        });
        let path = folder.join("tokenizer_config.json");
        std::fs::write(&path, format!("{config:#}\n")).map_err(Error::io(path))
    }

    /// Tokens of a text, without begin or end.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        encode(&self.inner, text, false)
    }

    /// Tokens of a text, without begin or end, each with the bytes of the text that it stands for.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn places(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>> {
        let encoding = self.inner.encode(text, false);
        let encoding = encoding.map_err(|source| Error::Tokenizer(source.to_string()))?;
        let mut before = 0;
        let places = encoding.get_offsets().iter().map(|&(begin, end)| {
            // Post-processors leave out the blank that a token begins with.
            let blank = |gap: &str| gap.chars().all(char::is_whitespace);
            let joins = text.get(before..begin).is_some_and(blank);
            let begin = if joins { before } else { begin };
            before = end;
            begin..end
        });
        Ok(encoding.get_ids().iter().copied().zip(places).collect())
    }

    /// Tokens of a prompt: the text with what the tokenizer puts around it, such as a begin token.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>> {
        encode(&self.inner, text, true)
    }

    /// A record as the model is trained on it: begin, text, end, cut to `max` tokens. All are targets.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn record(&self, text: &str, max: usize) -> Result<Sequence> {
        self.completion("", text, max)
    }

    /// A prompt with its completion: begin, prompt, completion, end, cut to `max` tokens. Only the completion
    /// and the end are targets.
    ///
    /// Both are tokenised as one text. Where a token spans the border, it belongs to the completion.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn completion(&self, prompt: &str, completion: &str, max: usize) -> Result<Sequence> {
        let given = self.encode(prompt)?;
        let whole = self.encode(&[prompt, completion].concat())?;
        let from = self.before.len() + common(&given, &whole);
        let mut ids = self.before.clone();
        ids.extend(whole);
        ids.extend(self.end);
        let mut sequence = Sequence::after(ids, from);
        sequence.truncate(max);
        Ok(sequence)
    }

    /// The text of tokens; special tokens have none.
    ///
    /// # Errors
    /// If a token is unknown to the decoder.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.inner.decode(ids, true).map_err(|source| Error::Tokenizer(source.to_string()))
    }

    /// The text of an answer after its prompt: what it adds to the prompt's text. An answer decoded alone may lose
    /// the blank that it begins with.
    ///
    /// # Errors
    /// As [`Tokenizer::decode`].
    pub fn decode_after(&self, prompt: &[u32], answer: &[u32]) -> Result<String> {
        let given = self.decode(prompt)?;
        let whole = self.decode(&[prompt, answer].concat())?;
        // The prompt may end inside a character, which the answer then completes.
        let same = given.char_indices().zip(whole.chars()).find(|((_, a), b)| a != b);
        let from = same.map_or(given.len().min(whole.len()), |((at, _), _)| at);
        Ok(whole[from..].to_string())
    }

    /// The token that ends a text.
    pub fn end(&self) -> Option<u32> {
        self.end
    }

    /// Rows of the model's vocabulary that stand for no token: padding of its matrices, which no answer may hold.
    pub fn unnamed(&self) -> &[u32] {
        &self.unnamed
    }
}

pub(crate) fn encode(
    tokenizer: &tokenizers::Tokenizer,
    text: &str,
    processed: bool,
) -> Result<Vec<u32>> {
    let encoding = tokenizer.encode_fast(text, processed);
    Ok(encoding.map_err(|source| Error::Tokenizer(source.to_string()))?.get_ids().to_vec())
}

/// What the post-processor puts before a text.
fn before(tokenizer: &tokenizers::Tokenizer) -> tokenizers::Result<Vec<u32>> {
    // Any text of a token or more.
    let plain = tokenizer.encode_fast("a", false)?;
    let processed = tokenizer.encode_fast("a", true)?;
    let (plain, processed) = (plain.get_ids(), processed.get_ids());
    let before = processed.windows(plain.len().max(1)).position(|ids| ids == plain).unwrap_or(0);
    Ok(processed[..before].to_vec())
}

/// The text of a token as `tokenizer_config.json` names one.
pub(crate) fn content(token: Value) -> Option<String> {
    match token {
        Value::String(text) => Some(text),
        Value::Object(mut fields) => content(fields.remove("content")?),
        _ => None,
    }
}

/// How many items two lists begin with in common.
pub(crate) fn common<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
