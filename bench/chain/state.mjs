// What there has to be on the chain before anything can be measured, and the steps of a settlement.

import { readFileSync } from "node:fs";

import { OPEN, account, blake2AsU8a, compactToU8a, hash, hexToU8a, key, range, u8aConcat, u8aToHex } from "./chain.mjs";

const LICENCE = {
  training: true, evaluation: true, retrieval: true, commercial: true, derivatives: true,
  minDataShare: 0, trainingPrice: 0, expires: null, revocable: false, withdrawn: "Continue",
};
const BOND = 2_000n * OPEN;
const DEPOSIT = 1_000n * OPEN;
/** What each settlement charges. */
const FEE = OPEN / 100n;
/** The last block of channels and vouchers: later than any run. */
const LAST = 1_000_000;
/** Blocks of one contribution's vector; what the demo's adapters have. */
const INDEX_BLOCKS = 270;
const PPM = 1_000_000;

const text = (value) => new TextEncoder().encode(value);
const address = (who) => who.address ?? who;

/** An integer, little-endian. */
function bytes(value, length) {
  return Uint8Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

/** The ids that an event of each of `results` names. */
function ids(results, section, method) {
  return results.map((events) => {
    const event = events.find((candidate) => candidate.section === section && candidate.method === method);
    if (!event) throw new Error(`expected ${section}.${method} among ${events.map((e) => `${e.section}.${e.method}`)}`);
    return event.data[0].toNumber();
  });
}

/** The calls that give accounts OPEN. */
export function funded(chain, accounts, amount) {
  const root = chain.root.address;
  return accounts.map((who) => [root, chain.tx.balances.transferKeepAlive(address(who), amount)]);
}

/** The calls that set what governance tunes of attribution. */
export function tuned(chain, values) {
  return Object.entries(values).map(([name, value]) => [
    null,
    chain.tx.parameters.setParameter({ Attribution: { [name]: [null, value] } }),
  ]);
}

/** Registers attributors; attributor's address → the key of its worker. */
export async function attributors(chain, count) {
  const members = range(count).map((i) => ({ who: account("attributor", i), worker: key("worker", i) }));
  const nobody = { endpoint: "", region: "", hardware: "" };
  const consent = (who) => u8aConcat(text("openledger/worker/v1"), chain.genesis, hexToU8a(who));
  const { register, setWorker } = chain.tx.providers;
  await chain.all([
    ...funded(chain, members.map(({ who }) => who), 2n * BOND),
    ...funded(chain, members.map(({ worker }) => worker), 100n * OPEN),
    ...members.map(({ who }) => [who, register("Attributor", BOND, nobody)]),
    ...members.map(({ who, worker }) => [
      who,
      setWorker({ worker: worker.address, signature: { Sr25519: worker.sign(consent(who)) } }),
    ]),
  ]);
  return new Map(members.map(({ who, worker }) => [who, worker]));
}

/** Publishes datanets with so many contributions each, by all kinds of contributors; each one's id and contributions. */
export async function datanets(chain, sizes) {
  const owner = account("curator");
  const contributors = range(500).map((i) => account("contributor", i));
  const { create, contribute, review, publish } = chain.tx.datanets;
  const created = await chain.all([
    ...funded(chain, contributors, 100n * OPEN),
    ...funded(chain, [owner], 1_000n * OPEN),
    ...sizes.map((size) => [owner, create(`of ${size}`, "", LICENCE, "Open", [owner])]),
  ]);
  const numbers = ids(created.slice(-sizes.length), "datanets", "Created");
  const wanted = numbers.flatMap((datanet, i) => range(sizes[i]).map(() => datanet));
  const contributed = await chain.all(
    wanted.map((datanet, i) => [
      contributors[i % contributors.length],
      contribute(datanet, hash("root", i), hash("content", i), 10, 1_000, `contribution ${i}`),
    ]),
  );
  const all = ids(contributed, "datanets", "Contributed");
  await chain.all([
    ...all.map((id) => [owner, review(id, "Accept")]),
    ...numbers.map((datanet) => [owner, publish(datanet)]),
  ]);
  return numbers.map((datanet) => ({ datanet, contributions: all.filter((_, i) => wanted[i] === datanet) }));
}

/** Registers a base model; its id. */
export async function base(chain) {
  const owner = account("base");
  const call = chain.tx.models.registerBase("base", hash("manifest"), hash("config"), 1_000, 0, 0);
  const [, events] = await chain.all([...funded(chain, [owner], 100n * OPEN), [owner, call]]);
  return ids([events], "models", "Registered")[0];
}

/** The id of the method that governance has chosen from the beginning. */
const method = (() => {
  const source = readFileSync(new URL("../../primitives/src/method.rs", import.meta.url), "utf8");
  const json = [...source.matchAll(/r#"(.*)"#/g)].map(([, part]) => part).join("");
  return u8aToHex(blake2AsU8a(u8aConcat("openledger/method/v1", compactToU8a(json.length), json)));
})();

let adapters = 0;
/** Registers adapters, each `{parents, datanets}`, of an owner of its own; their ids. */
export async function register(chain, of, wanted) {
  const numbered = wanted.map((adapter) => ({ ...adapter, number: adapters++ }));
  const funds = funded(chain, numbered.map(({ number }) => account("owner", number)), 10n * OPEN);
  const calls = numbered.map(({ parents, datanets: data, number }) => {
    const index = {
      content: hash("index", number), root: hash("index root", number), method,
      blocks: INDEX_BLOCKS, variants: 1, trace: hash("trace", number),
    };
    const trained = data.map((datanet) => [datanet, 1]);
    const adapter = chain.tx.models.registerAdapter(
      `adapter ${number}`, of, parents, hash("adapter", number), hash("adapter config", number), trained, index, 0, 0,
    );
    return [account("owner", number), adapter];
  });
  const done = await chain.all([...funds, ...calls]);
  return ids(done.slice(funds.length), "models", "Registered");
}

/**
 * Registers adapters of which each was merged in three steps, from 42 by way of 16 and 4: with the base a lineage of
 * 64 models, as many as there can be. `data` is what each is trained on.
 */
export async function families(chain, of, data) {
  let below = data.map(() => []);
  for (const width of [42, 16, 4, 1]) {
    const wanted = data.flatMap((datanets, i) =>
      range(width).map((j) => ({ datanets, parents: below[i].filter((_, n) => n % width === j) })),
    );
    const found = await register(chain, of, wanted);
    below = data.map((_, i) => found.slice(i * width, (i + 1) * width));
  }
  return below.map(([top]) => top);
}

/** Opens a channel to each of `count` operators; what each settles with. */
export async function channels(chain, count) {
  const payer = key("payer");
  const operators = range(count).map((i) => key("operator", i));
  const nobody = { endpoint: "", region: "", hardware: "" };
  const done = await chain.all([
    ...funded(chain, [payer], (BigInt(count) + 1n) * DEPOSIT),
    ...funded(chain, operators, 2n * BOND),
    ...operators.map(({ address: who }) => [who, chain.tx.providers.register("Operator", BOND, nobody)]),
    ...operators.map(({ address: who }) => [payer.address, chain.tx.payments.openChannel(who, DEPOSIT, LAST)]),
  ]);
  return ids(done.slice(-count), "payments", "ChannelOpened").map((channel, i) => {
    // One voucher for everything: what is claimed on it only has to stay below.
    const message = u8aConcat(
      text("openledger/voucher/v1"), chain.genesis, bytes(channel, 8), bytes(DEPOSIT, 16), bytes(LAST, 4),
    );
    return { operator: operators[i], channel, signature: payer.sign(message) };
  });
}

let batches = 0;
/** The call that settles a batch of `count` receipts. */
export function settle(chain, model, { channel, signature }, count = 128) {
  const claim = { channel, cumulative: DEPOSIT, expires: LAST, signature: { Sr25519: signature }, amount: FEE };
  const batch = batches++;
  return chain.tx.payments.settle(model, 1, [claim], hash("receipts", batch), hash("batch", batch), count, FEE);
}

/** The committees that were drawn among these events: `{settlement, attempt, committee}`. */
function drawn(events) {
  return events
    .filter(({ section, method }) => section === "attribution" && method === "CommitteeDrawn")
    .map(({ data: [settlement, attempt, committee] }) => ({
      settlement: settlement.toNumber(),
      attempt: attempt.toNumber(),
      committee: committee.map((member) => u8aToHex(member.toU8a())),
    }));
}

/** The first `number` committees that are drawn after a block, by settlement; each comes in the block after its call. */
export async function committees(chain, after, number) {
  const found = [];
  for await (const { hash } of chain.blocks(after)) {
    const records = await (await chain.api.at(hash)).query.system.events();
    found.push(...drawn(records.map(({ event }) => event)));
    if (found.length >= number) return found.sort((a, b) => a.settlement - b.settlement);
  }
}

/** A share vector over these contributions, all alike; the pool has what does not divide. */
export function alike(contributions) {
  const ppm = Math.floor(PPM / contributions.length);
  return { shares: contributions.map((contribution) => ({ contribution, ppm })), pool: PPM - ppm * contributions.length };
}

/** What a member commits to, and with what it reveals it. */
export function answer(chain, { settlement, attempt }, attributor, { shares, pool }) {
  const [queries, work, report] = ["queries", "work", "report"].map((name) => hash(name, settlement));
  const salt = hash(`salt of ${attributor}`, settlement);
  const list = shares.map(({ contribution, ppm }) => u8aConcat(bytes(contribution, 4), bytes(ppm, 4)));
  const preimage = u8aConcat(
    text("openledger/commitment/v1"),
    chain.genesis, bytes(settlement, 8), bytes(attempt, 1), hexToU8a(attributor), hexToU8a(salt),
    compactToU8a(shares.length), ...list, bytes(pool, 4), hexToU8a(queries), hexToU8a(work), hexToU8a(report),
  );
  return {
    commit: chain.tx.attribution.commit(settlement, u8aToHex(blake2AsU8a(preimage))),
    reveal: chain.tx.attribution.reveal(settlement, shares, pool, queries, work, report, salt),
  };
}
