//! Solidity, cut at contracts and functions.

use super::{MAX_CHARS, MIN_CHARS};

/// Records of a normalised source file, and what was left out of it.
///
/// Each function, constructor, modifier, `receive` and `fallback` is a record, with the comment directly above it.
/// Of each contract, library and interface, what remains (its comment, its head, state, events, errors, types) is
/// one as well, or several where that is too long. Pragmas, imports and declarations outside contracts other than
/// functions are left out.
///
/// # Errors
/// A sentence, when braces do not balance, or a comment, string or declaration does not end.
pub fn cut(source: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let scan = Scan::new(source)?;
    let mut cutter = Cutter::default();
    for item in scan.items(0, source.len())? {
        match (scan.word(&item), item.open) {
            ("contract" | "library" | "interface", Some(open)) => {
                cutter.container(&scan, &item, open)?;
            }
            ("function", _) => cutter.push(scan.text(&item)),
            _ => {}
        }
    }
    let Cutter { records, mut left_out, short } = cutter;
    if short > 0 {
        let many = if short > 1 { "declarations have" } else { "declaration has" };
        left_out.push(format!("{short} {many} fewer than {MIN_CHARS} characters"));
    }
    Ok((records, left_out))
}

#[derive(Default)]
struct Cutter {
    records: Vec<String>,
    left_out: Vec<String>,
    /// How many were too short.
    short: usize,
}

impl Cutter {
    fn push(&mut self, text: String) {
        let chars = text.chars().count();
        if chars > MAX_CHARS {
            let code = text.lines().find(|line| !line.trim_start().starts_with(['/', '*']));
            let head: String = code.unwrap_or_default().trim().chars().take(60).collect();
            self.left_out
                .push(format!("`{head}` has {chars} characters, at most {MAX_CHARS} are taken"));
        } else if chars >= MIN_CHARS {
            self.records.push(text);
        } else {
            self.short += 1;
        }
    }

    fn container(&mut self, scan: &Scan, item: &Item, open: usize) -> Result<(), String> {
        let head = scan.text(&Item { end: open + 1, ..*item });
        let bare = &scan.source[item.start..=open];
        let mut body = String::new();
        let mut functions = Vec::new();
        let mut first = true;
        let mut close = |body: &mut String| {
            let head = if std::mem::take(&mut first) { &head } else { bare };
            format!("{head}\n{}}}", std::mem::take(body))
        };
        let room = MAX_CHARS.saturating_sub(head.chars().count() + 2);
        for member in scan.items(open + 1, item.end - 1)? {
            let text = scan.text(&member);
            match scan.word(&member) {
                "function" | "constructor" | "modifier" | "receive" | "fallback" => {
                    functions.push(text);
                }
                ";" => {}
                _ => {
                    let lines: String = text.lines().map(indented).collect();
                    if body.chars().count() + lines.chars().count() > room && !body.is_empty() {
                        let full = close(&mut body);
                        self.push(full);
                    }
                    body.push_str(&lines);
                }
            }
        }
        let last = close(&mut body);
        self.push(last);
        functions.into_iter().for_each(|function| self.push(function));
        Ok(())
    }
}

fn indented(line: &str) -> String {
    if line.is_empty() {
        "\n".into()
    } else {
        format!("    {line}\n")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Text,
}

/// One declaration.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Where the comment above it starts, or itself.
    doc: usize,
    /// Its first byte.
    start: usize,
    /// Its first brace outside parentheses.
    open: Option<usize>,
    /// The byte after its last.
    end: usize,
}

/// A source file, with what each byte belongs to.
struct Scan<'a> {
    source: &'a str,
    kinds: Vec<Kind>,
}

