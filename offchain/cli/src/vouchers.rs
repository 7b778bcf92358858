//! What a payer gave out: the state of its vouchers, one file for each channel.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::{bail, Context as _};
use openledger_primitives::{reads::decimal, Balance, ChannelId, H256};
use serde::{Deserialize, Serialize};

use crate::commands::records::write;

/// What one channel's payer knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What the channel owes by the receipts that came, in units.
    #[serde(with = "decimal")]
    pub owed: Balance,
    /// The largest voucher that was given out, in units.
    #[serde(with = "decimal")]
    pub cumulative: Balance,
}

/// A channel's file, locked: one payment at a time.
pub struct Vouchers {
    path: PathBuf,
    /// What is known; nothing before the first voucher.
    pub given: Option<Given>,
    _lock: File,
}

impl Vouchers {
    /// Waits for the channel's file, and reads it.
    pub fn open(home: &Path, genesis: &H256, channel: ChannelId) -> anyhow::Result<Self> {
        let folder = home.join("vouchers").join(hex::encode(&genesis.0[..4]));
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let path = folder.join(format!("{channel}.json"));
        let locked = path.with_extension("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&locked)
            .and_then(|file| file.lock().map(|()| file))
            .with_context(|| locked.display().to_string())?;
        let given = match std::fs::read(&path) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => bail!("{}: {error}", path.display()),
        };
        Ok(Self { path, given, _lock: lock })
    }

    /// Writes what is known now. To be called before a voucher leaves.
    pub fn save(&mut self, given: Given) -> anyhow::Result<()> {
        write(&self.path, &serde_json::to_vec(&given)?)?;
        self.given = Some(given);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_should_find_what_was_saved() {
        let home = tempfile::tempdir().unwrap();
        let given = Given { owed: 3, cumulative: u128::MAX };
        let mut vouchers = Vouchers::open(home.path(), &H256::zero(), 7).unwrap();
        assert_eq!(vouchers.given, None);
        vouchers.save(given).unwrap();
        drop(vouchers);
        assert_eq!(Vouchers::open(home.path(), &H256::zero(), 7).unwrap().given, Some(given));
        assert_eq!(Vouchers::open(home.path(), &H256::zero(), 8).unwrap().given, None);
        assert_eq!(Vouchers::open(home.path(), &H256::repeat_byte(1), 7).unwrap().given, None);
    }
}
