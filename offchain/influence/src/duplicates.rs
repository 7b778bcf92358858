//! Records that say again what an earlier one said: MinHash (Broder 1997) with banding to find candidates, the
//! exact Jaccard similarity to decide.

use std::collections::{HashMap, HashSet};

use openledger_primitives::{hashing, PPM};

use crate::method::Duplicates;

/// Rows of one band: `BANDS` bands of `ROWS` rows miss a pair of similarity 0.8 once in 5,000 times, and propose
/// half of those at 0.45. Part of the method's code version.
const ROWS: usize = 4;
const BANDS: usize = 16;

/// For each text, the earliest one that it repeats, or none: with its signs, or without them, since other brackets,
/// line ends and signs of comments make no other text. Only texts that count themselves are compared with, so that a
/// chain of small changes does not join what is far apart.
pub fn of_earlier(texts: &[String], rule: &Duplicates) -> Vec<Option<usize>> {
    let mut kept = [HashMap::new(), HashMap::new()];
    let mut shingles_of: Vec<[HashSet<u64>; 2]> = Vec::with_capacity(texts.len());
    texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let views = views(text, rule.shingle as usize);
            let bands = [bands(&views[0]), bands(&views[1])];
            let mut candidates: Vec<usize> = kept
                .iter()
                .zip(&bands)
                .flat_map(|(kept, bands)| bands.iter().filter_map(|band| kept.get(band)).flatten())
                .copied()
                .collect();
            candidates.sort_unstable();
            candidates.dedup();
            let earlier = candidates
                .into_iter()
                .find(|&other| repeats(&views, &shingles_of[other], rule.jaccard_ppm));
            if earlier.is_none() {
                for (kept, bands) in kept.iter_mut().zip(bands) {
                    for band in bands {
                        let texts: &mut Vec<usize> = kept.entry(band).or_default();
                        texts.push(i);
                    }
                }
            }
            shingles_of.push(views);
            earlier
        })
        .collect()
}

/// Whether one of the views is similar.
fn repeats(a: &[HashSet<u64>; 2], b: &[HashSet<u64>; 2], ppm: u32) -> bool {
    a.iter().zip(b).any(|(a, b)| similar(a, b, ppm))
}

/// Whether `|a ∩ b| / |a ∪ b|` reaches the limit.
fn similar(a: &HashSet<u64>, b: &HashSet<u64>, ppm: u32) -> bool {
    let both = a.intersection(b).count() as u64;
    let either = (a.len() + b.len()) as u64 - both;
    both * u64::from(PPM) >= either * u64::from(ppm)
}

/// The shingles of a text with its signs, and without. Where hardly a word would be left, these are the same: what is
/// said in signs differs by them.
fn views(text: &str, length: usize) -> [HashSet<u64>; 2] {
    let all = words(text);
    let letters: Vec<String> =
        all.iter().filter(|word| word.contains(is_letter)).cloned().collect();
    let with_signs = shingles(&all, length);
    let without =
        if letters.len() < length { with_signs.clone() } else { shingles(&letters, length) };
    [with_signs, without]
}

/// Hashes of all runs of `length` words; of fewer words, of the whole.
fn shingles(words: &[String], length: usize) -> HashSet<u64> {
    let hash = |run: &[String]| {
        let digest = hashing::content_id(run.join(" ").as_bytes());
        digest.to_low_u64_be()
    };
    if words.len() < length {
        return HashSet::from([hash(words)]);
    }
    words.windows(length).map(hash).collect()
}

fn is_letter(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Words and single signs in lower case; blanks only separate.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for sign in text.chars() {
        let letter = is_letter(sign);
        if letter && open {
            if let Some(word) = words.last_mut() {
                word.extend(sign.to_lowercase());
            }
        } else if !sign.is_whitespace() {
            words.push(sign.to_lowercase().collect());
        }
        open = letter;
    }
    words
}

/// The signature, cut into bands, each with its number.
fn bands(shingles: &HashSet<u64>) -> Vec<(usize, [u64; ROWS])> {
    (0..BANDS)
        .map(|band| {
            let row = |row| {
                let seed = mix((band * ROWS + row) as u64 + 1);
                shingles.iter().map(|&shingle| mix(shingle ^ seed)).min().unwrap_or(u64::MAX)
            };
            (band, std::array::from_fn(row))
        })
        .collect()
}

/// SplitMix64's finaliser (Steele et al. 2014): a permutation of 64 bits.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    fn rule() -> Duplicates {
        Method::default().duplicates
    }

    /// Every pair compared, no hashing of signatures.
    fn slow(texts: &[String], rule: &Duplicates) -> Vec<Option<usize>> {
        let sets: Vec<_> = texts.iter().map(|t| views(t, rule.shingle as usize)).collect();
        let mut result: Vec<Option<usize>> = Vec::new();
        for i in 0..texts.len() {
            let earlier = (0..i)
                .find(|&j| result[j].is_none() && repeats(&sets[i], &sets[j], rule.jaccard_ppm));
            result.push(earlier);
        }
        result
    }

    #[test]
    fn of_earlier_should_find_what_comparing_all_pairs_finds() {
        let word = |n: u64| format!("w{}", mix(n) % 5_000);
        let mut texts: Vec<String> = Vec::new();
        for i in 0..60 {
            let text: Vec<String> = (0..80).map(|j| word(1_000 * i + j)).collect();
            texts.push(text.join(" "));
            // The same with 0 to 5 words changed: some above, some below the limit.
            let mut near = text.clone();
            for change in 0..(i % 6) as usize {
                near[change * 13] = "other".into();
            }
            texts.push(near.join("\n "));
        }
        let found = of_earlier(&texts, &rule());
        assert_eq!(found, slow(&texts, &rule()));
        assert!(found.iter().any(Option::is_some));
        assert!(found.iter().skip(1).step_by(2).any(Option::is_none));
    }

    #[test]
    fn of_earlier_should_name_the_first_when_three_are_the_same() {
        let texts: Vec<String> =
            ["a b c d e", "x", "A  b\nC d e", "x", "a b c d e"].map(Into::into).into();
        assert_eq!(of_earlier(&texts, &rule()), [None, None, Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn of_earlier_should_see_through_other_signs() {
        let block =
            "/**\n * @dev Sets it.\n */\nfunction set(uint256 to) external {\n    it = to;\n}";
        let lines = "// @dev Sets it.\nfunction set(uint256 to)\n\texternal\n{\n\tit = to;\n}";
        let other = "// @dev Sets it.\nfunction get(uint256 at) public view {\n    return at;\n}";
        let texts: Vec<String> = [block, lines, other].map(Into::into).into();
        assert_eq!(of_earlier(&texts, &rule()), [None, Some(0), None]);
        let with_signs = [block, lines].map(|text| shingles(&words(text), 3));
        assert!(!similar(&with_signs[0], &with_signs[1], rule().jaccard_ppm));
    }

    #[test]
    fn of_earlier_should_tell_texts_of_signs_apart() {
        let texts: Vec<String> = ["x + y", "x - y", "+ - +", "- + -", ""].map(Into::into).into();
        assert_eq!(of_earlier(&texts, &rule()), [None; 5]);
    }

    #[test]
    fn words_should_split_at_signs() {
        assert_eq!(words("Foo.bar_1(x)+=2"), ["foo", ".", "bar_1", "(", "x", ")", "+", "=", "2"]);
    }
}
