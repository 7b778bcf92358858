// Sends 1 OPEN from //Alice to //Bob with polkadot-api, and asks a runtime API of the product.
//
//   node papi/transfer.mjs
//
// NODE_URL is the node's WebSocket address (default ws://127.0.0.1:9944).

import { createClient } from "polkadot-api";
import { getPolkadotSigner } from "polkadot-api/signer";
import { getWsProvider } from "polkadot-api/ws";
import { Keyring } from "@polkadot/api";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { WebSocket } from "ws";

const OPEN = 10n ** 18n;

await cryptoWaitReady();
const keys = new Keyring({ type: "sr25519", ss58Format: 42 });
const alice = keys.addFromUri("//Alice");
const bob = keys.addFromUri("//Bob");
const signer = getPolkadotSigner(alice.publicKey, "Sr25519", (bytes) => alice.sign(bytes));

// Node has a WebSocket of its own from version 22 on. A browser needs no `websocketClass`.
const url = process.env.NODE_URL ?? "ws://127.0.0.1:9944";
const client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
const api = client.getUnsafeApi();

const { name } = await client.getChainSpecData();
const issuance = await api.query.Balances.TotalIssuance.getValue();
console.log(`${name}: ${issuance / OPEN} OPEN exist`);

const transfer = api.tx.Balances.transfer_keep_alive({ dest: { type: "Id", value: bob.address }, value: OPEN });
const { ok, block, events } = await transfer.signAndSubmit(signer);
if (!ok) throw new Error("the transfer failed");
console.log(`final in block ${block.number}, with the events:`);
for (const { type, value } of events) console.log(`  ${type}.${value.type}`);

const { credit } = await api.apis.OpenLedgerApi.claimable(bob.address);
console.log(`//Bob can claim ${credit / OPEN} OPEN`);
client.destroy();
process.exit(0);
