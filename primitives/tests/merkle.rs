//! Merkle proofs against a tree built in the obvious way.

use openledger_primitives::{hashing::content_id, merkle, H256};
use proptest::prelude::*;

/// The root by recursion: a tree over `n > 1` leaves splits at the largest power of two below `n`.
fn slow_root(values: &[H256]) -> H256 {
    match values {
        [] => H256::zero(),
        [value] => content_id(&[&[0u8][..], value.as_bytes()].concat()),
        _ => {
            let (left, right) = values.split_at(values.len().next_power_of_two() / 2);
            content_id(
                &[&[1u8][..], slow_root(left).as_bytes(), slow_root(right).as_bytes()].concat(),
            )
        }
    }
}

fn values(count: u64) -> Vec<H256> {
    (0..count).map(|i| content_id(&i.to_le_bytes())).collect()
}

#[test]
fn root_should_equal_the_recursive_one() {
    for count in 0..70 {
        assert_eq!(merkle::root(&values(count)), slow_root(&values(count)), "{count} leaves");
    }
}

#[test]
fn every_proof_should_verify_and_no_other_place_should() {
    for count in 1..20 {
        let values = values(count);
        let root = merkle::root(&values);
        for index in 0..count {
            let proof = merkle::proof(&values, index).expect("index in range");
            for (other, value) in values.iter().enumerate() {
                assert_eq!(
                    merkle::verify(&root, value, index, count, &proof),
                    other == index as usize,
                );
            }
            assert!(!merkle::verify(&root, &values[index as usize], count, count, &proof));
        }
        assert!(merkle::proof(&values, count).is_none());
    }
}

proptest! {
    #[test]
    fn a_changed_proof_should_fail(count in 2u64..64, index in 0u64..64, at in 0usize..8, bit in 0usize..256) {
        let values = values(count);
        let index = index % count;
        let root = merkle::root(&values);
        let mut proof = merkle::proof(&values, index).expect("index in range");
        prop_assume!(at < proof.len());
        proof[at].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!merkle::verify(&root, &values[index as usize], index, count, &proof));
        proof[at].0[bit / 8] ^= 1 << (bit % 8);
        proof.push(H256::zero());
        prop_assert!(!merkle::verify(&root, &values[index as usize], index, count, &proof));
    }
}

#[test]
fn a_node_should_not_pass_as_a_leaf() {
    let values = values(4);
    let inner = merkle::root(&values[..2]);
    let sibling = merkle::root(&values[2..]);
    assert!(!merkle::verify(&merkle::root(&values), &inner, 0, 2, &[sibling]));
}
