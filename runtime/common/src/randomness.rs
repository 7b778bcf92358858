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
