//! The integers that hold tokens.

use bytemuck::Pod;
use libsais::SuffixArrayConstruction;

use crate::{Error, Result};

/// The most tokens and separators of a shard: what libsais counts with 32 bits.
pub const MAX_TEXT: usize = i32::MAX as usize;

/// An unsigned integer that holds tokens. Its largest value separates records, so separators are sorted last.
pub trait Token: Pod + Ord + Send + Sync {
    /// After each record.
    const SEPARATOR: Self;

    /// Of an id below the alphabet's size.
    fn from_id(id: u32) -> Self;

    /// Its id.
    fn id(self) -> u32;

    /// The positions of all suffixes of `text`, in order, a suffix that another one begins with before it.
    fn sort(text: &[Self]) -> Result<Vec<i32>>;
}

macro_rules! small {
    ($integer:ty) => {
        impl Token for $integer {
            const SEPARATOR: Self = Self::MAX;

            fn from_id(id: u32) -> Self {
                id as Self
            }

            fn id(self) -> u32 {
                self.into()
            }

            fn sort(text: &[Self]) -> Result<Vec<i32>> {
                check(text.len())?;
                SuffixArrayConstruction::for_text(text)
                    .in_owned_buffer32()
                    .single_threaded()
                    .run()
                    .map(|sorted| sorted.into_vec())
                    .map_err(failed(text.len()))
            }
        }
    };
}

small!(u8);
small!(u16);

impl Token for u32 {
    const SEPARATOR: Self = Self::MAX;

    fn from_id(id: u32) -> Self {
        id
    }

    fn id(self) -> u32 {
        self
    }

    fn sort(text: &[Self]) -> Result<Vec<i32>> {
        check(text.len())?;
        // libsais wants what is not negative, and as little as keeps the order.
        let tokens = || text.iter().copied().filter(|token| *token != Self::SEPARATOR);
        let separator = tokens().max().map_or(0, |largest| largest.saturating_add(1));
        let mut dense: Vec<i32> = text.iter().map(|token| (*token).min(separator) as i32).collect();
        SuffixArrayConstruction::for_text_mut(&mut dense)
            .in_owned_buffer32()
            .single_threaded()
            .run()
            .map(|sorted| sorted.into_vec())
            .map_err(failed(text.len()))
    }
}

fn check(tokens: usize) -> Result<()> {
    if tokens <= MAX_TEXT {
        return Ok(());
    }
    Err(Error::Construction { tokens, reason: format!("at most {MAX_TEXT} are taken") })
}

fn failed(tokens: usize) -> impl FnOnce(libsais::LibsaisError) -> Error {
    move |error| Error::Construction { tokens, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive<T: Token>(text: &[T]) -> Vec<i32> {
        let mut positions: Vec<i32> = (0..text.len() as i32).collect();
        positions.sort_by_key(|position| &text[*position as usize..]);
        positions
    }

    #[test]
    fn sort_should_order_suffixes_whatever_holds_them() {
        let ids: Vec<u32> = (0..400_u32).map(|i| i.wrapping_mul(i) % 7).collect();
        let text = |i: usize| if i % 50 == 49 { None } else { Some(ids[i]) };
        fn check<T: Token + std::fmt::Debug>(text: impl Fn(usize) -> Option<u32>) {
            let text: Vec<T> = (0..400).map(|i| text(i).map_or(T::SEPARATOR, T::from_id)).collect();
            assert_eq!(T::sort(&text).unwrap(), naive(&text));
            assert_eq!(T::sort(&[]).unwrap(), [0_i32; 0]);
        }
        check::<u8>(text);
        check::<u16>(text);
        check::<u32>(text);
    }
}
