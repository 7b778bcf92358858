//! A channel says whose signature makes its vouchers.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use openledger_primitives::signature::Signer;
use pallet_payments::Channel;

use super::{prefix, rewritten, Payments};
use crate::{
    migrations::{Maps, Rewrite},
    AccountId, Balance, BlockNumber, Runtime,
};

/// A channel as version 1 had it.
#[derive(Decode, Encode)]
struct OldChannel {
    payer: AccountId,
    operator: AccountId,
    deposit: Balance,
    claimed: Balance,
    expires: BlockNumber,
    closing: Option<BlockNumber>,
}

impl Maps for Payments {
    type Pallet = crate::Payments;

    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![(prefix::<pallet_payments::Channels<Runtime>>(), |_, value, _| {
            rewritten(value, |old: OldChannel| Channel {
                signer: Signer::Account(old.payer.clone()),
                payer: old.payer,
                operator: old.operator,
                deposit: old.deposit,
                claimed: old.claimed,
                expires: old.expires,
                closing: old.closing,
                former: None,
                request: None,
            })
        })]
    }
}
