//! The calls that OpenLedger's programs make, with their arguments in the order of the chapters of `docs/protocol/`.

use codec::Encode;
use openledger_primitives::{
    fraud::Fraud,
    licence::Licence,
    signature::{Signature, Signer},
    voucher::{Authority, SignedClosing},
    Balance, BlockNumber, ChannelId, ContentId, ContributionId, DatanetId, ModelId, ModelVersion,
    SettlementId, VersionNumber, H256,
};
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
use subxt::{
    dynamic::Value,
    ext::scale_value::{scale, Composite},
    tx::{DynamicPayload, StaticPayload},
};

use crate::{
    types::{IndexInfo, Policy, Role},
    AccountId,
};

/// A call with its arguments, not yet checked against a runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pallet: &'static str,
    name: &'static str,
    arguments: Vec<Value>,
}

/// Why a contribution is turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// The bytes are not what was declared.
    Malformed,
    /// The records are in the datanet already.
    Duplicate,
    /// The records belong elsewhere.
    OffTopic,
    /// The records teach nothing.
    LowQuality,
    /// The contributor has no right to give them.
    Unlicensed,
    /// The records do harm.
    Harmful,
}

/// What is taken from a channel in a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The newest voucher, or a one-off payment.
    pub voucher: Authority,
    /// What is taken now, in units.
    pub amount: Balance,
}

/// Where a record is in a contribution, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerklePath {
    /// Which record, from 0.
    pub index: u32,
    /// The siblings, from the leaf upwards.
    pub siblings: Vec<H256>,
}

impl Call {
    fn new(pallet: &'static str, name: &'static str, arguments: impl Into<Vec<Value>>) -> Self {
        Self { pallet, name, arguments: arguments.into() }
    }

    /// Such as `Datanets.create`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.pallet, self.name)
    }

    pub(crate) fn payload(&self) -> DynamicPayload<Composite<()>> {
        StaticPayload::new(self.pallet, self.name, Composite::unnamed(self.arguments.clone()))
    }
}

/// Several calls of which all succeed or none.
pub fn batch_all(calls: &[Call]) -> Call {
    let calls: Vec<Value> = calls.iter().map(|call| call.payload().into_value()).collect();
    Call::new("Utility", "batch_all", [Value::unnamed_composite(calls)])
}

/// Sends `amount` units; the sender's account must survive.
pub fn transfer(to: &AccountId, amount: Balance) -> Call {
    let to = Value::unnamed_variant("Id", [account(to)]);
    Call::new("Balances", "transfer_keep_alive", [to, Value::u128(amount)])
}

/// How a provider describes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Where to reach it.
    pub endpoint: String,
    /// Where it is.
    pub region: String,
    /// On what it works.
    pub hardware: String,
}

impl Metadata {
    fn value(&self) -> Value {
        Value::named_composite([
            ("endpoint", text(&self.endpoint)),
            ("region", text(&self.region)),
            ("hardware", text(&self.hardware)),
        ])
    }
}

/// Takes up a role against a bond.
pub fn register_provider(role: Role, bond: Balance, metadata: &Metadata) -> Call {
    Call::new("Providers", "register", [role_value(role), Value::u128(bond), metadata.value()])
}

/// Describes a provider anew.
pub fn set_metadata(role: Role, metadata: &Metadata) -> Call {
    Call::new("Providers", "set_metadata", [role_value(role), metadata.value()])
}

/// Names the ledger that an operator's gateway serves from.
pub fn set_ledger(ledger: &H256) -> Call {
    Call::new("Providers", "set_ledger", [hash(ledger)])
}

/// Names the account that signs for an attributor off chain, with its signature that it agrees; or dismisses it.
pub fn set_worker(worker: Option<(&AccountId, &Signature)>) -> Call {
    let consent = worker.map(|(worker, signed)| {
        Value::named_composite([("worker", account(worker)), ("signature", signature(signed))])
    });
    Call::new("Providers", "set_worker", [option(consent)])
}

