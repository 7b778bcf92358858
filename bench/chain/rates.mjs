// How many of each kind of transaction a node takes in a second.
//
//   node rates.mjs WS-URL NODE-LOG OUT.json
//
// Everything of a kind is signed first, then submitted as fast as the pool takes it. What counts is what succeeded in
// blocks, from the first to the last that was full.

import { writeFileSync } from "node:fs";
import { Chain, OPEN, key, median, prepared, range, say, sum } from "./chain.mjs";
import * as state from "./state.mjs";

/** Blocks that transfers are to fill. */
const TRANSFER_BLOCKS = 8;
const SENDERS = 500;
/** Models with the largest lineage, whose owners all have something to claim. */
const FAMILIES = 32;
/** All models. Each is settled once: a second settlement would fail in the block of the first. */
const MODELS = 320;
const OPERATORS = 32;
const DATANETS = 8;
/** The most contributions that a version has and a share vector names. */
const CONTRIBUTIONS = 256;
/** The largest first committee. */
const COMMITTEE = 7;
const ATTRIBUTORS = 64;

const [, , url, log, out] = process.argv;
const chain = await Chain.connect(url);
const { tx } = chain;

say("setting up accounts, datanets, models, channels and attributors");
const senders = range(SENDERS).map((i) => key("sender", i));
await chain.all([
  ...state.funded(chain, senders, 100n * OPEN),
  ...state.tuned(chain, { Committee: COMMITTEE, ChallengeBlocks: 1 }),
]);
const workers = await state.attributors(chain, ATTRIBUTORS);
const data = await state.datanets(chain, range(DATANETS).map(() => CONTRIBUTIONS));
const base = await state.base(chain);
const trained = range(MODELS).map((i) => [data[i % DATANETS].datanet]);
const models = [
  ...(await state.families(chain, base, trained.slice(0, FAMILIES))),
  ...(await state.register(chain, base, trained.slice(FAMILIES).map((datanets) => ({ parents: [], datanets })))),
];
const channels = await state.channels(chain, OPERATORS);
await chain.reach((await chain.number()) + 1);
const empty = await chain.executeBlock(await chain.rpc("chain_getBlockHash"));

/** Signs `[call, signer]…` with consecutive nonces of each signer. */
async function sign(calls) {
  const nonces = new Map();
  const transactions = [];
  for (const [call, signer] of calls) {
    const nonce = nonces.get(signer) ?? (await chain.nonce(signer.address));
    nonces.set(signer, nonce + 1);
    transactions.push(chain.signed(call, signer, nonce));
  }
  return transactions;
}

const rows = [];
/** Signs, submits and measures one kind; gives the blocks with it. */
async function measure(kind, calls) {
  say(`${kind}: signing ${calls.length}`);
  const transactions = await sign(calls);
  const price = await chain.price(transactions[0]);
  const { blocks, again } = await chain.flood(transactions);
  const read = [];
  for (const block of blocks) read.push(await chain.read(block));
  const failed = {};
  for (const [name, count] of read.flatMap((block) => Object.entries(block.failed))) {
    failed[name] = (failed[name] ?? 0) + count;
  }
  // From the first to the last block that a limit ended: before, the pool fills, and then it runs dry.
  const ended = prepared(log);
  const limited = read.map(({ number }) => ended.get(number)?.end !== "NoMoreTransactions");
  const full = limited.includes(true) ? read.slice(limited.indexOf(true), limited.lastIndexOf(true) + 1) : read;
  const seconds = (full.at(-1).time - (await chain.timeBefore(full[0]))) / 1_000;
  const count = sum(full.map((block) => block.succeeded));
  const made = full.map((block) => ended.get(block.number)).filter(Boolean);
  const ends = {};
  for (const { end } of made) ends[end] = (ends[end] ?? 0) + 1;
  // One in the middle stands for all.
  const sample = full[full.length >> 1];
  const executed = await chain.executeBlock(sample.hash);
  rows.push({
    kind,
    transactions: transactions.length,
    failed,
    sent_again: again,
    full_blocks: full.length,
    seconds,
    per_second: count / seconds,
    per_block: count / full.length,
    bound: ends,
    block_filled: median(full.map((block) => block.normal)) / 1e9 / chain.room,
    block_bytes: median(full.map((block) => block.bytes)),
    making_ms: median(made.map(({ spent }) => spent)),
    execution_ms: executed,
    ...price,
    charged_ms: sample.charged / sample.succeeded / 1e9,
    executed_ms: (executed - empty) / sample.succeeded,
  });
  say(`${kind}: ${(count / seconds).toFixed(1)} a second over ${full.length} blocks`);
  return blocks;
}

/** All events of blocks. */
async function events(blocks) {
  const found = [];
  for (const { hash } of blocks) {
    const state = await chain.api.at(hash);
    found.push(...(await state.query.system.events()).map(({ event }) => event));
  }
  return found;
}

const weight = await chain.price(chain.signed(tx.balances.transferKeepAlive(senders[0].address, 1n), senders[0], 0));
const transfers = Math.ceil((TRANSFER_BLOCKS * chain.room) / weight.weight_ms);
const transfer = (i) => tx.balances.transferKeepAlive(senders[(i + 1) % SENDERS].address, 1n);
await measure("transfer_keep_alive", range(transfers).map((i) => [transfer(i), senders[i % SENDERS]]));

const settled = await measure(
  "settle",
  models.map((model, i) => [state.settle(chain, model, channels[i % OPERATORS]), channels[i % OPERATORS].operator]),
);
const found = await events(settled);
const modelOf = new Map(
  found
    .filter(({ section, method }) => section === "payments" && method === "Settled")
    .map(({ data: [settlement, model] }) => [settlement.toNumber(), models.indexOf(model.toNumber())]),
);
const jobs = await state.committees(chain, settled[0].number - 1, modelOf.size);
const answers = jobs.flatMap((job) => {
  const shares = state.alike(data[modelOf.get(job.settlement) % DATANETS].contributions);
  return job.committee.map((member) => [state.answer(chain, job, member, shares), workers.get(member)]);
});
await measure("commit", answers.map(([{ commit }, worker]) => [commit, worker]));
await measure("reveal", answers.map(([{ reveal }, worker]) => [reveal, worker]));
await chain.reach((await chain.number()) + 3);
await measure("advance (finalise)", jobs.map(({ settlement }, i) => [tx.attribution.advance(settlement), senders[i % SENDERS]]));

const credited = (await chain.api.query.attribution.credits.keys()).map(({ args: [who] }) => who.toString());
await measure("claim", credited.map((who, i) => [tx.attribution.claim(who), senders[i % SENDERS]]));
const contributions = data.flatMap((datanet) => datanet.contributions);
await measure(
  "claim_contributions (one)",
  contributions.map((id, i) => [tx.attribution.claimContributions([id]), senders[i % SENDERS]]),
);

const [peer] = rows;
for (const row of rows) row.to_transfers = row.per_second / peer.per_second;
const setting = {
  models: MODELS, of_lineage_64: FAMILIES, operators: OPERATORS, committee: COMMITTEE, attributors: ATTRIBUTORS,
  contributions: CONTRIBUTIONS,
};
writeFileSync(out, JSON.stringify({ versions: chain.versions, setting, block_room_ms: chain.room, empty_block_ms: empty, rows }));
process.exit(0);
