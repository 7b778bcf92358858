//! Checkpoints and adapters on disk: what is written is read, and what is wrong is named.

use crate::common;
use std::{fs, path::Path};

use crate::common::{twins::continued_without_a_cache, Folder};
use openledger_lm::{
    Adapter, Config, Error, Model, Precision, Sampling, Step, Stop, Tokenizer, END_OF_TEXT,
};

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
fn model_should_load_when_its_files_are_links_as_in_the_cache_of_the_hub() {
    let folder = saved("blobs");
    let snapshot = folder.path().join("snapshots").join("main");
    fs::create_dir_all(&snapshot).unwrap();
    for (number, name) in ["config.json", "model.safetensors"].into_iter().enumerate() {
        let blob = folder.path().join(format!("{number:064x}"));
        fs::rename(folder.path().join(name), &blob).unwrap();
        let link = format!("../../{}", blob.file_name().unwrap().to_str().unwrap());
        std::os::unix::fs::symlink(link, snapshot.join(name)).unwrap();
    }
    let model = Model::load(&snapshot).unwrap();
    let plain = common::adapted().without_adapter();
    assert_eq!(model.forward(&[1, 2]).unwrap(), plain.forward(&[1, 2]).unwrap());
}

#[test]
fn model_should_be_refused_by_name_when_a_tensor_is_of_64_bits() {
    use safetensors::tensor::{Dtype, SafeTensors, TensorView};
    let folder = saved("wide");
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let wide = "model.norm.weight";
    let eights: Vec<u8> =
        (0..tensors.tensor(wide).unwrap().shape()[0]).flat_map(|_| 1_f64.to_le_bytes()).collect();
    let changed = tensors.tensors().into_iter().map(|(name, view)| {
        let shape = view.shape().to_vec();
        let view = match name.as_str() {
            name if name == wide => TensorView::new(Dtype::F64, shape, &eights),
            _ => TensorView::new(view.dtype(), shape, view.data()),
        };
        (name, view.unwrap())
    });
    fs::write(&path, safetensors::serialize(changed, None).unwrap()).unwrap();
    let error = Model::load(folder.path()).unwrap_err();
    assert!(matches!(&error, Error::DType { name, .. } if name == wide), "{error}");
    assert!(error.to_string().contains("F64"), "{error}");
}

/// What a configuration with one change says.
fn refusal(name: &str, change: impl Fn(&mut serde_json::Value)) -> String {
    let folder = saved(name);
    edit(folder.path(), "config.json", change);
    Model::load(folder.path()).unwrap_err().to_string()
}

#[test]
fn config_should_be_refused_by_name_when_it_says_what_is_not_computed() {
    let says = |name: &str, key: &str, value: serde_json::Value, expected: &str| {
        let refused = refusal(name, |json| json[key] = value.clone());
        assert!(refused.contains(expected), "{name}: {refused}");
    };
    use serde_json::json;
    let quantised = json!({"quant_method": "gptq", "bits": 4});
    says("quantised", "quantization_config", quantised, "quantization_config: expected none");
    says("partial", "partial_rotary_factor", json!(0.5), "partial_rotary_factor: expected 1");
    says("gelu", "hidden_act", json!("gelu"), "hidden_act: expected silu, found gelu");
    for kind in ["dynamic", "yarn", "longrope"] {
        let rope = json!({"rope_type": kind, "factor": 2.0});
        says(kind, "rope_scaling", rope, &format!("llama3, found {kind}"));
    }
    let nested = json!({"full_attention": {"rope_type": "default"}});
    says("nested", "rope_parameters", nested, "rope_parameters: expected one set of settings");
    let refused = refusal("mixed", |json| json["model_type"] = "mistral".into());
    assert!(refused.contains("found mistral and LlamaForCausalLM"), "{refused}");
    let qwen = |json: &mut serde_json::Value| {
        json["model_type"] = "qwen3".into();
        json["architectures"] = json!(["Qwen3ForCausalLM"]);
    };
    let refused = refusal("chunked", |json| {
        qwen(json);
        json["layer_types"] = json!(["full_attention", "chunked_attention"]);
    });
    assert!(refused.contains("sliding_attention, found chunked_attention"), "{refused}");
    let refused = refusal("windowless", |json| {
        qwen(json);
        json["layer_types"] = json!(["full_attention", "sliding_attention"]);
    });
    assert!(refused.contains("expected use_sliding_window"), "{refused}");
    let refused = refusal("short", |json| {
        qwen(json);
        json["use_sliding_window"] = true.into();
        json["layer_types"] = json!(["sliding_attention"]);
    });
    assert!(refused.contains("layer_types has 1 entries"), "{refused}");
}

