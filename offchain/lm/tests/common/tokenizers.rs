//! Small tokenizers for tests, as `tokenizer.json` has them.

use openledger_lm::{Config, Tokenizer};
use serde_json::{json, Value};

use super::Folder;

/// A byte-level tokenizer with a few merges, whose first tokens are the special ones `<pad>`, `<s>`, `</s>` and
/// `<|eot|>`; tokens of 268.
pub fn byte_level() -> Value {
    let mut alphabet: Vec<char> = (0..=255).map(byte).collect();
    alphabet.sort_unstable();
    let special = ["<pad>", "<s>", "</s>", "<|eot|>"];
    let merges =
        ["t h", "th e", "Ġ the", "s e", "se a", "Ġ sea", "i s", "Ġ is"].map(str::to_string);
    let mut tokens: Vec<String> = special.map(str::to_string).to_vec();
    tokens.extend(alphabet.iter().map(char::to_string));
    tokens.extend(merges.iter().map(|merge| merge.replace(' ', "")));
    let vocab: serde_json::Map<String, Value> =
        tokens.into_iter().enumerate().map(|(id, token)| (token, id.into())).collect();
    let bytes = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
    });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": special.iter().enumerate().map(|(id, token)| added(id, token)).collect::<Vec<_>>(),
        "normalizer": null,
        "pre_tokenizer": bytes,
        "post_processor": bytes,
        "decoder": bytes,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    })
}

/// A tokenizer in the manner of Llama 2: blanks are `▁`, one is put before a text, and the decoder takes it away.
pub fn sentence_piece() -> Value {
    let words = ["▁the", "▁sea", "▁is", "▁grey"];
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_string).to_vec();
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    let mut merges = Vec::new();
    let mut add = |token: String| {
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    };
    for word in words {
        word.chars().for_each(|char| add(char.into()));
    }
    for word in words {
        let mut joined = String::from('▁');
        for char in word.chars().skip(1) {
            let merge = format!("{joined} {char}");
            joined.push(char);
            if !merges.contains(&merge) {
                merges.push(merge);
                add(joined.clone());
            }
        }
    }
    let vocab: serde_json::Map<String, Value> =
        tokens.into_iter().enumerate().map(|(id, token)| (token, id.into())).collect();
    let special = ["<unk>", "<s>", "</s>"];
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": special.iter().enumerate().map(|(id, token)| added(id, token)).collect::<Vec<_>>(),
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ]},
        "pre_tokenizer": null,
        "post_processor": begins_with("<s>", 1),
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ]},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    })
}

/// A post-processor that puts a token before every text.
pub fn begins_with(token: &str, id: u32) -> Value {
    let special = json!({"SpecialToken": {"id": token, "type_id": 0}});
    let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    json!({
        "type": "TemplateProcessing",
        "single": [special, text("A")],
        "pair": [special, text("A"), text("B")],
        "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]}},
    })
}

/// A special token for `added_tokens`.
pub fn added(id: usize, token: &str) -> Value {
    json!({
        "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true,
    })
}

/// The character that stands for a byte (GPT-2's table).
fn byte(byte: u32) -> char {
    let shown = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let at = if shown(byte) {
        byte
    } else {
        256 + (0..byte).filter(|&byte| !shown(byte)).count() as u32
    };
    char::from_u32(at).unwrap()
}

/// Loads a tokenizer for a model of so many rows, with a `tokenizer_config.json`.
pub fn load(
    folder: &Folder,
    tokenizer: &Value,
    settings: &Value,
    rows: usize,
) -> openledger_lm::Result<Tokenizer> {
    let mut settings = settings.clone();
    settings["tokenizer_class"] = "PreTrainedTokenizerFast".into();
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    std::fs::write(folder.path().join("tokenizer_config.json"), settings.to_string()).unwrap();
    let config = Config {
        vocab_size: rows,
        bos_token_id: Some(1),
        eos_token_ids: vec![2],
        ..super::config()
    };
    Tokenizer::load(folder.path(), &config)
}