/// Says that a provider is there.
pub fn heartbeat(role: Role) -> Call {
    Call::new("Providers", "heartbeat", [role_value(role)])
}

fn role_value(role: Role) -> Value {
    Value::unnamed_variant(format!("{role:?}"), [])
}

/// Creates a datanet.
pub fn create_datanet(
    name: &str,
    metadata: &str,
    licence: &Licence,
    policy: Policy,
    curators: &[AccountId],
) -> Call {
    let policy = Value::unnamed_variant(format!("{policy:?}"), []);
    let curators = Value::unnamed_composite(curators.iter().map(account));
    let arguments = [text(name), text(metadata), licence_value(licence), policy, curators];
    Call::new("Datanets", "create", arguments)
}

/// Lets an account contribute where the policy is an allow list, or no longer.
pub fn allow(datanet: DatanetId, who: &AccountId, allowed: bool) -> Call {
    Call::new("Datanets", "allow", [number(datanet), account(who), Value::bool(allowed)])
}

/// Submits records.
pub fn contribute(
    datanet: DatanetId,
    root: &H256,
    content: &ContentId,
    records: u32,
    bytes: u64,
    label: &str,
) -> Call {
    let arguments =
        [number(datanet), hash(root), hash(content), number(records), number(bytes), text(label)];
    Call::new("Datanets", "contribute", arguments)
}

/// Accepts a contribution, or rejects it for a reason.
pub fn review(contribution: ContributionId, reject: Option<RejectReason>) -> Call {
    let verdict = match reject {
        None => Value::unnamed_variant("Accept", []),
        Some(reason) => {
            let reason = Value::unnamed_variant(format!("{reason:?}"), []);
            Value::unnamed_variant("Reject", [reason])
        }
    };
    Call::new("Datanets", "review", [number(contribution), verdict])
}

/// Freezes what is accepted.
pub fn publish(datanet: DatanetId) -> Call {
    Call::new("Datanets", "publish", [number(datanet)])
}

/// Offers the right to be paid for a contribution.
pub fn transfer_payout(contribution: ContributionId, to: &AccountId) -> Call {
    Call::new("Datanets", "transfer_payout", [number(contribution), account(to)])
}

/// Takes up the right to be paid for a contribution.
pub fn accept_payout(contribution: ContributionId) -> Call {
    Call::new("Datanets", "accept_payout", [number(contribution)])
}

/// Shows that a record is in an earlier and in a later contribution.
pub fn prove_duplicate(
    earlier: (ContributionId, &MerklePath),
    later: (ContributionId, &MerklePath),
    record: &H256,
) -> Call {
    let siblings = |path: &MerklePath| Value::unnamed_composite(path.siblings.iter().map(hash));
    let arguments = [
        number(earlier.0),
        number(later.0),
        hash(record),
        number(earlier.1.index),
        siblings(earlier.1),
        number(later.1.index),
        siblings(later.1),
    ];
    Call::new("Datanets", "prove_duplicate", arguments)
}

/// Appeals the rejection of a contribution.
pub fn appeal(contribution: ContributionId) -> Call {
    Call::new("Datanets", "appeal", [number(contribution)])
}

/// Registers a base model.
pub fn register_base(
    name: &str,
    artefact: &ContentId,
    config: &ContentId,
    size: u64,
    price_in: Balance,
    price_out: Balance,
) -> Call {
    let arguments = [
        text(name),
        hash(artefact),
        hash(config),
        number(size),
        Value::u128(price_in),
        Value::u128(price_out),
    ];
    Call::new("Models", "register_base", arguments)
}

/// What is registered of a version of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterVersion {
    /// Content id of its weights.
    pub artefact: ContentId,
    /// Content id of its configuration.
    pub config: ContentId,
    /// Bytes of both together.
    pub size: u64,
    /// Ascending.
    pub trained_on: Vec<(DatanetId, VersionNumber)>,
    /// Its attribution index.
    pub index: IndexInfo,
}

