// Follows final blocks with @polkadot/api and prints the events of the product's pallets.
//
//   node polkadot-js/follow.mjs [BLOCKS]      ends after so many blocks; goes on for ever without
//
// NODE_URL is the node's WebSocket address (default ws://127.0.0.1:9944).

import { ApiPromise, WsProvider } from "@polkadot/api";

const PRODUCT = new Set(["providers", "datanets", "models", "payments", "attribution", "emission"]);
const most = process.argv[2] ? Number(process.argv[2]) : Infinity;
if (!(most > 0)) {
  console.error(`expected a number of blocks above 0, found ${process.argv[2]}`);
  process.exit(2);
}

const provider = new WsProvider(process.env.NODE_URL ?? "ws://127.0.0.1:9944");
const api = await ApiPromise.create({ provider, noInitWarn: true });
let seen = 0;
const unsubscribe = await api.rpc.chain.subscribeFinalizedHeads(async (head) => {
  if (seen === most) return;
  seen += 1;
  const last = seen === most;
  const events = await (await api.at(head.hash)).query.system.events();
  const ours = events.map(({ event }) => event).filter(({ section }) => PRODUCT.has(section));
  console.log(`block ${head.number}: ${events.length} events, ${ours.length} of the product`);
  for (const event of ours) console.log(`  ${event.section}.${event.method} ${JSON.stringify(event.data.toHuman())}`);
  if (last) {
    unsubscribe();
    await api.disconnect();
    process.exit(0);
  }
});
