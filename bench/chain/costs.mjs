// What one transaction costs: a settlement by its receipts, a finalisation by its committee and contributions, a
// claim by its history.
//
//   node costs.mjs WS-URL OUT.json
//
// Of each: the weight that it is charged, and the time in which the node executes it on one state, in turn with its
// peers. The least of many times is the one that other processes disturbed least.

import { writeFileSync } from "node:fs";
import { Chain, OPEN, key, range, say } from "./chain.mjs";
import * as state from "./state.mjs";

const RECEIPTS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const COMMITTEES = [1, 2, 3, 4, 5, 6, 7];
const CONTRIBUTIONS = [1, 4, 16, 64, 256];
const HISTORY = [1, 10, 100, 1_000];
const ATTRIBUTORS = 64;
/** What a model can be trained on at most. */
const DATANETS = 8;
/** Models that are settled in one block. */
const AT_ONCE = 64;
/** Long enough to challenge in. */
const WINDOW = 12;

const [, , url, out] = process.argv;
const chain = await Chain.connect(url);
const { tx } = chain;

say("setting up accounts, datanets, models, channels and attributors");
const sender = key("sender");
await chain.all(state.funded(chain, [sender], 10_000n * OPEN));
const workers = await state.attributors(chain, ATTRIBUTORS);
const [channel] = await state.channels(chain, 1);
const data = await state.datanets(chain, [...CONTRIBUTIONS, 1, ...range(DATANETS - 1).map(() => 256)]);
const sized = data.slice(0, CONTRIBUTIONS.length);
const [single, ...others] = data.slice(CONTRIBUTIONS.length);
const largest = sized.at(-1);
const base = await state.base(chain);
const models = await state.register(chain, base, sized.map(({ datanet }) => ({ parents: [], datanets: [datanet] })));
const [heaviest] = await state.families(chain, base, [[largest, ...others].map(({ datanet }) => datanet)]);
const peers = await state.register(chain, base, range(AT_ONCE).map(() => ({ parents: [], datanets: [single.datanet] })));

const operator = channel.operator.address;
/** A call by `signer` as its next transaction. */
const next = async (call, signer) => chain.signed(call, signer, await chain.nonce(signer.address));
/** What `sender`'s next transactions cost, each on its own: name → price and times, a transfer among them. */
async function measure(calls, signer = () => sender) {
  const transactions = { transfer_keep_alive: await next(tx.balances.transferKeepAlive(operator, 1n), sender) };
  for (const [name, call] of Object.entries(calls)) transactions[name] = await next(call, signer(name));
  const times = await chain.execute(transactions);
  const rows = {};
  for (const [name, transaction] of Object.entries(transactions)) {
    rows[name] = { ...(await chain.price(transaction)), ...times[name] };
  }
  return rows;
}
/** The weight that the transaction with these events was charged, in milliseconds. */
const charged = (events) =>
  events.find((event) => chain.api.events.system.ExtrinsicSuccess.is(event)).data[0].weight.refTime.toNumber() / 1e9;

/** Settles with each of `wanted`, `[model, committee]`; the jobs. */
async function settle(wanted) {
  const jobs = [];
  for (const [model, committee] of wanted) {
    const before = await chain.number();
    await chain.all([
      ...state.tuned(chain, { Committee: committee }),
      [operator, state.settle(chain, model, channel)],
    ]);
    jobs.push(...(await state.committees(chain, before, 1)));
  }
  return jobs;
}
const by = (member, call) => [workers.get(member).address, call];
/** Commits for every member, and reveals for all but `spare` of each job. */
async function attribute(jobs, shares, spare) {
  const calls = jobs.map((job, i) => job.committee.map((who) => ({ who, ...state.answer(chain, job, who, shares[i]) })));
  await chain.all(calls.flat().map(({ who, commit }) => by(who, commit)));
  await chain.all(calls.flatMap((job) => job.slice(0, job.length - spare)).map(({ who, reveal }) => by(who, reveal)));
  return calls.map((job) => job.at(-1));
}

// A settlement, by its receipts. All have one claim; the first settlement of a model, which takes its contributions
// into their pool, is over.
say("settlements by receipts");
const plain = models[2];
await settle([[plain, 3]]);
await chain.reach((await chain.number()) + 2);
const named = Object.fromEntries(RECEIPTS.map((count) => [count, state.settle(chain, plain, channel, count)]));
const receipts = [];
const times = await measure(named, () => channel.operator);
for (const count of RECEIPTS) {
  const events = await chain.send(state.settle(chain, plain, channel, count), channel.operator);
  receipts.push({ receipts: count, ...times[count], charged_ms: charged(events) });
}

