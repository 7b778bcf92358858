//! Our methods' scores, and what they cost.

use std::{collections::HashMap, path::Path, time::Instant};

use anyhow::{bail, Context, Result};
use clap::ValueEnum;
use ndarray::Array2;
use openledger_attribution_lab::{
    attributor::{by_self_influence, Attributor, Sum, Vectors},
    baseline::{cosine, datainf, dot, Bm25},
    conjugate::Conjugate,
    exact::Exact,
    path,
    unrolled::{unrolled, Segment},
};
use openledger_influence::{
    ekfac::EkFac,
    gradients::{self, Trained},
};
use openledger_lm::{Device, Labels, Model, Sequence};
use serde_json::{json, Value};

use crate::{
    classifier::{self, Classifier},
    corrected::Corrected,
    files::{self, Named},
    lm,
    registered::{self, Registered},
};

/// A way of attributing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Products of gradients.
    Dot,
    /// Cosines of gradients.
    Cosine,
    /// DataInf.
    Datainf,
    /// BM25, of texts alone.
    Bm25,
    /// EK-FAC.
    Ekfac,
    /// EK-FAC, each record by its direction alone.
    EkfacRelative,
    /// EK-FAC at the end of a training of half as many steps.
    EkfacHalf,
    /// EK-FAC at the end of a training on a random half of the records.
    EkfacSampled,
    /// The Gauss-Newton matrix itself, by conjugate gradients from EK-FAC on.
    Conjugate,
    /// The same at the end of a training of half as many steps.
    ConjugateHalf,
    /// The Gauss-Newton matrix of sampled labels, exactly.
    Exact,
    /// The same, each record by its direction alone.
    ExactRelative,
    /// Through the path of the training, at the ends of its segments.
    Unrolled,
    /// Through the path of a training of half as many steps.
    UnrolledHalf,
    /// The sum of EK-FACs at the ends of such trainings, corrected by what trainings on half of the contributions gave.
    Corrected,
    /// As a job's index has it: EK-FAC at the ends of several such trainings, in integers.
    Registered,
}

/// λ, of the mean eigenvalue, where nothing else is chosen.
const DAMPING: f64 = 0.1;
/// Segments of a path.
const SEGMENTS: usize = 4;
/// Rows that the Gauss-Newton matrix is made of, at most.
const SAMPLES: usize = 1_024;
/// Conjugate gradients' steps, and the records of the matrix.
const STEPS: usize = 4;
const CURVED: usize = 128;
/// Retrainings that scores are corrected by.
const RETRAINED: usize = 64;
/// Of drawn labels.
const SEED: u64 = 1;

impl Method {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().into()).unwrap_or_default()
    }
}

/// What is chosen of a method, next to its name.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Choice {
    /// Trainings of a language model that `ekfac`, `ekfac-half`, `ekfac-sampled`, `corrected` and the unrolled methods add up.
    #[arg(long, default_value_t = 1)]
    runs: u8,
    /// λ, of the mean eigenvalue, of the methods with an inverse of H.
    #[arg(long)]
    damping: Option<f64>,
    /// Retrainings that `corrected` corrects by; 64 if nothing else is chosen.
    #[arg(long)]
    retrained: Option<usize>,
}

impl Choice {
    fn damping(self) -> f64 {
        self.damping.unwrap_or(DAMPING)
    }

    /// Refuses what a method of a task would not look at, since its scores would be named after it all the same.
    fn check(self, method: Method, is_lm: bool) -> Result<()> {
        use Method::*;
        let name = method.name();
        let adds = is_lm
            && matches!(
                method,
                Ekfac | EkfacHalf | EkfacSampled | Corrected | Unrolled | UnrolledHalf
            );
        if self.runs == 0 || self.runs > 1 && !adds {
            bail!("expected one training for {name}, got --runs {}", self.runs);
        }
        if self.damping.is_some_and(|damping| !(damping > 0.0 && damping.is_finite())) {
            bail!("expected a --damping above 0, got {}", self.damping());
        }
        let undamped =
            matches!(method, Dot | Cosine | Datainf | Bm25 | Unrolled | UnrolledHalf | Registered);
        if self.damping.is_some() && undamped {
            bail!("expected no --damping for {name}, which has none to choose");
        }
        if self.retrained.is_some() && method != Corrected {
            bail!("expected no --retrained for {name}, which is not corrected");
        }
        Ok(())
    }

