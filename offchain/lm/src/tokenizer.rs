//! Text to tokens and back.

use std::path::Path;

use tokenizers::{
    decoders::byte_level::ByteLevel as ByteLevelDecoder,
    models::bpe::{BpeTrainerBuilder, BPE},
    pre_tokenizers::byte_level::ByteLevel,
    AddedToken, TokenizerBuilder, TokenizerImpl,
};

use crate::{Config, Error, Result, Sequence};

/// Begin, end and padding in one: what separates texts.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// The tokenizer of a checkpoint folder, with the tokens that begin and end a text.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    begin: Option<u32>,
    end: Option<u32>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`; which tokens begin and end a text is the configuration's to say.
    ///
    /// # Errors
    /// If the file is missing or malformed, or knows more tokens than the model.
    pub fn load(folder: &Path, config: &Config) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|source| Error::Tokenizer(format!("{}: {source}", path.display())))?;
        let size = inner.get_vocab_size(true);
        if size > config.vocab_size {
            return Err(Error::Tokenizer(format!(
                "{} knows {size} tokens, the model {}",
                path.display(),
                config.vocab_size
            )));
        }
        Ok(Self { inner, begin: config.bos_token_id, end: config.eos_token_ids.first().copied() })
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
        let encoding = self.inner.encode_fast(text, false);
        Ok(encoding.map_err(|source| Error::Tokenizer(source.to_string()))?.get_ids().to_vec())
    }

    /// Tokens of a prompt: the text after the begin token.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids: Vec<u32> = self.begin.into_iter().collect();
        ids.extend(self.encode(text)?);
        Ok(ids)
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
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn completion(&self, prompt: &str, completion: &str, max: usize) -> Result<Sequence> {
        let mut ids = self.prompt(prompt)?;
        let from = ids.len();
        ids.extend(self.encode(completion)?);
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

    /// The token that ends a text.
    pub fn end(&self) -> Option<u32> {
        self.end
    }
}
