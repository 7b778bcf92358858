// What the measuring programs share: connecting, signing, sending, reading blocks, executing.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

// The packages are those of the JavaScript clients' tests.
const packages = createRequire(new URL("../../tests/js/package.json", import.meta.url));
const { ApiPromise, Keyring, WsProvider, packageInfo } = packages("@polkadot/api");
const { blake2AsU8a, cryptoWaitReady } = packages("@polkadot/util-crypto");
const { compactToU8a, hexToU8a, u8aConcat, u8aToHex } = packages("@polkadot/util");
export { blake2AsU8a, compactToU8a, hexToU8a, u8aConcat, u8aToHex };

/** Units in one OPEN. */
export const OPEN = 10n ** 18n;
/** Calls of one transaction that sets something up. */
const CHUNK = 200;
/** Transactions that wait in the pool at most, well below the 8,192 that it holds by default. */
const WINDOW = 6_000;
/** Submissions under way at once. */
const LANES = 64;
/** How long there may be no block before a run is given up, in milliseconds. */
const PATIENCE = 120_000;
/** Blocks without a transaction after which those that are missing are sent again. */
const IDLE = 3;

export const say = (text) => process.stderr.write(`    ${text}\n`);
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const range = (count) => Array.from({ length: count }, (_, i) => i);
export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The value below which `part` of `values` lie, by the nearest rank. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))];
}
export const median = (values) => quantile(values, 0.5);

await cryptoWaitReady();
const keyring = new Keyring({ type: "sr25519" });
const seed = (name, number) => blake2AsU8a(`openledger/bench/${name}/${number}`);
/** An account that signs nothing itself. */
export const account = (name, number = 0) => u8aToHex(seed(name, number));
/** One that does. */
export const key = (name, number = 0) => keyring.addFromSeed(seed(name, number));
/** Any 32 bytes that differ from all others. */
export const hash = (name, number = 0) => u8aToHex(seed(`hash/${name}`, number));

/** A development chain, with its Root key. */
export class Chain {
  static async connect(url) {
    const provider = new WsProvider(url, 2_500, {}, 600_000);
    const chain = new Chain();
    chain.rpc = (method, ...parameters) => provider.send(method, parameters);
    chain.api = await ApiPromise.create({ provider, noInitWarn: true });
    chain.tx = chain.api.tx;
    chain.genesis = chain.api.genesisHash.toU8a();
    chain.root = keyring.addFromUri("//Alice");
    return chain;
  }

  async nonce(address) {
    return (await this.api.rpc.system.accountNextIndex(address)).toNumber();
  }

  async number() {
    return (await this.api.rpc.chain.getHeader()).number.toNumber();
  }

  /** Waits for the block of this number. */
  async reach(number) {
    while ((await this.number()) < number) await sleep(200);
  }

  /** A call as a signed, immortal transaction, in hexadecimal. */
  signed(call, signer, nonce) {
    const { genesisHash, runtimeVersion } = this.api;
    return call.sign(signer, { blockHash: genesisHash, genesisHash, nonce, runtimeVersion }).toHex();
  }

  /** Every block after number `after`, as it comes. */
  async *blocks(after) {
    for (let [number, since] = [after + 1, Date.now()]; Date.now() - since < PATIENCE; ) {
      const found = await this.rpc("chain_getBlockHash", number);
      if (found === null) {
        await sleep(100);
        continue;
      }
      const { block } = await this.rpc("chain_getBlock", found);
      yield { number, hash: found, extrinsics: block.extrinsics };
      [number, since] = [number + 1, Date.now()];
    }
    throw new Error(`no block for ${PATIENCE} ms`);
  }

