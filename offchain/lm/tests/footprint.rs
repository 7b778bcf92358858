//! A footprint is known before anything is taken, and is not exceeded.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        atomic::{AtomicUsize, Ordering},
        Mutex,
    },
};

use common::Folder;
use openledger_lm::{
    Adapter, Config, Error, Family, Footprint, Labels, Model, Precision, Sampling, Sequence,
};

/// Counts what is held, and the most that was.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system's; the counts change nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One measurement at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The most that was held beyond what was before.
fn most(work: impl FnOnce()) -> u64 {
    let _alone = ALONE.lock().unwrap();
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    work();
    (MOST.load(Ordering::Relaxed) - before) as u64
}

fn config() -> Config {
    Config {
        family: Family::Qwen3 { attention_bias: true, windows: None },
        vocab_size: 500,
        hidden_size: 128,
        intermediate_size: 384,
        num_hidden_layers: 4,
        num_attention_heads: 4,
        head_dim: 32,
        max_position_embeddings: 4096,
        ..common::config()
    }
}

fn stored(name: &str) -> Folder {
    let folder = Folder::new(name);
    Model::random(config(), 1).unwrap().save(folder.path(), Precision::BF16).unwrap();
    folder
}

fn ids(len: u32) -> Vec<u32> {
    (0..len).map(|i| (i * i + 7) % 500).collect()
}

#[test]
fn answering_should_stay_within_its_footprint_and_grow_with_the_length() {
    let folder = stored("answering");
    let footprint = Footprint::of_checkpoint(folder.path()).unwrap();
    let needs = |len: u32| {
        most(|| {
            let model = Model::load(folder.path()).unwrap();
            model.generate(&ids(len), Sampling::greedy(4), &[], |_| true).unwrap();
        })
    };
    let (short, long) = (needs(1000), needs(4000));
    assert!(short <= footprint.answering(1004), "{short}");
    assert!(long <= footprint.answering(4004), "{long}");
    // The cache, and nothing that grows faster.
    let cache = footprint.answering(4004) - footprint.answering(1004);
    assert!(long - short <= cache + cache / 10, "{short} and {long}");
}

#[test]
fn capturing_should_stay_within_its_footprint_and_grow_with_the_length() {
    let folder = stored("capturing");
    let footprint = Footprint::of_checkpoint(folder.path()).unwrap();
    let needs = |len: u32| {
        most(|| {
            let model = Model::load(folder.path()).unwrap();
            let adapter = Adapter::new(model.config(), 8, 16.0, "base", 2).unwrap();
            let model = model.with_adapter(adapter).unwrap();
            model.capture(&[Sequence::new(ids(len))], Labels::Data).unwrap();
        })
    };
    let (short, long) = (needs(500), needs(2000));
    assert!(short <= footprint.capturing(500, 8), "{short}");
    assert!(long <= footprint.capturing(2000, 8), "{long}");
    assert!(long < 5 * short, "{short} and {long}");
    // Not many times too large either.
    assert!(footprint.capturing(2000, 8) < 3 * long, "{long}");
}

#[test]
fn footprint_should_be_refused_when_it_is_above_a_limit() {
    // Small on disk, and a cache of 131 kB a token.
    let config = Config {
        hidden_size: 1,
        intermediate_size: 1,
        num_hidden_layers: 4,
        num_attention_heads: 1,
        num_key_value_heads: 1,
        head_dim: 4096,
        max_position_embeddings: 1 << 24,
        ..common::config()
    };
    let folder = Folder::new("wide-heads");
    let used = most(|| {
        Model::random(config.clone(), 1).unwrap().save(folder.path(), Precision::BF16).unwrap();
        let model = Model::load(folder.path()).unwrap();
        model.generate(&[1, 2, 3], Sampling::greedy(4), &[], |_| true).unwrap();
    });
    assert!(used < 16 << 20, "{used}");
    let footprint = Footprint::of_checkpoint(folder.path()).unwrap();
    let needed = footprint.answering(config.max_position_embeddings);
    assert!(needed > 2 << 40, "{needed}");
    let refused = Footprint::check("an answer of the whole context", needed, 8 << 30).unwrap_err();
    assert!(matches!(refused, Error::Memory { limit: 8_589_934_592, .. }), "{refused}");
    assert!(refused.to_string().starts_with("an answer of the whole context needs"), "{refused}");
    Footprint::check("an answer", footprint.answering(100), 8 << 30).unwrap();
    // Beyond any machine, and beyond 64 bits.
    assert_eq!(footprint.answering(usize::MAX), u64::MAX);
}
