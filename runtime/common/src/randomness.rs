//! What committees are drawn from.

use core::marker::PhantomData;

use frame_support::traits::Randomness;

use crate::{BlockNumber, Hash};

/// Randomness of long ago, mixed with randomness of the block before.
///
/// `Old` is known for a long time: alone, it would let whoever submits a settlement choose the moment at
/// which the committee suits. Committees are drawn at the beginning of a block, so `Fresh`, that of the
/// parent, is that of the block whose transactions called for them: only its author knew it before. Where
/// the parent has none, `Old` is all there is.
pub struct Mixed<Old, Fresh>(PhantomData<(Old, Fresh)>);

impl<Old, Fresh> Randomness<Hash, BlockNumber> for Mixed<Old, Fresh>
where
    Old: Randomness<Hash, BlockNumber>,
    Fresh: Randomness<Option<Hash>, BlockNumber>,
{
    fn random(subject: &[u8]) -> (Hash, BlockNumber) {
        let (old, since) = Old::random(subject);
        match Fresh::random(old.as_bytes()) {
            (Some(both), parent) => (both, parent),
            (None, _) => (old, since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Epoch;

    impl Randomness<Hash, BlockNumber> for Epoch {
        fn random(subject: &[u8]) -> (Hash, BlockNumber) {
            (Hash::repeat_byte(subject.len() as u8), 100)
        }
    }

    struct Parent;

    impl Randomness<Option<Hash>, BlockNumber> for Parent {
        fn random(subject: &[u8]) -> (Option<Hash>, BlockNumber) {
            (Some(Hash::from_slice(subject) ^ Hash::repeat_byte(0xf0)), 199)
        }
    }

    struct Nothing;

    impl Randomness<Option<Hash>, BlockNumber> for Nothing {
        fn random(_: &[u8]) -> (Option<Hash>, BlockNumber) {
            (None, 199)
        }
    }

    #[test]
    fn randomness_should_depend_on_both_and_be_known_since_the_later_when_the_parent_has_some() {
        let mixed = Mixed::<Epoch, Parent>::random(b"settlement");
        assert_eq!(mixed, (Hash::repeat_byte(10 ^ 0xf0), 199));
    }

    #[test]
    fn randomness_should_be_the_older_when_the_parent_has_none() {
        let mixed = Mixed::<Epoch, Nothing>::random(b"settlement");
        assert_eq!(mixed, (Hash::repeat_byte(10), 100));
    }
}