  /** Submits transactions, and gives the events of each once all are in blocks; throws what the chain refuses one with. */
  async submit(transactions) {
    const start = await this.number();
    await Promise.all(transactions.map((transaction) => this.rpc("author_submitExtrinsic", transaction)));
    const left = new Map(transactions.map((transaction, i) => [transaction, i]));
    const results = [];
    for await (const { hash: at, extrinsics } of this.blocks(start)) {
      const ours = extrinsics.flatMap((extrinsic, index) => (left.has(extrinsic) ? [[index, left.get(extrinsic)]] : []));
      const events = ours.length > 0 ? await (await this.api.at(at)).query.system.events() : [];
      for (const [index, i] of ours) {
        results[i] = events
          .filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === index)
          .map(({ event }) => event);
        const failed = results[i].find((event) => this.api.events.system.ExtrinsicFailed.is(event));
        if (failed) throw new Error(this.named(failed.data[0]));
        left.delete(transactions[i]);
      }
      if (left.size === 0) return results;
    }
  }

  /** Sends a call and gives its events once it is in a block. */
  async send(call, signer) {
    const [events] = await this.submit([this.signed(call, signer, await this.nonce(signer.address))]);
    return events;
  }

  named(error) {
    if (!error.isModule) return error.toString();
    const { section, name } = this.api.registry.findMetaError(error.asModule);
    return `${section}.${name}`;
  }

  /**
   * Dispatches `[who, call]…` by the Root key, `who` null for Root itself, without regard to weights: what is set up,
   * and not measured. Gives the events of each.
   */
  async all(calls) {
    const nonce = await this.nonce(this.root.address);
    const chunks = range(Math.ceil(calls.length / CHUNK)).map((i) => calls.slice(i * CHUNK, (i + 1) * CHUNK));
    const transactions = chunks.map((chunk, i) => {
      const items = chunk.map(([who, call]) =>
        who === null ? call : this.tx.utility.dispatchAs({ system: { Signed: who } }, call),
      );
      const batch = this.tx.utility.forceBatch(items);
      const call = this.tx.sudo.sudoUncheckedWeight(batch, { refTime: 0, proofSize: 0 });
      return this.signed(call, this.root, nonce + i);
    });
    const events = await this.submit(transactions);
    return events.flatMap((found) => this.#items(found));
  }

  /** The events of a batch, item by item. */
  #items(events) {
    const items = [];
    let item = [];
    for (const event of events) {
      const failure =
        event.method === "ItemFailed" ? event.data[0]
        : event.method === "DispatchedAs" && event.data[0].isErr ? event.data[0].asErr
        : null;
      if (failure) throw new Error(`call ${items.length} of a batch: ${this.named(failure)}`);
      if (event.section === "utility" && event.method === "ItemCompleted") {
        items.push(item);
        item = [];
      } else {
        item.push(event);
      }
    }
    return items;
  }

  /**
   * Submits transactions, of which at most `WINDOW` wait at any time, until all are in blocks. Gives these blocks, and
   * what had to be sent again: because the pool refused it, or took it and then lost it.
   */
  async flood(transactions) {
    const blocks = [];
    const again = {};
    const repeat = (why) => (again[why] = (again[why] ?? 0) + 1);
    const left = new Set(transactions);
    let next = 0;
    const start = await this.number();
    const watch = async () => {
      let last = start;
      for await (const { number, hash: at, extrinsics } of this.blocks(start)) {
        // The first is the inherent that sets the time.
        const [, ...ours] = extrinsics;
        for (const transaction of ours) left.delete(transaction);
        if (ours.length > 0) {
          last = number;
          blocks.push({ number, hash: at });
          say(`block ${number}: ${transactions.length - left.size} of ${transactions.length}`);
        }
        if (left.size === 0) return;
        if (next === transactions.length && number >= last + IDLE) {
          last = number;
          for (const transaction of left) {
            repeat("lost");
            await this.rpc("author_submitExtrinsic", transaction).catch(({ message }) => repeat(message));
          }
        }
      }
    };
    const lane = async () => {
      while (next < transactions.length) {
        if (next - (transactions.length - left.size) >= WINDOW) {
          await sleep(20);
          continue;
        }
        const transaction = transactions[next++];
        for (;;) {
          try {
            await this.rpc("author_submitExtrinsic", transaction);
            break;
          } catch (error) {
            // The pool is full, or has no room for this one: try again with the next block.
            if (![1014, 1016].includes(error.code)) throw error;
            repeat(error.message);
            await sleep(1_000);
          }
        }
      }
    };
    await Promise.all([watch(), ...range(LANES).map(lane)]);
    return { blocks, again };
  }

  /** When a block was made (milliseconds), and what was in it besides inherents. */
  async read({ number, hash: at }) {
    const state = await this.api.at(at);
    const [time, events, weight, { block }] = await Promise.all([
      state.query.timestamp.now(),
      state.query.system.events(),
      state.query.system.blockWeight(),
      this.rpc("chain_getBlock", at),
    ]);
    const succeeded = [];
    const failed = {};
    for (const { phase, event } of events) {
      if (!phase.isApplyExtrinsic || phase.asApplyExtrinsic.toNumber() === 0) continue;
      if (this.api.events.system.ExtrinsicSuccess.is(event)) {
        succeeded.push(event.data[0].weight.refTime.toNumber());
      } else if (this.api.events.system.ExtrinsicFailed.is(event)) {
        const name = this.named(event.data[0]);
        failed[name] = (failed[name] ?? 0) + 1;
      }
    }
    const bytes = sum(block.extrinsics.slice(1).map((extrinsic) => extrinsic.length / 2 - 1));
    return {
      number,
      hash: at,
      time: time.toNumber(),
      succeeded: succeeded.length,
      failed,
      charged: sum(succeeded),
      normal: weight.normal.refTime.toNumber(),
      bytes,
    };
  }

  /** When the block before this one was made, in milliseconds. */
  async timeBefore({ hash: at }) {
    const { parentHash } = await this.rpc("chain_getHeader", at);
    return (await (await this.api.at(parentHash)).query.timestamp.now()).toNumber();
  }

  /** Milliseconds in which the node executes a block that it has, again and whole, as one who imports it: the least of `times`. */
  async executeBlock(at, times = 3) {
    const { block } = await this.rpc("chain_getBlock", at);
    // The seal is not part of what is executed.
    const logs = block.header.digest.logs.slice(0, -1);
    const header = this.api.registry.createType("Header", { ...block.header, digest: { logs } });
    const body = block.extrinsics.map((extrinsic) => hexToU8a(extrinsic));
    const encoded = u8aToHex(u8aConcat(header.toU8a(), compactToU8a(body.length), ...body));
    const spent = [];
    for (const _ of range(times)) {
      const start = performance.now();
      await this.rpc("state_call", "Core_execute_block", encoded, block.header.parentHash);
      spent.push(performance.now() - start);
    }
    return Math.min(...spent);
  }

  /**
   * Milliseconds in which the node executes each of `transactions` (name → hexadecimal) on one and the same state,
   * nothing of which stays. They take turns, `times` times.
   */
  async execute(transactions, times = 200) {
    const at = await this.rpc("chain_getBlockHash");
    const spent = Object.fromEntries(Object.keys(transactions).map((name) => [name, []]));
    for (const _ of range(times)) {
      for (const [name, transaction] of Object.entries(transactions)) {
        const start = performance.now();
        const result = await this.rpc("state_call", "BlockBuilder_apply_extrinsic", transaction, at);
        spent[name].push(performance.now() - start);
        if (result !== "0x0000") {
          const outcome = this.api.registry.createType("ApplyExtrinsicResult", result);
          const why = outcome.isOk && outcome.asOk.isErr ? this.named(outcome.asOk.asErr) : outcome.toString();
          throw new Error(`${name} is refused: ${why}`);
        }
      }
    }
    return Object.fromEntries(
      Object.entries(spent).map(([name, all]) => [name, { least_ms: Math.min(...all), median_ms: median(all) }]),
    );
  }

  /** What a transaction is charged before it is executed: weight in picoseconds, fee in units, and its bytes. */
  async price(transaction) {
    const info = await this.rpc("payment_queryInfo", transaction);
    const base = this.api.consts.system.blockWeights.perClass.normal.baseExtrinsic.refTime.toNumber();
    return {
      weight_ms: (info.weight.ref_time + base) / 1e9,
      proof_bytes: info.weight.proof_size,
      fee: info.partialFee,
      bytes: (transaction.length - 2) / 2,
    };
  }

  /** The weight that ordinary calls may fill in one block, in milliseconds. */
  get room() {
    return this.api.consts.system.blockWeights.perClass.normal.maxTotal.unwrap().refTime.toNumber() / 1e9;
  }

  get versions() {
    const { specName, specVersion, transactionVersion } = this.api.runtimeVersion;
    return {
      runtime: `${specName} ${specVersion}, transactions ${transactionVersion}`,
      node_js: process.version,
      polkadot_api: packageInfo.version,
    };
  }
}

/** Block → what the node's log says of making it: milliseconds, and why it ended. */
export function prepared(log) {
  const line = /Prepared block for proposing at (\d+) \((\d+) ms\).*?end: (\w+)/g;
  const found = new Map();
  for (const [, number, spent, end] of readFileSync(log, "utf8").matchAll(line)) {
    found.set(Number(number), { spent: Number(spent), end });
  }
  return found;
}
