//! Typed reads of the state at one block.

use std::{collections::BTreeMap, time::Duration};

use codec::{Decode, Encode};
use openledger_primitives::{
    attribution::Attribution, reads::Claimable, Balance, BlockNumber, ChannelId, ContributionId,
    DatanetId, ModelId, ModelVersion, SettlementId, VersionNumber, H256,
};
use subxt::{
    dynamic::{self, Value},
    ext::scale_decode::DecodeAsType,
    rpcs::client::rpc_params,
    OnlineClientAtBlock, PolkadotConfig,
};

use crate::{
    types::{
        Account, Balances, Channel, Contribution, Datanet, Model, ModelVersionInfo, PendingPrice,
        Provider, Role, Settlement, Static, Version,
    },
    AccountId, BlockId, Chain, Error, Result,
};

/// The state after one block.
///
/// Every read fails if the node does not answer, no longer has this state, or its runtime stores something else under
/// the name.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) client: OnlineClientAtBlock<PolkadotConfig>,
    pub(crate) chain: Chain,
    pub(crate) block: BlockId,
}

type Keys = Vec<Value>;

impl View {
    /// The block.
    pub fn block(&self) -> BlockId {
        self.block
    }

    /// The version of the runtime.
    pub fn spec_version(&self) -> u32 {
        self.client.spec_version()
    }

    /// A constant of the runtime.
    ///
    /// # Errors
    /// If this runtime has none of that name, or of another type.
    pub fn constant<V: DecodeAsType>(&self, pallet: &str, name: &str) -> Result<V> {
        let address = subxt::constants::dynamic::<V>(pallet, name);
        let what = format!("{pallet}.{name}, a constant of the runtime");
        self.client.constants().entry(address).map_err(Error::reading(what))
    }

    /// How long a block takes, as the runtime's consensus has it.
    ///
    /// # Errors
    /// If the runtime has neither BABE's blocks nor Aura's.
    pub fn block_time(&self) -> Result<Duration> {
        let millis = self
            .constant::<u64>("Babe", "ExpectedBlockTime")
            .or_else(|_| self.constant::<u64>("Aura", "SlotDuration"))?;
        Ok(Duration::from_millis(millis))
    }

    async fn read<V: DecodeAsType>(
        &self,
        pallet: &str,
        entry: &str,
        keys: Keys,
    ) -> Result<Option<V>> {
        let what = || format!("{pallet}.{entry} at block {}", self.block.number);
        let value = self
            .client
            .storage()
            .try_fetch(dynamic::storage::<Keys, V>(pallet, entry), keys)
            .await
            .map_err(Error::reading(what()))?;
        value.map(|value| value.decode()).transpose().map_err(Error::reading(what()))
    }

    /// Of a value that the chain always has, or that is zero without.
    async fn whole<V: DecodeAsType + Default>(
        &self,
        pallet: &str,
        entry: &str,
        keys: Keys,
    ) -> Result<V> {
        Ok(self.read(pallet, entry, keys).await?.unwrap_or_default())
    }

