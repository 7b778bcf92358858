//! What a record of an input does: calls that know the protocol. Each takes what it needs from the state
//! and from the record's bytes, so that signatures, hashes and proofs are right unless a byte wants them
//! wrong.

pub mod attribution;
pub mod datanets;
pub mod emission;
pub mod governance;
pub mod models;
pub mod money;
pub mod payments;
pub mod providers;

use std::collections::BTreeMap;

use openledger_primitives::{receipt::Receipt, SettlementId, H256};
use openledger_runtime::{AccountId, BlockNumber, RuntimeCall, System};

use crate::arguments::Arguments;

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// A transaction.
    Signed(AccountId, RuntimeCall),
    /// A call that governance decided.
    Root(RuntimeCall),
    /// Ends the block; the next is so many blocks later.
    Blocks(BlockNumber),
}

/// What only those off chain know, from the beginning of an input on.
#[derive(Clone, Default)]
pub struct World {
    /// The receipts under each root that an operator handed in.
    pub batches: BTreeMap<H256, Vec<Receipt>>,
    /// What each attributor committed to.
    pub answers: BTreeMap<(SettlementId, AccountId), attribution::Answer>,
}

/// Makes the steps of a record.
pub type Action = fn(&mut World, &mut Arguments) -> Vec<Step>;

/// All of them; a record's first byte chooses. Those on which others depend are there more often.
pub const ACTIONS: &[Action] = &[
    blocks,
    datanets::create,
    datanets::set_curators,
    datanets::set_licence,
    datanets::allow,
    datanets::contribute,
    datanets::contribute,
    datanets::review,
    datanets::review,
    datanets::lapse,
    datanets::withdraw,
    datanets::publish,
    datanets::spend,
    datanets::transfer_ownership,
    datanets::accept_ownership,
    datanets::transfer_payout,
    datanets::accept_payout,
    datanets::prove_duplicate,
    datanets::appeal,
    datanets::lapse_appeal,
    models::register_base,
    models::register_adapter,
    models::register_version,
    models::set_price,
    models::deprecate,
    models::transfer_ownership,
    models::accept_ownership,
    payments::open_channel,
    payments::top_up,
    payments::request_close,
    payments::close,
    payments::settle,
    payments::settle,
    payments::set_signer,
    payments::close_now,
    payments::pay,
    providers::register,
    providers::bond_more,
    providers::unbond,
    providers::withdraw_unbonded,
    providers::set_metadata,
    providers::set_worker,
    providers::presence,
    attribution::work,
    attribution::work,
    attribution::work,
    attribution::commit,
    attribution::reveal,
    attribution::advance,
    emission::drip,
    attribution::claim,
    attribution::claim_contributions,
    attribution::challenge,
    attribution::prove_fraud,
    governance::resolve_appeal,
    governance::set_emission_weight,
    governance::set_parameter,
    money::transfer,
    money::lock,
    money::vest,
];

/// One transaction.
fn one(who: AccountId, call: impl Into<RuntimeCall>) -> Vec<Step> {
    vec![Step::Signed(who, call.into())]
}

/// Waits until a block, but not for years, and then makes the transaction.
fn from_block(block: BlockNumber, who: AccountId, call: impl Into<RuntimeCall>) -> Vec<Step> {
    let mut steps = Vec::new();
    let wait = block.saturating_sub(System::block_number());
    if wait > 0 && wait < 20 * openledger_runtime::units::DAYS {
        steps.push(Step::Blocks(wait));
    }
    steps.extend(one(who, call));
    steps
}

fn blocks(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    use openledger_runtime::units::{DAYS, HOURS, MINUTES};

    let after = a.pick(&[1, 2, 10, MINUTES, 30 * MINUTES, HOURS, HOURS + 1, DAYS, 7 * DAYS]);
    vec![Step::Blocks(after.unwrap_or(1))]
}