    /// What the scores are called: what is not chosen is not named.
    fn name(self, method: Method) -> String {
        let runs = if self.runs == 1 { String::new() } else { format!("-{}", self.runs) };
        let damping = self.damping.map_or_else(String::new, |value| format!("-damping{value:e}"));
        let retrained =
            self.retrained.map_or_else(String::new, |count| format!("-retrained{count}"));
        method.name() + &runs + &damping + &retrained
    }
}

/// Writes `scores/<method>.safetensors` of a language model's task.
pub fn of_texts(folder: &Path, method: Method, choice: Choice, device: Device) -> Result<()> {
    choice.check(method, true)?;
    let task = lm::Task::open(folder)?;
    let (records, queries) = (task.records(), task.queries());
    if method == Method::Bm25 {
        let texts: Vec<(u32, String)> = task
            .records
            .iter()
            .map(|row| (row.contribution.unwrap_or_default(), row.text.clone()))
            .collect();
        let texts_of: Vec<&str> = task.queries.iter().map(|row| row.text.as_str()).collect();
        let start = Instant::now();
        let index = Bm25::new(&texts);
        let found = Measured::new(start, json!({"k1": 1.2, "b": 0.75}));
        return found.finish(folder, &method.name(), &index, &texts_of, &[]);
    }
    let model = lm::Task::model(folder, device)?;
    let start = Instant::now();
    let finish = |index: &dyn Attributor<Query = Sequence>, settings| {
        let found = Measured::new(start, settings);
        found.finish(folder, &choice.name(method), index, &by_reference(&queries), &[])
    };
    if method == Method::Registered {
        // Each record for itself.
        let owners: Vec<u32> = (0..records.len() as u32).collect();
        let index = registered::build(folder, &task, &owners, device)?.index;
        let settings = serde_json::from_slice(&index.header().method)?;
        let index = Registered::new(index, &model)?;
        return finish(&index, settings);
    }
    if let Method::Unrolled | Method::UnrolledHalf = method {
        let base = lm::Task::base(folder, device)?;
        let targets: usize = records.iter().map(Sequence::targets).sum();
        let paths = (0..choice.runs)
            .map(|run| {
                let mut trainer = match method {
                    Method::Unrolled => task.full(&base, run)?,
                    _ => task.half(&base, run)?,
                };
                Ok(path::segments(&mut trainer, SEGMENTS)?)
            })
            .collect::<Result<Vec<Vec<Segment<Model>>>>>()?;
        let parts = paths
            .iter()
            .map(|path| Ok(unrolled(path, &records, 1.0 / targets as f64, SAMPLES, SEED)?))
            .collect::<Result<Vec<_>>>()?;
        return finish(&Sum(parts), json!({"segments": SEGMENTS, "runs": choice.runs}));
    }
    if let Method::Ekfac | Method::EkfacHalf | Method::EkfacSampled | Method::Corrected = method {
        let base = lm::Task::base(folder, device)?;
        let models = match method {
            Method::Ekfac => task.fulls(&model, &base, choice.runs)?,
            Method::EkfacSampled => task.sampled(&base, choice.runs)?,
            _ => task.halves(&base, choice.runs)?,
        };
        let every: Vec<&Sequence> = records.iter().collect();
        let parts = models
            .iter()
            .zip(SEED..)
            .map(|(model, seed)| {
                let hessian = EkFac::fit(model, &every, choice.damping(), seed, |_, _| {})?;
                let gradients = gradients::flat(model, &records, Labels::Data)?;
                Ok(Vectors::new(model, hessian.solve(&gradients))?)
            })
            .collect::<Result<Vec<_>>>()?;
        let mut settings = json!({"damping": choice.damping(), "runs": choice.runs});
        if method == Method::Corrected {
            let retrained = choice.retrained.unwrap_or(RETRAINED);
            settings["retrained"] = retrained.into();
            return finish(&Corrected::new(folder, Sum(parts), &base, retrained)?, settings);
        }
        return finish(&Sum(parts), settings);
    }
    if let Method::Conjugate | Method::ConjugateHalf = method {
        let model = match method {
            Method::Conjugate => model,
            _ => task.halves(&lm::Task::base(folder, device)?, 1)?.remove(0),
        };
        let every: Vec<&Sequence> = records.iter().collect();
        let hessian = EkFac::fit(&model, &every, choice.damping(), SEED, |_, _| {})?;
        let curved = gradients::evenly(&records, CURVED).cloned().collect();
        let index = Conjugate::new(&model, &records, curved, hessian, STEPS)?;
        let settings = json!({"damping": choice.damping(), "steps": STEPS, "records": CURVED});
        return finish(&index, settings);
    }
    of_gradients(folder, method, choice, &model, &records, &queries, &[])
}

