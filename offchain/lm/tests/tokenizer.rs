//! Texts to tokens and back as `AutoTokenizer` of transformers 5.23.0 does it, whatever the other files say. The
//! expected tokens are that library's for the same tokenizers.

use crate::common;
use crate::common::{
    python::{python, run},
    tokenizers::{added, begins_with, byte_level, load, sentence_piece},
    Folder,
};
use openledger_lm::{Config, Error, Model, Precision, Sampling};
use serde_json::{json, Value};

/// Rows of a model for [`byte_level`].
const ROWS: usize = 268;

#[test]
fn prompt_should_begin_as_the_post_processor_says_when_the_configuration_names_a_begin_token() {
    let folder = Folder::new("begin");
    let plain = load(&folder, &byte_level(), &json!({"add_bos_token": true}), ROWS).unwrap();
    assert_eq!(plain.prompt("the sea").unwrap(), [261, 265]);
    let mut begun = byte_level();
    begun["post_processor"] = begins_with("<s>", 1);
    let begun = load(&folder, &begun, &json!({"add_bos_token": false}), ROWS).unwrap();
    assert_eq!(begun.prompt("the sea").unwrap(), [1, 261, 265]);
    assert_eq!(begun.encode("the sea").unwrap(), [261, 265]);
    let record = begun.record("the sea", 10).unwrap();
    assert_eq!((record.ids(), record.context()), ([1, 261, 265, 2].as_slice(), 1));
}

#[test]
fn begin_token_of_the_configuration_should_not_matter_when_it_is_outside_the_vocabulary() {
    let folder = Folder::new("left-over");
    let config = Config { vocab_size: ROWS, ..common::config() };
    Model::random(config, 1).unwrap().save(folder.path(), Precision::F32).unwrap();
    let path = folder.path().join("config.json");
    let mut raw: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    raw["bos_token_id"] = 128_000.into();
    std::fs::write(&path, raw.to_string()).unwrap();
    let model = Model::load(folder.path()).unwrap();
    let tokenizer = load(&folder, &byte_level(), &json!({}), ROWS).unwrap();
    let ids = tokenizer.prompt("the sea").unwrap();
    assert_eq!(ids, [261, 265]);
    assert!(model.forward(&ids).is_ok());
}

#[test]
fn load_should_refuse_when_a_token_that_begins_every_text_is_outside_the_vocabulary() {
    let folder = Folder::new("far");
    let mut far = byte_level();
    far["added_tokens"].as_array_mut().unwrap().push(added(ROWS, "<begin>"));
    far["post_processor"] = begins_with("<begin>", ROWS as u32);
    let error = load(&folder, &far, &json!({}), ROWS).unwrap_err().to_string();
    assert!(error.contains("begins every text with token 268 (<begin>)"), "{error}");
    assert!(load(&folder, &far, &json!({}), ROWS + 1).is_ok());
}

#[test]
fn text_should_be_tokenised_when_there_are_more_tokens_than_rows_and_none_of_those_in_it() {
    let folder = Folder::new("more");
    let mut more = byte_level();
    let mut image = added(ROWS, "<image>");
    image["special"] = false.into();
    more["added_tokens"].as_array_mut().unwrap().push(image);
    let tokenizer = load(&folder, &more, &json!({"pad_token": "<image>"}), ROWS).unwrap();
    assert_eq!(tokenizer.prompt("the sea").unwrap(), [261, 265]);
    // Where it occurs, the model says so.
    let config = Config { vocab_size: ROWS, ..common::config() };
    let model = Model::random(config, 1).unwrap();
    let ids = tokenizer.prompt("the <image>").unwrap();
    assert!(matches!(model.forward(&ids), Err(Error::UnknownToken { id: 268, vocab: ROWS })));
}

#[test]
fn saved_truncation_padding_and_dropout_should_not_be_applied_when_a_text_is_tokenised() {
    let folder = Folder::new("saved");
    let mut saved = byte_level();
    saved["truncation"] = json!({
        "direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0,
    });
    saved["padding"] = json!({
        "strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
        "pad_type_id": 0, "pad_token": "<pad>",
    });
    saved["model"]["dropout"] = 0.9.into();
    let tokenizer = load(&folder, &saved, &json!({}), ROWS).unwrap();
    for _ in 0..20 {
        assert_eq!(tokenizer.prompt("the sea").unwrap(), [261, 265]);
    }
    assert_eq!(tokenizer.record("the sea", 12).unwrap().ids(), [261, 265, 2]);
}

