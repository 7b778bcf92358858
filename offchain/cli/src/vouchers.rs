//! What a payer gave out: the state of its vouchers, one file for each channel.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::{bail, Context as _};
use openledger_primitives::{json::decimal, Balance, ChannelId, H256};
use serde::{Deserialize, Serialize};

use crate::files::write;

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

impl Given {
    /// The larger of two accounts of the same channel: amounts only grow.
    pub fn or_more(self, other: Self) -> Self {
        Self { owed: self.owed.max(other.owed), cumulative: self.cumulative.max(other.cumulative) }
    }
}

/// A channel's file, locked: one payment at a time.
pub struct Vouchers {
    path: PathBuf,
    /// What is known.
    pub given: Given,
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
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Given::default(),
            Err(error) => bail!("{}: {error}", path.display()),
        };
        Ok(Self { path, given, _lock: lock })
    }

    /// Writes what is known now. To be called before a voucher leaves.
    pub fn save(&mut self, given: Given) -> anyhow::Result<()> {
        write(&self.path, &serde_json::to_vec(&given)?)?;
        self.given = given;
        Ok(())
    }
}
