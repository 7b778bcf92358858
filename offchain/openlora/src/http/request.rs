//! What OpenAI's format asks for, field by field: each is honoured, refused by name, or known to change no answer.

use std::{collections::BTreeMap, fmt};

use openledger_lm::Sampling;
use rand::Rng;
use serde::{
    de::{Deserializer, Error, MapAccess, Visitor},
    Deserialize,
};
use serde_json::Value;

use crate::{
    prompt::{Prompt, Turn},
    stopping::MAX_STOPS,
    Refusal,
};

/// Tokens of an answer where the request says nothing.
const MAX_TOKENS: usize = 64;
/// The most bytes of a sequence that ends an answer.
const MAX_STOP_BYTES: usize = 256;

/// Which of the two forms a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `POST /v1/completions`.
    Completion,
    /// `POST /v1/chat/completions`.
    Chat,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The model: an id or a name.
    pub model: String,
    /// What is to be continued.
    pub prompt: Prompt,
    /// How.
    pub sampling: Sampling,
    /// What ends the answer before it would end.
    pub stop: Vec<String>,
}

/// Fields that change no answer.
const HARMLESS: [&str; 10] = [
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "parallel_tool_calls",
    "stream_options",
    "prediction",
];

/// A field, whether a value of it asks for nothing, and what was expected.
type Neutral = (&'static str, fn(&Value) -> bool, &'static str);

/// Fields that are taken where they ask for nothing, with what that is and what to do instead.
const NEUTRAL: [Neutral; 27] = [
    ("n", |v| is(v, 1.0), "1: ask again for another answer"),
    ("best_of", |v| is(v, 1.0), "1: ask again for another answer"),
    ("stream", off, "false: the receipt comes with the whole answer"),
    ("tools", empty, "empty: models are not given tools here"),
    ("functions", empty, "empty: models are not given tools here"),
    ("tool_choice", no_tool, "\"none\" or \"auto\": models are not given tools here"),
    ("function_call", no_tool, "\"none\" or \"auto\": models are not given tools here"),
    (
        "response_format",
        |v| {
            v.get("type").is_some_and(|kind| kind == "text")
                && v.as_object().is_some_and(|o| o.len() == 1)
        },
        "{\"type\":\"text\"}: answers are not held to a format",
    ),
    ("logprobs", off, "left out: probabilities are not given"),
    ("top_logprobs", |v| is(v, 0.0), "0: probabilities are not given"),
    ("frequency_penalty", |v| is(v, 0.0), "0: tokens are not penalised"),
    ("presence_penalty", |v| is(v, 0.0), "0: tokens are not penalised"),
    ("repetition_penalty", |v| is(v, 1.0), "1: tokens are not penalised"),
    ("logit_bias", empty, "empty: tokens are not biased"),
    ("echo", off, "false: put the prompt before the answer yourself"),
    ("suffix", empty, "empty: there is nothing after the answer"),
    ("modalities", |v| *v == serde_json::json!(["text"]), "[\"text\"]: answers are text"),
    ("audio", |_| false, "left out: answers are text"),
    (
        "reasoning_effort",
        |v| v == "none",
        "left out, or \"none\": how long a model thinks is its own affair",
    ),
    ("verbosity", |v| v == "medium", "left out: use \"max_tokens\""),
    ("web_search_options", |_| false, "left out: models search nothing here"),
    ("top_k", |v| is(v, 0.0) || is(v, -1.0), "0: use \"top_p\""),
    ("min_p", |v| is(v, 0.0), "0: use \"top_p\""),
    ("typical_p", |v| is(v, 1.0), "1: use \"top_p\""),
    ("min_tokens", |v| is(v, 0.0), "0: a model ends its answer itself"),
    ("ignore_eos", off, "false: a model ends its answer itself"),
    ("prompt_logprobs", |v| is(v, 0.0), "left out: probabilities are not given"),
];

fn is(value: &Value, number: f64) -> bool {
    value.as_f64() == Some(number)
}

fn off(value: &Value) -> bool {
    *value == Value::Bool(false)
}

fn no_tool(value: &Value) -> bool {
    value == "none" || value == "auto"
}