#[test]
fn control_token_should_stay_text_when_a_text_spells_it() {
    let folder = Folder::new("spelled");
    let tokenizer = load(&folder, &byte_level(), &json!({}), ROWS).unwrap();
    for text in ["a</s>b", "<|eot|>", "<s>"] {
        let ids = tokenizer.encode(text).unwrap();
        assert!(ids.iter().all(|&id| id > 3), "{ids:?}");
        assert_eq!(tokenizer.decode(&ids).unwrap(), text);
    }
}

#[test]
fn answer_should_keep_its_first_blank_when_decoded_after_its_prompt() {
    let folder = Folder::new("blank");
    let tokenizer = load(&folder, &sentence_piece(), &json!({}), 400).unwrap();
    let prompt = tokenizer.prompt("the sea").unwrap();
    let answer = tokenizer.encode("is grey").unwrap();
    assert_eq!(tokenizer.decode(&answer).unwrap(), "is grey");
    assert_eq!(tokenizer.decode_after(&prompt, &answer).unwrap(), " is grey");
    // A record is tokenised as one text: no blank is put before its completion.
    let record = tokenizer.completion("the sea", " is grey", 100).unwrap();
    assert_eq!(record.ids(), [prompt.clone(), answer, vec![2]].concat());
    assert_eq!(record.context(), prompt.len());
}

#[test]
fn answer_should_complete_a_character_when_its_prompt_ends_inside_it() {
    let folder = Folder::new("inside");
    let tokenizer = load(&folder, &byte_level(), &json!({}), ROWS).unwrap();
    let ids = tokenizer.encode("a🦀b").unwrap();
    assert_eq!(tokenizer.decode_after(&ids[..3], &ids[3..]).unwrap(), "🦀b");
}

#[test]
fn end_should_be_that_of_the_tokenizer_when_the_configuration_names_one_out_of_reach() {
    let folder = Folder::new("end");
    for eos in [json!("<|eot|>"), json!({"content": "<|eot|>", "special": true})] {
        let tokenizer = load(&folder, &byte_level(), &json!({"eos_token": eos}), ROWS).unwrap();
        assert_eq!(tokenizer.end(), Some(3));
    }
    // The configuration of `load` says 2.
    assert_eq!(load(&folder, &byte_level(), &json!({}), ROWS).unwrap().end(), Some(2));
    assert_eq!(load(&folder, &byte_level(), &json!({}), 2).unwrap().end(), None);
}

#[test]
fn row_without_a_token_should_never_be_chosen_when_a_model_has_more_rows_than_tokens() {
    let folder = Folder::new("padded");
    let tokenizer = load(&folder, &byte_level(), &json!({}), 320).unwrap();
    assert_eq!(tokenizer.unnamed(), (268..320).collect::<Vec<u32>>());
    let config = Config { vocab_size: 320, ..common::config() };
    let model = Model::random(config, 1).unwrap();
    let hot = Sampling { max_tokens: 25, temperature: 100.0, top_p: 1.0, seed: 1 };
    let drawn = |unnamed: &[u32]| model.generate(&[261, 265], hot, unnamed, |_| true).unwrap().0;
    assert!(drawn(&[]).iter().any(|&id| id >= 268));
    assert!(drawn(tokenizer.unnamed()).iter().all(|&id| id < 268));
}

#[test]
fn tokens_should_be_those_of_transformers_when_texts_are_prompts() {
    let Some(python) = python() else { return };
    let mut begun = byte_level();
    begun["post_processor"] = begins_with("<s>", 1);
    let mut dropping = byte_level();
    dropping["truncation"] = json!({
        "direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0,
    });
    let texts = ["the sea", " the sea is", "a\n\n b", "is it?", "ß 🦀", "", "a <pad", "</ s>"];
    let mut jobs = Vec::new();
    let mut ours: Vec<Vec<Vec<u32>>> = Vec::new();
    let mut folders = Vec::new();
    for (i, file) in [byte_level(), begun, dropping, sentence_piece()].iter().enumerate() {
        for bos in [true, false] {
            let folder = Folder::new(&format!("tokens-{i}-{bos}"));
            let settings = json!({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": bos});
            let tokenizer = load(&folder, file, &settings, 400).unwrap();
            ours.push(texts.iter().map(|text| tokenizer.prompt(text).unwrap()).collect());
            jobs.push(json!({"folder": folder.path(), "texts": texts, "conversations": []}));
            folders.push(folder);
        }
    }
    let answer = run(&python, "tokens.py", &[], &serde_json::to_vec(&jobs).unwrap());
    let answer: Vec<serde_json::Value> = serde_json::from_slice(&answer).unwrap();
    for (ours, theirs) in ours.iter().zip(&answer) {
        assert_eq!(json!(ours), theirs["texts"]);
    }
}
