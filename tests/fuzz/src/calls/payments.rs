//! Calls of `pallet-payments`.

use openledger_primitives::{
    hashing::content_id,
    merkle,
    receipt::Receipt,
    signature::Signer,
    voucher::{Closing, Voucher},
    Balance, ChannelId, ModelId, H256, UNIT,
};
use openledger_runtime::{
    units::{DAYS, HOURS},
    AccountId, Balances, BlockNumber, Runtime, System,
};
use pallet_payments::{Channel, Claim};
use pallet_providers::Role;

use super::{from_block, models, one, providers, Step, World};
use crate::{
    accounts::{edwards, ethereum, sign},
    arguments::Arguments,
};

type Call = pallet_payments::Call<Runtime>;

/// Open channels that are in some way, ascending.
fn such(is: impl Fn(&Channel<AccountId>) -> bool) -> Vec<ChannelId> {
    let mut ids: Vec<_> = pallet_payments::Channels::<Runtime>::iter()
        .filter(|(_, channel)| is(channel))
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids
}

fn channel(id: ChannelId) -> Option<Channel<AccountId>> {
    pallet_payments::Channels::<Runtime>::get(id)
}

fn payer(id: ChannelId) -> Option<AccountId> {
    channel(id).map(|channel| channel.payer)
}

fn expiry(a: &mut Arguments) -> BlockNumber {
    let now = System::block_number();
    let expiries = [BlockNumber::MAX, now + HOURS, now + 10 * DAYS, now + 1, now, 0];
    // Most mean to use a channel for a while.
    let byte = a.byte();
    expiries[if byte < 192 { usize::from(byte % 3) } else { usize::from(byte % 6) }]
}

fn operator(a: &mut Arguments) -> AccountId {
    let operators = providers::those(Role::Operator);
    match a.pick(&operators) {
        Some(operator) if !a.rarely() => operator,
        _ => a.user(),
    }
}

pub fn open_channel(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let operator = operator(a);
    let deposit = a.amount(100 * UNIT);
    one(a.anyone(), Call::open_channel { operator, deposit, expires: expiry(a) })
}

pub fn pay(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let operator = operator(a);
    let amount = a.amount(UNIT);
    let expires = expiry(a);
    let request = content_id(&[a.byte(), 3]);
    one(a.anyone(), Call::pay { operator, amount, expires, request })
}

pub fn top_up(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|channel| channel.request.is_none()));
    let who = a.caller(payer(id));
    let near = if a.rarely() { Balances::free_balance(&who) } else { UNIT };
    let amount = a.amount(near);
    one(who, Call::top_up { channel: id, amount })
}

pub fn request_close(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|channel| channel.closing.is_none()));
    one(a.caller(payer(id)), Call::request_close { channel: id })
}

/// By the operator, by the payer when its delay is over, or by anyone when the channel is.
pub fn close(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|_| true));
    let Some(entry) = channel(id) else {
        return one(a.anyone(), Call::close { channel: id });
    };
    let (who, from) = match a.byte() % 4 {
        0 => (entry.payer, entry.closing.unwrap_or(0)),
        1 => (entry.operator, 0),
        2 => (a.user(), entry.expires.saturating_add(HOURS + 1)),
        _ => (a.user(), 0),
    };
    from_block(from, a.caller(Some(who)), Call::close { channel: id })
}

pub fn set_signer(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let open = such(|channel| channel.request.is_none() && channel.closing.is_none());
    let id = a.id(&open);
    let signer = match a.byte() % 4 {
        0 => Some(Signer::Ethereum(ethereum())),
        1 => Some(Signer::Account(edwards())),
        2 => Some(Signer::Account(a.user())),
        _ => None,
    };
    let former = channel(id).and_then(|channel| channel.former);
    let from = former.map_or(0, |(_, until)| until.saturating_add(1));
    let from = if a.rarely() { 0 } else { from };
    from_block(from, a.caller(payer(id)), Call::set_signer { channel: id, signer })
}