fn empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Reads a body.
///
/// # Errors
/// 400, naming the field that is wrong or not supported.
pub fn read(body: &[u8], form: Form) -> Result<Asked, Refusal> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Fields(mut fields) = serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body is not the JSON that was expected: {error}");
        Refusal::bad_request("invalid_json", message)
    })?;
    // What says nothing is as if it were not there.
    fields.retain(|_, value| !value.is_null());
    for name in HARMLESS {
        fields.remove(name);
    }
    for (name, neutral, expected) in NEUTRAL {
        if fields.remove(name).is_some_and(|value| !neutral(&value)) {
            return Err(unsupported(name, format!("{name:?} must be {expected}")));
        }
    }
    let model = match fields.remove("model") {
        Some(Value::String(model)) => model,
        other => return Err(wrong("model", "its name, see GET /v1/models", other.as_ref())),
    };
    let prompt = match form {
        Form::Completion => Prompt::Text(text_prompt(fields.remove("prompt"))?),
        Form::Chat => Prompt::Chat(messages(fields.remove("messages"))?),
    };
    let sampling = sampling(&mut fields, form)?;
    let stop = stops(fields.remove("stop"))?;
    if let Some(name) = fields.into_keys().next() {
        let other = match (form, name.as_str()) {
            (Form::Completion, "messages") => ": POST /v1/chat/completions takes it",
            (Form::Chat, "prompt") => ": POST /v1/completions takes it",
            (Form::Completion, "max_completion_tokens") => ": use \"max_tokens\"",
            _ => ": leave it out, since what it asks for would not be done",
        };
        return Err(unsupported(&name, format!("{name:?} is not known here{other}")));
    }
    Ok(Asked { model, prompt, sampling, stop })
}

/// An object's fields; a field that is there twice is refused.
struct Fields(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object such as {\"model\":\"openledger/2\",…}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format!("the field {name:?} is there twice")));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

fn unsupported(name: &str, message: String) -> Refusal {
    Refusal::field("unsupported_parameter", name, message)
}

/// A field that is missing, or not what was expected.
fn wrong(name: &str, expected: &str, found: Option<&Value>) -> Refusal {
    let message = match found {
        None => format!("{name:?} is missing: expected {expected}"),
        Some(value) => {
            let found: String = value.to_string().chars().take(40).collect();
            format!("{name:?} must be {expected}; it is {found}")
        }
    };
    Refusal::field("invalid_parameter", name, message)
}

fn sampling(fields: &mut BTreeMap<String, Value>, form: Form) -> Result<Sampling, Refusal> {
    let mut tokens = |name| match fields.remove(name) {
        None => Ok(None),
        Some(value) => {
            match value.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0) {
                Some(n) => Ok(Some(n)),
                None => Err(wrong(name, "a whole number from 1 on", Some(&value))),
            }
        }
    };
    let mut max_tokens = tokens("max_tokens")?;
    if form == Form::Chat {
        max_tokens = tokens("max_completion_tokens")?.or(max_tokens);
    }
    let mut number = |name, default: f64, expected, right: fn(f64) -> bool| {
        let Some(value) = fields.remove(name) else { return Ok(default as f32) };
        match value.as_f64().filter(|number| right(*number)) {
            Some(number) => Ok(number as f32),
            None => Err(wrong(name, expected, Some(&value))),
        }
    };
    let temperature =
        number("temperature", 1.0, "a number from 0 to 2", |t| (0.0..=2.0).contains(&t))?;
    let top_p =
        number("top_p", 1.0, "a number above 0, and at most 1", |p| p as f32 > 0.0 && p <= 1.0)?;
    let seed = match fields.remove("seed") {
        None => None,
        Some(value) => match (value.as_u64(), value.as_i64()) {
            (Some(seed), _) => Some(seed),
            // As other servers have it: any.
            (None, Some(-1)) => None,
            _ => {
                return Err(wrong("seed", "a whole number from 0 on, or -1 for any", Some(&value)))
            }
        },
    };
    Ok(Sampling {
        max_tokens: max_tokens.unwrap_or(MAX_TOKENS),
        temperature,
        top_p,
        seed: seed.unwrap_or_else(|| rand::rng().random()),
    })
}

fn stops(value: Option<Value>) -> Result<Vec<String>, Refusal> {
    const EXPECTED: &str = "a text, or a list of at most 4, of at most 256 bytes each";
    let list = match &value {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => {
            let texts: Option<Vec<String>> =
                list.iter().map(|text| text.as_str().map(ToString::to_string)).collect();
            texts.ok_or_else(|| wrong("stop", EXPECTED, value.as_ref()))?
        }
        Some(_) => return Err(wrong("stop", EXPECTED, value.as_ref())),
    };
    let texts: Vec<String> = list.into_iter().filter(|text| !text.is_empty()).collect();
    if texts.len() > MAX_STOPS || texts.iter().any(|text| text.len() > MAX_STOP_BYTES) {
        return Err(wrong("stop", EXPECTED, value.as_ref()));
    }
    Ok(texts)
}

/// What a completion is to continue: a text, or a list of one.
fn text_prompt(value: Option<Value>) -> Result<String, Refusal> {
    const EXPECTED: &str = "a text, or a list of one text";
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Array(list)) => match &list[..] {
            [Value::String(text)] => Ok(text.clone()),
            [Value::Number(_), ..] => Err(unsupported(
                "prompt",
                "\"prompt\" must be text: token ids are not taken".into(),
            )),
            [_, _, ..] => Err(unsupported(
                "prompt",
                format!("\"prompt\" has {} texts: ask once for each", list.len()),
            )),
            _ => Err(wrong("prompt", EXPECTED, Some(&Value::Array(list)))),
        },
        other => Err(wrong("prompt", EXPECTED, other.as_ref())),
    }
}

