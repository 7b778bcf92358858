// Signs vouchers as docs/protocol/vouchers.md has them, for the gateway: a second implementation of what the
// command line signs.
//
//   node vouchers.mjs '{"genesis":"0x…","vouchers":[{"suri","channel","cumulative","expires"}]}'
//
// With "ethereum", a private key as 0x…, in place of "suri", as an Ethereum wallet signs (EIP-191). With "message", bytes as
// 0x…, in place of a voucher's fields, the signature of these.

import { Keyring } from "@polkadot/api";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { bytes, personalSign } from "./gateway.mjs";

await cryptoWaitReady();
const keys = new Keyring({ type: "sr25519" });

function sign(message, { suri, ethereum }) {
  const signed = ethereum ? personalSign(message, ethereum) : keys.addFromUri(suri).sign(message);
  return (ethereum ? "0x02" : "0x01") + Buffer.from(signed).toString("hex");
}

function voucher(genesis, wanted) {
  if (wanted.message) return sign(Buffer.from(wanted.message.slice(2), "hex"), wanted);
  const { channel, cumulative, expires } = wanted;
  const message = Buffer.concat([
    Buffer.from("openledger/voucher/v1"),
    Buffer.from(genesis.slice(2), "hex"),
    bytes(channel, 8),
    bytes(cumulative, 16),
    bytes(expires, 4),
  ]);
  return { channel, cumulative, expires, signature: sign(message, wanted) };
}

const { genesis, vouchers } = JSON.parse(process.argv[2]);
console.log(JSON.stringify(vouchers.map((wanted) => voucher(genesis, wanted))));
