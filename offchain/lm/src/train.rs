//! Training: of every parameter of a base model, or of an adapter's.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Instant};

use burn::tensor::Tensor;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    batch::{Batch, Sequence},
    json,
    kernels::{adamw, AdamStep},
    random::{permutation, stream},
    tensor_files::{write, write_whole, Named, Precision, TensorFiles},
    tensors::{tensor, values},
    Error, Model, Result,
};

/// Which parameters are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// All of the base model's; it must have no adapter.
    Base,
    /// The adapter's; the base stays as it is.
    Adapter,
}

/// What to train on.
#[derive(Clone, Debug)]
pub enum Data {
    /// One long text of documents end to end, read in windows of `seq + 1` tokens that overlap by one.
    Packed {
        /// The text.
        tokens: Arc<Vec<u32>>,
        /// Tokens per row.
        seq: usize,
    },
    /// Records, each as if it were alone: as many share a row as find room in it, and none sees another.
    Records(Arc<Vec<Sequence>>),
}

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Optimizer steps in all.
    pub steps: usize,
    /// Rows of one forward and backward pass.
    pub rows: usize,
    /// Passes whose gradients are added before a step.
    pub accumulate: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// The learning rate at the end, as a part of the highest.
    pub final_rate: f64,
    /// Steps of linear warm-up; a cosine follows.
    pub warm_up: usize,
    /// Decoupled weight decay, on matrices only (not on norms and biases).
    pub weight_decay: f64,
    /// AdamW's averages of the gradient and of its square.
    pub betas: (f64, f64),
    /// Gradients longer than this (L2, over all parameters) are shortened to it.
    pub clip: f64,
    /// Decides the order of the data.
    pub seed: u64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Mean `-log p` per target of this step's data, before the step, in nats.
    pub loss: f64,
    /// Length of the gradient before clipping.
    pub gradient: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Tokens that went through the model, padding included.
    pub tokens: usize,
    /// Tokens per second of this step.
    pub tokens_per_second: f64,
}

/// One trained matrix and its moments.
struct Parameter {
    name: String,
    shape: [usize; 2],
    values: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

/// A training run.
///
/// Everything that happens follows from the model, the data, the schedule and the number of steps done, so a run
/// that was saved and resumed gives the same bits as one that was not.
pub struct Trainer {
    model: Model,
    target: Target,
    data: Data,
    schedule: Schedule,
    parameters: Vec<Parameter>,
    step: usize,
    /// The epoch whose order is at hand.
    order: Option<(usize, Vec<usize>)>,
}

/// `trainer.json` of a saved run.
#[derive(Serialize, Deserialize)]
struct Saved {
    target: Target,
    step: usize,
    schedule: Schedule,
}

const SAVED: &str = "trainer.json";
const STATE: &str = "trainer.safetensors";
const EPSILON: f32 = 1e-8;

impl Schedule {
    /// Learning rate of the step after `done` others.
    pub fn rate(&self, done: usize) -> f64 {
        if done < self.warm_up {
            return self.learning_rate * (done + 1) as f64 / self.warm_up as f64;
        }
        let rest = self.steps.saturating_sub(self.warm_up).max(1);
        let part = ((done - self.warm_up) as f64 / rest as f64).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
        self.learning_rate * (self.final_rate + (1.0 - self.final_rate) * cosine)
    }
}

impl Trainer {
    /// A run from its first step.
    ///
    /// # Errors
    /// If the target does not fit the model, the data does not fit the model or is empty, or the schedule has no
    /// rows.
    pub fn new(model: Model, target: Target, data: Data, schedule: Schedule) -> Result<Self> {
        let (named, tensors): (Vec<(String, [usize; 2])>, _) = match target {
            Target::Adapter => {
                let adapter = model.adapter().ok_or(Error::NoAdapter)?;
                let specs = adapter.specs(model.config()).into_iter();
                (specs.map(|spec| (spec.name, [spec.input, spec.output])).collect(), adapter.list())
            }
            Target::Base => {
                if model.adapter().is_some() {
                    let why = "the base cannot be trained under an adapter";
                    return Err(Error::Training(why.into()));
                }
                let tensors = model.weights.list();
                let names = model.named_weights()?.into_iter().map(|(name, ..)| name);
                (names.zip(tensors.iter().map(Tensor::dims)).collect(), tensors)
            }
        };
        let parameters = named
            .into_iter()
            .zip(tensors)
            .map(|((name, shape), tensor)| Parameter {
                name,
                shape,
                values: values(tensor),
                first: vec![0.0; shape[0] * shape[1]],
                second: vec![0.0; shape[0] * shape[1]],
            })
            .collect();
        if schedule.rows == 0 || schedule.accumulate == 0 {
            return Err(Error::Training("a step needs at least one row and one pass".into()));
        }
        let trainer = Self { model, target, data, schedule, parameters, step: 0, order: None };
        trainer.check_data()?;
        Ok(trainer)
    }

