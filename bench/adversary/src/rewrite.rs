//! How an attacker makes other texts of Solidity: the same every time, without a model.

use rand::seq::SliceRandom;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

/// What stays as it is, or it is no Solidity.
const KEYWORDS: [&str; 52] = [
    "abstract",
    "address",
    "assembly",
    "bool",
    "bytes",
    "bytes32",
    "bytes4",
    "calldata",
    "catch",
    "constant",
    "constructor",
    "contract",
    "delete",
    "else",
    "emit",
    "error",
    "event",
    "external",
    "false",
    "for",
    "function",
    "if",
    "import",
    "indexed",
    "int256",
    "interface",
    "internal",
    "library",
    "mapping",
    "memory",
    "modifier",
    "new",
    "override",
    "payable",
    "pragma",
    "private",
    "public",
    "pure",
    "require",
    "return",
    "returns",
    "revert",
    "storage",
    "string",
    "struct",
    "true",
    "uint",
    "uint256",
    "unchecked",
    "using",
    "view",
    "virtual",
];

/// Words of comments, and others for them.
const SYNONYMS: [(&str, &str); 35] = [
    ("returns", "gives"),
    ("return", "give"),
    ("the", "that"),
    ("a", "one"),
    ("an", "one"),
    ("is", "equals"),
    ("if", "when"),
    ("must", "shall"),
    ("be", "stay"),
    ("to", "towards"),
    ("of", "from"),
    ("caller", "sender"),
    ("account", "holder"),
    ("address", "location"),
    ("token", "coin"),
    ("tokens", "coins"),
    ("amount", "quantity"),
    ("value", "number"),
    ("sets", "writes"),
    ("set", "write"),
    ("emits", "raises"),
    ("can", "may"),
    ("only", "solely"),
    ("and", "plus"),
    ("or", "else"),
    ("this", "such"),
    ("see", "compare"),
    ("requirements", "conditions"),
    ("contract", "program"),
    ("function", "routine"),
    ("owner", "proprietor"),
    ("number", "count"),
    ("new", "fresh"),
    ("current", "present"),
    ("for", "towards"),
];

/// Other blanks, braces and signs of comments; every word stays.
pub fn reformatted(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let body = line.trim();
        let deep = (line.len() - line.trim_start().len()) / 4;
        let indent = "\t".repeat(deep);
        match comment(body) {
            Some("") => {}
            Some(said) => lines.push(format!("{indent}// {said}")),
            None => match body.strip_suffix('{').map(str::trim_end) {
                Some(head) if !head.is_empty() => {
                    lines.extend([format!("{indent}{head}"), format!("{indent}{{")]);
                }
                _ => lines.push(format!("{indent}{body}")),
            },
        }
    }
    lines.join("\n")
}

/// Other names, other words in comments, statements in another order.
pub fn paraphrased(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| match comment(line.trim()) {
            Some(_) => each_word(line, reworded),
            None => each_word(line, renamed),
        })
        .collect();
    reordered(&lines).join("\n")
}

/// These texts' words in random order, in as many texts of `words` words.
pub fn garbled(texts: &[String], count: usize, words: usize, seed: u64) -> Vec<String> {
    let mut all: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let (chosen, _) = all.partial_shuffle(&mut rng, words);
            chosen.join(" ")
        })
        .collect()
}

/// What a line of a comment says; none of code.
fn comment(line: &str) -> Option<&str> {
    let marked = line.starts_with('/') || line.starts_with('*');
    marked.then(|| line.trim_matches(|sign: char| sign == '/' || sign == '*').trim())
}

/// Changes every word of a line, and nothing between them.
fn each_word(line: &str, change: fn(&str) -> String) -> String {
    let (mut changed, mut word) = (String::new(), String::new());
    for sign in line.chars().chain(['\n']) {
        if sign.is_alphanumeric() || sign == '_' {
            word.push(sign);
            continue;
        }
        if !word.is_empty() {
            changed.push_str(&change(&word));
            word.clear();
        }
        changed.push(sign);
    }
    changed.pop();
    changed
}

fn reworded(word: &str) -> String {
    let lower = word.to_lowercase();
    let synonym = SYNONYMS.iter().find(|(from, _)| *from == lower);
    synonym.map_or_else(|| word.into(), |(_, to)| (*to).into())
}

