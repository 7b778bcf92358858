//! A settlement's transcripts, checked against what the chain says.

use std::collections::HashSet;

use openledger_primitives::{
    hashing, merkle, receipt::Transcript, signature::Signature, Balance, ModelId, ModelVersion,
    SettlementId, H256,
};

use crate::{Error, Result};

/// What the chain says of a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// Its id.
    pub settlement: SettlementId,
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// The operator's account.
    pub operator: H256,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// How many receipts.
    pub count: u32,
    /// Their fees together, in units.
    pub total_fee: Balance,
}

/// Reads a batch: JSON lines of transcripts.
///
/// # Errors
/// Naming the first line that is not a transcript.
pub fn parse(bytes: &[u8]) -> Result<Vec<Transcript>> {
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&byte| byte == b'\n');
    lines
        .enumerate()
        .map(|(i, line)| {
            serde_json::from_slice(line)
                .map_err(|error| Error::Transcript { line: i + 1, column: error.column() })
        })
        .collect()
}

impl Settlement {
    /// Checks every transcript, then their root, number and fees.
    ///
    /// # Errors
    /// At the first thing that is not as the settlement says.
    pub fn check(&self, transcripts: &[Transcript]) -> Result<()> {
        let mut ids = Vec::with_capacity(transcripts.len());
        let mut seen = HashSet::with_capacity(transcripts.len());
        let mut fees: Balance = 0;
        for (i, transcript) in transcripts.iter().enumerate() {
            let id = transcript.signed.receipt.id();
            self.check_one(transcript, &id)
                .map_err(|reason| Error::Receipt { receipt: i, reason })?;
            if !seen.insert(id) {
                let reason = "it occurs twice in the batch".into();
                return Err(Error::Receipt { receipt: i, reason });
            }
            fees = fees.saturating_add(transcript.signed.receipt.fee);
            ids.push(id);
        }
        let whole = |what, expected: String, found: String| {
            if expected == found {
                Ok(())
            } else {
                Err(Error::Batch { what, expected, found })
            }
        };
        whole("the number of receipts", self.count.to_string(), ids.len().to_string())?;
        whole("the sum of fees", self.total_fee.to_string(), fees.to_string())?;
        let root = merkle::root(&ids);
        whole("the Merkle root", format!("{:?}", self.receipts_root), format!("{root:?}"))
    }

    fn check_one(&self, transcript: &Transcript, id: &H256) -> Result<(), String> {
        let receipt = &transcript.signed.receipt;
        let same = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            if expected == found {
                Ok(())
            } else {
                Err(format!("its {what} is {found}, expected {expected}"))
            }
        };
        same("genesis hash", &self.genesis, &receipt.genesis)?;
        same("model", &self.model, &receipt.model)?;
        same("model version", &self.version, &receipt.version)?;
        same("operator", &self.operator, &receipt.operator)?;
        let request = hashing::token_ids(hashing::REQUEST, &transcript.prompt_ids);
        same("request hash", &request, &receipt.request)?;
        let response = hashing::token_ids(hashing::RESPONSE, &transcript.output_ids);
        same("response hash", &response, &receipt.response)?;
        signed_by(&self.operator, id.as_bytes(), &transcript.signed.signature)
    }
}

/// Whether an operator's account signed a message.
fn signed_by(account: &H256, message: &[u8], signature: &Signature) -> Result<(), String> {
    let Signature::Sr25519(bytes) = signature else {
        return Err("it is signed with Ed25519; operators sign with Sr25519".into());
    };
    let valid = schnorrkel::PublicKey::from_bytes(account.as_bytes())
        .and_then(|key| {
            let signature = schnorrkel::Signature::from_bytes(bytes)?;
            key.verify_simple(b"substrate", message, &signature)
        })
        .is_ok();
    if valid {
        Ok(())
    } else {
        Err(format!("its signature is not one of operator {account:?} over its id"))
    }
}
