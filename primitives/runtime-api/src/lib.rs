//! What a node asks of OpenLedger's runtime: the reads behind the `openledger_*` RPC namespace.

#![cfg_attr(not(feature = "std"), no_std)]

use codec::Codec;
use openledger_primitives::{
    reads::{Claimable, Lineage, SettlementState},
    DatanetId, ModelId, SettlementId,
};

sp_api::decl_runtime_apis! {
    /// Reads that clients ask for all the time.
    pub trait OpenLedgerApi<AccountId>
    where
        AccountId: Codec,
    {
        /// What `account` could claim now, for its work and for its contributions.
        fn claimable(account: AccountId) -> Claimable;

        /// From what a model descends; nothing where there is no such model.
        fn lineage(model: ModelId) -> Option<Lineage>;

        /// Where a settlement stands; nothing where there is no such settlement.
        fn settlement(settlement: SettlementId) -> Option<SettlementState>;

        /// The account that collects a datanet's own income.
        fn datanet_treasury(datanet: DatanetId) -> AccountId;

        /// The account that holds what is settled and not yet claimed.
        fn attribution_pot() -> AccountId;
    }
}