    /// The last key and the value of all entries under `keys`, in the order of their keys.
    async fn all<K, V>(&self, pallet: &str, entry: &str, keys: Keys) -> Result<Vec<(K, V)>>
    where
        K: DecodeAsType + Ord,
        V: DecodeAsType,
    {
        let what = || format!("{pallet}.{entry} at block {}", self.block.number);
        let mut entries = self
            .client
            .storage()
            .iter(dynamic::storage::<Keys, V>(pallet, entry), keys)
            .await
            .map_err(Error::reading(what()))?;
        let mut found = Vec::new();
        while let Some(entry) = entries.next().await {
            let entry = entry.map_err(Error::reading(what()))?;
            let key = entry.key().map_err(Error::reading(what()))?;
            let part = key.part(key.parts().len().saturating_sub(1));
            let key = part
                .map(|part| part.decode_as::<K>())
                .transpose()
                .map_err(Error::reading(what()))?
                .flatten()
                .ok_or_else(|| Error::Unexpected {
                    what: what(),
                    reason: "its keys cannot be read back".into(),
                })?;
            found.push((key, entry.value().decode().map_err(Error::reading(what()))?));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// The answer of a runtime API.
    async fn ask<V: Decode>(&self, method: &str, arguments: Vec<u8>) -> Result<V> {
        let arguments = format!("0x{}", hex::encode(arguments));
        let params = rpc_params![method, arguments, self.block.hash];
        let answer: String = self.chain.request("state_call", params).await?;
        let bytes = hex::decode(answer.trim_start_matches("0x")).map_err(Error::reading(method))?;
        V::decode(&mut bytes.as_slice()).map_err(Error::reading(method))
    }

    /// Units of OPEN in all.
    pub async fn total_issuance(&self) -> Result<Balance> {
        self.whole("Balances", "TotalIssuance", vec![]).await
    }

    /// An account's nonce and balances; zeros where it does not exist.
    pub async fn account(&self, account: &AccountId) -> Result<Account> {
        let none = Account { nonce: 0, data: Balances { free: 0, reserved: 0 } };
        Ok(self.read("System", "Account", vec![bytes(account)]).await?.unwrap_or(none))
    }

    /// An account in a role.
    pub async fn provider(&self, role: Role, account: &AccountId) -> Result<Option<Provider>> {
        let role = Value::unnamed_variant(format!("{role:?}"), []);
        self.read("Providers", "Providers", vec![role, bytes(account)]).await
    }

    /// The block of a provider's last heartbeat.
    pub async fn last_seen(&self, role: Role, account: &AccountId) -> Result<Option<BlockNumber>> {
        let role = Value::unnamed_variant(format!("{role:?}"), []);
        self.read("Providers", "LastSeen", vec![role, bytes(account)]).await
    }

    /// The ledger that an operator's gateway serves from.
    pub async fn ledger_of(&self, operator: &AccountId) -> Result<Option<H256>> {
        self.read("Providers", "Ledgers", vec![bytes(operator)]).await
    }

    /// The account that signs for an attributor.
    pub async fn worker_of(&self, attributor: &AccountId) -> Result<Option<AccountId>> {
        self.read("Providers", "WorkerOf", vec![bytes(attributor)]).await
    }

    /// The attributor for whom an account signs.
    pub async fn attributor_of(&self, worker: &AccountId) -> Result<Option<AccountId>> {
        self.read("Providers", "Workers", vec![bytes(worker)]).await
    }

    /// A datanet.
    pub async fn datanet(&self, datanet: DatanetId) -> Result<Option<Datanet>> {
        self.read("Datanets", "Datanets", vec![number(datanet)]).await
    }

    /// All datanets.
    pub async fn datanets(&self) -> Result<Vec<(DatanetId, Datanet)>> {
        self.all("Datanets", "Datanets", vec![]).await
    }

    /// A contribution.
    pub async fn contribution(&self, contribution: ContributionId) -> Result<Option<Contribution>> {
        self.read("Datanets", "Contributions", vec![number(contribution)]).await
    }

    /// All contributions.
    pub async fn contributions(&self) -> Result<Vec<(ContributionId, Contribution)>> {
        self.all("Datanets", "Contributions", vec![]).await
    }

    /// What the next version of a datanet will list.
    pub async fn accepted(&self, datanet: DatanetId) -> Result<Vec<ContributionId>> {
        self.whole("Datanets", "Accepted", vec![number(datanet)]).await
    }

    /// A version of a datanet.
    pub async fn version(
        &self,
        datanet: DatanetId,
        version: VersionNumber,
    ) -> Result<Option<Version>> {
        self.read("Datanets", "Versions", vec![number(datanet), number(version)]).await
    }

    /// All versions of a datanet.
    pub async fn versions(&self, datanet: DatanetId) -> Result<Vec<(VersionNumber, Version)>> {
        self.all("Datanets", "Versions", vec![number(datanet)]).await
    }

    /// The account that collects a datanet's income.
    pub async fn treasury(&self, datanet: DatanetId) -> Result<AccountId> {
        self.ask("OpenLedgerApi_datanet_treasury", datanet.encode()).await
    }

    /// A datanet's weight in the ecosystem's emission, and what could be drawn for it now, in units.
    pub async fn emission(&self, datanet: DatanetId) -> Result<(u32, Balance)> {
        self.ask("OpenLedgerApi_emission", datanet.encode()).await
    }

    /// The contributions that a model's version was trained on and that were withdrawn or voided since; ascending.
    pub async fn withdrawn_data(
        &self,
        model: ModelId,
        version: ModelVersion,
    ) -> Result<Vec<ContributionId>> {
        self.ask("OpenLedgerApi_withdrawn_data", (model, version).encode()).await
    }

    /// A model, with the prices that hold in this block.
    pub async fn model(&self, model: ModelId) -> Result<Option<Model>> {
        let found: Option<Model> = self.read("Models", "Models", vec![number(model)]).await?;
        let Some(found) = found else { return Ok(None) };
        let pending = self.pending_price(model).await?;
        Ok(Some(found.at(self.block.number, pending.as_ref())))
    }

    /// All models, with the prices that hold in this block.
    pub async fn models(&self) -> Result<Vec<(ModelId, Model)>> {
        let models: Vec<(ModelId, Model)> = self.all("Models", "Models", vec![]).await?;
        let pending: Vec<(ModelId, PendingPrice)> =
            self.all("Models", "PendingPrices", vec![]).await?;
        let pending: BTreeMap<_, _> = pending.into_iter().collect();
        let at = |(id, model): (ModelId, Model)| {
            let pending = pending.get(&id);
            (id, model.at(self.block.number, pending))
        };
        Ok(models.into_iter().map(at).collect())
    }

    /// Prices of a model of which notice was given. They may hold already.
    pub async fn pending_price(&self, model: ModelId) -> Result<Option<PendingPrice>> {
        self.read("Models", "PendingPrices", vec![number(model)]).await
    }

    /// A version of a model.
    pub async fn model_version(
        &self,
        model: ModelId,
        version: ModelVersion,
    ) -> Result<Option<ModelVersionInfo>> {
        self.read("Models", "Versions", vec![number(model), number(version)]).await
    }

    /// All versions of a model.
    pub async fn model_versions(
        &self,
        model: ModelId,
    ) -> Result<Vec<(ModelVersion, ModelVersionInfo)>> {
        self.all("Models", "Versions", vec![number(model)]).await
    }

    /// The version of a base that an adapter registered in block `at` belongs to: the newest of then.
    pub async fn base_version(
        &self,
        base: ModelId,
        at: BlockNumber,
    ) -> Result<Option<ModelVersionInfo>> {
        let versions = self.model_versions(base).await?.into_iter().rev();
        Ok(versions.map(|(_, info)| info).find(|info| info.registered <= at))
    }

    /// A channel.
    pub async fn channel(&self, channel: ChannelId) -> Result<Option<Channel>> {
        self.read("Payments", "Channels", vec![number(channel)]).await
    }

    /// The id of the next channel that is opened.
    pub async fn next_channel(&self) -> Result<ChannelId> {
        self.whole("Payments", "NextChannelId", vec![]).await
    }

    /// All open channels.
    pub async fn channels(&self) -> Result<Vec<(ChannelId, Channel)>> {
        self.all("Payments", "Channels", vec![]).await
    }

    /// The settlement of an operator's receipts root.
    pub async fn settlement_of(
        &self,
        operator: &AccountId,
        root: &H256,
    ) -> Result<Option<SettlementId>> {
        let key = Value::unnamed_composite([bytes(operator), Value::from_bytes(root.0)]);
        self.read("Payments", "Roots", vec![key]).await
    }

    /// A settlement.
    pub async fn settlement(&self, settlement: SettlementId) -> Result<Option<Settlement>> {
        self.read("Attribution", "Settlements", vec![number(settlement)]).await
    }

    /// All settlements.
    pub async fn settlements(&self) -> Result<Vec<(SettlementId, Settlement)>> {
        self.all("Attribution", "Settlements", vec![]).await
    }

    /// What a member of a settlement's committee revealed, as long as the chain keeps it.
    pub async fn reveal(
        &self,
        settlement: SettlementId,
        attributor: &AccountId,
    ) -> Result<Option<Attribution>> {
        let keys = vec![number(settlement), bytes(attributor)];
        let reveal = self.read::<Static<Attribution>>("Attribution", "Reveals", keys).await?;
        Ok(reveal.map(|reveal| reveal.0))
    }

    /// The accounts that have something to claim for their work or their models.
    pub async fn credited(&self) -> Result<Vec<AccountId>> {
        let credits: Vec<([u8; 32], Balance)> = self.all("Attribution", "Credits", vec![]).await?;
        Ok(credits.into_iter().map(|(account, _)| AccountId::from(account)).collect())
    }

    /// What an account can claim.
    pub async fn claimable(&self, account: &AccountId) -> Result<Claimable> {
        self.ask("OpenLedgerApi_claimable", account.0.encode()).await
    }

    /// The account that holds what is settled and not yet claimed.
    pub async fn pot(&self) -> Result<AccountId> {
        self.ask("OpenLedgerApi_attribution_pot", vec![]).await
    }
}

fn number(number: impl Into<u128>) -> Value {
    Value::u128(number.into())
}

fn bytes(account: &AccountId) -> Value {
    Value::from_bytes(account.0)
}
