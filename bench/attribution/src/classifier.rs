//! Small classifiers of images: multinomial logistic regression and perceptrons, trained by stochastic gradient descent.
//! Plain, so that every influence method can be seen at its best.

use std::{collections::HashMap, path::Path};

use anyhow::{bail, ensure, Context, Result};
use ndarray::{concatenate, s, Array1, Array2, Array3, ArrayView1, ArrayView2, Axis};
use openledger_attribution_lab::unrolled::Segment;
use openledger_influence::gradients::Trained;
use openledger_lm::{Capture, Labels, MatrixSpec};
use openledger_primitives::{hashing, H256};
use rand::{seq::SliceRandom, Rng};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use crate::files::{self, Losses, Named};

/// Where a task's images are.
const DATA: &str = "data.safetensors";

/// How a classifier is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub epochs: usize,
    pub rows: usize,
    pub learning_rate: f64,
    pub momentum: f64,
    /// Times half the squared length of all parameters is added to the mean loss.
    pub weight_decay: f64,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 30,
            rows: 64,
            learning_rate: 0.05,
            momentum: 0.9,
            weight_decay: 1e-3,
            seed: 0,
        }
    }
}

/// `task.json`.
#[derive(Serialize, Deserialize)]
pub struct Task {
    pub name: String,
    pub kind: String,
    /// Content id of the images.
    pub data: H256,
    /// Widths: inputs, hidden layers, classes.
    pub layers: Vec<usize>,
    pub settings: Settings,
}

/// An image and its class.
#[derive(Clone, Debug)]
pub struct Image {
    pub x: Array1<f32>,
    pub class: usize,
}

/// Images to train on, and images to ask about.
pub struct Images {
    pub records: Vec<Image>,
    pub queries: Vec<Image>,
    /// Whether some records have a wrong label on purpose.
    pub flipped: bool,
}

/// Inputs `[rows, in + 1]` and output gradients `[rows, out]` of a layer.
type Factors = (Array2<f32>, Array2<f32>);

/// Weights `[in + 1, out]`, the bias in the last row; a rectifier between layers.
#[derive(Clone)]
pub struct Classifier {
    layers: Vec<Array2<f32>>,
}

/// `[rows, in]` → `[rows, in + 1]`.
fn with_one(x: ArrayView2<f32>) -> Array2<f32> {
    let ones = Array2::ones((x.nrows(), 1));
    concatenate(Axis(1), &[x, ones.view()]).expect("both have as many rows")
}

impl Classifier {
    /// He et al. 2015: normal with variance 2 / in; biases zero.
    fn random(widths: &[usize], rng: &mut ChaCha8Rng) -> Self {
        let layers = widths
            .windows(2)
            .map(|pair| {
                let bound = (6.0 / pair[0] as f32).sqrt();
                let mut layer = Array2::from_shape_fn((pair[0] + 1, pair[1]), |_| {
                    rng.random_range(-bound..bound)
                });
                layer.row_mut(pair[0]).fill(0.0);
                layer
            })
            .collect();
        Self { layers }
    }

