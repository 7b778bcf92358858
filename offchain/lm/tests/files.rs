//! Checkpoints and adapters on disk: what is written is read, and what is wrong is named.

mod common;

use std::{fs, path::Path};

use common::Folder;
use openledger_lm::{Adapter, Config, Error, Model, Precision, Sampling, Tokenizer, END_OF_TEXT};

fn saved(name: &str) -> Folder {
    let folder = Folder::new(name);
    common::adapted().save(folder.path(), Precision::F32).unwrap();
    common::adapted().adapter().unwrap().save(folder.path(), &common::config()).unwrap();
    folder
}

/// Changes a JSON file of a folder.
fn edit(folder: &Path, file: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.join(file);
    let mut json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut json);
    fs::write(path, json.to_string()).unwrap();
}

#[test]
fn model_should_compute_the_same_when_saved_and_loaded() {
    let folder = saved("roundtrip");
    let base = Model::load(folder.path()).unwrap();
    assert_eq!(base.config(), &common::config());
    let adapter = Adapter::load(folder.path(), base.config(), Some("base")).unwrap();
    let model = base.with_adapter(adapter).unwrap();
    let ids = [1, 2, 3, 4, 5];
    assert_eq!(model.forward(&ids).unwrap(), common::adapted().forward(&ids).unwrap());
}

#[test]
fn files_should_be_the_same_bytes_when_written_twice() {
    let (a, b) = (saved("twice-a"), saved("twice-b"));
    for file in
        ["config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors"]
    {
        let read = |folder: &Folder| fs::read(folder.path().join(file)).unwrap();
        assert_eq!(read(&a), read(&b), "{file}");
    }
}

#[test]
fn bfloat16_should_be_near_when_a_model_is_stored_in_half_the_bytes() {
    let folder = Folder::new("bf16");
    let model = common::adapted().without_adapter();
    model.save(folder.path(), Precision::BF16).unwrap();
    let (stored, exact) = (Model::load(folder.path()).unwrap(), model);
    for (a, b) in stored.forward(&[1, 2]).unwrap().iter().zip(&exact.forward(&[1, 2]).unwrap()) {
        assert!((a - b).abs() < 0.01, "{a}, not {b}");
    }
}

#[test]
fn load_should_name_the_fault_when_a_checkpoint_is_wrong() {
    let fails = |name: &str, change: &dyn Fn(&Path)| {
        let folder = saved(name);
        change(folder.path());
        Model::load(folder.path()).unwrap_err()
    };
    let config = |name: &str, change: fn(&mut serde_json::Value)| {
        fails(name, &|folder| edit(folder, "config.json", change))
    };
    let absent =
        fails("absent", &|folder| fs::remove_file(folder.join("model.safetensors")).unwrap());
    assert!(matches!(absent, Error::Io { .. }), "{absent}");
    let damaged =
        fails("damaged", &|folder| fs::write(folder.join("model.safetensors"), b"no").unwrap());
    assert!(matches!(damaged, Error::SafeTensors { .. }), "{damaged}");
    let layers = config("layers", |json| json["num_hidden_layers"] = 3.into());
    assert!(matches!(layers, Error::MissingTensor(_)), "{layers}");
    let wider = config("wider", |json| json["intermediate_size"] = 24.into());
    assert!(matches!(wider, Error::Shape { .. }), "{wider}");
    let other =
        config("other", |json| json["architectures"] = serde_json::json!(["GPT2LMHeadModel"]));
    assert!(matches!(other, Error::Unsupported { .. }), "{other}");
    let biased = config("biased", |json| json["attention_bias"] = true.into());
    assert!(matches!(biased, Error::Unsupported { .. }), "{biased}");
    let stretched =
        config("stretched", |json| json["rope_parameters"]["rope_type"] = "yarn".into());
    assert!(matches!(stretched, Error::Unsupported { .. }), "{stretched}");
    let heads = config("heads", |json| json["num_key_value_heads"] = 3.into());
    assert!(matches!(heads, Error::Config(_)), "{heads}");
    let malformed =
        fails("malformed", &|folder| fs::write(folder.join("config.json"), b"{").unwrap());
    assert!(matches!(malformed, Error::Json { .. }), "{malformed}");
}

