use codec::FullCodec;
use frame_support::StorageValue;
use sp_runtime::{
    traits::{CheckedAdd, One},
    ArithmeticError,
};

/// Takes the next id, and remembers the one after it in `Next`. Ids never return.
///
/// # Errors
/// `Overflow` once all ids but the last were taken.
pub fn next_id<Next, Id>() -> Result<Id, ArithmeticError>
where
    Id: FullCodec + Copy + CheckedAdd + One,
    Next: StorageValue<Id, Query = Id>,
{
    Next::try_mutate(|next| {
        let id = *next;
        *next = id.checked_add(&One::one()).ok_or(ArithmeticError::Overflow)?;
        Ok(id)
    })
}
