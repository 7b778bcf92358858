// Prints the events of block NUMBER as JSON: NODE_URL=ws://… node events.mjs NUMBER. Accounts are SS58, and amounts
// strings where they are too long for a number.

import { ApiPromise, WsProvider } from "@polkadot/api";
import { url, within } from "./common.mjs";

const api = await within(60_000, ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true }));
const at = await api.at(await api.rpc.chain.getBlockHash(Number(process.argv[2])));
const events = (await at.query.system.events()).map(({ event }) => ({
  name: `${event.section}.${event.method}`,
  data: Object.fromEntries(event.data.map((value, i) => [event.data.names?.[i] ?? i, value.toPrimitive()])),
}));
process.stdout.write(`${JSON.stringify(events)}\n`, () => process.exit(0));