pub fn close_now(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|_| true));
    let Some(entry) = channel(id) else { return Vec::new() };
    let claimed = a.amount(entry.claimed);
    let statement = Closing { channel: id, claimed }.preimage(&pallet_common::genesis::<Runtime>());
    let other = a.rarely();
    let signer = if other { entry.payer.clone() } else { entry.operator };
    let Some(signature) = sign(&Signer::Account(signer), &statement, a.rarely()) else {
        return Vec::new();
    };
    one(a.caller(Some(entry.payer)), Call::close_now { channel: id, claimed, signature })
}

/// One operator's claims on up to four of its channels, for one to three receipts.
pub fn settle(world: &mut World, a: &mut Arguments) -> Vec<Step> {
    let first = a.id(&such(|channel| channel.left() > 0));
    let Some(operator) = channel(first).map(|channel| channel.operator) else { return Vec::new() };
    let model = a.id(&models::adapters());
    let number = usize::from(1 + a.byte() % 4);
    let mut channels = such(|channel| channel.operator == operator && channel.left() > 0);
    channels.retain(|id| *id != first);
    channels.insert(0, first);
    let claims: Vec<Claim> = channels.iter().take(number).filter_map(|id| claim(*id, a)).collect();
    let sum = claims.iter().fold(0, |sum: Balance, claim| sum.saturating_add(claim.amount));
    let total_fee = if a.rarely() { a.amount(sum) } else { sum };
    let receipts = receipts(world, model, &operator, total_fee, 1 + a.byte() % 3);
    let ids: Vec<H256> = receipts.iter().map(Receipt::id).collect();
    let mut receipts_root = merkle::root(&ids);
    let mut count = ids.len() as u32;
    match a.byte() {
        // A root that is there already, or a number of receipts that is not theirs.
        240..=247 => receipts_root = world.batches.keys().next().copied().unwrap_or_default(),
        248..=251 => count = 0,
        252.. => count = 1_000_000 + u32::from(a.byte()),
        _ => {
            world.batches.insert(receipts_root, receipts);
        }
    }
    let version = match pallet_models::Models::<Runtime>::get(model) {
        Some(model) if !a.rarely() => model.latest,
        _ => u32::from(a.byte() % 3),
    };
    let call = Call::settle {
        model,
        version,
        claims: claims.try_into().expect("few"),
        receipts_root,
        batch: content_id(b"batch"),
        count,
        total_fee,
    };
    one(a.caller(Some(operator)), call)
}

fn claim(id: ChannelId, a: &mut Arguments) -> Option<Claim> {
    let entry = channel(id)?;
    let amount = match a.byte() {
        // All of it, an eighth, or something else.
        0..=63 => entry.left(),
        64..=191 => entry.left().div_ceil(8),
        _ => a.amount(entry.left()),
    };
    let cumulative = entry.claimed.saturating_add(amount);
    let expires = BlockNumber::MAX;
    let voucher =
        Voucher { channel: id, cumulative, expires }.preimage(&pallet_common::genesis::<Runtime>());
    let signer = match entry.former {
        Some((former, _)) if a.rarely() => former,
        _ => entry.signer,
    };
    let prepaid = entry.request.is_some();
    let mut signature = if prepaid { None } else { sign(&signer, &voucher, false) };
    if prepaid != signature.is_none() {
        signature = sign(&Signer::Account(entry.payer), &voucher, true);
    }
    Some(Claim { channel: id, cumulative, expires, signature, amount })
}

/// Receipts that sum to a fee, and occur only once.
fn receipts(
    world: &World,
    model: ModelId,
    operator: &AccountId,
    fee: Balance,
    number: u8,
) -> Vec<Receipt> {
    let account = |who: &AccountId| H256::from(<[u8; 32]>::from(who.clone()));
    let each = fee / Balance::from(number);
    (0..number)
        .map(|at| Receipt {
            genesis: pallet_common::genesis::<Runtime>(),
            model,
            version: 1,
            operator: account(operator),
            payer: account(operator),
            channel: 0,
            cumulative: fee,
            request: content_id(b"request"),
            response: content_id(b"response"),
            tokens_in: 1,
            tokens_out: 1,
            fee: if at == 0 { fee - each * Balance::from(number - 1) } else { each },
            issued_at: (world.batches.len() as u64) << 8 | u64::from(at),
        })
        .collect()
}