/// Writes `scores/<method>.safetensors` of a classifier's task.
pub fn of_images(folder: &Path, method: Method, choice: Choice) -> Result<()> {
    choice.check(method, false)?;
    let task = classifier::Task::open(folder)?;
    let classifier::Images { records, queries, flipped } = classifier::Task::images(folder)?;
    let itself = if flipped { &records[..] } else { &[] };
    if let Method::Unrolled | Method::UnrolledHalf = method {
        let start = Instant::now();
        let epochs = task.settings.epochs / if method == Method::Unrolled { 1 } else { 2 };
        let settings = classifier::Settings { epochs, ..task.settings };
        let path = Classifier::segments(&task.layers, &records, &settings, settings.seed, SEGMENTS);
        let index = unrolled(&path, &records, 1.0 / records.len() as f64, SAMPLES, SEED)?;
        let settings = json!({"segments": SEGMENTS, "runs": 1});
        let found = Measured::new(start, settings);
        let (queries, itself) = (by_reference(&queries), by_reference(itself));
        return found.finish(folder, &method.name(), &index, &queries, &itself);
    }
    let model = classifier::Task::model(folder)?;
    of_gradients(folder, method, choice, &model, &records, &queries, itself)
}

fn of_gradients<M: Trained>(
    folder: &Path,
    method: Method,
    choice: Choice,
    model: &M,
    records: &[M::Record],
    queries: &[M::Record],
    itself: &[M::Record],
) -> Result<()> {
    let start = Instant::now();
    let damped = json!({"damping": choice.damping()});
    let (index, settings): (Box<dyn Attributor<Query = M::Record> + '_>, Value) = match method {
        Method::Dot => (Box::new(dot(model, records)?), json!({})),
        Method::Cosine => (Box::new(cosine(model, records)?), json!({})),
        Method::Datainf => (Box::new(datainf(model, records)?), json!({"damping": DAMPING})),
        Method::Ekfac | Method::EkfacRelative => {
            let every: Vec<&M::Record> = records.iter().collect();
            let hessian = EkFac::fit(model, &every, choice.damping(), SEED, |_, _| {})?;
            let gradients = gradients::flat(model, records, Labels::Data)?;
            let solved = hessian.solve(&gradients);
            let relative = method == Method::EkfacRelative;
            (Box::new(weighed(model, solved, &gradients, relative)?), damped)
        }
        Method::Exact | Method::ExactRelative => {
            let mut rows = model.curvature(records, SAMPLES, SEED)?;
            rows *= (records.len() as f32).sqrt().recip();
            let hessian = Exact::new(rows)?;
            let lambda = choice.damping() * hessian.mean_eigenvalue();
            let gradients = gradients::flat(model, records, Labels::Data)?;
            let solved = hessian.apply(&gradients, |h| 1.0 / (h + lambda));
            let relative = method == Method::ExactRelative;
            (Box::new(weighed(model, solved, &gradients, relative)?), damped)
        }
        _ => bail!("{} is for language models", method.name()),
    };
    let (queries, itself) = (by_reference(queries), by_reference(itself));
    let found = Measured::new(start, settings);
    found.finish(folder, &choice.name(method), &*index, &queries, &itself)
}

fn by_reference<T>(values: &[T]) -> Vec<&T> {
    values.iter().collect()
}

fn weighed<'a, M: Trained>(
    model: &'a M,
    solved: Array2<f32>,
    gradients: &Array2<f32>,
    relative: bool,
) -> Result<Vectors<'a, M>> {
    let vectors = if relative { by_self_influence(solved, gradients) } else { solved };
    Ok(Vectors::new(model, vectors)?)
}

/// An index that was just built.
struct Measured {
    index_seconds: f64,
    settings: Value,
}

impl Measured {
    fn new(start: Instant, settings: Value) -> Self {
        Self { index_seconds: start.elapsed().as_secs_f64(), settings }
    }

