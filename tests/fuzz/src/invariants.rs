//! What must hold whatever was called.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hasher},
};

use codec::{Decode, Encode};
use frame_support::{
    dispatch::DispatchClass,
    storage::StoragePrefixedMap,
    traits::{fungible::Inspect, PalletInfoAccess},
    weights::Weight,
};
use openledger_runtime::{
    system::Weights,
    units::{EXISTENTIAL_DEPOSIT, TOTAL_ISSUANCE},
    AccountId, Attribution, Balance, Balances, Datanets, Emission, Models, Payments, Providers,
    Runtime, RuntimeHoldReason, System,
};

/// What was found not to hold.
pub type Broken = String;

fn ensure(holds: bool, otherwise: impl FnOnce() -> Broken) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(otherwise())
    }
}

/// The supply is what it was at genesis; for after each call.
pub fn issuance() -> Result<(), Broken> {
    let issued = Balances::total_issuance();
    ensure(issued == TOTAL_ISSUANCE, || format!("issuance is {issued}"))
}

/// Everything else, for after each block. `plain` says that nothing has reserved money by the interface
/// that is older than holds: then an account's reserved money is what is on hold, and no more.
pub fn block(plain: bool) -> Result<(), Broken> {
    weight()?;
    balances(plain)?;
    holds()?;
    pot()?;
    emission()?;
    try_state()
}

/// Transactions take no more of a block than they may.
fn weight() -> Result<(), Broken> {
    let (used, limits) = (System::block_weight(), Weights::get());
    let [normal, operational, mandatory] =
        [DispatchClass::Normal, DispatchClass::Operational, DispatchClass::Mandatory]
            .map(|class| (*used.get(class), limits.get(class)));
    for (of_class, limit) in [&normal, &operational] {
        let within = limit.max_total.is_none_or(|most| of_class.all_lte(most));
        ensure(within, || format!("one class has {of_class:?}, at most {limit:?}"))?;
    }
    // The turn of a session is a whole block by itself, see [`crate::chain::Chain::is_full`]; and
    // operational calls have a reserve above the limit.
    let within = |weight: Weight| weight.all_lte(limits.max_block);
    let reserved = operational.1.reserved.is_some_and(|most| operational.0.all_lte(most));
    ensure(
        (normal.0 == Weight::zero() || within(normal.0.saturating_add(mandatory.0)))
            && (operational.0 == Weight::zero() || within(used.total()) || reserved),
        || format!("a block of {used:?}"),
    )
}

/// The accounts hold the supply, and what is reserved of each is what is on hold.
fn balances(plain: bool) -> Result<(), Broken> {
    let mut sum: Balance = 0;
    for (who, account) in frame_system::Account::<Runtime>::iter() {
        let data = account.data;
        sum = sum.saturating_add(data.free).saturating_add(data.reserved);
        let held = pallet_balances::Holds::<Runtime>::get(&who)
            .iter()
            .fold(0, |sum: Balance, hold| sum.saturating_add(hold.amount));
        let matches = if plain { held == data.reserved } else { held <= data.reserved };
        ensure(matches, || format!("{who}: {} reserved, {held} on hold", data.reserved))?;
    }
    ensure(sum == TOTAL_ISSUANCE, || format!("accounts have {sum} together"))
}

/// What each account has on hold for a product pallet is what that pallet's storage accounts for, to the
/// unit: bonds, deposits, channels.
fn holds() -> Result<(), Broken> {
    let mut expected = Expected::default();
    for (role, who, provider) in pallet_providers::Providers::<Runtime>::iter() {
        let reason = pallet_providers::HoldReason::from(role);
        expected.add(who, RuntimeHoldReason::Providers(reason), provider.held());
    }
    datanets(&mut expected);
    for (_, model) in pallet_models::Models::<Runtime>::iter() {
        let reason = RuntimeHoldReason::Models(pallet_models::HoldReason::Deposit);
        expected.add(model.owner, reason, deposit(&model.ticket));
    }
    for (_, channel) in pallet_payments::Channels::<Runtime>::iter() {
        let reason = RuntimeHoldReason::Payments(pallet_payments::HoldReason::Channel);
        let left = channel.left();
        expected.add(channel.payer, reason, left);
    }
    for (_, settlement) in pallet_attribution::Settlements::<Runtime>::iter() {
        if let (false, Some(challenge)) = (settlement.is_over(), settlement.challenge) {
            let reason = RuntimeHoldReason::Attribution(pallet_attribution::HoldReason::Challenge);
            expected.add(challenge.challenger, reason, challenge.bond);
        }
    }

    let mut found = Expected::default();
    for (who, holds) in pallet_balances::Holds::<Runtime>::iter() {
        for hold in holds.into_iter().filter(|hold| is_ours(&hold.id)) {
            found.add(who.clone(), hold.id, hold.amount);
        }
    }
    ensure(found == expected, || format!("on hold is {found:?}, accounted for {expected:?}"))
}

