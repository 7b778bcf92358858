//! How storage that an older runtime wrote becomes what this one reads.
//!
//! Maps can be long, so they are rewritten over as many blocks as that takes, by `pallet-migrations`;
//! until they are, blocks hold nothing else. [`CHANGELOG`](../../../../CHANGELOG.md) says which version of the
//! runtime brought which version of the storage.

pub mod v2;
pub mod v3;
pub mod v4;

use alloc::vec::Vec;
use codec::{DecodeAll, Encode};
use core::marker::PhantomData;
use frame_support::{
    migrations::{MigrationId, SteppedMigration, SteppedMigrationError},
    traits::{ConstU32, GetStorageVersion, PalletInfoAccess, StorageInfoTrait, StorageVersion},
    weights::constants::ParityDbWeight as DbWeight,
    weights::WeightMeter,
    BoundedVec,
};
use sp_io::storage;

/// The migrations of this runtime, in the order in which they run.
pub type Migrations = (
    ToVersion2<v2::Providers>,
    ToVersion2<v2::Datanets>,
    ToVersion2<v2::Models>,
    ToVersion2<v2::Payments>,
    ToVersion2<v2::Attribution>,
    ToVersion3<v3::Models>,
    ToVersion3<v3::Attribution>,
    ToVersion4<v4::Models>,
    ToVersion4<v4::Attribution>,
);

/// From storage version 1 to 2.
pub type ToVersion2<M> = ToVersion<2, M>;
/// From storage version 2 to 3.
pub type ToVersion3<M> = ToVersion<3, M>;
/// From storage version 3 to 4.
pub type ToVersion4<M> = ToVersion<4, M>;

/// The longest key of a map that is rewritten.
pub const MAX_KEY: u32 = 256;

/// The last key that was looked at.
pub type Cursor = BoundedVec<u8, ConstU32<MAX_KEY>>;

/// What becomes of an entry.
pub enum Rewritten {
    /// It has this value from now on.
    Value(Vec<u8>),
    /// It goes.
    Removed,
}

/// Decodes what the older runtime wrote, to the last byte, and encodes what becomes of it.
fn rewritten<Old: DecodeAll, New: Encode>(
    value: &[u8],
    new: impl FnOnce(Old) -> New,
) -> Option<Rewritten> {
    let old = Old::decode_all(&mut &*value).ok()?;
    Some(Rewritten::Value(new(old).encode()))
}

/// A map's prefix.
fn prefix<Map: StorageInfoTrait>() -> Vec<u8> {
    Map::storage_info().into_iter().next().map(|info| info.prefix).unwrap_or_default()
}

/// Turns an entry, by its whole key and its value, into what it is from now on; nothing where the value
/// is not what the older runtime wrote. Counts in `reads` what it reads besides.
pub type Rewrite = fn(key: &[u8], value: &[u8], reads: &mut u64) -> Option<Rewritten>;

/// The maps of a pallet that change with a version.
pub trait Maps {
    /// The pallet.
    type Pallet: GetStorageVersion<InCodeStorageVersion = StorageVersion> + PalletInfoAccess;

    /// Each map's prefix, and what becomes of its entries; in the order in which they are rewritten.
    fn maps() -> Vec<(Vec<u8>, Rewrite)>;
}

/// Rewrites a pallet's maps from storage version `TO - 1` to `TO`, entry by entry.
///
/// An entry that does not decode is left as it is, with an error in the log: nothing is lost that a later
/// runtime could read.
pub struct ToVersion<const TO: u8, M>(PhantomData<M>);

impl<const TO: u8, M: Maps> ToVersion<TO, M> {
    /// Rewrites one entry, and returns how much it read besides.
    fn rewrite(key: &[u8], rewrite: Rewrite) -> u64 {
        let mut reads = 0;
        let value = storage::get(key).unwrap_or_default();
        match rewrite(key, &value, &mut reads) {
            Some(Rewritten::Value(value)) => storage::set(key, &value),
            Some(Rewritten::Removed) => storage::clear(key),
            None => log::error!(
                target: "runtime::migrations",
                "the value under {} is not what version {} wrote; left as it is",
                sp_core::hexdisplay::HexDisplay::from(&key),
                TO.saturating_sub(1),
            ),
        }
        reads
    }
}

impl<const TO: u8, M: Maps> SteppedMigration for ToVersion<TO, M> {
    type Cursor = Cursor;
    type Identifier = MigrationId<32>;

    fn id() -> Self::Identifier {
        let mut pallet_id = [0; 32];
        let name = <M::Pallet as PalletInfoAccess>::name().as_bytes();
        pallet_id.iter_mut().zip(name).for_each(|(byte, letter)| *byte = *letter);
        MigrationId { pallet_id, version_from: TO.saturating_sub(1), version_to: TO }
    }

    fn migrating_prefixes() -> Option<impl IntoIterator<Item = Vec<u8>>> {
        Some(M::maps().into_iter().map(|(prefix, _)| prefix))
    }

    fn step(
        cursor: Option<Cursor>,
        meter: &mut WeightMeter,
    ) -> Result<Option<Cursor>, SteppedMigrationError> {
        // Of an entry its key and its value, and two reads more; the entry, and a deposit.
        let least = DbWeight::get().reads_writes(4, 3);
        if meter.remaining().any_lt(least) {
            return Err(SteppedMigrationError::InsufficientWeight { required: least });
        }
        // A chain that began with the newer storage has nothing to rewrite.
        let to = StorageVersion::new(TO.into());
        if M::Pallet::on_chain_storage_version() >= to {
            return Ok(None);
        }
        let maps = M::maps();
        let start = maps.first().map(|(prefix, _)| prefix.clone()).unwrap_or_default();
        // The key after which it goes on: of an entry, or a map's prefix.
        let mut at = cursor.map_or(start, BoundedVec::into_inner);
        let number = maps.iter().position(|(prefix, _)| at.starts_with(prefix)).unwrap_or(0);
        for (prefix, rewrite) in maps.iter().skip(number) {
            if !at.starts_with(prefix) {
                at = prefix.clone();
            }
            loop {
                if meter.try_consume(least).is_err() {
                    let cursor = Cursor::try_from(at);
                    return cursor.map(Some).map_err(|_| SteppedMigrationError::InvalidCursor);
                }
                let key = storage::next_key(&at).filter(|key| key.starts_with(prefix));
                let Some(key) = key else { break };
                let reads = Self::rewrite(&key, *rewrite);
                at = key;
                // Done already: what it read beyond what was foreseen ends this block's part earlier.
                let more = DbWeight::get().reads(reads.saturating_sub(2));
                meter.consume(more.min(meter.remaining()));
            }
        }
        to.put::<M::Pallet>();
        Ok(None)
    }
}
