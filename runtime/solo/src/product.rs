//! OpenLedger's own pallets, set up as in every runtime.

use openledger_runtime_common::impl_product_pallets;

use crate::{
    consensus::CommitteeRandomness, governance::origins, weights, Attribution, Balances, Runtime,
    RuntimeHoldReason,
};

impl_product_pallets! {
    appeals: origins::Appeals,
    emission: origins::EmissionWeights,
    randomness: CommitteeRandomness,
    weights: weights,
}
