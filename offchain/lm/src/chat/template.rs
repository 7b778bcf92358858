//! A chat template as transformers renders one: Jinja in Python's manner, with a budget.

use std::io;

use minijinja::{syntax::SyntaxConfig, value::Value, Environment, Error as JinjaError, ErrorKind};

use super::python;
use crate::{Error, Json, Result};

/// The most work that rendering may do: about one unit an instruction, and one for each 64 bytes of text that is made.
const FUEL: u64 = 4_000_000;
/// The most bytes of text that it may make.
const TEXT: usize = 16 << 20;
const NAME: &str = "chat_template";
/// Parts the message of a template's own refusal from what Jinja says around it.
const RAISED: &str = "\u{fdd4}";

/// A compiled template.
#[derive(Debug)]
pub(super) struct Template {
    environment: Environment<'static>,
}

impl Template {
    pub fn new(source: &str) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| failed(&error))?);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_unknown_method_callback(python::method);
        environment.set_formatter(|out, _, value| {
            let text = python::text(value);
            out.write_str(&text).map_err(JinjaError::from)
        });
        environment.set_fuel(Some(FUEL));
        environment.add_filter("tojson", python::to_json);
        environment.add_function("raise_exception", |message: String| -> Result<(), JinjaError> {
            let message = format!("{RAISED}{message}{RAISED}");
            Err(JinjaError::new(ErrorKind::InvalidOperation, message))
        });
        environment
            .add_template_owned(NAME, without_generation(source))
            .map_err(|error| failed(&error))?;
        Ok(Self { environment })
    }

    /// The text of a conversation, up to the answer of an assistant where it is a prompt. `now` is in seconds since
    /// 1970, for templates that print the date: in UTC.
    pub fn render(
        &self,
        names: &[(String, String)],
        messages: &[Json],
        tools: &[Json],
        prompt: bool,
        now: u64,
    ) -> Result<String> {
        let strftime = Value::from_function(move |format: String| python::strftime(&format, now));
        let list =
            |items: &[Json]| Value::from(items.iter().map(python::value).collect::<Vec<_>>());
        let tools = if tools.is_empty() { Value::from(()) } else { list(tools) };
        let mut context: Vec<(String, Value)> =
            names.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
        context.extend([
            ("messages".to_string(), list(messages)),
            ("tools".to_string(), tools),
            ("documents".to_string(), Value::from(())),
            ("add_generation_prompt".to_string(), Value::from(prompt)),
            ("strftime_now".to_string(), strftime),
        ]);
        let template = self.environment.get_template(NAME).map_err(|error| failed(&error))?;
        let mut text = Text::default();
        match template.render_captured_to(Value::from_pairs(context), &mut text) {
            _ if text.full => {
                Err(Error::Template(format!("it makes more than {TEXT} bytes of text")))
            }
            Err(error) => Err(failed(&error)),
            Ok(_) => {
                String::from_utf8(text.bytes).map_err(|error| Error::Template(error.to_string()))
            }
        }
    }
}

/// What a template has made, up to a limit.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Text {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(more.len()) > TEXT {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The template without the tags around what an assistant says, which mark it and print nothing. Jinja here knows no
/// such tag.
fn without_generation(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(open) = rest.find("{%") {
        let Some(close) = rest[open..].find("%}").map(|close| open + close) else { break };
        let tag = &rest[open + 2..close];
        let word = tag.trim_matches(|char: char| char.is_whitespace() || "-+".contains(char));
        let instead = match word {
            "generation" => tag.replacen("generation", "if true", 1),
            "endgeneration" => tag.replacen("endgeneration", "endif", 1),
            _ => tag.to_string(),
        };
        out.push_str(&rest[..open + 2]);
        out.push_str(&instead);
        out.push_str("%}");
        rest = &rest[close + 2..];
    }
    out.push_str(rest);
    out
}

fn failed(error: &JinjaError) -> Error {
    let text = format!("{error:#}");
    if let Some(raised) = text.split(RAISED).nth(1) {
        return Error::Template(raised.into());
    }
    Error::Template(match error.kind() {
        ErrorKind::OutOfFuel => "it does more work than a template may".into(),
        _ => error.to_string(),
    })
}
