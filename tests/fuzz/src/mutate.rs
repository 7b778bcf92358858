//! Making new inputs of old ones, record by record.

use rand::{seq::IndexedRandom, Rng};

use crate::{
    arguments::RECORD,
    run::{MAX_RECORDS, RAW},
};

/// An input, and the encoded calls that it made: record, signer's number, call.
pub struct Parent {
    pub input: Vec<u8>,
    pub encoded: Vec<(usize, u8, Vec<u8>)>,
}

/// Something like `parent`, perhaps with a piece of `other`.
pub fn mutate(parent: &Parent, other: &Parent, rng: &mut impl Rng) -> Vec<u8> {
    let mut records: Vec<Record> = parse(&parent.input);
    for _ in 0..1 << rng.random_range(0..4) {
        let at = rng.random_range(0..=records.len());
        match rng.random_range(0..12) {
            0..=4 => records.insert(at, random(rng)),
            5 => {
                let until = rng.random_range(at..=records.len().min(at + 8));
                records.drain(at..until);
            }
            6 => {
                let until = rng.random_range(at..=records.len().min(at + 8));
                let copy = records[at..until].to_vec();
                let to = rng.random_range(0..=records.len());
                records.splice(to..to, copy);
            }
            7 | 8 => {
                if let Some(record) = records.get_mut(at) {
                    let byte = rng.random_range(0..RECORD);
                    record[byte] = bent(record[byte], rng);
                }
            }
            9 => {
                let donor = parse(&other.input);
                let from = rng.random_range(0..=donor.len());
                let until = rng.random_range(from..=donor.len().min(from + 16));
                records.splice(at..at, donor[from..until].iter().copied());
            }
            10 => {
                if let Some((place, who, call)) = parent.encoded.choose(rng) {
                    let mut call = call.clone();
                    for _ in 0..rng.random_range(0..4) {
                        let byte = rng.random_range(0..call.len());
                        call[byte] = bent(call[byte], rng);
                    }
                    let place = (*place).min(records.len());
                    records.splice(place..place, raw(*who, &call));
                }
            }
            _ => {
                // A call of a pallet that no action makes, from its indices on.
                let mut call: Vec<u8> =
                    (0..rng.random_range(2..40)).map(|_| zeroish(rng)).collect();
                call[0] = rng.random_range(0..45);
                call[1] = rng.random_range(0..24);
                records.splice(at..at, raw(rng.random_range(0..12), &call));
            }
        }
    }
    records.truncate(MAX_RECORDS);
    records.concat()
}

type Record = [u8; RECORD];

fn parse(input: &[u8]) -> Vec<Record> {
    input.chunks_exact(RECORD).map(|chunk| chunk.try_into().expect("chunks of this size")).collect()
}

fn random(rng: &mut impl Rng) -> Record {
    let mut record: Record = core::array::from_fn(|_| zeroish(rng));
    record[0] = rng.random();
    record[1] = rng.random();
    record
}

/// Half of the bytes are zero, which is the plain choice everywhere.
fn zeroish(rng: &mut impl Rng) -> u8 {
    if rng.random() {
        0
    } else {
        rng.random()
    }
}

fn bent(byte: u8, rng: &mut impl Rng) -> u8 {
    match rng.random_range(0..4) {
        0 => rng.random(),
        1 => byte.wrapping_add(1),
        2 => byte.wrapping_sub(1),
        _ => byte ^ (1 << rng.random_range(0..8)),
    }
}

/// The records of an encoded call; none where it is too long for one.
fn raw(who: u8, call: &[u8]) -> Vec<Record> {
    let more = call.len().saturating_sub(RECORD - 3).div_ceil(RECORD);
    let Ok(number) = u8::try_from(more) else { return Vec::new() };
    let mut bytes = vec![RAW, who, number];
    bytes.extend_from_slice(call);
    bytes.resize((1 + more) * RECORD, 0);
    parse(&bytes)
}
