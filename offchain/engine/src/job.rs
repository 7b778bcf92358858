//! What the chain says of a settlement, and how far an engine is with it.

use std::{fmt, str::FromStr};

use openledger_artefacts::{AdapterIds, BaseIds, IndexIds};
use openledger_influence::{batch::Settlement, work::Parameters};
use openledger_primitives::{
    attribution::Attribution, hashing, json::decimal, Balance, ContentId, ContributionId, ModelId,
    ModelVersion, Ppm, SettlementId, H256,
};
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};

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
    /// What it has in common with the jobs that have the same result: all but the attempt is equal.
    pub fn work(&self) -> Id {
        let same = Self { attempt: 0, ..self.clone() };
        Id::of(&serde_json::to_vec(&same).expect("numbers, strings and lists always serialise"))
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

/// The BLAKE2b-256 hash of a job's body, as 64 hexadecimal digits: no other job stands in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(H256);

impl Id {
    /// Of a body.
    pub fn of(body: &[u8]) -> Self {
        Self(hashing::content_id(body))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut id = [0; 32];
        // One way to write it only: it names a file.
        match hex::decode_to_slice(text, &mut id) {
            Ok(()) if !text.contains(|digit: char| digit.is_ascii_uppercase()) => {
                Ok(Self(H256(id)))
            }
            _ => Err(format!("{text:?} is no job id: expected 64 hexadecimal digits")),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
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
    use openledger_primitives::{attribution::Attribution, json::hex_bytes};
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
        assert_eq!((job.total_fee, job.index.method), (1200, H256::repeat_byte(10)));
        assert_eq!(serde_json::to_string(&job).unwrap(), json);
        assert_eq!(job.work(), Job { attempt: 2, ..job.clone() }.work());
        assert_ne!(job.work(), Job { floor: 0, ..job.clone() }.work());
        assert_ne!(job.work(), Job { trace: 0, ..job.clone() }.work());
        let untraced = json.replace(&hash(11), "null");
        assert_eq!(serde_json::from_str::<Job>(&untraced).unwrap().index.trace, None);
        let unknown = json.replacen('{', "{\"colour\":1,", 1);
        assert!(serde_json::from_str::<Job>(&unknown).is_err());
    }

    #[test]
    fn id_should_be_read_in_one_form_only() {
        let id = Id::of(b"a job");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 64);
        for wrong in [
            "",
            "-",
            "00ff01ab",
            &id.to_string().to_uppercase(),
            &format!("0x{id}"),
            &format!("{id}0"),
            &format!("../{}", &id.to_string()[3..]),
        ] {
            assert!(wrong.parse::<Id>().is_err(), "{wrong}");
        }
    }
}
