//! What contributors do who want more than their share. Everything is the same every time.

use clap::ValueEnum;
use openledger_primitives::ContributionId;

use crate::{
    rewrite::{garbled, paraphrased, reformatted},
    scene::{Asked, Contributions},
};

/// Licence and imports, as they stand above most files.
const HEADER: &str = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\n\
    import {IERC20} from \"./IERC20.sol\";\nimport {Context} from \"../../utils/Context.sol\";\n";
/// Words of a garbled record: more than a record may have tokens.
const LONG: usize = 120;
/// One query in so many is known to attackers who know queries, the first among them.
pub const KNOWN: usize = 2;
/// One in so many records of the careless is noise.
const CARELESS: usize = 4;

/// One way to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Attack {
    OwnTwice,
    OwnEightTimes,
    OwnParaphrased,
    OthersCopied,
    OthersReformatted,
    OthersParaphrased,
    SplitInFour,
    SplitByRecord,
    NoiseQuarantined,
    Outliers,
    BoilerplateRecords,
    BoilerplateHeaders,
    PromptsKnown,
    AnswersKnown,
}

/// What is known when an attack is planned.
pub struct Known<'a> {
    pub honest: &'a Contributions,
    pub queries: &'a [Asked],
    /// Typical contributors, who attack.
    pub attackers: &'a [ContributionId],
    /// Popular ones, one for each attacker to copy.
    pub victims: &'a [ContributionId],
}

/// What everybody contributes, and the accounts of each attacker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    pub contributions: Contributions,
    pub accounts: Vec<Vec<ContributionId>>,
}

impl Attack {
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().into()).unwrap_or_default()
    }

    /// What attackers do.
    pub fn description(self) -> &'static str {
        match self {
            Self::OwnTwice => "each of one's records twice",
            Self::OwnEightTimes => "each of one's records eight times",
            Self::OwnParaphrased => {
                "one's records again in a second account, with other names, words and order"
            }
            Self::OthersCopied => "a popular contributor's records again, in a second account",
            Self::OthersReformatted => {
                "a popular contributor's records with other blanks, braces and signs of comments, in a second account"
            }
            Self::OthersParaphrased => {
                "a popular contributor's records with other names, words and order, in a second account"
            }
            Self::SplitInFour => "one's records in four accounts",
            Self::SplitByRecord => "one's records in an account each",
            Self::NoiseQuarantined => {
                "one's noisy records, a fifth of all, in a second account"
            }
            Self::Outliers => "as many long records of random words besides one's own",
            Self::BoilerplateRecords => {
                "as many records of the commonest lines of all, in any order, besides one's own"
            }
            Self::BoilerplateHeaders => "a licence and imports above each of one's records",
            Self::PromptsKnown => {
                "half of the prompts, each before one of one's records, besides one's own"
            }
            Self::AnswersKnown => "half of the prompts with their answers, besides one's own",
        }
    }

    /// What should stop it.
    pub fn defences(self) -> &'static [&'static str] {
        match self {
            Self::OwnTwice | Self::OwnEightTimes | Self::OthersCopied | Self::OthersReformatted => {
                &["duplicates count once, for the first"]
            }
            Self::OwnParaphrased | Self::OthersParaphrased => {
                &["near duplicates count once, for the first"]
            }
            Self::SplitInFour | Self::SplitByRecord => &["influence adds up", "floor"],
            Self::NoiseQuarantined => &["self-influence"],
            Self::Outliers => &["self-influence", "floor"],
            Self::BoilerplateRecords | Self::BoilerplateHeaders => {
                &["self-influence", "traces leave out what is common"]
            }
            Self::PromptsKnown | Self::AnswersKnown => &["curators"],
        }
    }

    /// Whether one attacker is alone: several would get into each other's way.
    pub fn is_alone(self) -> bool {
        matches!(self, Self::PromptsKnown | Self::AnswersKnown)
    }

    /// What it is measured against: the same contributors, behaving.
    pub fn honest(self, known: &Known) -> World {
        let mut world = World {
            contributions: known.honest.clone(),
            accounts: self.attackers(known).iter().map(|id| vec![*id]).collect(),
        };
        if self == Self::NoiseQuarantined {
            for &id in self.attackers(known) {
                let noise = noise(known, id);
                world.own(id).extend(noise);
            }
        }
        world
    }

    /// The attack.
    pub fn world(self, known: &Known) -> World {
        let mut world = self.honest(known);
        let attackers = self.attackers(known).iter().zip(known.victims).enumerate();
        for (i, (&id, victim)) in attackers {
            let own = known.honest.get(&id).cloned().unwrap_or_default();
            let others = known.honest.get(victim).cloned().unwrap_or_default();
            let rewritten = |texts: &[String], how: fn(&str) -> String| -> Vec<String> {
                texts.iter().map(|text| how(text)).collect()
            };
            match self {
                Self::OwnTwice => world.own(id).extend(own),
                Self::OwnEightTimes => (1..8).for_each(|_| world.own(id).extend(own.clone())),
                Self::OwnParaphrased => world.open(i, rewritten(&own, paraphrased)),
                Self::OthersCopied => world.open(i, others),
                Self::OthersReformatted => world.open(i, rewritten(&others, reformatted)),
                Self::OthersParaphrased => world.open(i, rewritten(&others, paraphrased)),
                Self::SplitInFour => world.split(i, id, 4),
                Self::SplitByRecord => world.split(i, id, own.len()),
                Self::NoiseQuarantined => {
                    let noise = world.own(id).split_off(own.len());
                    world.open(i, noise);
                }
                Self::Outliers => {
                    let all: Vec<String> = known.honest.values().flatten().cloned().collect();
                    world.own(id).extend(garbled(&all, own.len(), LONG, u64::from(id)));
                }
                Self::BoilerplateRecords => {
                    let common = commonest_lines(known.honest);
                    world.own(id).extend(stuffed(&common, own.len(), u64::from(id)));
                }
                Self::BoilerplateHeaders => {
                    for text in world.own(id) {
                        text.insert_str(0, HEADER);
                    }
                }
                Self::PromptsKnown => {
                    let ends = own.iter().cycle();
                    let guess =
                        |(asked, end): (&Asked, &String)| format!("{}\n{end}", asked.prompt);
                    world.own(id).extend(known.asked().zip(ends).map(guess));
                }
                Self::AnswersKnown => {
                    world.own(id).extend(known.asked().map(|asked| asked.text.clone()));
                }
            }
        }
        world
    }

    fn attackers<'a>(self, known: &Known<'a>) -> &'a [ContributionId] {
        let count = if self.is_alone() { 1 } else { known.attackers.len() };
        known.attackers.get(..count).unwrap_or_default()
    }
}

