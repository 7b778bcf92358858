//! Which attacks are measured with which defences, what each needs, and what they multiply.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{bail, Context, Result};
use openledger_factory::{training_set::TrainingSet, Renderer, Settings};
use openledger_influence::{method::Weighting, work::Parameters, Method};
use openledger_lm::Model;
use openledger_primitives::{hashing, Balance, ContributionId};
use serde_json::{json, Value};

use crate::{
    attacks::{Attack, Known, World},
    payouts::{multiplier, payouts, ppm, sum, Gate, PARAMETERS},
    scene::{Asked, Contributions, Scene},
    training::{choose, found, is_found, Base, Found},
};

/// Who attack at a time: more of them say more about the typical one, and take from each other.
const ATTACKERS: usize = 4;
/// The most trainings of one world; so many are of the honest one, which say how far pay moves by itself.
const SEEDS: u64 = 3;

/// Trainings behind an index: fewer than jobs have, since every row has an index of its own.
const RUNS: u8 = 1;
/// Records and answers are cut to so many tokens.
const TOKENS: u32 = 128;

/// A defence that is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Nothing,
    Duplicates,
    SelfInfluence,
    Floor,
}

/// One attack, or none, on some defences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub attack: Option<Attack>,
    pub without: Without,
}

/// Everything that rows are made of.
pub struct Bench {
    cache: PathBuf,
    model: Model,
    renderer: Renderer,
    scene: Scene,
    /// What is trained on, of these contributions, with or without the removal of duplicates: rows have much in common.
    sets: RefCell<BTreeMap<(Contributions, bool), Rc<TrainingSet>>>,
}

/// What a row is about, when that is known.
struct Measured {
    seeds: usize,
    /// What each attacker earns over all its accounts, mean over seeds.
    paid: Vec<Balance>,
}

/// All rows, the most important first.
pub fn rows() -> Vec<Row> {
    use Attack::*;
    use Without::{Duplicates, Floor, Nothing, SelfInfluence};
    let row = |attack, without| Row { attack: Some(attack), without };
    vec![
        Row { attack: None, without: Nothing },
        row(OwnTwice, Nothing),
        row(OwnEightTimes, Nothing),
        row(OthersCopied, Nothing),
        row(OthersParaphrased, Nothing),
        row(SplitInFour, Nothing),
        row(SplitInFour, Floor),
        row(Outliers, Nothing),
        row(OwnParaphrased, Nothing),
        row(NoiseQuarantined, Nothing),
        row(PromptsKnown, Nothing),
        row(AnswersKnown, Nothing),
        row(BoilerplateRecords, Nothing),
        row(Outliers, SelfInfluence),
        row(OthersCopied, Duplicates),
        row(OwnTwice, Duplicates),
        row(OthersReformatted, Nothing),
        row(BoilerplateHeaders, Nothing),
        row(SplitByRecord, Nothing),
        row(SplitByRecord, Floor),
        row(BoilerplateRecords, SelfInfluence),
        row(NoiseQuarantined, SelfInfluence),
        row(OwnEightTimes, Duplicates),
    ]
}

impl Without {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Duplicates => "duplicates",
            Self::SelfInfluence => "self-influence",
            Self::Floor => "floor",
        }
    }

    fn settings(self, seed: u64) -> Settings {
        let standard = Method::default();
        let weighting = match self {
            Self::SelfInfluence => Weighting::Equal,
            _ => standard.weighting,
        };
        Settings {
            seed,
            // What the shipped base learns well with, which is a toy.
            learning_rate: 5e-3,
            method: Method { weighting, runs: RUNS, tokens: TOKENS, ..standard },
            ..Settings::default()
        }
    }

    fn parameters(self) -> Parameters {
        let floor = if self == Self::Floor { 0 } else { PARAMETERS.floor };
        Parameters { floor, ..PARAMETERS }
    }
}

impl Row {
    pub fn name(self) -> String {
        let attack = self.attack.map_or_else(|| "honest".into(), Attack::name);
        match self.without {
            Without::Nothing => attack,
            without => format!("{attack}/without-{}", without.name()),
        }
    }
}