    /// Each layer's inputs, and the logits.
    fn forward(&self, images: &[Image]) -> (Vec<Array2<f32>>, Array2<f32>) {
        let width = images.first().map_or(0, |image| image.x.len());
        let mut x = Array2::zeros((images.len(), width));
        for (mut row, image) in x.rows_mut().into_iter().zip(images) {
            row.assign(&image.x);
        }
        let mut inputs = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x.mapv_inplace(|value| value.max(0.0));
            }
            inputs.push(with_one(x.view()));
            x = inputs[i].dot(layer);
        }
        (inputs, x)
    }

    /// Inputs and output gradients of each layer, and the losses.
    fn backward(&self, images: &[Image], labels: Labels) -> (Vec<Factors>, Vec<f32>) {
        let (inputs, logits) = self.forward(images);
        let mut g = softmax(logits);
        let mut losses = Vec::with_capacity(images.len());
        let mut rng = match labels {
            Labels::Data => None,
            Labels::Sampled { seed } => Some(ChaCha8Rng::seed_from_u64(seed)),
        };
        for (mut row, image) in g.rows_mut().into_iter().zip(images) {
            losses.push(-row[image.class].max(f32::MIN_POSITIVE).ln());
            let class = match &mut rng {
                None => image.class,
                Some(rng) => {
                    let mut left: f32 = rng.random();
                    let drawn = row.iter().position(|p| {
                        left -= p;
                        left < 0.0
                    });
                    drawn.unwrap_or(row.len() - 1)
                }
            };
            row[class] -= 1.0;
        }
        (self.factors(&inputs, g), losses)
    }

    /// Inputs and output gradients of each layer, from those of the logits.
    fn factors(&self, inputs: &[Array2<f32>], mut g: Array2<f32>) -> Vec<Factors> {
        let mut found = Vec::new();
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let below = (i > 0).then(|| {
                let mut below = g.dot(&layer.slice(s![..-1, ..]).t());
                below.zip_mut_with(&inputs[i].slice(s![.., ..-1]), |g, x| {
                    if *x <= 0.0 {
                        *g = 0.0;
                    }
                });
                below
            });
            found.push((inputs[i].clone(), g));
            g = below.unwrap_or_default();
        }
        found.reverse();
        found
    }

    /// The loss of each image.
    pub fn losses(&self, images: &[Image]) -> Vec<f32> {
        self.backward(images, Labels::Data).1
    }

    /// Trains from nothing.
    pub fn train(widths: &[usize], images: &[Image], settings: &Settings, seed: u64) -> Self {
        let mut last = Self::segments(widths, images, settings, seed, 1);
        last.pop().map(|segment| segment.model).expect("there is one segment")
    }

    /// The ends of so many parts of a training.
    pub fn segments(
        widths: &[usize],
        images: &[Image],
        settings: &Settings,
        seed: u64,
        count: usize,
    ) -> Vec<Segment<Self>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut model = Self::random(widths, &mut rng);
        let mut velocity: Vec<Array2<f32>> =
            model.layers.iter().map(|layer| Array2::zeros(layer.dim())).collect();
        let steps = (settings.epochs * images.len()).div_ceil(settings.rows);
        // A gradient moves the weights until its momentum is used up.
        let momentum = 1.0 / (1.0 - settings.momentum);
        let (mut order, mut rates, mut found) = (Vec::new(), 0.0, Vec::new());
        for step in 0..steps {
            let mut rows = Vec::with_capacity(settings.rows);
            while rows.len() < settings.rows {
                let next = order.pop().unwrap_or_else(|| {
                    order = (0..images.len()).collect();
                    order.shuffle(&mut rng);
                    order.pop().unwrap_or_default()
                });
                rows.push(images[next].clone());
            }
            // Linear to nothing.
            let rate = settings.learning_rate * (1.0 - step as f64 / steps as f64);
            rates += rate;
            let (factors, _) = model.backward(&rows, Labels::Data);
            let moving = model.layers.iter_mut().zip(&mut velocity);
            for ((layer, velocity), (x, g)) in moving.zip(factors) {
                let mut gradient = x.t().dot(&g) / rows.len() as f32;
                gradient.scaled_add(settings.weight_decay as f32, layer);
                *velocity *= settings.momentum as f32;
                *velocity += &gradient;
                layer.scaled_add(-rate as f32, velocity);
            }
            if step + 1 >= (found.len() + 1) * steps / count {
                let scale = |layer: &Array2<f32>| Array2::from_elem(layer.dim(), momentum as f32);
                found.push(Segment {
                    preconditioner: model.layers.iter().map(scale).collect(),
                    model: model.clone(),
                    rates,
                    decay: settings.weight_decay * momentum,
                });
                rates = 0.0;
            }
        }
        found
    }
}

/// At most so many of all places, each with a chance in proportion to its size, or certainly; and these chances.
fn drawn(sizes: &[f64], count: usize, seed: u64) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..sizes.len()).filter(|&place| sizes[place] > 0.0).collect();
    order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    let mut rest: f64 = order.iter().map(|&place| sizes[place]).sum();
    let mut left = count as f64;
    let mut at = ChaCha8Rng::seed_from_u64(seed).random::<f64>();
    let mut found = Vec::with_capacity(count);
    let mut passed = 0.0;
    for place in order {
        let chance = (left * sizes[place] / rest.max(sizes[place])).min(1.0);
        if chance >= 1.0 {
            // The largest: what is left is for the others.
            rest -= sizes[place];
            left -= 1.0;
            found.push((place, 1.0));
            continue;
        }
        passed += chance;
        if passed > at {
            at += 1.0;
            found.push((place, chance));
        }
    }
    found
}