/// The turns of a chat.
fn messages(value: Option<Value>) -> Result<Vec<Turn>, Refusal> {
    const EXPECTED: &str = "a list of at least one {\"role\",\"content\"}";
    match value {
        Some(Value::Array(list)) if !list.is_empty() => {
            list.into_iter().enumerate().map(|(i, message)| turn(i, message)).collect()
        }
        other => Err(wrong("messages", EXPECTED, other.as_ref())),
    }
}

fn turn(i: usize, value: Value) -> Result<Turn, Refusal> {
    let at = format!("messages[{i}]");
    let Value::Object(mut fields) = value else {
        return Err(wrong(&at, "an object {\"role\",\"content\"}", Some(&value)));
    };
    fields.retain(|_, value| !value.is_null());
    let role_at = format!("{at}.role");
    let role = match fields.remove("role") {
        Some(Value::String(role)) => role,
        other => return Err(wrong(&role_at, "system, user or assistant", other.as_ref())),
    };
    let role = match role.as_str() {
        "system" | "user" | "assistant" => role,
        // What OpenAI calls the system's part of its newer models.
        "developer" => "system".into(),
        "tool" | "function" => {
            let message = format!("{role_at:?}: models are not given tools here");
            return Err(unsupported(&role_at, message));
        }
        _ => {
            return Err(wrong(
                &role_at,
                "system, developer, user or assistant",
                Some(&Value::String(role)),
            ))
        }
    };
    let content = content(&format!("{at}.content"), fields.remove("content"))?;
    for name in ["tool_calls", "annotations"] {
        if fields.get(name).is_some_and(empty) {
            fields.remove(name);
        }
    }
    if let Some(name) = fields.keys().next() {
        let name = format!("{at}.{name}");
        let message = format!("{name:?} is not known here: a turn has a role and a content");
        return Err(unsupported(&name, message));
    }
    Ok(Turn { role, content })
}