fn datanets(expected: &mut Expected) {
    use pallet_datanets::HoldReason::{Appeal, Bond, Deposit};

    for (_, datanet) in pallet_datanets::Datanets::<Runtime>::iter() {
        let amount = deposit(&datanet.deposit);
        expected.add(datanet.owner, RuntimeHoldReason::Datanets(Deposit), amount);
    }
    for (_, _, place) in pallet_datanets::Allowed::<Runtime>::iter() {
        let amount = deposit(&place.ticket);
        expected.add(place.payer, RuntimeHoldReason::Datanets(Deposit), amount);
    }
    for (id, contribution) in pallet_datanets::Contributions::<Runtime>::iter() {
        let who = contribution.contributor;
        let ticket = contribution.ticket.as_ref().map_or(0, deposit);
        let appeal = pallet_datanets::Appeals::<Runtime>::get(id).map_or(0, |appeal| appeal.bond);
        for (reason, amount) in [(Deposit, ticket), (Bond, contribution.bond), (Appeal, appeal)] {
            expected.add(who.clone(), RuntimeHoldReason::Datanets(reason), amount);
        }
    }
}

/// Amounts by account and reason, none of them zero.
#[derive(Debug, Default, PartialEq)]
struct Expected(BTreeMap<(AccountId, Vec<u8>), Balance>);

impl Expected {
    fn add(&mut self, who: AccountId, reason: RuntimeHoldReason, amount: Balance) {
        if amount > 0 {
            let sum = self.0.entry((who, reason.encode())).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
}

/// What a storage deposit's ticket stands for: it is the amount, and keeps it to itself.
fn deposit(ticket: &impl Encode) -> Balance {
    Balance::decode(&mut &ticket.encode()[..]).expect("a ticket is an amount")
}

fn is_ours(reason: &RuntimeHoldReason) -> bool {
    use RuntimeHoldReason::*;

    matches!(reason, Datanets(_) | Models(_) | Payments(_) | Providers(_) | Attribution(_))
}

/// The pot has what it owes and the existential deposit, and nothing else: nobody here gives it presents.
fn pot() -> Result<(), Broken> {
    let mut owed = EXISTENTIAL_DEPOSIT;
    let mut owe = |amount: Balance| owed = owed.saturating_add(amount);
    for (_, settlement) in pallet_attribution::Settlements::<Runtime>::iter() {
        if !settlement.is_over() {
            owe(settlement.total_fee);
        }
    }
    pallet_attribution::Credits::<Runtime>::iter_values().for_each(&mut owe);
    pallet_attribution::Pools::<Runtime>::iter_values().for_each(|pool| owe(pool.carry));
    let mut earners: BTreeSet<_> = pallet_attribution::Earned::<Runtime>::iter_keys().collect();
    earners.extend(pallet_attribution::PoolEntries::<Runtime>::iter_keys());
    for id in earners {
        let earned = pallet_attribution::Earned::<Runtime>::get(id);
        let contribution = pallet_datanets::Contributions::<Runtime>::get(id)
            .ok_or_else(|| format!("contribution {id} earned something and is not there"))?;
        let pooled = pallet_attribution::PoolEntries::<Runtime>::get(id).map_or(0, |entry| {
            entry.earned(&pallet_attribution::Pools::<Runtime>::get(contribution.datanet))
        });
        let accrued = earned.accrued.saturating_add(pooled);
        ensure(earned.claimed <= accrued, || format!("contribution {id} claimed too much"))?;
        owe(accrued.saturating_sub(earned.claimed));
    }
    let has = Balances::total_balance(&Attribution::pot());
    ensure(has == owed, || format!("the pot has {has} and owes {owed}"))
}

/// The emission's account has what its budgets come to and the existential deposit, and nothing else.
fn emission() -> Result<(), Broken> {
    let distribution = pallet_emission::Distribution::<Runtime>::get();
    let budgets = pallet_emission::Budgets::<Runtime>::iter_keys().map(Emission::budget);
    let owed = budgets.fold(distribution.carry, Balance::saturating_add);
    let drawn = pallet_emission::Drawn::<Runtime>::get();
    ensure(owed.saturating_add(drawn) == distribution.received, || {
        format!("{} dripped, {owed} is left, {drawn} was drawn", distribution.received)
    })?;
    let has = Balances::total_balance(&Emission::account());
    let owed = owed.saturating_add(EXISTENTIAL_DEPOSIT);
    ensure(has == owed, || format!("the emission has {has} and owes {owed}"))
}

#[cfg(feature = "try-runtime")]
fn try_state() -> Result<(), Broken> {
    use frame_support::traits::{TryState, TryStateSelect};

    let now = System::block_number();
    <openledger_runtime::AllPalletsWithSystem as TryState<_>>::try_state(now, TryStateSelect::All)
        .map_err(|error| format!("try_state: {error:?}"))
}

#[cfg(not(feature = "try-runtime"))]
fn try_state() -> Result<(), Broken> {
    Ok(())
}

/// A hash over the storage of the product pallets and all holds: equal before and after a call that failed.
pub fn digest() -> u64 {
    let mut hasher = DefaultHasher::new();
    let prefixes = [
        Datanets::name_hash().to_vec(),
        Models::name_hash().to_vec(),
        Payments::name_hash().to_vec(),
        Providers::name_hash().to_vec(),
        Attribution::name_hash().to_vec(),
        Emission::name_hash().to_vec(),
        pallet_balances::Holds::<Runtime>::final_prefix().to_vec(),
    ];
    for prefix in prefixes {
        let mut key = prefix.clone();
        while let Some(next) = sp_io::storage::next_key(&key).filter(|k| k.starts_with(&prefix)) {
            hasher.write(&next);
            hasher.write(&sp_io::storage::get(&next).unwrap_or_default());
            key = next;
        }
    }
    hasher.finish()
}