impl Bench {
    /// Of a folder with a task of texts.
    pub fn open(folder: &Path) -> Result<Self> {
        let model = Model::load(&folder.join("base"))?;
        let renderer = Renderer::load(&folder.join("base"), model.config(), TOKENS as usize)?;
        let scene = Scene::open(folder, renderer.tokenizer(), TOKENS as usize)?;
        let weights = folder.join("base").join("model.safetensors");
        let weights = std::fs::read(&weights)
            .with_context(|| format!("cannot read {}", weights.display()))?;
        let base = format!("{:x}", hashing::content_id(&weights));
        let cache = folder.join("adversary").join(base);
        Ok(Self { cache, model, renderer, scene, sets: RefCell::default() })
    }

    /// Computes what these rows need, with so many trainings of each attack.
    pub fn run(&self, names: &[String], seeds: u64) -> Result<()> {
        if !(1..=SEEDS).contains(&seeds) {
            bail!("expected 1 to {SEEDS} seeds, got {seeds}");
        }
        let rows = rows();
        let known: BTreeSet<String> = rows.iter().map(|row| row.name()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(*name)) {
            bail!("expected names of rows, as `adversary-bench rows` prints them, got {name:?}");
        }
        self.found(&self.scene.honest, Without::Nothing, 0)?;
        for row in rows.iter().filter(|row| names.is_empty() || names.contains(&row.name())) {
            let (attackers, victims) = self.choice()?;
            let known = self.known(&attackers, &victims);
            let worlds: Vec<World> = match row.attack {
                Some(attack) => vec![attack.honest(&known), attack.world(&known)],
                None => Vec::new(),
            };
            for (world, seed) in worlds.iter().flat_map(|of| (0..seeds).map(move |seed| (of, seed)))
            {
                self.found(&world.contributions, row.without, seed)?;
            }
            if row.attack.is_none() {
                for seed in 0..SEEDS {
                    self.found(&self.scene.honest, row.without, seed)?;
                }
            }
            eprintln!("{}: done", row.name());
        }
        Ok(())
    }

    /// All rows that are there, and what is known besides.
    pub fn report(&self) -> Result<Value> {
        let (attackers, victims) = self.choice()?;
        let known = self.known(&attackers, &victims);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for row in rows() {
            let Some(attack) = row.attack else { continue };
            match self.row(attack, row.without, &known)? {
                Some(row) => found.push(row),
                None => missing.push(row.name()),
            }
        }
        let paid = self.paid(&self.scene.honest, Without::Nothing, 0, Gate::Open)?;
        let paid = paid.unwrap_or_default();
        let about = |ids: &[ContributionId]| -> Vec<Value> {
            ids.iter()
                .map(|id| json!({"contribution": id, "honest_ppm": ppm(sum(&paid, &[*id]))}))
                .collect()
        };
        Ok(json!({
            "contributions": self.scene.honest.len(),
            "records": self.scene.honest.values().map(Vec::len).sum::<usize>(),
            "queries": self.scene.queries.len(),
            "method": serde_json::from_slice::<Value>(&Method::default().to_json())?,
            "attackers": about(&attackers),
            "victims": about(&victims),
            "noise": self.noise(&attackers)?,
            "costs": self.costs()?,
            "rows": found,
            "missing": missing,
        }))
    }