/// Each row's probabilities.
fn softmax(mut logits: Array2<f32>) -> Array2<f32> {
    for mut row in logits.rows_mut() {
        let top = row.fold(f32::NEG_INFINITY, |top, value| top.max(*value));
        row.mapv_inplace(|value| (value - top).exp());
        let sum = row.sum();
        row /= sum;
    }
    logits
}

impl Trained for Classifier {
    type Record = Image;

    fn matrices(&self) -> Vec<MatrixSpec> {
        let shapes = self.layers.iter().enumerate();
        shapes
            .map(|(i, layer)| MatrixSpec {
                name: format!("layers.{i}"),
                input: layer.nrows(),
                output: layer.ncols(),
            })
            .collect()
    }

    fn capture(&self, records: &[Image], labels: Labels) -> openledger_influence::Result<Capture> {
        let (factors, losses) = self.backward(records, labels);
        let cube = |a: Array2<f32>| -> Array3<f32> { a.insert_axis(Axis(1)) };
        let matrices = factors.into_iter().map(|(x, g)| (cube(x), cube(g))).collect();
        Ok(Capture { losses, matrices })
    }

    fn rows(_: &Image) -> usize {
        1
    }

    /// Of every label at its probability: all rows where parameters are few, else rows drawn by their squared lengths
    /// and made longer by how unlikely that was.
    fn curvature(
        &self,
        records: &[Image],
        samples: usize,
        seed: u64,
    ) -> openledger_influence::Result<Array2<f32>> {
        let (inputs, logits) = self.forward(records);
        let p = softmax(logits);
        let by_label: Vec<Vec<Factors>> = (0..p.ncols())
            .map(|label| {
                let mut g = p.clone();
                for mut row in g.rows_mut() {
                    let weight = row[label].sqrt();
                    row[label] -= 1.0;
                    row *= weight;
                }
                self.factors(&inputs, g)
            })
            .collect();
        let square = |row: ArrayView1<f32>| f64::from(row.dot(&row));
        let all: Vec<(usize, usize)> = (0..p.ncols())
            .flat_map(|label| (0..records.len()).map(move |record| (label, record)))
            .collect();
        let width = self.layers.iter().map(Array2::len).sum();
        let drawn = if width <= samples {
            (0..all.len()).map(|row| (row, 1.0)).collect()
        } else {
            let lengths: Vec<f64> = all
                .iter()
                .map(|&(label, record)| {
                    let layers = by_label[label].iter();
                    layers.map(|(x, g)| square(x.row(record)) * square(g.row(record))).sum()
                })
                .collect();
            drawn(&lengths, samples, seed)
        };
        let mut found = Array2::zeros((drawn.len(), width));
        for (mut to, (row, chance)) in found.rows_mut().into_iter().zip(drawn) {
            let (label, record) = all[row];
            let weight = chance.sqrt().recip() as f32;
            let products = by_label[label].iter().flat_map(|(x, g)| {
                let (x, g) = (x.row(record), g.row(record));
                x.into_iter().flat_map(move |x| g.into_iter().map(move |g| weight * x * g))
            });
            to.iter_mut().zip(products).for_each(|(to, product)| *to = product);
        }
        Ok(found)
    }
}

impl Task {
    pub fn open(folder: &Path) -> Result<Self> {
        files::read(&folder.join("task.json"))
    }