/// A text, or parts that are text, on lines of their own.
fn content(at: &str, value: Option<Value>) -> Result<String, Refusal> {
    const EXPECTED: &str = "a text, or a list of {\"type\":\"text\",\"text\"}";
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Array(parts)) if !parts.is_empty() => {
            let texts = parts.iter().enumerate().map(|(i, part)| {
                let at = format!("{at}[{i}]");
                let kind = part.get("type").and_then(Value::as_str);
                let text = part.get("text").and_then(Value::as_str);
                let fields = part.as_object().map_or(0, serde_json::Map::len);
                match (kind, text) {
                    (Some("text"), Some(text)) if fields == 2 => Ok(text),
                    (Some(kind), None) if kind != "text" => Err(unsupported(
                        &at,
                        format!("{at:?} is of the type {kind:?}: only text is read here"),
                    )),
                    _ => Err(wrong(&at, "{\"type\":\"text\",\"text\"}", Some(part))),
                }
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        other => Err(wrong(at, EXPECTED, other.as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn completion(fields: Value) -> Result<Asked, (&'static str, Option<String>)> {
        ask(Form::Completion, json!({"model": "m", "prompt": "p"}), fields)
    }

    fn chat(fields: Value) -> Result<Asked, (&'static str, Option<String>)> {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "p"}]});
        ask(Form::Chat, body, fields)
    }

    fn ask(
        form: Form,
        mut body: Value,
        fields: Value,
    ) -> Result<Asked, (&'static str, Option<String>)> {
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        read(body.to_string().as_bytes(), form)
            .map_err(|refusal| (refusal.code(), refusal.param().map(Into::into)))
    }

    fn refused(code: &'static str, param: &str) -> Result<Asked, (&'static str, Option<String>)> {
        Err((code, Some(param.into())))
    }

    #[test]
    fn read_should_honour_what_it_takes() {
        let asked = completion(json!({
            "max_tokens": 7, "temperature": 0.5, "top_p": 0.25, "seed": 3, "stop": ["a", "", "b"],
        }));
        let sampling = Sampling { max_tokens: 7, temperature: 0.5, top_p: 0.25, seed: 3 };
        let asked = asked.unwrap();
        assert_eq!((asked.model.as_str(), asked.sampling), ("m", sampling));
        assert_eq!(
            (asked.prompt, asked.stop),
            (Prompt::Text("p".into()), vec!["a".into(), "b".into()])
        );
        let tokens = |fields| chat(fields).unwrap().sampling.max_tokens;
        assert_eq!(tokens(json!({})), 64);
        assert_eq!(tokens(json!({"max_tokens": 5})), 5);
        assert_eq!(tokens(json!({"max_tokens": 5, "max_completion_tokens": 9})), 9);
    }

    #[test]
    fn read_should_take_neutral_values_of_what_it_does_not_do() {
        let every = [
            json!({"n": 1, "stream": false, "stop": [], "tools": [], "tool_choice": "auto", "logit_bias": {}}),
            json!({"stop": "", "functions": [], "function_call": "none", "tool_choice": "none", "suffix": ""}),
            json!({"response_format": {"type": "text"}, "logprobs": false, "top_logprobs": 0, "best_of": 1}),
            json!({"frequency_penalty": 0, "presence_penalty": 0.0, "modalities": ["text"], "echo": false}),
            json!({"repetition_penalty": 1.0, "top_k": -1, "min_p": 0, "reasoning_effort": "none"}),
            json!({"user": "u", "metadata": {"a": "b"}, "store": true, "service_tier": "auto"}),
            json!({"stream_options": {"include_usage": true}, "parallel_tool_calls": true}),
            json!({"n": null, "stream": null, "stop": null, "tools": null, "logprobs": null, "seed": null,
                   "max_tokens": null, "temperature": null, "whatever": null}),
        ];
        for fields in every {
            assert!(completion(fields.clone()).is_ok(), "{fields}");
            assert!(chat(fields.clone()).is_ok(), "{fields}");
        }
    }

    #[test]
    fn read_should_refuse_by_name_what_would_change_the_answer() {
        let tool = json!([{"type": "function", "function": {"name": "f"}}]);
        for (name, value) in [
            ("tools", tool.clone()),
            ("functions", tool),
            ("tool_choice", json!("required")),
            ("tool_choice", json!({"type": "function", "function": {"name": "f"}})),
            ("response_format", json!({"type": "json_object"})),
            ("response_format", json!({"type": "json_schema", "json_schema": {}})),
            ("logprobs", json!(true)),
            ("logprobs", json!(5)),
            ("logprobs", json!(0)),
            ("top_logprobs", json!(2)),
            ("frequency_penalty", json!(0.1)),
            ("presence_penalty", json!(-1)),
            ("logit_bias", json!({"50256": -100})),
            ("echo", json!(true)),
            ("best_of", json!(2)),
            ("suffix", json!("}")),
            ("n", json!(2)),
            ("stream", json!(true)),
            ("modalities", json!(["text", "audio"])),
            ("audio", json!({"voice": "x", "format": "wav"})),
            ("reasoning_effort", json!("high")),
            ("web_search_options", json!({})),
            ("top_k", json!(40)),
            ("guided_json", json!("{}")),
        ] {
            let fields = json!({name: value});
            assert_eq!(chat(fields.clone()), refused("unsupported_parameter", name), "{fields}");
            assert_eq!(completion(fields), refused("unsupported_parameter", name));
        }
        assert_eq!(chat(json!({"prompt": "p"})), refused("unsupported_parameter", "prompt"));
        assert_eq!(
            completion(json!({"messages": []})),
            refused("unsupported_parameter", "messages")
        );
        let most = json!({"max_completion_tokens": 5});
        assert_eq!(completion(most), refused("unsupported_parameter", "max_completion_tokens"));
    }

    #[test]
    fn read_should_name_the_field_that_is_wrong() {
        for (name, value) in [
            ("model", json!(7)),
            ("prompt", json!(7)),
            ("prompt", json!([])),
            ("prompt", json!([["a"]])),
            ("max_tokens", json!(0)),
            ("max_tokens", json!(-1)),
            ("max_tokens", json!(1.5)),
            ("max_tokens", json!("7")),
            ("temperature", json!(2.5)),
            ("temperature", json!("hot")),
            ("top_p", json!(0)),
            ("top_p", json!(1e-60)),
            ("seed", json!(0.5)),
            ("seed", json!(-2)),
            ("stop", json!(5)),
            ("stop", json!(["a", 5])),
            ("stop", json!(["a", "b", "c", "d", "e"])),
            ("stop", json!("x".repeat(257))),
        ] {
            let fields = json!({name: value});
            assert_eq!(completion(fields.clone()), refused("invalid_parameter", name), "{fields}");
        }
        for prompt in [json!(["a", "b"]), json!([1, 2])] {
            let fields = json!({"prompt": prompt});
            assert_eq!(completion(fields), refused("unsupported_parameter", "prompt"));
        }
        let bodies: [(&[u8], &str); 6] = [
            (b"", "invalid_json"),
            (b"[]", "invalid_json"),
            (b"\xff\xfe", "invalid_json"),
            (br#"{"model":"m","prompt":"p","n":1,"n":2}"#, "invalid_json"),
            (br#"{"prompt":"p"}"#, "invalid_parameter"),
            (br#"{"model":"m"}"#, "invalid_parameter"),
        ];
        for (body, code) in bodies {
            let refusal = read(body, Form::Completion).unwrap_err();
            assert_eq!(refusal.code(), code, "{}", refusal.message());
        }
    }

    #[test]
    fn read_should_take_a_byte_order_mark_and_a_list_of_one() {
        let body = b"\xef\xbb\xbf{\"model\":\"m\",\"prompt\":[\"the sea\"]}";
        let asked = read(body, Form::Completion).unwrap();
        assert_eq!(asked.prompt, Prompt::Text("the sea".into()));
    }

    #[test]
    fn read_should_draw_a_seed_where_none_is_named() {
        let seed = |fields| completion(fields).unwrap().sampling.seed;
        assert_eq!(seed(json!({"seed": 7})), 7);
        assert_eq!(seed(json!({"seed": u64::MAX})), u64::MAX);
        assert_ne!(seed(json!({"seed": -1})), seed(json!({"seed": -1})));
        assert_ne!(seed(json!({})), seed(json!({})));
    }

    #[test]
    fn read_should_take_turns_as_clients_send_them() {
        let turns = |messages: Value| {
            chat(json!({"messages": messages})).map(|asked| match asked.prompt {
                Prompt::Chat(messages) => {
                    messages.into_iter().map(|m| (m.role, m.content)).collect::<Vec<_>>()
                }
                Prompt::Text(_) => panic!("a chat"),
            })
        };
        let parts = json!([{"type": "text", "text": "hi"}, {"type": "text", "text": "there"}]);
        let found = turns(json!([
            {"role": "developer", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": "yes", "refusal": null, "tool_calls": [], "annotations": []},
            {"role": "user", "content": parts},
        ]));
        let expected =
            [("system", "be kind"), ("user", "hi"), ("assistant", "yes"), ("user", "hi\nthere")];
        let expected = expected.map(|(role, content)| (role.to_string(), content.to_string()));
        assert_eq!(found, Ok(expected.to_vec()));
        for (messages, code, param) in [
            (json!([]), "invalid_parameter", "messages"),
            (json!("hi"), "invalid_parameter", "messages"),
            (json!(["hi"]), "invalid_parameter", "messages[0]"),
            (json!([{"content": "hi"}]), "invalid_parameter", "messages[0].role"),
            (json!([{"role": "king", "content": "hi"}]), "invalid_parameter", "messages[0].role"),
            (json!([{"role": "user"}]), "invalid_parameter", "messages[0].content"),
            (json!([{"role": "user", "content": []}]), "invalid_parameter", "messages[0].content"),
            (
                json!([{"role": "user", "content": [{"type": "text"}]}]),
                "invalid_parameter",
                "messages[0].content[0]",
            ),
            (
                json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
                "unsupported_parameter",
                "messages[0].content[0]",
            ),
            (
                json!([{"role": "tool", "content": "4", "tool_call_id": "c"}]),
                "unsupported_parameter",
                "messages[0].role",
            ),
            (
                json!([{"role": "user", "content": "hi", "name": "Ann"}]),
                "unsupported_parameter",
                "messages[0].name",
            ),
            (
                json!([{"role": "assistant", "content": "", "tool_calls": [{"id": "c"}]}]),
                "unsupported_parameter",
                "messages[0].tool_calls",
            ),
        ] {
            assert_eq!(turns(messages.clone()), Err((code, Some(param.into()))), "{messages}");
        }
    }
}