    fn row(&self, attack: Attack, without: Without, known: &Known) -> Result<Option<Value>> {
        let (honest, world) = (attack.honest(known), attack.world(known));
        let both = |gate| -> Result<Option<(Measured, Measured)>> {
            let before = self.measure(&honest, without, gate)?;
            Ok(before.zip(self.measure(&world, without, gate)?))
        };
        let (Some((before, after)), Some(gated)) = (both(Gate::Open)?, both(Gate::HeldOut)?) else {
            return Ok(None);
        };
        let total = |measured: &Measured| measured.paid.iter().sum::<Balance>();
        let pairs = before.paid.iter().zip(&after.paid);
        let each: Vec<f64> =
            pairs.map(|(honest, attack)| multiplier(*attack, *honest)).collect::<Result<_>>()?;
        let attackers = before.paid.len() as f64;
        let set = self.set(&world.contributions, without)?;
        let accounts: BTreeSet<ContributionId> = world.accounts.iter().flatten().copied().collect();
        let own = set.counts.iter().filter(|count| accounts.contains(&count.contribution));
        let (records, used) =
            own.fold((0, 0), |(records, used), of| (records + of.records, used + of.used));
        Ok(Some(json!({
            "attack": attack.name(),
            "description": attack.description(),
            "defences": attack.defences(),
            "without": without.name(),
            "attackers": before.paid.len(),
            "records": records,
            "records_used": used,
            "honest_trainings": before.seeds,
            "attack_trainings": after.seeds,
            "honest_ppm": ppm(total(&before)) / attackers,
            "attack_ppm": ppm(total(&after)) / attackers,
            "multiplier": multiplier(total(&after), total(&before))?,
            "each": each,
            "multiplier_with_gate": multiplier(total(&gated.1), total(&gated.0))?,
        })))
    }

    /// How far honest pay moves by itself: of each training, what the attackers earn together, and each, as a multiple
    /// of the mean over all of them.
    fn noise(&self, attackers: &[ContributionId]) -> Result<Value> {
        let mut trainings = Vec::new();
        for seed in 0..SEEDS {
            if let Some(paid) = self.paid(&self.scene.honest, Without::Nothing, seed, Gate::Open)? {
                trainings.push(attackers.iter().map(|id| sum(&paid, &[*id])).collect::<Vec<_>>());
            }
        }
        let count = trainings.len() as Balance;
        let mut means = vec![0; attackers.len()];
        for training in &trainings {
            means.iter_mut().zip(training).for_each(|(mean, paid)| *mean += paid / count);
        }
        let (mut together, mut each) = (Vec::new(), Vec::new());
        for training in &trainings {
            together.push(multiplier(training.iter().sum(), means.iter().sum())?);
            let pairs = training.iter().zip(&means);
            let own: Vec<f64> =
                pairs.map(|(paid, mean)| multiplier(*paid, *mean)).collect::<Result<_>>()?;
            each.push(own);
        }
        Ok(json!({ "trainings": count as u64, "together": together, "each": each }))
    }

    /// What each defence does to those who behave: the part of all pay that goes to others with it than without.
    fn costs(&self) -> Result<Value> {
        let honest = |without, gate| self.paid(&self.scene.honest, without, 0, gate);
        let standard = honest(Without::Nothing, Gate::Open)?;
        let mut costs = serde_json::Map::new();
        for (name, other) in [
            (Without::SelfInfluence.name(), honest(Without::SelfInfluence, Gate::Open)?),
            (Without::Floor.name(), honest(Without::Floor, Gate::Open)?),
            ("gate", honest(Without::Nothing, Gate::HeldOut)?),
        ] {
            if let (Some(standard), Some(other)) = (&standard, other) {
                let apart: Balance =
                    standard.iter().map(|(id, paid)| paid.abs_diff(sum(&other, &[*id]))).sum();
                costs.insert(name.into(), json!({ "moved_ppm": ppm(apart / 2) }));
            }
        }
        let set = self.set(&self.scene.honest, Without::Nothing)?;
        let lost: usize = set.counts.iter().map(|count| count.duplicates).sum();
        costs.insert(Without::Duplicates.name().into(), json!({ "records_lost": lost }));
        Ok(costs.into())
    }

    /// Who attacks: those in the middle by honest pay. And whom they copy: those who earn most.
    fn choice(&self) -> Result<(Vec<ContributionId>, Vec<ContributionId>)> {
        let paid = self.paid(&self.scene.honest, Without::Nothing, 0, Gate::Open)?;
        Ok(chosen(&paid.context("expected an honest training: run the row `honest` first")?))
    }

