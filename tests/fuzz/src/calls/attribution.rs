//! Calls of `pallet-attribution`.

use openledger_primitives::{
    attribution::Attribution, reads::Phase, shares::ShareVector, SettlementId, H256,
};
use openledger_runtime::{AccountId, Models, Runtime};
use pallet_attribution::{SettlementOf, Settlements};

use super::{from_block, one, Step, World};
use crate::{
    arguments::Arguments,
    work::{all_to, lie, Lie, Rules, Work},
};

type Call = pallet_attribution::Call<Runtime>;

/// What an attributor committed to, and how it got there.
#[derive(Clone)]
pub struct Answer {
    attempt: u8,
    attribution: Attribution,
    salt: H256,
    /// The work, and what is wrong with it; nothing where nobody worked.
    work: Option<(Work, Option<Lie>)>,
}

/// Settlements in some phases, ascending.
fn such(phases: &[Phase]) -> Vec<SettlementId> {
    let mut ids: Vec<_> = Settlements::<Runtime>::iter()
        .filter(|(_, settlement)| phases.contains(&settlement.phase()))
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids
}

fn settlement(id: SettlementId) -> Option<SettlementOf<Runtime>> {
    Settlements::<Runtime>::get(id)
}

fn worker_of(attributor: &AccountId) -> Option<AccountId> {
    pallet_providers::WorkerOf::<Runtime>::get(attributor)
}

/// What a member answers, by a byte: most honestly, some with a lie, some anything.
fn answer(
    world: &World,
    id: SettlementId,
    entry: &SettlementOf<Runtime>,
    how: u8,
) -> Option<Answer> {
    let contributions = Models::contributions(entry.model, entry.version);
    let index = Models::version(entry.model, entry.version)?.index?;
    let salt = H256::repeat_byte(how);
    let attempt = entry.attempt;
    let receipts = world.batches.get(&entry.receipts_root)?;
    let anything = how >= 224 || receipts.len() as u32 != entry.count || index.blocks > 2;
    if anything {
        let shares = match how % 2 {
            0 => all_to(contributions.get(usize::from(how) % 5).copied(), 1),
            _ => ShareVector::all_to_pool(),
        };
        let root = H256::from_low_u64_be(id);
        let attribution = Attribution { shares, query_root: root, work_root: root, report: root };
        return Some(Answer { attempt, attribution, salt, work: None });
    }
    let rules = Rules {
        variants: index.variants,
        blocks: index.blocks,
        floor: entry.parameters.floor,
        trace: index.trace.map_or(0, |_| entry.parameters.trace),
    };
    let honest = Work::honest(contributions, rules, receipts.clone());
    let lie = (how >= 160).then(|| lie(how));
    let work = lie.map_or(honest.clone(), |lie| honest.with(lie));
    Some(Answer { attempt, attribution: work.attribution(), salt, work: Some((work, lie)) })
}

fn commit_steps(
    world: &mut World,
    id: SettlementId,
    entry: &SettlementOf<Runtime>,
    member: &AccountId,
    how: u8,
) -> Vec<Step> {
    let (Some(worker), Some(answer)) = (worker_of(member), answer(world, id, entry, how)) else {
        return Vec::new();
    };
    let genesis = pallet_common::genesis::<Runtime>();
    let Answer { attempt, attribution, salt, .. } = &answer;
    let commitment = attribution.commitment(&genesis, id, *attempt, member.as_ref(), salt);
    // What was committed to first counts.
    let known = world.answers.get(&(id, member.clone()));
    if known.is_none_or(|known| known.attempt != answer.attempt) {
        world.answers.insert((id, member.clone()), answer);
    }
    one(worker, Call::commit { settlement: id, commitment })
}

fn reveal_steps(world: &World, id: SettlementId, member: &AccountId) -> Vec<Step> {
    let (Some(worker), Some(answer)) =
        (worker_of(member), world.answers.get(&(id, member.clone())))
    else {
        return Vec::new();
    };
    one(worker, reveal_call(id, answer))
}

fn reveal_call(settlement: SettlementId, answer: &Answer) -> Call {
    let Attribution { shares, query_root, work_root, report } = &answer.attribution;
    Call::reveal {
        settlement,
        shares: shares.shares().to_vec().try_into().expect("a share vector's"),
        pool: shares.pool(),
        query_root: *query_root,
        work_root: *work_root,
        report: *report,
        salt: answer.salt,
    }
}