    fn check_data(&self) -> Result<()> {
        match &self.data {
            Data::Packed { tokens, seq } => {
                if *seq == 0 || tokens.len() <= *seq {
                    return Err(Error::Training(format!(
                        "{} tokens are less than one row of {seq}",
                        tokens.len()
                    )));
                }
                self.model.check_ids(tokens, *seq)
            }
            Data::Records(records) if records.is_empty() => {
                Err(Error::Training("there are no records".into()))
            }
            Data::Records(records) => records.iter().try_for_each(|record| {
                Batch::padded(&self.model, std::slice::from_ref(record)).map(|_| ())
            }),
        }
    }

    /// Whether [`Trainer::save`] left a run in a folder.
    pub fn is_saved(folder: &Path) -> bool {
        folder.join(SAVED).exists()
    }

    /// Goes on from [`Trainer::save`], with the model that the run began with and the same data.
    ///
    /// # Errors
    /// As [`Trainer::new`], and if the folder holds no saved run or one of another model.
    pub fn resume(model: Model, data: Data, folder: &Path) -> Result<Self> {
        let path = folder.join(SAVED);
        let saved: Saved = json::read(&path)?;
        let mut trainer = Self::new(model, saved.target, data, saved.schedule)?;
        let state = TensorFiles::open(&[folder.join(format!("{}-{STATE}", saved.step))])?;
        for parameter in &mut trainer.parameters {
            let Parameter { name, shape, values, first, second } = parameter;
            *values = state.read(name, shape)?;
            *first = state.read(&format!("{name}.first"), shape)?;
            *second = state.read(&format!("{name}.second"), shape)?;
        }
        trainer.step = saved.step;
        trainer.publish()?;
        Ok(trainer)
    }

    /// Saves the run: parameters, moments, schedule and step.
    ///
    /// # Errors
    /// If a file cannot be written. The last saved state stays readable until the new one is whole.
    pub fn save(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let mut tensors: Vec<Named> = Vec::with_capacity(3 * self.parameters.len());
        for Parameter { name, shape, values, first, second } in &self.parameters {
            tensors.push((name.clone(), shape.to_vec(), values.clone()));
            tensors.push((format!("{name}.first"), shape.to_vec(), first.clone()));
            tensors.push((format!("{name}.second"), shape.to_vec(), second.clone()));
        }
        let state = folder.join(format!("{}-{STATE}", self.step));
        write(&state, &tensors, Precision::F32, BTreeMap::new())?;
        let saved = Saved { target: self.target, step: self.step, schedule: self.schedule.clone() };
        let path = folder.join(SAVED);
        let json = serde_json::to_vec_pretty(&saved)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        write_whole(&path, &json)?;
        // Only now is the former state of no more use.
        for entry in std::fs::read_dir(folder).map_err(Error::io(folder))?.flatten() {
            let old = entry.file_name().to_string_lossy().ends_with(STATE);
            if old && entry.path() != state {
                std::fs::remove_file(entry.path()).map_err(Error::io(entry.path()))?;
            }
        }
        Ok(())
    }