impl<'a> Scan<'a> {
    fn new(source: &'a str) -> Result<Self, String> {
        let bytes = source.as_bytes();
        let mut kinds = vec![Kind::Code; bytes.len()];
        let line = |at: usize| source[..at].matches('\n').count() + 1;
        let mut i = 0;
        while i < bytes.len() {
            let rest = &bytes[i..];
            let (kind, length) = if rest.starts_with(b"//") {
                (Kind::Comment, rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()))
            } else if rest.starts_with(b"/*") {
                let end = rest[2..].windows(2).position(|pair| pair == b"*/");
                let end = end.ok_or_else(|| format!("line {}: a comment does not end", line(i)))?;
                (Kind::Comment, end + 4)
            } else if matches!(bytes[i], b'"' | b'\'') {
                let end = string(rest)
                    .ok_or_else(|| format!("line {}: a string does not end", line(i)))?;
                (Kind::Text, end)
            } else {
                (Kind::Code, 1)
            };
            kinds[i..i + length].fill(kind);
            i += length;
        }
        Ok(Self { source, kinds })
    }

    fn code(&self, at: usize) -> Option<u8> {
        (self.kinds[at] == Kind::Code).then(|| self.source.as_bytes()[at])
    }

    /// The declarations between two positions that are not inside one.
    fn items(&self, from: usize, to: usize) -> Result<Vec<Item>, String> {
        let line = |at: usize| self.source[..at].matches('\n').count() + 1;
        let mut items = Vec::new();
        let (mut braces, mut brackets) = (0usize, 0usize);
        let mut current: Option<Item> = None;
        let mut previous = from;
        for at in from..to {
            let Some(byte) = self.code(at).filter(|byte| !byte.is_ascii_whitespace()) else {
                continue;
            };
            let item = current.get_or_insert_with(|| Item {
                doc: self.doc(previous, at),
                start: at,
                open: None,
                end: at,
            });
            match byte {
                b'{' => {
                    if braces == 0 && brackets == 0 && item.open.is_none() {
                        item.open = Some(at);
                    }
                    braces += 1;
                }
                b'}' => {
                    braces = braces.checked_sub(1).ok_or_else(|| {
                        format!("line {}: a brace closes that was not opened", line(at))
                    })?;
                }
                b'(' | b'[' => brackets += 1,
                b')' | b']' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            // `import {A} from "b";` and `using {f} for T;` go on after the brace.
            let ends = braces == 0
                && match byte {
                    b';' => brackets == 0,
                    b'}' => !matches!(self.word(item), "import" | "using"),
                    _ => false,
                };
            if ends {
                items.push(Item { end: at + 1, ..*item });
                (current, previous, brackets) = (None, at + 1, 0);
            }
        }
        match current {
            Some(item) if braces > 0 => {
                Err(format!("line {}: a declaration's braces do not close", line(item.start)))
            }
            Some(item) => Err(format!("line {}: a declaration does not end", line(item.start))),
            None => Ok(items),
        }
    }

    /// Where the comment begins that ends directly above `start` (no empty line between) and comes after `previous`.
    fn doc(&self, previous: usize, start: usize) -> usize {
        // A comment on the line where the previous declaration ends belongs to that.
        let bytes = self.source.as_bytes();
        let floor = (previous..start).find(|&at| self.code(at) == Some(b'\n')).unwrap_or(previous);
        let (mut doc, mut newlines) = (start, 0);
        for at in (floor..start).rev() {
            if self.kinds[at] == Kind::Comment {
                (doc, newlines) = (at, 0);
            } else if bytes[at] == b'\n' {
                newlines += 1;
                if newlines == 2 {
                    break;
                }
            }
        }
        doc
    }

    /// The word that says what a declaration is.
    fn word(&self, item: &Item) -> &'a str {
        let text = &self.source[item.start..];
        let text = text.strip_prefix("abstract").map_or(text, str::trim_start);
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        match end {
            Some(0) => text.get(..1).unwrap_or_default(),
            Some(end) => &text[..end],
            None => text,
        }
    }

    /// A declaration with its comment, without its indentation.
    fn text(&self, item: &Item) -> String {
        let line = self.source[..item.doc].rfind('\n').map_or(0, |at| at + 1);
        let indent =
            self.source[line..item.doc].chars().take_while(|c| matches!(c, ' ' | '\t')).count();
        let mut text = String::with_capacity(item.end - item.doc);
        for (i, line) in self.source[item.doc..item.end].split('\n').enumerate() {
            if i > 0 {
                text.push('\n');
            }
            let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t')).count();
            text.push_str(&line[if i > 0 { blanks.min(indent) } else { 0 }..]);
        }
        text
    }
}

