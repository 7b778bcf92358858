//! What the chain says of a settlement, and how far an engine is with it.

use std::{fmt, str::FromStr};

use openledger_artefacts::{AdapterIds, BaseIds, IndexIds};
use openledger_influence::{batch::Settlement, work::Parameters};
use openledger_primitives::{
    attribution::Attribution, reads::decimal, Balance, ContentId, ContributionId, ModelId,
    ModelVersion, Ppm, SettlementId, H256,
};
use serde::{Deserialize, Serialize};

/// A job: the body of `POST /jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// The settlement.
    pub settlement: SettlementId,
    /// Which committee asks. The result does not depend on it.
    pub attempt: u8,
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the batch of transcripts.
    pub batch: ContentId,
    /// How many receipts.
    pub count: u32,
    /// Their fees together, in units.
    #[serde(with = "decimal")]
    pub total_fee: Balance,
    /// The operator's account.
    pub operator: H256,
    /// The base that the adapter is of.
    pub base: BaseIds,
    /// The adapter.
    pub adapter: AdapterIds,
    /// Its attribution index, and its trace index.
    pub index: IndexIds,
    /// All contributions of the datanet versions that the adapter was trained on, ascending.
    pub contributions: Vec<ContributionId>,
    /// Shares of an answer below this go to the pool.
    pub floor: Ppm,
    /// How much of what a trace explains follows the trace.
    pub trace: Ppm,
}

impl Job {
    /// Its id.
    pub fn id(&self) -> JobId {
        let [a, b, c, d, ..] = self.genesis.0;
        JobId { chain: [a, b, c, d], settlement: self.settlement }
    }

    /// Whether another job has the same result: all but the attempt is equal.
    pub fn same_work(&self, other: &Self) -> bool {
        *self == Self { attempt: self.attempt, ..other.clone() }
    }

    /// What decides the shares of an answer.
    pub fn parameters(&self) -> Parameters {
        Parameters { floor: self.floor, trace: self.trace }
    }

    /// What the batch must agree with.
    pub fn settlement(&self) -> Settlement {
        Settlement {
            genesis: self.genesis,
            settlement: self.settlement,
            model: self.model,
            version: self.version,
            operator: self.operator,
            receipts_root: self.receipts_root,
            count: self.count,
            total_fee: self.total_fee,
        }
    }
}

/// `<first 8 hexadecimal digits of the genesis hash>-<settlement>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    chain: [u8; 4],
    settlement: SettlementId,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", hex::encode(self.chain), self.settlement)
    }
}

impl FromStr for JobId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (chain, settlement) = text.split_once('-')?;
            let mut id = Self { chain: [0; 4], settlement: settlement.parse().ok()? };
            hex::decode_to_slice(chain, &mut id.chain).ok()?;
            // One way to write it only: it names a file.
            (id.to_string() == text).then_some(id)
        };
        read().ok_or_else(|| {
            format!("{text:?} is no job id: expected 8 hexadecimal digits, - and a settlement")
        })
    }
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Others come first.
    Queued,
    /// It is being computed.
    Running,
    /// It is computed.
    Done {
        /// What goes on chain.
        #[serde(with = "scale")]
        attribution: Attribution,
        /// Content id of the job report.
        report: ContentId,
    },
    /// It cannot be computed.
    Failed {
        /// Why.
        error: String,
    },
}

impl State {
    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
        }
    }
}

/// `0x` and the hexadecimal SCALE encoding.
mod scale {
    use codec::{DecodeAll, Encode};
    use openledger_primitives::{attribution::Attribution, reads::hex_bytes};
    use serde::{de::Error, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Attribution, serializer: S) -> Result<S::Ok, S::Error> {
        hex_bytes::serialize(&value.encode(), serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Attribution, D::Error> {
        let bytes = hex_bytes::deserialize(deserializer)?;
        Attribution::decode_all(&mut bytes.as_slice()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_should_be_read_when_written_as_in_the_protocol() {
        let hash = |byte| format!("\"{:?}\"", H256::repeat_byte(byte));
        let json = format!(
            "{{\"genesis\":{},\"settlement\":7,\"attempt\":1,\"model\":2,\"version\":1,\
             \"receipts_root\":{},\"batch\":{},\"count\":12,\"total_fee\":\"1200\",\"operator\":{},\
             \"base\":{{\"artefact\":{},\"config\":{}}},\"adapter\":{{\"artefact\":{},\"config\":{}}},\
             \"index\":{{\"content\":{},\"root\":{},\"method\":{},\"blocks\":270,\"variants\":1,\
             \"trace\":{}}},\"contributions\":[0,1,2],\"floor\":1000,\"trace\":200000}}",
            hash(0xab),
            hash(1),
            hash(2),
            hash(3),
            hash(4),
            hash(5),
            hash(6),
            hash(7),
            hash(8),
            hash(9),
            hash(10),
            hash(11),
        );
        let job: Job = serde_json::from_str(&json).unwrap();
        assert_eq!(job.id().to_string(), "abababab-7");
        assert_eq!((job.total_fee, job.index.method), (1200, H256::repeat_byte(10)));
        assert_eq!(serde_json::to_string(&job).unwrap(), json);
        assert!(job.same_work(&Job { attempt: 2, ..job.clone() }));
        assert!(!job.same_work(&Job { floor: 0, ..job.clone() }));
        assert!(!job.same_work(&Job { trace: 0, ..job.clone() }));
        let untraced = json.replace(&hash(11), "null");
        assert_eq!(serde_json::from_str::<Job>(&untraced).unwrap().index.trace, None);
        let unknown = json.replacen('{', "{\"colour\":1,", 1);
        assert!(serde_json::from_str::<Job>(&unknown).is_err());
    }

    #[test]
    fn id_should_be_read_in_one_form_only() {
        let id: JobId = "00ff01ab-18446744073709551615".parse().unwrap();
        assert_eq!(id.to_string(), "00ff01ab-18446744073709551615");
        for wrong in [
            "",
            "-",
            "00ff01ab",
            "00ff01ab-",
            "00FF01ab-1",
            "00ff01ab-01",
            "00ff01ab-+1",
            "../../etc-1",
            "00ff01-1",
        ] {
            assert!(wrong.parse::<JobId>().is_err(), "{wrong}");
        }
    }
}