// A finalisation, by its committee and by what the shares name; and the reveal before it, which finds the median.
say("finalisations by committee and contributions");
await chain.all(state.tuned(chain, { ChallengeBlocks: WINDOW }));
const spread = (contributions) => state.alike(contributions.slice(0, 256));
const cases = [
  ...COMMITTEES.map((committee) => ({ committee, model: models.at(-1), contributions: largest.contributions })),
  ...CONTRIBUTIONS.map((_, i) => ({ committee: 3, model: models[i], contributions: sized[i].contributions })),
  { committee: 7, model: models.at(-1), contributions: largest.contributions, challenged: true },
  { committee: 7, model: heaviest, contributions: largest.contributions, challenged: true, lineage: 64, datanets: DATANETS },
];
const jobs = await settle(cases.map(({ model, committee }) => [model, committee]));
const shares = cases.map(({ contributions }) => spread(contributions));
const last = await attribute(jobs, shares, 1);
const name = (i) => `case ${i}`;
const reveals = await measure(
  Object.fromEntries(last.map(({ reveal }, i) => [name(i), reveal])),
  (which) => workers.get(last[Number(which.slice(5))].who),
);
await chain.all(last.map(({ who, reveal }) => by(who, reveal)));
const doubted = cases.flatMap(({ challenged }, i) => (challenged ? [i] : []));
const calm = await chain.number();
await chain.all(doubted.map((i) => [sender.address, tx.attribution.challenge(jobs[i].settlement)]));
const again = await state.committees(chain, calm, doubted.length);
await attribute(again, doubted.map((i) => shares[i]), 0);
await chain.reach((await chain.number()) + WINDOW + 1);
const ends = await measure(Object.fromEntries(jobs.map(({ settlement }, i) => [name(i), tx.attribution.advance(settlement)])));
const finalisations = [];
for (const [i, { committee, contributions, challenged, lineage = 2, datanets = 1 }] of cases.entries()) {
  const events = await chain.send(tx.attribution.advance(jobs[i].settlement), sender);
  const second = again[doubted.indexOf(i)]?.committee.length ?? 0;
  finalisations.push({
    committee, second_committee: second, contributions: Math.min(contributions.length, 256), lineage, datanets,
    ...ends[name(i)],
    charged_ms: charged(events),
    last_reveal: reveals[name(i)],
  });
}

// A claim, by how many settlements were finalised since the last one, of which there was none before.
say("claims by history");
await chain.all(state.tuned(chain, { Committee: 1, ChallengeBlocks: 1 }));
const claims = [];
const credited = operator;
const [contribution] = single.contributions;
await chain.all([[sender.address, tx.attribution.claim(credited)]]);
let done = 0;
for (const target of HISTORY) {
  const batch = [];
  while (done + batch.length < target) {
    const some = peers.slice(0, Math.min(AT_ONCE, target - done - batch.length));
    const before = await chain.number();
    await chain.all(some.map((model) => [operator, state.settle(chain, model, channel)]));
    batch.push(...(await state.committees(chain, before, some.length)));
  }
  await attribute(batch, batch.map(() => spread([contribution])), 0);
  await chain.reach((await chain.number()) + 2);
  await chain.all(batch.map(({ settlement }) => [sender.address, tx.attribution.advance(settlement)]));
  done = target;
  const rows = await measure({
    claim: tx.attribution.claim(credited),
    claim_contributions: tx.attribution.claimContributions([contribution]),
  });
  claims.push({ settlements: target, ...rows });
  say(`${target} settlements`);
}
const last_claims = claims.at(-1);
for (const [kind, call] of [
  ["claim", tx.attribution.claim(credited)],
  ["claim_contributions", tx.attribution.claimContributions([contribution])],
]) {
  last_claims[kind].charged_ms = charged(await chain.send(call, sender));
}

const limits = {
  block_ms: chain.api.consts.system.blockWeights.maxBlock.refTime.toNumber() / 1e9,
  room_ms: chain.room,
};
writeFileSync(out, JSON.stringify({ limits, receipts, finalisations, claims }));
process.exit(0);