/// `transferOwnership` becomes `ownershipTransfer`, `amount` becomes `theAmount`; the same name always the same.
fn renamed(name: &str) -> String {
    let is_number = name.starts_with(|sign: char| sign.is_ascii_digit());
    if is_number || KEYWORDS.contains(&name) {
        return name.into();
    }
    let mut parts: Vec<String> = vec![String::new()];
    let mut before = '_';
    for sign in name.chars() {
        let begins = sign == '_' || (sign.is_uppercase() && before.is_lowercase());
        if begins && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(String::new());
        }
        if let (true, Some(part)) = (sign != '_', parts.last_mut()) {
            part.extend(sign.to_lowercase());
        }
        before = sign;
    }
    parts.retain(|part| !part.is_empty());
    if parts.len() == 1 {
        parts.push("the".into());
    }
    parts.reverse();
    let mut joined = String::new();
    for part in parts {
        if joined.is_empty() {
            joined.push_str(&part);
        } else {
            let mut signs = part.chars();
            joined.extend(signs.next().into_iter().flat_map(char::to_uppercase));
            joined.push_str(signs.as_str());
        }
    }
    joined
}

/// Statements that follow each other, the last one first.
fn reordered(lines: &[String]) -> Vec<String> {
    let indent = |line: &String| line.len() - line.trim_start().len();
    let is_statement = |line: &String| line.ends_with(';') && indent(line) > 0;
    let same =
        |a: &String, b: &String| is_statement(a) && is_statement(b) && indent(a) == indent(b);
    lines.chunk_by(same).flat_map(|run| run.iter().rev().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_influence::{duplicates, Method};

    const TEXT: &str = "/**\n * @dev Moves `amount` tokens from the caller.\n */\n\
        function transferOwnership(address newOwner, uint256 amount) public virtual onlyOwner {\n    \
        if (newOwner == address(0)) {\n        revert OwnableInvalidOwner(address(0));\n    }\n    \
        uint256 before = _balances[newOwner];\n    _balances[newOwner] = before + amount;\n    \
        _transferOwnership(newOwner);\n}";

    fn words(text: &str) -> Vec<&str> {
        text.split(|sign: char| !sign.is_alphanumeric() && sign != '_')
            .filter(|word| !word.is_empty())
            .collect()
    }

    fn is_near(other: &str) -> bool {
        let texts = [TEXT.into(), other.into()];
        duplicates::of_earlier(&texts, &Method::default().duplicates)[1].is_some()
    }

    #[test]
    fn reformatted_should_keep_every_word_and_change_the_text() {
        let other = reformatted(TEXT);
        assert_ne!(other, TEXT);
        assert_eq!(words(&other), words(TEXT));
        assert!(is_near(&other));
    }

    #[test]
    fn paraphrased_should_keep_length_and_keywords_and_no_name() {
        let other = paraphrased(TEXT);
        assert_eq!(other.lines().count(), TEXT.lines().count());
        assert_eq!(words(&other).len(), words(TEXT).len());
        for name in ["transferOwnership", "newOwner", "_balances", "before"] {
            assert!(!words(&other).contains(&name), "{other}");
        }
        for keyword in ["function", "address", "uint256", "public", "virtual", "revert"] {
            assert!(words(&other).contains(&keyword), "{other}");
        }
        assert!(!is_near(&other));
        assert_eq!(other, paraphrased(TEXT));
    }

    #[test]
    fn paraphrased_should_turn_statements_round_within_their_block() {
        let other = paraphrased(TEXT);
        let lines: Vec<&str> = other.lines().map(str::trim).collect();
        assert_eq!(lines[7], "ownershipTransfer(ownerNew);");
        assert_eq!(lines[9], "uint256 theBefore = theBalances[ownerNew];");
        assert_eq!(lines[5], "revert ownerInvalidOwnable(address(0));");
    }

    #[test]
    fn garbled_should_be_of_the_same_words_in_other_orders() {
        let texts = vec![TEXT.to_string(), "alpha beta gamma".into()];
        let made = garbled(&texts, 3, 10, 1);
        assert_eq!(made.len(), 3);
        for text in &made {
            assert_eq!(text.split_whitespace().count(), 10);
            let known = |word| texts.iter().any(|text| text.split_whitespace().any(|w| w == word));
            assert!(text.split_whitespace().all(known));
        }
        assert_ne!(made[0], made[1]);
        assert_eq!(made, garbled(&texts, 3, 10, 1));
        assert_ne!(made, garbled(&texts, 3, 10, 2));
    }
}
