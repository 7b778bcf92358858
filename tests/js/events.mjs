// Prints the events of block NUMBER as JSON: NODE_URL=ws://… node events.mjs NUMBER. Each has the call of the
// transaction that it is of, if it is of one; accounts are SS58, and amounts strings where they are too long for a
// number.

import { ApiPromise, WsProvider } from "@polkadot/api";
import { url, within } from "./common.mjs";

const api = await within(60_000, ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true }));
const hash = await api.rpc.chain.getBlockHash(Number(process.argv[2]));
const { block } = await api.rpc.chain.getBlock(hash);
const calls = block.extrinsics.map(({ method }) => `${method.section}.${method.method}`);
const events = (await (await api.at(hash)).query.system.events()).map(({ event, phase }) => ({
  name: `${event.section}.${event.method}`,
  call: phase.isApplyExtrinsic ? calls[phase.asApplyExtrinsic.toNumber()] : null,
  data: Object.fromEntries(event.data.map((value, i) => [event.data.names?.[i] ?? i, value.toPrimitive()])),
}));
process.stdout.write(`${JSON.stringify(events)}\n`, () => process.exit(0));
