//! Running one input: its records, the blocks between them, and what must hold after each.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Display,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use codec::{DecodeLimit, Encode};
use frame_support::traits::GetCallMetadata;
use openledger_runtime::{AccountId, Runtime, RuntimeCall, System};
use sp_state_machine::BasicExternalities;

use crate::{
    accounts::users,
    arguments::{Arguments, RECORD},
    calls::{Step, World, ACTIONS},
    chain::{govern, transact, Chain, Outcome, Overweight},
    invariants::{self, Broken},
    start::Start,
};

/// The most records of an input; what comes after them is passed over.
pub const MAX_RECORDS: usize = 128;
/// How deep a transaction may be nested, as the executive has it.
const MAX_DEPTH: u32 = 256;
/// A record whose bytes, and those of as many records after it as its third says, are an encoded call.
pub const RAW: u8 = 0;
/// A record that puts the calls of the next one to four into one batch.
const BATCH: u8 = 1;
/// Zeros after an encoded call, so that a short one decodes.
const PADDING: usize = 256;

/// How often a call was tried, and succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub tried: u64,
    pub done: u64,
}

/// A pallet's name and a call's.
pub type CallName = (&'static str, &'static str);

/// What an input did.
#[derive(Default)]
pub struct Report {
    pub blocks: u64,
    pub calls: BTreeMap<CallName, Count>,
    /// Of each call, the different ways in which it ended.
    pub outcomes: BTreeSet<(CallName, Vec<u8>)>,
    /// Hashes of what is worth reaching: outcomes of calls, events, and which call succeeded after which.
    pub reached: HashSet<u64>,
    /// The record, signer's number and encoding of each transaction: to make raw ones of.
    pub encoded: Vec<(usize, u8, Vec<u8>)>,
}

/// Told of everything that an input does.
pub type Listener<'a> = &'a mut dyn FnMut(&dyn Display);

/// Runs an input from `start` on.
///
/// # Errors
/// What did not hold, or what panicked where.
pub fn run(start: &Start, input: &[u8], listener: Listener) -> Result<Report, Broken> {
    catch(|| {
        BasicExternalities::new(start.storage.clone())
            .execute_with(|| Run::new(start, listener).input(input))
    })
}

thread_local! {
    /// While this thread runs an input: what it panicked about, and where.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn catch<T>(body: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let kept = PANIC.with_borrow_mut(|panic| {
                panic.as_mut().map(|panic| *panic = info.to_string()).is_some()
            });
            if !kept {
                before(info);
            }
        }));
    });
    PANIC.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    let said = PANIC.take().unwrap_or_default();
    result.unwrap_or(Err(said))
}

/// An input on its way.
struct Run<'a> {
    chain: Chain,
    world: World,
    report: Report,
    listener: Listener<'a>,
    /// See [`invariants::digest`].
    digest: u64,
    /// Whether nothing has reserved money but by a hold.
    plain: bool,
    /// The record that is being run, and the call that succeeded last.
    record: usize,
    last: Option<CallName>,
}

impl<'a> Run<'a> {
    fn new(start: &Start, listener: Listener<'a>) -> Self {
        Self {
            chain: start.chain.clone(),
            world: World::default(),
            report: Report::default(),
            listener,
            digest: 0,
            plain: true,
            record: 0,
            last: None,
        }
    }

    fn input(mut self, input: &[u8]) -> Result<Report, Broken> {
        self.begin(1)?;
        let records: Vec<_> = input.chunks_exact(RECORD).take(MAX_RECORDS).collect();
        let mut at = 0;
        while let Some(record) = records.get(at) {
            self.record = at;
            at += 1;
            match record[0] {
                RAW => {
                    let more = usize::from(record[2]).min(records.len() - at);
                    let mut bytes = record[3..].to_vec();
                    bytes.extend(records[at..at + more].iter().copied().flatten());
                    at += more;
                    self.raw(record[1], bytes)?;
                }
                BATCH => {
                    let next = records[at..].iter().take(1 + usize::from(record[3] % 4));
                    let next: Vec<_> = next.take_while(|next| next[0] > BATCH).collect();
                    at += next.len();
                    self.batch(record, &next)?;
                }
                _ => {
                    for step in self.steps(record) {
                        self.step(step)?;
                    }
                }
            }
        }
        self.end()?;
        Ok(self.report)
    }

    fn steps(&mut self, record: &[u8]) -> Vec<Step> {
        let action = ACTIONS[usize::from(record[0] - 2) % ACTIONS.len()];
        action(&mut self.world, &mut Arguments::new(&record[1..]))
    }

    fn step(&mut self, step: Step) -> Result<(), Broken> {
        match step {
            Step::Signed(who, call) => self.signed(&who, call),
            Step::Root(call) => self.root(call),
            Step::Blocks(after) => {
                self.end()?;
                self.begin(after)
            }
        }
    }

    /// A transaction whose call is what these bytes encode, if they do.
    fn raw(&mut self, who: u8, mut bytes: Vec<u8>) -> Result<(), Broken> {
        bytes.extend([0; PADDING]);
        let who = users()[usize::from(who) % users().len()].account.clone();
        match RuntimeCall::decode_with_depth_limit(MAX_DEPTH, &mut &bytes[..]) {
            Ok(call) => self.signed(&who, call),
            Err(_) => Ok(()),
        }
    }