    pub fn images(folder: &Path) -> Result<Images> {
        let path = folder.join(DATA);
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let set = |name: &str| -> Result<Vec<Image>> {
            let x = tensors.tensor(&format!("{name}_x"))?;
            let y = tensors.tensor(&format!("{name}_y"))?;
            ensure!(x.shape().len() == 2, "{name}_x is not a matrix");
            let values = files::floats(&tensors, &format!("{name}_x"))?;
            let classes = y.data().as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b));
            let rows = values.chunks(x.shape()[1]);
            ensure!(rows.len() == y.shape()[0], "{name}_x and {name}_y differ in length");
            rows.zip(classes)
                .map(|(x, class)| {
                    Ok(Image { x: x.to_vec().into(), class: usize::try_from(class)? })
                })
                .collect()
        };
        let flipped = tensors.tensor("flipped").is_ok();
        let images = Images { records: set("train")?, queries: set("query")?, flipped };
        if images.records.is_empty() {
            bail!("{} has no images", path.display());
        }
        Ok(images)
    }

    /// The classifier that all records made.
    pub fn model(folder: &Path) -> Result<Classifier> {
        let task = Self::open(folder)?;
        let path = folder.join("model.safetensors");
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let mut layers = Vec::new();
        for (i, pair) in task.layers.windows(2).enumerate() {
            let weight = files::floats(&tensors, &format!("layers.{i}.weight"))?;
            let bias = files::floats(&tensors, &format!("layers.{i}.bias"))?;
            let mut layer = Array2::zeros((pair[0] + 1, pair[1]));
            layer
                .slice_mut(s![..-1, ..])
                .assign(&Array2::from_shape_vec((pair[1], pair[0]), weight)?.t());
            layer.row_mut(pair[0]).assign(&Array1::from(bias));
            layers.push(layer);
        }
        Ok(Classifier { layers })
    }

    /// Retrains on some of the records; the loss of each query.
    pub fn retrain(&self, images: &Images, kept: &[usize], seed: u64) -> Vec<f32> {
        let rows: Vec<Image> = kept.iter().map(|&i| images.records[i].clone()).collect();
        Classifier::train(&self.layers, &rows, &self.settings, seed).losses(&images.queries)
    }
}