#[test]
fn config_should_be_refused_before_anything_is_made_when_it_describes_too_much() {
    let layers = refusal("deep", |json| json["num_hidden_layers"] = 1_000_000_000.into());
    assert!(layers.contains("num_hidden_layers is 1000000000, outside 1 to 1024"), "{layers}");
    let wide = refusal("wide", |json| {
        json["hidden_size"] = (1 << 24).into();
        json["intermediate_size"] = (1 << 24).into();
    });
    assert!(wide.contains("numbers, but its files are of"), "{wide}");
}

#[test]
fn model_should_be_refused_when_its_files_are_not_of_its_config() {
    let more = refusal("fewer-layers", |json| json["num_hidden_layers"] = 1.into());
    assert!(more.contains("tensor model.layers.1."), "{more}");
    assert!(more.contains("has no place in the model"), "{more}");

    let index = |folder: &Path, shards: [&str; 2]| {
        for shard in shards {
            fs::copy(folder.join("model.safetensors"), folder.join(shard)).unwrap();
        }
        fs::remove_file(folder.join("model.safetensors")).unwrap();
        let map = serde_json::json!({"weight_map": {"a": shards[0], "b": shards[1]}});
        fs::write(folder.join("model.safetensors.index.json"), map.to_string()).unwrap();
        Model::load(folder).map(|_| ())
    };
    let folder = saved("one-shard");
    index(folder.path(), ["a.safetensors", "a.safetensors"]).unwrap();
    let folder = saved("stale-shard");
    let twice = index(folder.path(), ["a.safetensors", "b.safetensors"]).unwrap_err();
    assert!(matches!(twice, Error::StoredTwice { .. }), "{twice}");
    let folder = saved("outside");
    fs::create_dir(folder.path().join("sub")).unwrap();
    let outside = index(folder.path(), ["sub/a.safetensors", "b.safetensors"]).unwrap_err();
    assert!(outside.to_string().contains("shard sub/a.safetensors is a path"), "{outside}");
}

#[test]
fn output_matrix_should_be_the_files_when_config_says_that_the_embedding_serves() {
    let folder = saved("tied-differs");
    let truth = Model::load(folder.path()).unwrap();
    edit(folder.path(), "config.json", |json| json["tie_word_embeddings"] = true.into());
    let model = Model::load(folder.path()).unwrap();
    assert!(!model.config().tie_word_embeddings);
    assert_eq!(model.forward(&[1, 2, 3]).unwrap(), truth.forward(&[1, 2, 3]).unwrap());
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
    assert!(matches!(dora, Error::Adapter { .. }), "{dora}");
    let deeper = load("deeper", &Config { num_hidden_layers: 3, ..ours.clone() }, None, |_| {});
    assert!(
        deeper.to_string().contains("which adapter_model.safetensors does not hold"),
        "{deeper}"
    );
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
    let (answer, _) = model.generate(&prompt, Sampling::greedy(20), &[], |_| true).unwrap();
    assert_eq!(answer, continued_without_a_cache(&model, &prompt, 20));
}

#[test]
fn long_prompt_should_be_answered_as_without_parts_and_be_given_up_when_told() {
    let config = Config { max_position_embeddings: 2000, ..common::config() };
    let model = Model::random(config, 3).unwrap();
    let prompt: Vec<u32> = (0..1300).map(|i| (i * i + 5) % 23).collect();
    let mut read = Vec::new();
    let (answer, _) = model
        .generate(&prompt, Sampling::greedy(3), &[], |step| {
            if let Step::Read(tokens) = step {
                read.push(tokens);
            }
            true
        })
        .unwrap();
    assert_eq!(read, [512, 1024]);
    assert_eq!(answer, continued_without_a_cache(&model, &prompt, 3));
    let mut asked = 0;
    let given_up = model.generate(&prompt, Sampling::greedy(3), &[], |_| {
        asked += 1;
        false
    });
    assert_eq!((given_up.unwrap().0, asked), (Vec::new(), 1));
}

