// Connects by @polkadot/api, as Polkadot.js Apps does: a transfer, reads, events, and a call of each
// of the product's pallets.

import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { LICENCE, UNIT, equal, facts, finish, holds, test, url, within } from "./common.mjs";

const api = await within(60_000, ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true }));
const keys = new Keyring({ type: "sr25519", ss58Format: api.registry.chainSS58 });
const bob = keys.addFromUri("//Bob");
const dave = keys.addFromUri("//Dave");
const run = (name, body) => test("@polkadot/api", name, body);

/** Sends, waits for the block, and gives the events; throws what the chain refuses with. */
function send(call, signer) {
  return new Promise((resolve, reject) => {
    call
      .signAndSend(signer, ({ status, events, dispatchError }) => {
        if (dispatchError) {
          const error = dispatchError.isModule ? api.registry.findMetaError(dispatchError.asModule).name : `${dispatchError}`;
          reject(new Error(error));
        } else if (status.isInBlock) {
          resolve(events.map(({ event }) => event));
        }
      })
      .catch(reject);
  });
}

async function refusal(call, signer) {
  try {
    await send(call, signer);
  } catch (error) {
    return error.message;
  }
  throw new Error("expected a refusal, got success");
}

const named = (events, section, method) => {
  const event = events.find((candidate) => candidate.section === section && candidate.method === method);
  holds(event, `an event ${section}.${method} among ${events.map((e) => `${e.section}.${e.method}`)}`);
  return event;
};

await run("reads the chain's name, token and decimals", async () => {
  equal(api.registry.chainSS58, 42, "SS58 prefix");
  equal(api.registry.chainTokens[0], "OPEN", "token");
  equal(api.registry.chainDecimals[0], 18, "decimals");
});

await run("reads the total issuance", async () => {
  equal((await api.query.balances.totalIssuance()).toBigInt(), 10n ** 27n, "total issuance");
});

await run("transfers, and sees the event", async () => {
  const { data: before } = await api.query.system.account(dave.address);
  const events = await send(api.tx.balances.transferKeepAlive(dave.address, UNIT), bob);
  equal(named(events, "balances", "Transfer").data[2].toBigInt(), UNIT, "amount");
  const { data: after } = await api.query.system.account(dave.address);
  equal(after.free.toBigInt() - before.free.toBigInt(), UNIT, "what arrived");
});

await run("datanets: create, and read it back", async () => {
  // This client writes fields in camel case.
  const { min_data_share: minDataShare, training_price: trainingPrice, ...rest } = LICENCE;
  const licence = { ...rest, minDataShare, trainingPrice, expires: null, withdrawn: "Continue" };
  const call = api.tx.datanets.create("from-js", "a test", licence, "Open", [bob.address]);
  const [id] = named(await send(call, bob), "datanets", "Created").data;
  const datanet = (await api.query.datanets.datanets(id)).unwrap();
  equal(datanet.owner.toString(), bob.address, "owner");
  equal(datanet.name.toUtf8(), "from-js", "name");
});

await run("models: only the owner sets a price", async () => {
  equal(await refusal(api.tx.models.setPrice(facts.model, 1, 1), dave), "NotOwner", "error");
});

await run("payments: open a channel and ask to close it", async () => {
  const { number } = await api.rpc.chain.getHeader();
  const open = api.tx.payments.openChannel(facts.operator, UNIT, number.toNumber() + 1_000);
  const events = await send(open, bob);
  const event = events.find(({ section }) => section === "payments");
  const [channel] = event.data;
  const stored = (await api.query.payments.channels(channel)).unwrap();
  equal(stored.deposit.toBigInt(), UNIT, "deposit");
  await send(api.tx.payments.requestClose(channel), bob);
  holds((await api.query.payments.channels(channel)).unwrap().closing.isSome, "the channel to be closing");
});

await run("attribution: who has nothing to claim is told so, or gets nothing", async () => {
  const before = (await api.query.attribution.credits(dave.address)).toBigInt();
  equal(before, 0n, "credit");
  await send(api.tx.attribution.claim(dave.address), bob).catch((error) => {
    holds(/^[A-Z][A-Za-z]+$/.test(error.message), `an error's name, got ${error.message}`);
  });
});

await run("attribution: reads a settlement that was paid", async () => {
  const settlements = await api.query.attribution.settlements.entries();
  holds(settlements.length > 0, "a settlement");
  const [, first] = settlements[0];
  const { stage } = first.unwrap();
  holds(stage.isFinalised, `a settlement that is over, got ${stage.type}`);
  const { shares } = stage.asFinalised;
  const sum = shares.shares.reduce((total, share) => total + share.ppm.toNumber(), shares.pool.toNumber());
  equal(sum, 1_000_000, "sum of shares");
});

await run("providers: a bond below the least is refused", async () => {
  const message = await refusal(api.tx.providers.register("Curator", 1, {}), dave);
  holds(/^[A-Z][A-Za-z]+$/.test(message), `an error's name, got ${message}`);
});

await run("answers openledger_* over RPC", async () => {
  const ask = (method, ...parameters) => api._rpcCore.provider.send(method, parameters);
  holds(await ask("openledger_lineage", facts.model), "a lineage");
  const claimable = await ask("openledger_claimable", dave.address);
  equal(claimable.credit, "0", "credit");
});

await api.disconnect();
finish();