#[test]
fn adapter_should_be_refused_when_it_is_not_for_this_base() {
    let load = |name: &str, config: &Config, base, change: fn(&mut serde_json::Value)| {
        let folder = saved(name);
        edit(folder.path(), "adapter_config.json", change);
        Adapter::load(folder.path(), config, base).unwrap_err()
    };
    let ours = common::config();
    let other = load("other-base", &ours, Some("another"), |_| {});
    assert!(matches!(other, Error::OtherBase { .. }), "{other}");
    let rank = load("rank", &ours, None, |json| json["r"] = 4.into());
    assert!(matches!(rank, Error::Shape { .. }), "{rank}");
    let dora = load("dora", &ours, None, |json| json["use_dora"] = true.into());
    assert!(matches!(dora, Error::Unsupported { .. }), "{dora}");
    let deeper = load("deeper", &Config { num_hidden_layers: 3, ..ours.clone() }, None, |_| {});
    assert!(matches!(deeper, Error::MissingTensor(_)), "{deeper}");
    let shallower =
        load("shallower", &Config { num_hidden_layers: 1, ..ours.clone() }, None, |_| {});
    assert!(matches!(shallower, Error::Config(_)), "{shallower}");
    let wider = Config { intermediate_size: 24, ..ours };
    let wide = Model::random(wider, 1).unwrap();
    let adapter = common::adapted().adapter().unwrap().clone();
    assert!(matches!(wide.with_adapter(adapter), Err(Error::Shape { .. })));
}

#[test]
fn generation_should_equal_a_loop_without_cache_when_greedy() {
    let model = common::adapted();
    let prompt = [3, 1, 4, 1, 5];
    let mut ids = prompt.to_vec();
    for _ in 0..20 {
        let logits = model.forward(&ids).unwrap();
        let last = logits.row(ids.len() - 1);
        let mut best = 0;
        for (token, logit) in last.iter().enumerate() {
            if *logit > last[best] {
                best = token;
            }
        }
        if best == 0 {
            break;
        }
        ids.push(best as u32);
    }
    let (answer, _) = model.generate(&prompt, Sampling::greedy(20), |_| true).unwrap();
    assert_eq!(answer, ids[prompt.len()..]);
}

#[test]
fn generation_should_follow_its_seed_and_stop_when_told() {
    let model = common::adapted();
    let sampling = |seed| Sampling { max_tokens: 12, temperature: 1.0, top_p: 0.9, seed };
    let run = |seed| model.generate(&[1], sampling(seed), |_| true).unwrap();
    assert_eq!(run(1), run(1));
    assert!((2..9).any(|seed| run(seed) != run(1)));
    let (first, _) = model.generate(&[1, 2], sampling(1), |_| false).unwrap();
    assert!(first.len() <= 1);
    // The context ends it.
    let long = Sampling { max_tokens: 1000, ..sampling(1) };
    let (ids, _) = model.generate(&[1; 30], long, |_| true).unwrap();
    assert!(ids.len() <= 2);
    assert!(matches!(model.generate(&[1; 33], long, |_| true), Err(Error::TooLong { .. })));
    assert!(matches!(model.generate(&[], long, |_| true), Err(Error::NoTarget { .. })));
    assert!(matches!(model.generate(&[23], long, |_| true), Err(Error::UnknownToken { .. })));
    let hot = Sampling { temperature: f32::NAN, ..long };
    assert!(matches!(model.generate(&[1], hot, |_| true), Err(Error::Config(_))));
}

#[test]
fn tokenizer_should_give_any_text_back_when_trained_on_another() {
    let folder = Folder::new("tokenizer");
    let texts = vec!["function transfer(address to) public returns (bool) {".repeat(20)];
    Tokenizer::train(&texts, 300, folder.path()).unwrap();
    let config = Config { vocab_size: 300, ..common::config() };
    let tokenizer = Tokenizer::load(folder.path(), &config).unwrap();
    let text = "  let é = 'ß';\n\tπ 🦀\r\n";
    assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap()).unwrap(), text);
    assert!(tokenizer.encode("function transfer").unwrap().len() < 8);
    assert_eq!(tokenizer.encode(END_OF_TEXT).unwrap(), [0]);

    let record = tokenizer.completion("a b", " c", 100).unwrap();
    let prompt = tokenizer.prompt("a b").unwrap();
    assert_eq!(record.ids()[..record.context()], prompt);
    assert_eq!((record.ids()[0], record.ids().last()), (0, Some(&0)));
    let small = Config { vocab_size: 200, ..config };
    assert!(matches!(Tokenizer::load(folder.path(), &small), Err(Error::Tokenizer(_))));
}

#[test]
fn handles_should_be_shareable_when_held_by_servers() {
    fn shareable<T: Send + Sync + Clone + 'static>() {}
    shareable::<Model>();
    shareable::<Tokenizer>();
}