    fn known<'a>(
        &'a self,
        attackers: &'a [ContributionId],
        victims: &'a [ContributionId],
    ) -> Known<'a> {
        let queries: &[Asked] = &self.scene.queries;
        Known { honest: &self.scene.honest, queries, attackers, victims }
    }

    /// What the accounts of each attacker earn, mean over the trainings that are there.
    fn measure(&self, world: &World, without: Without, gate: Gate) -> Result<Option<Measured>> {
        let mut totals = vec![0; world.accounts.len()];
        let mut seeds = 0;
        for seed in 0..SEEDS {
            let Some(paid) = self.paid(&world.contributions, without, seed, gate)? else {
                continue;
            };
            seeds += 1;
            let accounts = world.accounts.iter().map(|accounts| sum(&paid, accounts));
            totals.iter_mut().zip(accounts).for_each(|(total, paid)| *total += paid);
        }
        let mean = |total: Balance| total / seeds as Balance;
        Ok((seeds > 0).then(|| Measured { seeds, paid: totals.into_iter().map(mean).collect() }))
    }

    /// What everybody earns; none where it was not computed.
    fn paid(
        &self,
        contributions: &Contributions,
        without: Without,
        seed: u64,
        gate: Gate,
    ) -> Result<Option<BTreeMap<ContributionId, Balance>>> {
        let settings = without.settings(seed);
        let set = self.set(contributions, without)?;
        if !is_found(&self.cache, &set, &self.scene.queries, &settings)? {
            return Ok(None);
        }
        let found = self.found(contributions, without, seed)?;
        Ok(Some(payouts(&found, contributions, without.parameters(), gate)?))
    }

    fn set(&self, contributions: &Contributions, without: Without) -> Result<Rc<TrainingSet>> {
        let key = (contributions.clone(), without != Without::Duplicates);
        if let Some(set) = self.sets.borrow().get(&key) {
            return Ok(set.clone());
        }
        let set = choose(&key.0, &self.renderer, &without.settings(0), key.1)?;
        let set = Rc::new(set);
        self.sets.borrow_mut().insert(key, set.clone());
        Ok(set)
    }

    fn found(&self, contributions: &Contributions, without: Without, seed: u64) -> Result<Found> {
        let settings = without.settings(seed);
        let set = self.set(contributions, without)?;
        let base = Base { model: &self.model, renderer: &self.renderer };
        found(&self.cache, &base, &set, &self.scene.queries, &settings)
    }
}

/// The middle and the top of those who are paid.
fn chosen(paid: &BTreeMap<ContributionId, Balance>) -> (Vec<ContributionId>, Vec<ContributionId>) {
    let mut ranked: Vec<(ContributionId, Balance)> =
        paid.iter().map(|(id, paid)| (*id, *paid)).collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let ids = |skip: usize| ranked.iter().skip(skip).take(ATTACKERS).map(|(id, _)| *id).collect();
    (ids(ranked.len().saturating_sub(ATTACKERS) / 2), ids(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn chosen_should_be_the_middle_and_the_top() {
        let paid = BTreeMap::from_iter((1..=12).map(|id| (id, Balance::from(100 - id))));
        assert_eq!(chosen(&paid), (vec![5, 6, 7, 8], vec![1, 2, 3, 4]));
    }

    #[test]
    fn rows_should_have_every_attack_with_all_defences_and_names_of_their_own() {
        let rows = rows();
        let names: BTreeSet<String> = rows.iter().map(|row| row.name()).collect();
        assert_eq!(names.len(), rows.len());
        for attack in Attack::value_variants() {
            let row = Row { attack: Some(*attack), without: Without::Nothing };
            assert!(rows.contains(&row), "{attack:?}");
        }
    }

    #[test]
    fn without_should_change_that_defence_alone() {
        let standard = Without::Nothing.settings(7);
        let method = Method { runs: RUNS, tokens: TOKENS, ..Method::default() };
        let expected = Settings { seed: 7, learning_rate: 5e-3, method, ..Settings::default() };
        assert_eq!(standard, expected);
        assert_eq!(Without::Floor.settings(7), standard);
        assert_eq!(Without::Floor.parameters(), Parameters { floor: 0, ..PARAMETERS });
        let equal = Without::SelfInfluence.settings(7);
        assert_eq!(equal.method.weighting, Weighting::Equal);
        let back = Method { weighting: standard.method.weighting, ..equal.method.clone() };
        assert_eq!(Settings { method: back, ..equal }, standard);
        assert_eq!(Without::SelfInfluence.parameters(), PARAMETERS);
    }
}