    /// Writes the scores of all queries, and the influence on itself of each of the records `itself`: of all or of none.
    fn finish<Q: ?Sized>(
        self,
        folder: &Path,
        name: &str,
        index: &dyn Attributor<Query = Q>,
        queries: &[&Q],
        itself: &[&Q],
    ) -> Result<()> {
        let start = Instant::now();
        let rows = queries.len();
        let mut values = Vec::new();
        for scores in index.all_scores(queries)? {
            values.extend(scores);
        }
        let query_seconds = start.elapsed().as_secs_f64() / rows as f64;
        let metadata = HashMap::from([
            ("method".into(), name.to_string()),
            ("package".into(), "openledger".into()),
            ("version".into(), env!("CARGO_PKG_VERSION").into()),
            ("settings".into(), self.settings.to_string()),
            ("index_seconds".into(), self.index_seconds.to_string()),
            ("query_seconds".into(), query_seconds.to_string()),
            ("peak_bytes".into(), peak_bytes()?.to_string()),
            ("index_bytes".into(), index.bytes().to_string()),
            ("threads".into(), rayon::current_num_threads().to_string()),
            ("load_average".into(), load_average()?),
        ]);
        let shape = vec![rows, values.len() / rows.max(1)];
        let mut tensors = vec![Named { name: "scores".into(), shape, values }];
        if !itself.is_empty() {
            let own = itself.iter().enumerate().map(|(i, record)| Ok(index.scores(record)?[i]));
            let (name, shape) = ("self_influence".into(), vec![itself.len()]);
            tensors.push(Named { name, shape, values: own.collect::<Result<_>>()? });
        }
        let path = folder.join("scores").join(format!("{name}.safetensors"));
        files::write_tensors(&path, &tensors, metadata)?;
        println!(
            "{name}: index {:.1} s, query {:.1} ms",
            self.index_seconds,
            1_000.0 * query_seconds
        );
        Ok(())
    }
}

/// Processes that wanted to run in the last minute: of more than there are threads, times say little.
fn load_average() -> Result<String> {
    let averages = std::fs::read_to_string("/proc/loadavg")?;
    Ok(averages.split_whitespace().next().unwrap_or_default().into())
}

/// The most memory that this process had.
fn peak_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(1_024 * kib.context("/proc/self/status does not say VmHWM")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::SafeTensors;

    /// A query's number plus ten times a record's, of three records.
    struct Numbers;

    impl Attributor for Numbers {
        type Query = u8;

        fn scores(&self, query: &u8) -> openledger_influence::Result<Vec<f64>> {
            Ok((0..3).map(|record| f64::from(*query) + 10.0 * f64::from(record)).collect())
        }

        fn bytes(&self) -> u64 {
            0
        }
    }

    #[test]
    fn choice_should_be_refused_where_a_method_would_not_look_at_it() {
        let plain = Choice { runs: 1, damping: None, retrained: None };
        let three = Choice { runs: 3, ..plain };
        let damped = |damping| Choice { damping: Some(damping), ..plain };
        let retrained = Choice { retrained: Some(8), ..plain };
        let taken = |choice: Choice, method, is_lm| choice.check(method, is_lm).is_ok();
        for method in Method::value_variants() {
            assert!(taken(plain, *method, true), "{method:?}");
            assert!(!taken(Choice { runs: 0, ..plain }, *method, true), "{method:?}");
            assert!(!taken(three, *method, false), "{method:?}");
            assert_eq!(taken(retrained, *method, true), *method == Method::Corrected);
        }
        assert!(taken(three, Method::Ekfac, true));
        assert!(!taken(three, Method::Exact, true));
        assert!(taken(damped(1e-3), Method::Exact, false));
        assert!(!taken(damped(1e-3), Method::Dot, false));
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!taken(damped(wrong), Method::Ekfac, true), "{wrong}");
        }
    }

    #[test]
    fn finish_should_write_the_influence_on_itself_when_asked() {
        let folder = std::env::temp_dir().join(format!("openledger-own-{}", std::process::id()));
        for (name, itself) in [("asked", vec![&7, &8, &9]), ("not", vec![])] {
            let found = Measured::new(Instant::now(), json!({}));
            found.finish(&folder, name, &Numbers, &[&1, &2], &itself).unwrap();
            let bytes = std::fs::read(folder.join(format!("scores/{name}.safetensors"))).unwrap();
            let tensors = SafeTensors::deserialize(&bytes).unwrap();
            let values = |name: &str| -> Option<Vec<f64>> {
                let data = tensors.tensor(name).ok()?.data();
                Some(data.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
            };
            assert_eq!(values("scores"), Some(vec![1.0, 11.0, 21.0, 2.0, 12.0, 22.0]));
            let own = (name == "asked").then(|| vec![7.0, 18.0, 29.0]);
            assert_eq!(values("self_influence"), own);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