#[test]
fn generation_should_follow_its_seed_and_stop_when_told() {
    let model = common::adapted();
    let sampling = |seed| Sampling { max_tokens: 12, temperature: 1.0, top_p: 0.9, seed };
    let run = |seed| model.generate(&[1], sampling(seed), &[], |_| true).unwrap();
    assert_eq!(run(1), run(1));
    assert!((2..9).any(|seed| run(seed) != run(1)));
    let (first, _) = model.generate(&[1, 2], sampling(1), &[], |_| false).unwrap();
    assert!(first.len() <= 1);
    // The context ends it.
    let long = Sampling { max_tokens: 1000, ..sampling(1) };
    let (ids, _) = model.generate(&[1; 30], long, &[], |_| true).unwrap();
    assert!(ids.len() <= 2);
    assert!(matches!(model.generate(&[1; 33], long, &[], |_| true), Err(Error::TooLong { .. })));
    assert!(matches!(model.generate(&[], long, &[], |_| true), Err(Error::NoTarget { .. })));
    assert!(matches!(model.generate(&[23], long, &[], |_| true), Err(Error::UnknownToken { .. })));
    let hot = Sampling { temperature: f32::NAN, ..long };
    assert!(matches!(model.generate(&[1], hot, &[], |_| true), Err(Error::Config(_))));
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
    assert!(!tokenizer.encode(END_OF_TEXT).unwrap().contains(&0));

    let record = tokenizer.completion("a b", " c", 100).unwrap();
    let prompt = tokenizer.prompt("a b").unwrap();
    assert_eq!(record.ids()[..record.context()], prompt);
    assert_eq!(record.ids().last(), Some(&0));
}

#[test]
fn end_tokens_should_be_those_of_generation_config_when_it_names_some() {
    let folder = saved("ends");
    let ends = |text: Option<&str>| {
        let path = folder.path().join("generation_config.json");
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        Config::load(folder.path()).map(|config| config.eos_token_ids)
    };
    assert_eq!(ends(Some(r#"{"eos_token_id": [2, 20]}"#)).unwrap(), [2, 20]);
    assert_eq!(ends(Some(r#"{"eos_token_id": 3}"#)).unwrap(), [3]);
    assert_eq!(ends(Some(r#"{"eos_token_id": null, "temperature": Infinity}"#)).unwrap(), [0]);
    assert!(ends(Some(r#"{"eos_token_id": "</s>"}"#)).unwrap_err().to_string().contains("</s>"));
    assert_eq!(ends(None).unwrap(), [0]);

    // An answer ends at any of them.
    let model = Model::load(folder.path()).unwrap();
    let (free, _) = model.generate(&[3, 1, 4], Sampling::greedy(20), &[], |_| true).unwrap();
    let second = free[2];
    ends(Some(&format!(r#"{{"eos_token_id": [0, {second}]}}"#))).unwrap();
    let model = Model::load(folder.path()).unwrap();
    let (short, stop) = model.generate(&[3, 1, 4], Sampling::greedy(20), &[], |_| true).unwrap();
    let until = free.iter().position(|&id| id == second).unwrap();
    assert_eq!((short.as_slice(), stop), (&free[..until], Stop::EndOfText));
}

#[test]
fn configuration_should_be_read_when_python_wrote_it() {
    let folder = saved("python");
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replacen(
            '{',
            r#"{"time_step_limit": [0.0, Infinity, -Infinity, NaN], "hidden_size": 1,"#,
            1,
        ),
    )
    .unwrap();
    assert_eq!(Config::load(folder.path()).unwrap(), common::config());
    fs::write(
        &path,
        text.replacen('{', r#"{"bos_token_id": [1],"#, 1).replace("\"bos_token_id\": 0,", ""),
    )
    .unwrap();
    assert_eq!(Config::load(folder.path()).unwrap().bos_token_id, None);
    fs::write(&path, text.replace("12,", "Infinity,")).unwrap();
    let error = Config::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("Infinity"), "{error}");
}

#[test]
fn answer_should_be_refused_when_logits_are_not_finite() {
    let model = common::adapted();
    let mut matrices = model.lora_values();
    matrices.iter_mut().for_each(|matrix| matrix.fill(1e30));
    let model = model.with_lora_values(matrices).unwrap();
    let error = model.generate(&[1, 2], Sampling::greedy(5), &[], |_| true).unwrap_err();
    assert!(matches!(error, Error::Overflow(2)), "{error}");
}

#[test]
fn handles_should_be_shareable_when_held_by_servers() {
    fn shareable<T: Send + Sync + Clone + 'static>() {}
    shareable::<Model>();
    shareable::<Tokenizer>();
}