    /// What it trains on.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// How it trains.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The model as it is now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What AdamW multiplies its average of the gradients with, for each parameter: `1 / (sqrt(v) + ε)`, `v` being the
    /// average of their squares, corrected for its beginning at zero. Before the first step, `1 / ε`.
    pub fn preconditioner(&self) -> Vec<ndarray::Array2<f32>> {
        let root = self.correction(self.step as i32);
        let matrices = self.parameters.iter().map(|Parameter { shape, second, .. }| {
            let values = second.iter().map(|v| (v.sqrt() * root + EPSILON).recip()).collect();
            ndarray::Array2::from_shape_vec(*shape, values)
                .expect("there are as many moments as values")
        });
        matrices.collect()
    }

    /// Steps done.
    pub fn done(&self) -> usize {
        self.step
    }

    /// Runs to the last step, or until `each` returns false.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn run(&mut self, mut each: impl FnMut(&Self, Progress) -> Result<bool>) -> Result<()> {
        while self.step < self.schedule.steps {
            let progress = self.step()?;
            if !each(self, progress)? {
                break;
            }
        }
        Ok(())
    }

    /// One optimizer step.
    ///
    /// # Errors
    /// If the loss is not finite: the learning rate is too high for this model and data.
    pub fn step(&mut self) -> Result<Progress> {
        let start = Instant::now();
        let batches: Vec<Batch> =
            (0..self.schedule.accumulate).map(|pass| self.batch(pass)).collect::<Result<_>>()?;
        let (mut loss, mut targets, mut tokens) = (0.0, 0, 0);
        let mut sum: Vec<Vec<f32>> = Vec::new();
        for batch in &batches {
            let (part, gradients) = self.gradients(batch)?;
            loss += part;
            targets += batch.labels.len();
            tokens += batch.ids.len();
            if sum.is_empty() {
                sum = gradients;
            } else {
                for (sum, part) in sum.iter_mut().zip(gradients) {
                    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                }
            }
        }
        // Losses were summed over targets; the step follows their mean.
        let mean = 1.0 / targets as f64;
        let loss = loss * mean;
        // Matrix by matrix, each in order: the same sum whatever the number of threads.
        let squares: Vec<f64> = sum
            .par_iter()
            .map(|part| part.iter().map(|&g| f64::from(g) * f64::from(g)).sum())
            .collect();
        let length = squares.iter().sum::<f64>().sqrt() * mean;
        if !(loss.is_finite() && length.is_finite()) {
            return Err(Error::Training(format!(
                "step {}: loss {loss}, gradient {length}; lower the learning rate",
                self.step + 1
            )));
        }
        let rate = self.schedule.rate(self.step);
        self.descend(&sum, mean * (self.schedule.clip / length).min(1.0), rate);
        self.step += 1;
        self.publish()?;
        Ok(Progress {
            step: self.step,
            steps: self.schedule.steps,
            loss,
            gradient: length,
            learning_rate: rate,
            tokens,
            tokens_per_second: tokens as f64 / start.elapsed().as_secs_f64(),
        })
    }

    /// The rows of one pass: a function of the seed, the step and the pass alone.
    fn batch(&mut self, pass: usize) -> Result<Batch> {
        let rows = match &self.data {
            Data::Packed { tokens, seq } => (tokens.len() - 1) / seq,
            Data::Records(records) => records.len(),
        };
        let first = (self.step * self.schedule.accumulate + pass) * self.schedule.rows;
        let mut picked = Vec::with_capacity(self.schedule.rows);
        for at in first..first + self.schedule.rows {
            let (epoch, place) = (at / rows, at % rows);
            let order = match &self.order {
                Some((known, order)) if *known == epoch => order,
                _ => {
                    let mut rng = stream(self.schedule.seed, epoch as u64);
                    &self.order.insert((epoch, permutation(&mut rng, rows))).1
                }
            };
            picked.push(order[place]);
        }
        match &self.data {
            Data::Packed { tokens, seq } => {
                let windows: Vec<&[u32]> =
                    picked.iter().map(|&row| &tokens[row * seq..(row + 1) * seq + 1]).collect();
                Ok(Batch::windows(&windows))
            }
            Data::Records(records) => {
                let rows: Vec<Sequence> = picked.iter().map(|&row| records[row].clone()).collect();
                Batch::packed(&self.model, &rows)
            }
        }
    }

