// Connects by polkadot-api, which reads nothing but metadata: a transfer, reads, an event, and a call
// of each of the product's pallets.

import { Binary, createClient } from "polkadot-api";
import { getPolkadotSigner } from "polkadot-api/signer";
import { getWsProvider } from "polkadot-api/ws";
import { Keyring } from "@polkadot/api";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { WebSocket } from "ws";
import { LICENCE, UNIT, equal, facts, finish, holds, test, url } from "./common.mjs";

await cryptoWaitReady();
// Node has a WebSocket of its own from version 22 on.
const client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
const api = client.getUnsafeApi();
const keys = new Keyring({ type: "sr25519", ss58Format: 42 });
const account = (suri) => {
  const pair = keys.addFromUri(suri);
  return { address: pair.address, signer: getPolkadotSigner(pair.publicKey, "Sr25519", (bytes) => pair.sign(bytes)) };
};
const charlie = account("//Charlie");
const eve = account("//Eve");
const run = (name, body) => test("polkadot-api", name, body);
const bytes = (text) => Binary.fromText(text);

/** Sends, waits for the block, and gives the events; throws what the chain refuses with. */
async function send(call, { signer }) {
  return new Promise((resolve, reject) => {
    const subscription = call.signSubmitAndWatch(signer).subscribe({
      next: (event) => {
        if (event.type !== "txBestBlocksState" || !event.found) return;
        subscription.unsubscribe();
        if (event.ok) resolve(event.events);
        else reject(new Error(event.dispatchError?.value?.value?.type ?? event.dispatchError?.type));
      },
      error: reject,
    });
  });
}

async function refusal(call, from) {
  try {
    await send(call, from);
  } catch (error) {
    return error.message;
  }
  throw new Error("expected a refusal, got success");
}

const named = (events, pallet, name) => {
  const event = events.find((candidate) => candidate.type === pallet && candidate.value.type === name);
  holds(event, `an event ${pallet}.${name} among ${events.map((e) => `${e.type}.${e.value.type}`)}`);
  return event.value.value;
};

await run("reads the chain's name and genesis", async () => {
  const { name, genesisHash } = await client.getChainSpecData();
  holds(name && /^0x[0-9a-f]{64}$/.test(genesisHash), "a name and a hash");
});

await run("reads the total issuance", async () => {
  equal(await api.query.Balances.TotalIssuance.getValue({ at: "best" }), 10n ** 27n, "total issuance");
});

await run("transfers, and sees the event", async () => {
  const free = async () => (await api.query.System.Account.getValue(eve.address, { at: "best" })).data.free;
  const before = await free();
  const call = api.tx.Balances.transfer_keep_alive({ dest: { type: "Id", value: eve.address }, value: UNIT });
  const { amount } = named(await send(call, charlie), "Balances", "Transfer");
  equal(amount, UNIT, "amount");
  equal((await free()) - before, UNIT, "what arrived");
});

await run("datanets: create, and read it back", async () => {
  const call = api.tx.Datanets.create({
    name: bytes("from-papi"),
    metadata: bytes("a test"),
    licence: LICENCE,
    policy: { type: "Open", value: undefined },
    curators: [charlie.address],
  });
  const created = named(await send(call, charlie), "Datanets", "Created");
  const datanet = await api.query.Datanets.Datanets.getValue(created.datanet, { at: "best" });
  equal(datanet.owner, charlie.address, "owner");
});

await run("models: only the owner sets a price", async () => {
  const call = api.tx.Models.set_price({ model: facts.model, price_in: 1n, price_out: 1n });
  equal(await refusal(call, eve), "NotOwner", "error");
});

await run("payments: open a channel", async () => {
  const { number } = await client.getFinalizedBlock();
  const call = api.tx.Payments.open_channel({ operator: facts.operator, deposit: UNIT, expires: number + 1_000 });
  const events = await send(call, charlie);
  holds(events.some(({ type }) => type === "Payments"), "an event of payments");
});

await run("attribution: a claim for nobody is answered", async () => {
  await send(api.tx.Attribution.claim({ account: eve.address }), charlie).catch((error) => {
    holds(/^[A-Z][A-Za-z]+$/.test(error.message), `an error's name, got ${error.message}`);
  });
  equal(await api.query.Attribution.Credits.getValue(eve.address, { at: "best" }), 0n, "credit");
});

await run("providers: a bond below the least is refused", async () => {
  const role = { type: "Curator", value: undefined };
  const metadata = { endpoint: bytes(""), region: bytes(""), hardware: bytes("") };
  const message = await refusal(api.tx.Providers.register({ role, bond: 1n, metadata }), eve);
  holds(/^[A-Z][A-Za-z]+$/.test(message), `an error's name, got ${message}`);
});

await run("asks the runtime API for a model's lineage", async () => {
  const lineage = await api.apis.OpenLedgerApi.lineage(facts.model, { at: "best" });
  equal(lineage.model, facts.model, "model");
});

client.destroy();
finish();