impl AdapterVersion {
    fn arguments(&self) -> [Value; 5] {
        let trained_on = self.trained_on.iter().map(|(datanet, version)| {
            Value::unnamed_composite([number(*datanet), number(*version)])
        });
        let index = Value::named_composite([
            ("content", hash(&self.index.content)),
            ("root", hash(&self.index.root)),
            ("method", hash(&self.index.method)),
            ("blocks", number(self.index.blocks)),
            ("variants", number(self.index.variants)),
            ("trace", option(self.index.trace.as_ref().map(hash))),
            ("size", number(self.index.size)),
        ]);
        [
            hash(&self.artefact),
            hash(&self.config),
            number(self.size),
            Value::unnamed_composite(trained_on),
            option(Some(index)),
        ]
    }
}

/// Registers an adapter.
pub fn register_adapter(
    name: &str,
    base: ModelId,
    parents: &[ModelId],
    version: &AdapterVersion,
    price_in: Balance,
    price_out: Balance,
) -> Call {
    let parents = Value::unnamed_composite(parents.iter().copied().map(number));
    let mut arguments = vec![text(name), number(base), parents];
    arguments.extend(version.arguments());
    arguments.extend([Value::u128(price_in), Value::u128(price_out)]);
    Call::new("Models", "register_adapter", arguments)
}

/// Registers a new version of an adapter.
pub fn register_version(model: ModelId, version: &AdapterVersion) -> Call {
    let mut arguments = vec![number(model)];
    arguments.extend(version.arguments());
    Call::new("Models", "register_version", arguments)
}

/// Sets prices, in units per 1,000 tokens.
pub fn set_price(model: ModelId, price_in: Balance, price_out: Balance) -> Call {
    Call::new("Models", "set_price", [number(model), Value::u128(price_in), Value::u128(price_out)])
}

/// Sets money aside for an operator.
pub fn open_channel(operator: &AccountId, deposit: Balance, expires: BlockNumber) -> Call {
    Call::new(
        "Payments",
        "open_channel",
        [account(operator), Value::u128(deposit), number(expires)],
    )
}

/// Pays an operator for one request.
pub fn pay(operator: &AccountId, amount: Balance, expires: BlockNumber, request: &H256) -> Call {
    let arguments = [account(operator), Value::u128(amount), number(expires), hash(request)];
    Call::new("Payments", "pay", arguments)
}

/// Adds to a channel's deposit.
pub fn top_up(channel: ChannelId, amount: Balance) -> Call {
    Call::new("Payments", "top_up", [number(channel), Value::u128(amount)])
}

/// Starts the delay after which a payer may close.
pub fn request_close(channel: ChannelId) -> Call {
    Call::new("Payments", "request_close", [number(channel)])
}

/// Closes a channel.
pub fn close(channel: ChannelId) -> Call {
    Call::new("Payments", "close", [number(channel)])
}

/// Names the key that signs a channel's vouchers; the payer's own where there is none.
pub fn set_signer(channel: ChannelId, signer: Option<&Signer<AccountId>>) -> Call {
    let signer = signer.map(|signer| match signer {
        Signer::Account(who) => Value::unnamed_variant("Account", [account(who)]),
        Signer::Ethereum(address) => {
            Value::unnamed_variant("Ethereum", [Value::from_bytes(address)])
        }
    });
    Call::new("Payments", "set_signer", [number(channel), option(signer)])
}

/// Closes a channel at once, with its operator's signature.
pub fn close_now(signed: &SignedClosing) -> Call {
    let SignedClosing { closing, signature } = signed;
    let arguments =
        [number(closing.channel), Value::u128(closing.claimed), self::signature(signature)];
    Call::new("Payments", "close_now", arguments)
}

