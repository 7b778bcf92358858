// Signs vouchers as docs/protocol.md has them, for the gateway: a second implementation of what the
// command line signs.
//
//   node vouchers.mjs '{"genesis":"0x…","vouchers":[{"suri","channel","cumulative","expires"}]}'

import { Keyring } from "@polkadot/api";
import { cryptoWaitReady } from "@polkadot/util-crypto";

await cryptoWaitReady();
const keys = new Keyring({ type: "sr25519" });

/** An integer, little-endian. */
function bytes(value, length) {
  return Uint8Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

function voucher(genesis, { suri, channel, cumulative, expires }) {
  const message = Buffer.concat([
    Buffer.from("openledger/voucher/v1"),
    Buffer.from(genesis.slice(2), "hex"),
    bytes(channel, 8),
    bytes(cumulative, 16),
    bytes(expires, 4),
  ]);
  const signature = Buffer.from(keys.addFromUri(suri).sign(message)).toString("hex");
  return { channel, cumulative, expires, signature: `0x01${signature}` };
}

const { genesis, vouchers } = JSON.parse(process.argv[2]);
console.log(JSON.stringify(vouchers.map((wanted) => voucher(genesis, wanted))));