    /// One batch of all that these records would have done.
    fn batch(&mut self, record: &[u8], next: &[&&[u8]]) -> Result<(), Broken> {
        let mut signer = None;
        let mut calls = Vec::new();
        for record in next {
            for step in self.steps(record) {
                if let Step::Signed(who, call) = step {
                    signer.get_or_insert(who);
                    calls.push(call);
                }
            }
        }
        let Some(who) = signer else { return Ok(()) };
        let call = match record[2] % 3 {
            0 => pallet_utility::Call::<Runtime>::batch_all { calls },
            1 => pallet_utility::Call::<Runtime>::batch { calls },
            _ => pallet_utility::Call::<Runtime>::force_batch { calls },
        };
        self.signed(&who, call.into())
    }

    fn signed(&mut self, who: &AccountId, call: RuntimeCall) -> Result<(), Broken> {
        if let Some(number) = users().iter().position(|key| key.account == *who) {
            self.report.encoded.push((self.record, number as u8, call.encode()));
        }
        self.plain &= !reserves(&call);
        let outcome = transact(who, call.clone());
        self.judge(Some(who), &call, outcome)
    }

    fn root(&mut self, call: RuntimeCall) -> Result<(), Broken> {
        let outcome = govern(call.clone());
        self.judge(None, &call, outcome)
    }

    /// Takes note of how a call ended, and sees to what must hold after each.
    fn judge(
        &mut self,
        who: Option<&AccountId>,
        call: &RuntimeCall,
        outcome: Result<Outcome, Overweight>,
    ) -> Result<(), Broken> {
        let signer = || who.map_or("Root".to_string(), AccountId::to_string);
        (self.listener)(&format_args!("  {}: {call:?}\n    {outcome:?}", signer()));
        let named = |broken: Broken| format!("{broken}\nafter {}: {call:?}", signer());
        let outcome = outcome.map_err(|overweight| named(format!("{overweight:?}")))?;
        invariants::issuance().map_err(named)?;
        let digest = invariants::digest();
        if outcome != Outcome::Done && digest != self.digest {
            return Err(named(format!("a call that ended {outcome:?} left something behind")));
        }
        self.digest = digest;

        let name = name(call);
        let count = self.report.calls.entry(name).or_default();
        count.tried += 1;
        let kind = match outcome {
            Outcome::Done => Vec::new(),
            Outcome::Failed(error) => error.encode(),
            Outcome::Refused(refusal) => (u8::MAX, refusal).encode(),
        };
        self.reach(&(0, name, &kind));
        if outcome == Outcome::Done {
            self.report.calls.entry(name).or_default().done += 1;
            self.reach(&(1, self.last, name));
            self.last = Some(name);
        }
        self.report.outcomes.insert((name, kind));
        Ok(())
    }

    fn reach(&mut self, what: &impl Hash) {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.report.reached.insert(hasher.finish());
    }

    fn begin(&mut self, after: u32) -> Result<(), Broken> {
        self.chain.begin(after);
        if Chain::is_full() {
            self.end()?;
            self.chain.begin(1);
        }
        self.digest = invariants::digest();
        (self.listener)(&format_args!("block {}", System::block_number()));
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        self.chain.end();
        // The pallet and the variant.
        let events: Vec<_> = System::read_events_no_consensus()
            .map(|record| record.event.encode().into_iter().take(2).collect::<Vec<_>>())
            .collect();
        for event in events {
            self.reach(&(2, event));
        }
        self.report.blocks += 1;
        invariants::block(self.plain)
            .map_err(|broken| format!("{broken}\nafter block {}", System::block_number()))
    }
}

/// What `prove_fraud` is counted as, by the kind of the proof.
pub const FRAUDS: [&str; 5] = [
    "prove_fraud (partial)",
    "prove_fraud (score)",
    "prove_fraud (step)",
    "prove_fraud (fee)",
    "prove_fraud (shares)",
];

fn name(call: &RuntimeCall) -> CallName {
    let metadata = call.get_call_metadata();
    let kind = match call {
        RuntimeCall::Attribution(pallet_attribution::Call::prove_fraud { fraud, .. }) => {
            FRAUDS.into_iter().find(|name| name.contains(fraud.name()))
        }
        _ => None,
    };
    (metadata.pallet_name, kind.unwrap_or(metadata.function_name))
}

/// Whether a call may reserve money by the interface that is older than holds.
fn reserves(call: &RuntimeCall) -> bool {
    match call {
        RuntimeCall::Multisig(_) | RuntimeCall::Proxy(_) | RuntimeCall::Identity(_) => true,
        RuntimeCall::Utility(utility) => nested(utility).iter().any(|call| reserves(call)),
        _ => false,
    }
}

/// The calls in a call of `pallet-utility`.
fn nested(call: &pallet_utility::Call<Runtime>) -> Vec<&RuntimeCall> {
    use pallet_utility::Call::*;

    match call {
        batch { calls } | batch_all { calls } | force_batch { calls } => calls.iter().collect(),
        as_derivative { call, .. }
        | dispatch_as { call, .. }
        | dispatch_as_fallible { call, .. }
        | with_weight { call, .. } => vec![call.as_ref()],
        if_else { main, fallback } => vec![main.as_ref(), fallback.as_ref()],
        _ => Vec::new(),
    }
}