impl Known<'_> {
    /// The queries that an attacker knew: every other one.
    fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.queries.iter().step_by(KNOWN)
    }
}

impl World {
    fn own(&mut self, id: ContributionId) -> &mut Vec<String> {
        self.contributions.entry(id).or_default()
    }

    /// Another account of attacker `i`, later than all.
    fn open(&mut self, i: usize, texts: Vec<String>) {
        let id = self.contributions.keys().next_back().map_or(0, |last| last + 1);
        self.contributions.insert(id, texts);
        if let Some(accounts) = self.accounts.get_mut(i) {
            accounts.push(id);
        }
    }

    /// Deals the records of an attacker out to so many accounts; the first is its own.
    fn split(&mut self, i: usize, id: ContributionId, accounts: usize) {
        let mut parts = vec![Vec::new(); accounts.max(1)];
        for (place, text) in std::mem::take(self.own(id)).into_iter().enumerate() {
            parts[place % accounts.max(1)].push(text);
        }
        let mut parts = parts.into_iter();
        *self.own(id) = parts.next().unwrap_or_default();
        parts.for_each(|part| self.open(i, part));
    }
}

/// What a careless contributor has besides its records: their words at random.
fn noise(known: &Known, id: ContributionId) -> Vec<String> {
    let own = known.honest.get(&id).cloned().unwrap_or_default();
    garbled(&own, own.len().div_ceil(CARELESS), LONG / 2, u64::from(id))
}

/// The lines that most records have, of some length, the commonest first.
fn commonest_lines(contributions: &Contributions) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for text in contributions.values().flatten() {
        let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.iter().for_each(|line| *counts.entry(line).or_default() += 1);
    }
    let mut counted: Vec<(&str, usize)> =
        counts.into_iter().filter(|(line, _)| !line.is_empty()).collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counted.into_iter().take(64).map(|(line, _)| line.into()).collect()
}

