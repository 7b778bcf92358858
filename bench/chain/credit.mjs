// How long it takes from an answer to its credit: until a final block holds the shares by which it is paid for, before
// the window in which they can be challenged.
//
//   node credit.mjs WS-URL GATEWAY ENGINE QUESTIONS.json OUT.json
//
// `QUESTIONS.json` is `{"model", "voucher", "operator", "suri", "max_tokens", "prompts": […]}`, `voucher` one that pays for
// all, `suri` whose key signs requests. The gateway settles every receipt at once. Times are those of this program's clock, at the moment that it learns of something.

import { readFileSync, writeFileSync } from "node:fs";
import { use } from "../../tests/js/gateway.mjs";
import { Chain, median, quantile, say, sleep, u8aToHex } from "./chain.mjs";

/** The time between two blocks, over which the questions are spread evenly. */
const BLOCK_MS = 2_000;
/** How long to wait for one credit, in milliseconds. */
const PATIENCE = 120_000;

const [, , url, gateway, engine, questions, out] = process.argv;
const { model, voucher, operator, suri, max_tokens, prompts } = JSON.parse(readFileSync(questions, "utf8"));
const chain = await Chain.connect(url);

// Settlement → step → when the block with its last such event arrived, and its number.
const steps = new Map();
// Final blocks in the order in which they became so: number, when.
const final = [];
await chain.api.rpc.chain.subscribeNewHeads(async (header) => {
  const arrived = Date.now();
  const state = await chain.api.at(header.hash);
  for (const { event } of await state.query.system.events()) {
    const { section, method, data } = event;
    if (section !== "attribution" && method !== "Settled") continue;
    const settlement = data[0].toNumber();
    if (!steps.has(settlement)) steps.set(settlement, {});
    steps.get(settlement)[method] = { arrived, number: header.number.toNumber() };
  }
});
await chain.api.rpc.chain.subscribeFinalizedHeads((header) => {
  final.push({ number: header.number.toNumber(), arrived: Date.now() });
});

/** Waits until `found()` gives something. */
async function until(found, what, tick = 20) {
  const start = Date.now();
  for (;;) {
    const value = await found();
    if (value !== undefined) return value;
    if (Date.now() - start > PATIENCE) throw new Error(`no ${what} within ${PATIENCE} ms`);
    await sleep(tick);
  }
}

/** Seconds that the engine has computed so far. */
async function computed() {
  const headers = { Authorization: `Bearer ${process.env.ENGINE_SECRET}` };
  const text = await (await fetch(`${engine}/metrics`, { headers })).text();
  return Number(/openledger_engine_job_seconds_sum (\S+)/.exec(text)[1]);
}

async function ask(prompt) {
  const question = JSON.stringify({ model: `${model}`, prompt, max_tokens });
  const where = { genesis: u8aToHex(chain.genesis), operator, channel: voucher.channel };
  const headers = {
    "Content-Type": "application/json",
    "X-OpenLedger-Voucher": JSON.stringify(voucher),
    "X-OpenLedger-Use": JSON.stringify(use(where, { suri }, "POST /v1/completions", question)),
  };
  const asked = Date.now();
  const response = await fetch(`${gateway}/v1/completions`, { method: "POST", headers, body: question });
  const body = await response.json();
  if (!response.ok) throw new Error(`the gateway refuses: ${JSON.stringify(body)}`);
  return { asked, answered: Date.now() };
}

const samples = [];
for (const [i, prompt] of prompts.entries()) {
  await sleep((BLOCK_MS * i) / prompts.length);
  const before = await computed();
  const known = new Set(steps.keys());
  const { asked, answered } = await ask(prompt);
  const settled = () => [...steps.keys()].find((id) => !known.has(id));
  const submitted = await until(async () => {
    const pending = await chain.rpc("author_pendingExtrinsics");
    return pending.length > 0 || settled() !== undefined ? Date.now() : undefined;
  }, "settlement in the pool");
  const id = await until(settled, "settlement");
  const { Settled, Committed, Decided } = await until(() => (steps.get(id).Decided ? steps.get(id) : undefined), "shares");
  const credited = await until(() => final.find(({ number }) => number >= Decided.number)?.arrived, "finality");
  samples.push({
    answer_s: (answered - asked) / 1_000,
    total_s: (credited - answered) / 1_000,
    submitted_s: (submitted - answered) / 1_000,
    included_s: (Settled.arrived - submitted) / 1_000,
    committed_s: (Committed.arrived - Settled.arrived) / 1_000,
    decided_s: (Decided.arrived - Committed.arrived) / 1_000,
    final_s: (credited - Decided.arrived) / 1_000,
    engine_s: (await computed()) - before,
    blocks: Decided.number - Settled.number,
  });
  say(`${i + 1} of ${prompts.length}: credited after ${samples.at(-1).total_s.toFixed(1)} s`);
}

const parts = Object.keys(samples[0]);
const summary = (part) => {
  const values = samples.map((sample) => sample[part]);
  return { median: median(values), p95: quantile(values, 0.95), least: Math.min(...values), most: Math.max(...values) };
};
writeFileSync(out, JSON.stringify({ samples, parts: Object.fromEntries(parts.map((part) => [part, summary(part)])) }));
process.exit(0);
