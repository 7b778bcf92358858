// Signs vouchers as docs/protocol.md has them, for the gateway: a second implementation of what the
// command line signs.
//
//   node vouchers.mjs '{"genesis":"0x…","vouchers":[{"suri","channel","cumulative","expires"}]}'
//
// With "ethereum", a private key as 0x…, in place of "suri", as an Ethereum wallet signs (EIP-191).

import { Keyring } from "@polkadot/api";
import { cryptoWaitReady, secp256k1Sign } from "@polkadot/util-crypto";

await cryptoWaitReady();
const keys = new Keyring({ type: "sr25519" });

/** An integer, little-endian. */
function bytes(value, length) {
  return Uint8Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

/** What `personal_sign` of a wallet gives. */
function personalSign(message, key) {
  const prefixed = Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`), message]);
  return secp256k1Sign(prefixed, { secretKey: Buffer.from(key.slice(2), "hex") }, "keccak");
}

function voucher(genesis, { suri, ethereum, channel, cumulative, expires }) {
  const message = Buffer.concat([
    Buffer.from("openledger/voucher/v1"),
    Buffer.from(genesis.slice(2), "hex"),
    bytes(channel, 8),
    bytes(cumulative, 16),
    bytes(expires, 4),
  ]);
  const signed = ethereum ? personalSign(message, ethereum) : keys.addFromUri(suri).sign(message);
  const signature = (ethereum ? "0x02" : "0x01") + Buffer.from(signed).toString("hex");
  return { channel, cumulative, expires, signature };
}

const { genesis, vouchers } = JSON.parse(process.argv[2]);
console.log(JSON.stringify(vouchers.map((wanted) => voucher(genesis, wanted))));