/// The length of the string literal that `bytes` begin with.
fn string(bytes: &[u8]) -> Option<usize> {
    let quote = bytes.first()?;
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            // Also the end of the line, after which the string goes on.
            _ if escaped => escaped = false,
            b'\n' => return None,
            b'\\' => escaped = true,
            byte if byte == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOURCE: &str = r#"// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;
import {A, B} from "./A.sol"; // {
using {f} for uint256 global;

/// Adds two numbers { as one does.
function add(uint256 a, uint256 b) pure returns (uint256) {
    return a + b;
}

/**
 * @dev A token, with 'an apostrophe.
 */
abstract contract Token is Base("}"), Other {
    using {f} for uint256;
    uint256 private _supply; // in units {
    mapping(address account => uint256) private _balances;

    // =========== EVENTS ===========

    event Moved(address from, address to);

    /// The supply.
    function supply() public view virtual returns (uint256) {
        if (_supply > 0) { return _supply; } else { return 0; }
    }

    function name() external pure returns (string memory) { return unicode"}\"{"; }
    modifier only() {
        require(msg.sender == address(0), '}');
        _;
    }
}
"#;

    #[test]
    fn cut_should_take_functions_with_their_comments_and_what_is_left_of_the_contract() {
        let (records, left_out) = cut(SOURCE).unwrap();
        assert!(left_out.is_empty());
        assert_eq!(records.len(), 5, "{records:#?}");
        assert!(records[0].starts_with("/// Adds two numbers { as one does.\nfunction add("));
        assert_eq!(
            records[1],
            "/**\n * @dev A token, with 'an apostrophe.\n */\nabstract contract Token is Base(\"}\"), Other \
             {\n    using {f} for uint256;\n    uint256 private _supply;\n    mapping(address account => uint256) \
             private _balances;\n    event Moved(address from, address to);\n}"
        );
        assert!(records[2].starts_with("/// The supply.\nfunction supply()"));
        assert!(records[2]
            .ends_with("\n    if (_supply > 0) { return _supply; } else { return 0; }\n}"));
        assert!(records[3].starts_with("function name()"));
        assert!(records[4].starts_with("modifier only() {\n    require("));
    }

    #[test]
    fn cut_should_refuse_when_something_does_not_end() {
        for (source, expected) in [
            ("contract A {", "braces do not close"),
            ("contract A {}}", "not opened"),
            ("contract A { function f() public; /* }", "comment does not end"),
            ("contract A { string s = \"x; }", "string does not end"),
            ("contract A { uint256 x }", "does not end"),
            ("pragma solidity", "does not end"),
        ] {
            let error = cut(source).unwrap_err();
            assert!(error.contains(expected), "{source}: {error}");
        }
    }

    #[test]
    fn cut_should_name_what_is_too_long() {
        let source = format!("library L {{ function big() {{ {} }} }}", "a();".repeat(MAX_CHARS));
        let (records, left_out) = cut(&source).unwrap();
        assert!(records.is_empty());
        assert!(left_out[0].starts_with("`function big() {"), "{left_out:?}");
    }

    #[test]
    fn cut_should_spread_a_long_state_over_several_records() {
        let members: String =
            (0..400).map(|i| format!("    uint256 internal number{i};\n")).collect();
        let (records, _) = cut(&format!("contract Long is Base {{\n{members}}}\n")).unwrap();
        assert!(records.len() > 1);
        for record in &records {
            assert!(record.starts_with("contract Long is Base {\n") && record.ends_with("\n}"));
            assert!(record.chars().count() <= MAX_CHARS);
        }
        for i in 0..400 {
            let member = format!("number{i};");
            assert_eq!(records.iter().filter(|record| record.contains(&member)).count(), 1);
        }
    }

    /// Braces outside comments and strings, counted by a second, slower scanner.
    fn balance(text: &str) -> Option<i64> {
        let (mut depth, mut rest) = (0i64, text);
        while let Some(c) = rest.chars().next() {
            let skip = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/")? + 2
            } else if c == '"' {
                rest[1..].find('"')? + 2
            } else {
                depth += i64::from(c == '{') - i64::from(c == '}');
                c.len_utf8()
            };
            if depth < 0 {
                return None;
            }
            rest = &rest[skip..];
        }
        Some(depth)
    }

    fn statement() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("x = y + 1;".to_string()),
            Just("// a { comment }} \n".to_string()),
            Just("/* another { \n } } */".to_string()),
            Just("emit Done(\"a } string {\");".to_string()),
            Just("target.call{value: 1}(data);".to_string()),
            "[a-z]{1,8}\\(\\);",
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            proptest::collection::vec(inner, 0..4)
                .prop_map(|body| format!("if (a) {{ {} }}", body.join("\n")))
        })
    }

    proptest! {
        #[test]
        fn cut_should_keep_braces_balanced_and_every_function_whole(
            bodies in proptest::collection::vec(proptest::collection::vec(statement(), 0..5), 1..6),
            contracts in 1usize..3,
        ) {
            let mut source = String::from("pragma solidity ^0.8.0;\n");
            for c in 0..contracts {
                source.push_str(&format!("/// Contract {{ {c}\ncontract Contract{c} is Base {{\n  uint256 x{c};\n"));
                for (f, body) in bodies.iter().enumerate() {
                    source.push_str(&format!(
                        "  /// Does {f} }}\n  function doSomething{f}(uint256 argument) external {{\n{}\n  }}\n\n",
                        body.join("\n")
                    ));
                }
                source.push_str("}\n");
            }
            let source = crate::record::normalise(&source);
            let (records, left_out) = cut(&source).unwrap();
            prop_assert_eq!(records.len() + left_out.len(), contracts * (bodies.len() + 1));
            for record in &records {
                prop_assert_eq!(balance(record), Some(0), "{}", record);
            }
            for f in 0..bodies.len() {
                let head = format!("function doSomething{f}(");
                let holding = records.iter().chain(&left_out).filter(|r| r.contains(&head)).count();
                prop_assert_eq!(holding, contracts);
            }
        }

        #[test]
        fn cut_should_never_panic(source in "[ -~\n]{0,200}|([{};/*\"'()\n a-z]|contract |function |é){0,60}") {
            let _ = cut(&source);
        }
    }
}
