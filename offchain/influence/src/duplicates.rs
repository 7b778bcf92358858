//! Records that say again what an earlier one said: MinHash (Broder 1997) with banding to find candidates, the
//! exact Jaccard similarity to decide.

use std::collections::{HashMap, HashSet};

use openledger_primitives::{hashing, H256, PPM};

use crate::method::Duplicates;

/// Rows of one band: `BANDS` bands of `ROWS` rows miss a pair of similarity 0.8 once in 5,000 times, and propose
/// half of those at 0.45. Part of the method's code version.
const ROWS: usize = 4;
const BANDS: usize = 16;

/// Texts that one band leads to, at most: those that came first. Many texts of one template, none of which repeats
/// another, would otherwise be compared each with each. Part of the method's code version.
const BUCKET: usize = 128;
/// Texts that one text is compared with, at most: those that share the most bands with it. Part of the method's code
/// version.
const COMPARED: usize = 64;

/// For each text, the earliest one that it repeats, or none: with its signs, or without them, since other brackets,
/// line ends and signs of comments make no other text. Only texts that count themselves are compared with, so that a
/// chain of small changes does not join what is far apart.
///
/// The time that a text takes is bounded, however many texts are nearly alike. What has the same shingles is found
/// always; what is merely similar is not where more than 128 earlier texts share each of its bands.
pub fn of_earlier(texts: &[String], rule: &Duplicates) -> Vec<Option<usize>> {
    let mut kept = [Kept::default(), Kept::default()];
    let mut shingles_of: Vec<[HashSet<u64>; 2]> = Vec::with_capacity(texts.len());
    texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let views = views(text, rule.shingle as usize);
            let marks = [Marks::of(&views[0]), Marks::of(&views[1])];
            let candidates = candidates(&kept, &marks);
            let earlier = candidates
                .into_iter()
                .find(|&other| repeats(&views, &shingles_of[other], rule.jaccard_ppm));
            if earlier.is_none() {
                kept.iter_mut().zip(marks).for_each(|(kept, marks)| kept.add(i, marks));
            }
            shingles_of.push(views);
            earlier
        })
        .collect()
}

/// A part of a signature, with its number.
type Band = (usize, [u64; ROWS]);

/// What a view of a text is looked up by.
struct Marks {
    /// The same for the same shingles.
    all: H256,
    bands: Vec<Band>,
}

impl Marks {
    fn of(shingles: &HashSet<u64>) -> Self {
        let mut sorted: Vec<u64> = shingles.iter().copied().collect();
        sorted.sort_unstable();
        let bytes: Vec<u8> = sorted.into_iter().flat_map(u64::to_le_bytes).collect();
        Self { all: hashing::content_id(&bytes), bands: bands(shingles) }
    }
}

/// One view of the texts that count, by what it is looked up by.
#[derive(Default)]
struct Kept {
    by_all: HashMap<H256, usize>,
    by_band: HashMap<Band, Vec<usize>>,
}

impl Kept {
    fn add(&mut self, text: usize, marks: Marks) {
        self.by_all.entry(marks.all).or_insert(text);
        for band in marks.bands {
            let texts = self.by_band.entry(band).or_default();
            if texts.len() < BUCKET {
                texts.push(text);
            }
        }
    }
}

/// The texts to compare with, ascending.
fn candidates(kept: &[Kept; 2], marks: &[Marks; 2]) -> Vec<usize> {
    let mut shared: HashMap<usize, usize> = HashMap::new();
    let mut found = Vec::new();
    for (kept, marks) in kept.iter().zip(marks) {
        found.extend(kept.by_all.get(&marks.all));
        for text in marks.bands.iter().filter_map(|band| kept.by_band.get(band)).flatten() {
            *shared.entry(*text).or_default() += 1;
        }
    }
    let mut shared: Vec<(usize, usize)> = shared.into_iter().collect();
    shared.sort_unstable_by_key(|&(text, bands)| (std::cmp::Reverse(bands), text));
    found.extend(shared.into_iter().take(COMPARED).map(|(text, _)| text));
    found.sort_unstable();
    found.dedup();
    found
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
pub fn words(text: &str) -> Vec<String> {
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
fn bands(shingles: &HashSet<u64>) -> Vec<Band> {
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

    /// Texts of one template, any two of which have some three in four shingles in common.
    fn of_one_template(count: usize) -> Vec<String> {
        let common: String = (0..60).map(|place| format!("common{place} ")).collect();
        let own = |text: usize| (0..10).map(move |place| format!("own{text}x{place} "));
        (0..count).map(|text| common.clone() + &own(text).collect::<String>()).collect()
    }

    #[test]
    fn candidates_should_be_bounded_when_all_texts_are_nearly_alike() {
        let mut kept = [Kept::default(), Kept::default()];
        let texts = of_one_template(4 * BUCKET);
        for (i, text) in texts.iter().enumerate() {
            let marks = views(text, 3).each_ref().map(Marks::of);
            let found = candidates(&kept, &marks);
            assert!(found.len() <= COMPARED + 2 && found.is_sorted(), "{found:?}");
            kept.iter_mut().zip(marks).for_each(|(kept, marks)| kept.add(i, marks));
        }
        assert!(kept.iter().flat_map(|kept| kept.by_band.values()).all(|of| of.len() <= BUCKET));
        assert!(kept.iter().flat_map(|kept| kept.by_band.values()).any(|of| of.len() == BUCKET));
    }

    #[test]
    fn of_earlier_should_find_repeated_texts_among_many_that_are_nearly_alike() {
        let mut texts = of_one_template(3 * BUCKET);
        assert!(of_earlier(&texts, &rule()).iter().all(Option::is_none));
        let count = texts.len();
        for first in [0, BUCKET + 1, count - 1] {
            texts.push(texts[first].to_uppercase() + " .");
            texts.push(texts[first].clone());
        }
        let found = of_earlier(&texts, &rule()).split_off(count);
        let expected = [0, 0, BUCKET + 1, BUCKET + 1, count - 1, count - 1].map(Some);
        assert_eq!(found, expected);
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
