//! Plain text, cut at paragraphs.

use super::{MAX_CHARS, MIN_CHARS};

/// Paragraphs of normalised text, in order, and what was left out. One that is too short joins the next (the last, the
/// one before); one that is too long is cut at the last blank that leaves it short enough.
pub fn cut(text: &str) -> (Vec<String>, Vec<String>) {
    let mut pieces: Vec<String> = Vec::new();
    let mut dropped: Vec<String> = Vec::new();
    let mut short = String::new();
    for paragraph in
        text.split("\n\n").map(|p| p.trim_matches('\n')).filter(|p| !p.trim().is_empty())
    {
        if !short.is_empty() {
            short.push_str("\n\n");
        }
        short.push_str(paragraph);
        if short.chars().count() >= MIN_CHARS {
            for part in bounded(&std::mem::take(&mut short)) {
                let enough = part.chars().count() >= MIN_CHARS;
                if enough { &mut pieces } else { &mut dropped }.push(part);
            }
        }
    }
    match pieces.last_mut() {
        Some(last)
            if last.chars().count() + short.chars().count() + 2 <= MAX_CHARS
                && !short.is_empty() =>
        {
            last.push_str("\n\n");
            last.push_str(&short);
        }
        _ if !short.is_empty() => dropped.push(short),
        _ => {}
    }
    let left_out = dropped.into_iter().map(|text| {
        let line = text.lines().next().unwrap_or_default();
        format!("`{line}` has fewer than {MIN_CHARS} characters, and nothing to join")
    });
    (pieces, left_out.collect())
}

/// `paragraph` in parts of at most [`MAX_CHARS`] characters.
fn bounded(paragraph: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = paragraph;
    while let Some((limit, _)) = rest.char_indices().nth(MAX_CHARS) {
        let at = rest[..limit].rfind(char::is_whitespace).filter(|&at| at > 0).unwrap_or(limit);
        parts.push(rest[..at].to_string());
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_string());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_should_join_short_paragraphs_to_the_next() {
        let long = "Permission is hereby granted, free of charge, to any person.";
        assert_eq!(
            cut(&format!("MIT License\n\n{long}\n\n\n\n{long}\n\nEnd.")).0,
            [format!("MIT License\n\n{long}"), format!("{long}\n\nEnd."),]
        );
        let (pieces, left_out) = cut("short");
        assert!(pieces.is_empty() && left_out[0].starts_with("`short` has fewer"), "{left_out:?}");
        assert_eq!(cut(""), Default::default());
    }

    #[test]
    fn cut_should_bound_long_paragraphs_and_lose_no_word() {
        let text = "word ".repeat(3 * MAX_CHARS / 5 + 20);
        let (pieces, _) = cut(text.trim_end());
        assert!(pieces.len() > 2);
        assert!(pieces.iter().all(|piece| piece.chars().count() <= MAX_CHARS));
        assert_eq!(pieces.join(" "), text.trim_end());
        let unbroken = "é".repeat(2 * MAX_CHARS);
        assert_eq!(cut(&unbroken).0.concat(), unbroken);
    }
}
