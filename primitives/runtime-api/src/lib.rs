//! What a node asks of OpenLedger's runtime: the reads behind the `openledger_*` RPC namespace.

#![cfg_attr(not(feature = "std"), no_std)]

use codec::Codec;
extern crate alloc;

use alloc::vec::Vec;
use openledger_primitives::{
    reads::{Claimable, Lineage, SettlementState},
    Balance, ContributionId, DatanetId, ModelId, ModelVersion, Ppm, SettlementId,
};

sp_api::decl_runtime_apis! {
    /// What clients ask for and storage does not hold as such: all that the pallets' view functions
    /// compute. What they merely read lies in storage maps of the same names.
    #[api_version(3)]
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

        /// The settlements on which an attributor has to work now, ascending.
        fn open_jobs(attributor: AccountId) -> Vec<SettlementId>;

        /// The account that is paid for a contribution; nothing where there is no such contribution.
        fn payout_account(contribution: ContributionId) -> Option<AccountId>;

        /// What a model's answers cost now, in units per 1,000 tokens of a prompt and of an answer.
        fn price(model: ModelId) -> Option<(Balance, Balance)>;

        /// The contributions that a model's version was trained on, ascending.
        fn contributions(model: ModelId, version: ModelVersion) -> Vec<ContributionId>;

        /// Those of them that were withdrawn or voided since.
        fn withdrawn_data(model: ModelId, version: ModelVersion) -> Vec<ContributionId>;

        /// The least part of a fee that must go to a model version's data.
        fn min_data_share(model: ModelId, version: ModelVersion) -> Ppm;

        /// The active attributors and their bonds, ascending.
        fn attributors() -> Vec<(AccountId, Balance)>;

        /// The weight of a datanet in the ecosystem's emission, and what could be drawn for it now, in
        /// units.
        fn emission(datanet: DatanetId) -> (u32, Balance);

        /// The account that holds what the emission dripped and nobody drew yet.
        fn emission_account() -> AccountId;
    }
}