/// Settles a batch of receipts of one model version.
pub fn settle(
    model: ModelId,
    version: ModelVersion,
    claims: &[Claim],
    receipts_root: &H256,
    batch: &ContentId,
    count: u32,
    total_fee: Balance,
) -> Call {
    let claims = claims.iter().map(|Claim { voucher, amount }| {
        Value::named_composite([
            ("channel", number(voucher.voucher.channel)),
            ("cumulative", Value::u128(voucher.voucher.cumulative)),
            ("expires", number(voucher.voucher.expires)),
            ("signature", option(voucher.signature.as_ref().map(signature))),
            ("amount", Value::u128(*amount)),
        ])
    });
    let arguments = [
        number(model),
        number(version),
        Value::unnamed_composite(claims),
        hash(receipts_root),
        hash(batch),
        number(count),
        Value::u128(total_fee),
    ];
    Call::new("Payments", "settle", arguments)
}

/// Pays an account what it earned for its work and its models.
pub fn claim(to: &AccountId) -> Call {
    Call::new("Attribution", "claim", [account(to)])
}

/// Pays each contribution's owner what it earned. At most 32 at a time.
pub fn claim_contributions(ids: &[ContributionId]) -> Call {
    let ids = Value::unnamed_composite(ids.iter().copied().map(number));
    Call::new("Attribution", "claim_contributions", [ids])
}

/// Moves a settlement on whose time is up.
pub fn advance(settlement: SettlementId) -> Call {
    Call::new("Attribution", "advance", [number(settlement)])
}

/// Challenges the shares that a committee found.
pub fn challenge(settlement: SettlementId) -> Call {
    Call::new("Attribution", "challenge", [number(settlement)])
}

/// Sets a number that governance tunes, with the Root key of a development chain: of the group and by the
/// name that the runtime's metadata has, as `Attribution` and `ChallengeBlocks`.
pub fn set_parameter(group: &str, name: &str, value: u128) -> Call {
    let key = Value::unnamed_composite([]);
    let parameter = Value::unnamed_variant(name, [key, option(Some(Value::u128(value)))]);
    let parameter = Value::unnamed_variant(group, [parameter]);
    sudo(Call::new("Parameters", "set_parameter", [parameter]))
}

/// Sets a datanet's weight in the ecosystem's emission, with the Root key of a development chain.
pub fn set_emission_weight(datanet: DatanetId, weight: u32) -> Call {
    sudo(Call::new("Emission", "set_weight", [number(datanet), number(weight)]))
}

/// Lets the ecosystem's emission drip.
pub fn drip() -> Call {
    Call::new("Emission", "drip", [])
}

fn sudo(call: Call) -> Call {
    Call::new("Sudo", "sudo", [call.payload().into_value()])
}

/// Shows a step of what an attributor revealed for a settlement to be wrong.
pub fn prove_fraud(settlement: SettlementId, attributor: &AccountId, fraud: &Fraud) -> Call {
    let arguments = [number(settlement), account(attributor), typed(fraud)];
    Call::new("Attribution", "prove_fraud", arguments)
}

/// A value of the protocol, by its own description of its type.
fn typed<T: Encode + TypeInfo + 'static>(value: &T) -> Value {
    let (id, types) = description::<T>();
    scale::decode_as_type(&mut value.encode().as_slice(), id, &types)
        .expect("a type that was derived describes its encoding")
        .remove_context()
}

fn description<T: TypeInfo + 'static>() -> (u32, PortableRegistry) {
    let mut registry = Registry::new();
    let id = registry.register_type(&MetaType::new::<T>()).id;
    (id, registry.into())
}

fn account(account: &AccountId) -> Value {
    Value::from_bytes(account.0)
}

fn hash(hash: &H256) -> Value {
    Value::from_bytes(hash.0)
}

fn signature(signature: &Signature) -> Value {
    let (name, bytes) = match signature {
        Signature::Ed25519(bytes) => ("Ed25519", &bytes[..]),
        Signature::Sr25519(bytes) => ("Sr25519", &bytes[..]),
        Signature::Ethereum(bytes) => ("Ethereum", &bytes[..]),
    };
    Value::unnamed_variant(name, [Value::from_bytes(bytes)])
}

fn text(text: &str) -> Value {
    Value::from_bytes(text)
}