    /// Sum of the losses of a batch, and its gradient for each parameter.
    fn gradients(&self, batch: &Batch) -> Result<(f64, Vec<Vec<f32>>)> {
        let leaves: Vec<Tensor<2>> = match self.target {
            Target::Base => self.model.weights.list(),
            Target::Adapter => self.model.adapter().ok_or(Error::NoAdapter)?.list(),
        }
        .into_iter()
        .map(|tensor| tensor.autodiff().require_grad())
        .collect();
        let model = self.with_parameters(leaves.clone())?;
        let hidden = model.at_targets(model.hidden(&batch.pass(), None, None), batch);
        let of = |at: usize, logits: &Tensor<2>| {
            let [rows, _] = logits.dims();
            batch.labels[at..at + rows].to_vec()
        };
        // The output matrix is not on the tape: its gradient and the hidden states' are known already.
        let scored = self.model.score(&hidden.clone().inner(), self.target == Target::Base, of);
        let loss = scored.losses.iter().map(|&loss| f64::from(loss)).sum();
        let mut taped = (hidden * scored.hidden.autodiff()).backward(); // from ones
        let mut gradients: Vec<Option<Tensor<2>>> =
            leaves.iter().map(|leaf| leaf.grad_remove(&mut taped)).collect();
        if let Some(head) = scored.head {
            // The first matrix, the embedding, serves as the output matrix too, or the last is it.
            let tied = self.model.config().tie_word_embeddings;
            let place = if tied { 0 } else { gradients.len() - 1 };
            gradients[place] = Some(match gradients[place].take() {
                Some(taped) => taped + head,
                None => head,
            });
        }
        let named = gradients.into_iter().zip(&self.parameters).map(|(gradient, parameter)| {
            let missing = || Error::Training(format!("no gradient for {}", parameter.name));
            gradient.map(values).ok_or_else(missing)
        });
        Ok((loss, named.collect::<Result<_>>()?))
    }

    fn with_parameters(&self, tensors: Vec<Tensor<2>>) -> Result<Model> {
        match self.target {
            Target::Base => self.model.with_weights(tensors),
            Target::Adapter => {
                let adapter = self.model.adapter().ok_or(Error::NoAdapter)?;
                self.model.with_adapter(adapter.with_matrices(self.model.config(), tensors)?)
            }
        }
    }

    /// What makes up for the average of squares having begun at zero, after so many steps.
    fn correction(&self, steps: i32) -> f32 {
        let (_, beta2) = self.schedule.betas;
        // Before the first step, the average is zero whatever it is multiplied with.
        (1.0 / (1.0 - beta2.powi(steps.max(1))).sqrt()) as f32
    }

    /// AdamW on every parameter.
    fn descend(&mut self, gradients: &[Vec<f32>], factor: f64, rate: f64) {
        let (beta1, beta2) = self.schedule.betas;
        let step = (self.step + 1) as i32;
        let decay = 1.0 - rate * self.schedule.weight_decay;
        let common = AdamStep {
            gradient: factor as f32,
            rate: (rate / (1.0 - beta1.powi(step))) as f32,
            root: self.correction(step),
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            epsilon: EPSILON,
            keep: 1.0,
        };
        self.parameters.par_iter_mut().zip(gradients).for_each(|(parameter, gradient)| {
            let vector = [".bias", "norm.weight"].iter().any(|end| parameter.name.ends_with(end));
            let keep = if vector { 1.0 } else { decay as f32 };
            let Parameter { values, first, second, .. } = parameter;
            adamw(values, first, second, gradient, AdamStep { keep, ..common });
        });
    }

    /// Puts the parameters into the model.
    fn publish(&mut self) -> Result<()> {
        let device = self.model.device();
        let there = |parameter: &Parameter| {
            tensor(parameter.values.clone(), parameter.shape).to_device(&device)
        };
        let tensors = self.parameters.iter().map(there).collect();
        self.model = self.with_parameters(tensors)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Adapter, Config, Family, RopeScaling};