/// The whole committee does what it can do now, or waits to be drawn; one member in eight is silent.
pub fn work(world: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(&[Phase::Committing, Phase::Revealing]));
    let Some(entry) = settlement(id) else { return Vec::new() };
    let mut steps = Vec::new();
    if pallet_attribution::Undrawn::<Runtime>::get().contains(&id) {
        steps.push(Step::Blocks(1));
    }
    for member in entry.committee() {
        let how = a.byte();
        if how % 8 == 7 {
            continue;
        }
        steps.extend(match entry.phase() {
            Phase::Committing => commit_steps(world, id, &entry, member, how),
            _ => reveal_steps(world, id, member),
        });
    }
    steps
}

/// A settlement in which something can be said, and a member of its committee.
fn member(
    a: &mut Arguments,
    phase: Phase,
) -> Option<(SettlementId, SettlementOf<Runtime>, AccountId)> {
    let id = a.id(&such(&[phase]));
    let entry = settlement(id)?;
    let member = a.pick(entry.committee())?;
    Some((id, entry, member))
}

/// One commits, or one that is not in the committee.
pub fn commit(world: &mut World, a: &mut Arguments) -> Vec<Step> {
    let Some((id, entry, member)) = member(a, Phase::Committing) else { return Vec::new() };
    let how = a.byte();
    if a.rarely() {
        let commitment = H256::repeat_byte(how);
        return one(a.user(), Call::commit { settlement: id, commitment });
    }
    commit_steps(world, id, &entry, &member, how)
}

/// One reveals, perhaps not what it committed to.
pub fn reveal(world: &mut World, a: &mut Arguments) -> Vec<Step> {
    let Some((id, entry, member)) = member(a, Phase::Revealing) else { return Vec::new() };
    let (how, bent) = (a.byte(), a.byte());
    if bent < 160 {
        return reveal_steps(world, id, &member);
    }
    let (Some(worker), Some(other)) =
        (worker_of(&member), answer(world, id, &entry, how.wrapping_add(1)))
    else {
        return Vec::new();
    };
    let mut call = reveal_call(id, &other);
    if let Call::reveal { shares, pool, .. } = &mut call {
        match bent % 4 {
            0 => *pool = pool.wrapping_add(1),
            1 => shares.iter_mut().for_each(|share| share.contribution += 100),
            _ => {}
        }
    }
    one(worker, call)
}

/// When the phase is over; or, for one value in eight, at once.
pub fn advance(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(&[Phase::Committing, Phase::Revealing, Phase::Decided]));
    let deadline = settlement(id).and_then(|entry| entry.deadline()).unwrap_or(0);
    let from = if a.rarely() { 0 } else { deadline.saturating_add(1) };
    from_block(from, a.anyone(), Call::advance { settlement: id })
}

pub fn claim(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut credited: Vec<_> = pallet_attribution::Credits::<Runtime>::iter_keys().collect();
    credited.sort_unstable();
    let account = match a.pick(&credited) {
        Some(account) if !a.rarely() => account,
        _ => a.user(),
    };
    one(a.anyone(), Call::claim { account })
}

pub fn claim_contributions(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut earning: Vec<_> = pallet_attribution::PoolEntries::<Runtime>::iter_keys()
        .chain(pallet_attribution::Earned::<Runtime>::iter_keys())
        .collect();
    earning.sort_unstable();
    earning.dedup();
    let ids: Vec<_> = match a.byte() {
        0..=127 => earning.into_iter().take(32).collect(),
        byte => (0..1 + byte % 4).map(|_| a.id(&earning)).collect(),
    };
    one(a.anyone(), Call::claim_contributions { ids: ids.try_into().expect("few") })
}

pub fn challenge(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(&[Phase::Decided]));
    one(a.anyone(), Call::challenge { settlement: id })
}

/// The proof of a lie that a member told, where one did; or of one that it did not tell.
pub fn prove_fraud(world: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(&[Phase::Decided]));
    let Some(entry) = settlement(id) else { return Vec::new() };
    let worked: Vec<_> = entry
        .committee()
        .iter()
        .filter_map(|member| {
            let answer = world.answers.get(&(id, member.clone()))?;
            let (work, lie) = answer.work.as_ref()?;
            (answer.attempt == entry.attempt).then_some((member, work, *lie))
        })
        .collect();
    let liars: Vec<_> = worked.iter().filter(|(_, _, lie)| lie.is_some()).cloned().collect();
    let accused = match a.pick(&liars) {
        Some(liar) if !a.rarely() => Some(liar),
        _ => a.pick(&worked),
    };
    let Some((member, work, told)) = accused else { return Vec::new() };
    let other = a.byte();
    let lie = match told {
        Some(lie) if other < 224 => lie,
        _ => lie(other),
    };
    let fraud = Box::new(work.against(lie));
    let call = Call::prove_fraud { settlement: id, attributor: member.clone(), fraud };
    one(a.anyone(), call)
}