fn number(number: impl Into<u128>) -> Value {
    Value::u128(number.into())
}

fn option(value: Option<Value>) -> Value {
    match value {
        Some(value) => Value::unnamed_variant("Some", [value]),
        None => Value::unnamed_variant("None", []),
    }
}

fn licence_value(licence: &Licence) -> Value {
    Value::named_composite([
        ("training", Value::bool(licence.training)),
        ("evaluation", Value::bool(licence.evaluation)),
        ("retrieval", Value::bool(licence.retrieval)),
        ("commercial", Value::bool(licence.commercial)),
        ("derivatives", Value::bool(licence.derivatives)),
        ("min_data_share", number(licence.min_data_share)),
        ("training_price", Value::u128(licence.training_price)),
        ("expires", option(licence.expires.map(number))),
        ("revocable", Value::bool(licence.revocable)),
        ("withdrawn", Value::unnamed_variant(format!("{:?}", licence.withdrawn), [])),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_primitives::{
        fraud::{IndexProof, PartialProof, Path, QueryProof, ScoreProof, StepProof, SumsProof},
        receipt::Receipt,
        trace::Trace,
    };

    fn path(length: usize) -> Path {
        vec![H256::repeat_byte(7); length].try_into().unwrap()
    }

    fn step() -> StepProof {
        let [scores, trace, sums] = [1, 3, 2].map(H256::repeat_byte);
        StepProof { receipt: 3, fee: u128::MAX, scores, trace, sums, path: path(3) }
    }

    fn score() -> ScoreProof {
        let (score, partials) = (i128::MIN, H256::repeat_byte(5));
        ScoreProof { contribution: 4, variant: 255, score, partials, path: path(1) }
    }

    #[test]
    fn typed_should_hold_what_encodes_to_the_same_bytes() {
        let values = Box::new(core::array::from_fn(|i| i as i16 - 128));
        let (sum, total) = (i64::MIN, i128::MIN);
        let partial = PartialProof { block: 6, shift: 7, sum, total, path: path(2) };
        let first = PartialProof { block: 0, shift: 255, sum: 1, total: i128::MAX, path: path(0) };
        let index = IndexProof { values: values.clone(), path: path(2) };
        let query = QueryProof { shift: 7, values, path: path(2) };
        let sums = SumsProof { step: step(), sums: vec![0, u128::MAX].try_into().unwrap() };
        let receipt = Receipt {
            genesis: H256::repeat_byte(1),
            model: 2,
            version: 3,
            operator: H256::repeat_byte(4),
            payer: H256::repeat_byte(5),
            channel: 6,
            cumulative: 7,
            request: H256::repeat_byte(8),
            response: H256::repeat_byte(9),
            tokens_in: 10,
            tokens_out: 11,
            fee: 12,
            issued_at: 13,
        };
        let scores: Vec<_> = vec![(-1, H256::zero()), (i128::MAX, H256::repeat_byte(1))];
        let (id, types) = description::<Fraud>();
        for fraud in [
            Fraud::Score {
                step: step(),
                score: score(),
                partial: partial.clone(),
                previous: Some(first.clone()),
            },
            Fraud::Score { step: step(), score: score(), partial: first, previous: None },
            Fraud::Partial { step: step(), score: score(), partial, index, query },
            Fraud::Step {
                step: step(),
                scores: scores.try_into().unwrap(),
                trace: Trace {
                    bits: u64::MAX,
                    credits: vec![(1, 2), (3, u64::MAX)].try_into().unwrap(),
                },
                previous: Some(sums.clone()),
            },
            Fraud::Step {
                step: step(),
                scores: Default::default(),
                trace: Trace::default(),
                previous: None,
            },
            Fraud::Fee { step: step(), receipt, path: path(0) },
            Fraud::Shares { last: sums },
        ] {
            let mut bytes = Vec::new();
            scale::encode_as_type(&typed(&fraud), id, &types, &mut bytes).unwrap();
            assert_eq!(bytes, fraud.encode());
        }
    }
}