    fn model() -> Model {
        let config = Config {
            family: Family::Mistral { window: Some(4) },
            vocab_size: 23,
            hidden_size: 12,
            intermediate_size: 20,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            head_dim: 4,
            max_position_embeddings: 32,
            rms_norm_eps: 1e-5,
            rope_theta: 100.0,
            rope_scaling: RopeScaling::None,
            tie_word_embeddings: true,
            bos_token_id: None,
            eos_token_ids: Vec::new(),
        };
        Model::random(config, 1).unwrap()
    }

    fn schedule() -> Schedule {
        Schedule {
            steps: 1,
            rows: 6,
            accumulate: 1,
            learning_rate: 1e-2,
            final_rate: 1.0,
            warm_up: 0,
            weight_decay: 0.0,
            betas: (0.9, 0.95),
            clip: 1.0,
            seed: 1,
        }
    }

    #[test]
    fn packed_records_should_give_the_gradients_that_they_give_one_a_row() {
        let adapter = Adapter::new(model().config(), 3, 6.0, "base", 2).unwrap();
        let adapted = model().with_adapter(adapter).unwrap();
        let adapted = adapted
            .with_lora_values(adapted.lora_values().into_iter().map(|m| m + 0.1).collect())
            .unwrap();
        // Eight in all rows of 13; some fit beside others, and the longest takes a row.
        let records: Vec<Sequence> = [14, 4, 9, 6, 3, 8]
            .into_iter()
            .map(|len| {
                let ids = (0..len).map(|i| (i * i + 3 * len) % 23).collect();
                Sequence::after(ids, len as usize % 3)
            })
            .collect();
        for (model, target) in [(model(), Target::Base), (adapted, Target::Adapter)] {
            let data = Data::Records(Arc::new(records.clone()));
            let trainer = Trainer::new(model.clone(), target, data, schedule()).unwrap();
            let apart = Batch::padded(&model, &records).unwrap();
            let packed = Batch::packed(&model, &records).unwrap();
            assert_eq!((packed.rows, packed.seq), (3, apart.seq));
            let (truth, gradients) = trainer.gradients(&apart).unwrap();
            let (loss, found) = trainer.gradients(&packed).unwrap();
            assert!((loss - truth).abs() < 1e-4, "{loss}, not {truth}");
            for ((found, truth), parameter) in found.iter().zip(&gradients).zip(&trainer.parameters)
            {
                let largest = truth.iter().fold(0.0_f32, |top, value| top.max(value.abs()));
                for (found, truth) in found.iter().zip(truth) {
                    let near = (found - truth).abs() < 1e-5 * largest.max(1e-3);
                    assert!(near, "{}: {found}, not {truth}", parameter.name);
                }
            }
        }
    }

    #[test]
    fn base_gradients_should_equal_finite_differences() {
        let records = vec![Sequence::new(vec![3, 5, 8, 2, 9, 1]), Sequence::new(vec![4, 4, 7])];
        for tied in [true, false] {
            let config = Config { tie_word_embeddings: tied, ..model().config().clone() };
            let model = Model::random(config, 7).unwrap();
            let data = Data::Records(Arc::new(records.clone()));
            let trainer = Trainer::new(model.clone(), Target::Base, data, schedule()).unwrap();
            let batch = Batch::packed(&model, &records).unwrap();
            let (_, gradients) = trainer.gradients(&batch).unwrap();
            let loss = |moved: Vec<Tensor<2>>| -> f64 {
                let losses = model.with_weights(moved).unwrap().losses(&records).unwrap();
                losses.iter().map(|&loss| f64::from(loss)).sum()
            };
            for (matrix, parameter) in trainer.parameters.iter().enumerate() {
                // The row of a token that occurs, or any.
                let at = (3 * parameter.shape[1] + 2) % parameter.values.len();
                let moved = |by: f32| {
                    let mut tensors = model.weights.list();
                    let mut values = parameter.values.clone();
                    values[at] += by;
                    tensors[matrix] = tensor(values, parameter.shape);
                    loss(tensors)
                };
                let step = 2e-3;
                let truth = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                let ours = f64::from(gradients[matrix][at]);
                let near = (ours - truth).abs() < 4e-3 * (1.0 + truth.abs());
                assert!(near, "{}: {ours}, not {truth}", parameter.name);
            }
        }
    }
}