/// So many records of these lines at random, under a licence.
fn stuffed(lines: &[String], count: usize, seed: u64) -> Vec<String> {
    use rand::seq::IndexedRandom;
    use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let chosen: Vec<&str> =
                lines.choose_multiple(&mut rng, 12).map(String::as_str).collect();
            format!("// SPDX-License-Identifier: MIT\n{}", chosen.join("\n"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_influence::{duplicates, Method};

    fn honest() -> Contributions {
        let text = |id: u32, record: u32| {
            format!(
                "/**\n * @dev Number {id} of {record}.\n */\nfunction get{id}At{record}(uint256 where{id}) \
                 external view returns (uint256) {{\n    uint256 slot{record} = where{id};\n    return slot{record};\n}}"
            )
        };
        (1..=8).map(|id| (id, (0..8).map(|record| text(id, record)).collect())).collect()
    }

    fn asked(number: usize) -> Asked {
        let text = format!("prompt {number} answer {number}");
        Asked { text, prompt: format!("prompt {number}"), prompt_ids: vec![1], answer_ids: vec![2] }
    }

    fn worlds(attack: Attack) -> (World, World) {
        let (honest, queries) = (honest(), (0..6).map(asked).collect::<Vec<_>>());
        let known =
            Known { honest: &honest, queries: &queries, attackers: &[3, 5], victims: &[1, 2] };
        (attack.honest(&known), attack.world(&known))
    }

    fn all(world: &World, accounts: &[ContributionId]) -> Vec<String> {
        let mut texts: Vec<String> =
            accounts.iter().flat_map(|id| world.contributions[id].clone()).collect();
        texts.sort();
        texts
    }

    #[test]
    fn attacks_should_leave_everybody_else_alone_and_be_the_same_again() {
        for &attack in Attack::value_variants() {
            let (honest, world) = worlds(attack);
            assert_eq!(world, worlds(attack).1, "{attack:?}");
            assert_ne!(world, honest, "{attack:?}");
            let attackers = if attack.is_alone() { vec![3] } else { vec![3, 5] };
            assert_eq!(world.accounts.len(), attackers.len(), "{attack:?}");
            for (id, texts) in &honest.contributions {
                let changes = attackers.contains(id);
                assert!(changes || world.contributions[id] == *texts, "{attack:?}");
            }
            let owned: usize = world.accounts.iter().map(Vec::len).sum();
            let others = honest.contributions.len() - attackers.len();
            assert_eq!(world.contributions.len(), others + owned, "{attack:?}");
        }
    }

    #[test]
    fn copies_should_be_exact_and_as_many_as_said() {
        for (attack, times) in [(Attack::OwnTwice, 2), (Attack::OwnEightTimes, 8)] {
            let (honest, world) = worlds(attack);
            let mut expected = vec![honest.contributions[&3].clone(); times].concat();
            expected.sort();
            assert_eq!(all(&world, &world.accounts[0]), expected);
        }
        let (honest, world) = worlds(Attack::OthersCopied);
        assert_eq!(world.accounts, [vec![3, 9], vec![5, 10]]);
        assert_eq!(world.contributions[&9], honest.contributions[&1]);
        assert_eq!(world.contributions[&10], honest.contributions[&2]);
    }

    #[test]
    fn rewriting_should_copy_nothing_exactly() {
        let rewritten = [
            (Attack::OwnParaphrased, 3),
            (Attack::OthersReformatted, 1),
            (Attack::OthersParaphrased, 1),
        ];
        for (attack, victim) in rewritten {
            let (honest, world) = worlds(attack);
            let (before, after) = (&honest.contributions[&victim], &world.contributions[&9]);
            assert_eq!(before.len(), after.len());
            assert!(after.iter().all(|text| !before.contains(text)), "{attack:?}");
        }
    }

    #[test]
    fn splitting_and_quarantine_should_keep_every_record() {
        for attack in [Attack::SplitInFour, Attack::SplitByRecord, Attack::NoiseQuarantined] {
            let (honest, world) = worlds(attack);
            for (before, after) in honest.accounts.iter().zip(&world.accounts) {
                assert_eq!(all(&honest, before), all(&world, after), "{attack:?}");
            }
        }
        assert_eq!(worlds(Attack::SplitInFour).1.accounts[0].len(), 4);
        let by_record = worlds(Attack::SplitByRecord).1;
        assert!(by_record.accounts[0].iter().all(|id| by_record.contributions[id].len() == 1));
        let noisy = worlds(Attack::NoiseQuarantined).1;
        let own = honest();
        assert_eq!(noisy.contributions[&3], own[&3]);
        assert_eq!(noisy.contributions[&9].len(), 2);
    }

    #[test]
    fn stuffing_should_add_texts_that_are_no_duplicates() {
        for attack in [Attack::Outliers, Attack::BoilerplateRecords] {
            let (honest, world) = worlds(attack);
            let (before, after) = (&honest.contributions[&3], &world.contributions[&3]);
            assert_eq!(&after[..before.len()], &before[..]);
            assert_eq!(after.len(), 2 * before.len());
            let found = duplicates::of_earlier(after, &Method::default().duplicates);
            let added = &found[before.len()..];
            assert!(added.iter().filter(|earlier| earlier.is_none()).count() > added.len() / 2);
        }
        let (honest, world) = worlds(Attack::BoilerplateHeaders);
        let pairs = honest.contributions[&3].iter().zip(&world.contributions[&3]);
        pairs.for_each(|(before, after)| assert_eq!(*after, format!("{HEADER}{before}")));
    }

    #[test]
    fn known_queries_should_be_half_and_answers_only_where_known() {
        let (_, world) = worlds(Attack::PromptsKnown);
        let added = &world.contributions[&3][8..];
        assert_eq!(added.len(), 3);
        assert!(added.iter().all(|text| text.starts_with("prompt") && !text.contains("answer")));
        let (_, world) = worlds(Attack::AnswersKnown);
        let expected = [0, 2, 4].map(|number| asked(number).text);
        assert_eq!(world.contributions[&3][8..], expected);
    }
}