/// Makes a task of a folder with images: trains a classifier on them. What is there of the same task stays; of another
/// one, nothing does.
pub fn make(folder: &Path, name: &str, hidden: &[usize]) -> Result<()> {
    let images = Task::images(folder)?;
    let classes = images.records.iter().map(|image| image.class + 1).max().unwrap_or_default();
    let layers = [&[images.records[0].x.len()], hidden, &[classes]].concat();
    let data = hashing::content_id(&std::fs::read(folder.join(DATA))?);
    let task = Task {
        name: name.into(),
        kind: "classifier".into(),
        data,
        layers,
        settings: Settings::default(),
    };
    if !files::begin(folder, &task)? {
        return Ok(());
    }
    let model =
        Classifier::train(&task.layers, &images.records, &task.settings, task.settings.seed);
    let mut tensors = Vec::new();
    for (i, layer) in model.layers.iter().enumerate() {
        let weight = layer.slice(s![..-1, ..]);
        tensors.push(Named {
            name: format!("layers.{i}.weight"),
            shape: vec![weight.ncols(), weight.nrows()],
            values: weight.t().iter().copied().collect::<Vec<f32>>(),
        });
        tensors.push(Named {
            name: format!("layers.{i}.bias"),
            shape: vec![layer.ncols()],
            values: layer.row(layer.nrows() - 1).to_vec(),
        });
    }
    files::write_tensors(&folder.join("model.safetensors"), &tensors, HashMap::new())?;
    let losses = Losses {
        records: model.losses(&images.records),
        queries: model.losses(&images.queries),
        queries_before: None,
    };
    files::write(&folder.join("losses.json"), &losses)?;
    files::write(&folder.join("task.json"), &task)?;
    let (_, logits) = model.forward(&images.queries);
    let right = logits.rows().into_iter().zip(&images.queries).filter(|(row, image)| {
        row.iter()
            .enumerate()
            .all(|(class, value)| class == image.class || *value < row[image.class])
    });
    println!(
        "{}: {} records, {} queries, {:.1} % of these right",
        folder.display(),
        images.records.len(),
        images.queries.len(),
        100.0 * right.count() as f64 / images.queries.len() as f64,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four classes of points, and one in ten of another class.
    fn images(count: usize) -> Vec<Image> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        (0..count)
            .map(|i| {
                let class = i % 4;
                let at = |j: usize| if j == class { 1.0 } else { 0.0 };
                let x = (0..6).map(|j| at(j) + rng.random_range(-0.3..0.3)).collect();
                Image { x, class: if i % 10 == 9 { (class + 1) % 4 } else { class } }
            })
            .collect()
    }

    #[test]
    fn factors_should_be_the_slope_of_the_loss() {
        let images = images(3);
        let model = Classifier::random(&[6, 5, 4], &mut ChaCha8Rng::seed_from_u64(2));
        let gradients =
            openledger_influence::gradients::of_records(&model, &images, Labels::Data).unwrap();
        for (image, gradients) in images.iter().zip(gradients) {
            for (layer, gradient) in gradients.iter().enumerate() {
                for ((i, j), slope) in gradient.indexed_iter() {
                    let loss = |step: f32| {
                        let mut moved = model.clone();
                        moved.layers[layer][[i, j]] += step;
                        moved.losses(std::slice::from_ref(image))[0]
                    };
                    let expected = (loss(1e-2) - loss(-1e-2)) / 2e-2;
                    assert!((slope - expected).abs() < 1e-2, "{slope} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn curvature_should_be_of_every_label_at_its_probability() {
        let images = images(12);
        let model = Classifier::random(&[6, 5, 4], &mut ChaCha8Rng::seed_from_u64(2));
        let width: usize = model.layers.iter().map(Array2::len).sum();
        let mut expected = Array2::<f32>::zeros((width, width));
        for label in 0..4 {
            let told: Vec<Image> =
                images.iter().map(|image| Image { x: image.x.clone(), class: label }).collect();
            let mut rows =
                openledger_influence::gradients::flat(&model, &told, Labels::Data).unwrap();
            for (mut row, loss) in rows.rows_mut().into_iter().zip(model.losses(&told)) {
                row *= (-loss / 2.0).exp();
            }
            expected += &rows.t().dot(&rows);
        }
        let largest = expected.iter().fold(0.0_f32, |top, value| top.max(value.abs()));
        let apart = |found: &Array2<f32>| {
            (found - &expected).iter().fold(0.0_f32, |top, value| top.max(value.abs())) / largest
        };
        // As many samples as parameters: all rows are there.
        let rows = model.curvature(&images, width, 0).unwrap();
        assert_eq!(rows.dim(), (48, width));
        assert!(apart(&rows.t().dot(&rows)) < 1e-5);
        // Fewer are right on the mean.
        let mut mean = Array2::<f32>::zeros((width, width));
        for seed in 0..400 {
            let rows = model.curvature(&images, 20, seed).unwrap();
            assert!(rows.nrows() <= 20);
            mean += &(rows.t().dot(&rows) / 400.0);
        }
        assert!(apart(&mean) < 0.1, "{}", apart(&mean));
    }

    #[test]
    fn drawn_should_be_certain_of_the_largest_and_leave_out_what_has_no_size() {
        let sizes = [0.0, 9.0, 1.0, 1.0, 1.0, 1.0];
        let mut found = [0; 6];
        for seed in 0..100 {
            for (place, chance) in drawn(&sizes, 3, seed) {
                found[place] += 1;
                assert_eq!(chance, if place == 1 { 1.0 } else { 0.5 });
            }
        }
        assert_eq!((found[0], found[1]), (0, 100));
        assert_eq!(found[2..].iter().sum::<usize>(), 200);
        assert_eq!(drawn(&sizes, 9, 0).len(), 5);
    }

    #[test]
    fn training_should_learn_and_repeat_itself() {
        let images = images(200);
        let settings = Settings::default();
        let segments = Classifier::segments(&[6, 5, 4], &images, &settings, 3, 4);
        assert_eq!(segments.len(), 4);
        let mean =
            |model: &Classifier| model.losses(&images).iter().sum::<f32>() / images.len() as f32;
        let (first, last) = (mean(&segments[0].model), mean(&segments[3].model));
        assert!(last < first && last < 0.8, "{first} to {last}");
        let again = Classifier::train(&[6, 5, 4], &images, &settings, 3);
        assert_eq!(again.layers, segments[3].model.layers);
    }

    #[test]
    fn labels_should_be_drawn_as_often_as_they_are_probable() {
        let images = vec![images(1).remove(0); 4_000];
        let model = Classifier::random(&[6, 4], &mut ChaCha8Rng::seed_from_u64(2));
        let probable = softmax(model.forward(&images[..1]).1);
        let (factors, _) = model.backward(&images, Labels::Sampled { seed: 7 });
        // The gradient of the logits is the probability, less one for the label.
        let mean = factors[0].1.mean_axis(Axis(0)).unwrap();
        assert!(mean.iter().all(|g| g.abs() < 0.04), "{mean} {probable}");
        let (factors, _) = model.backward(&images, Labels::Data);
        assert!(factors[0].1.mean_axis(Axis(0)).unwrap().iter().any(|g| g.abs() > 0.1));
    }
}
