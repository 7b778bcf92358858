// Asks a gateway as docs/protocol/gateway.md has it: a second implementation of what the command line signs.
//
//   node gateway.mjs '{"gateway","genesis","operator":"0x…","channel","suri","voucher",…}'
//
// With "ethereum", a private key as 0x…, in place of "suri", a wallet certifies an Ed25519 session that asks. With "limit",
// the session may have the channel owe so much at most. "path" and "body" are what is asked. Prints status and answer.

import { randomBytes } from "node:crypto";
import { Keyring } from "@polkadot/api";
import { blake2AsU8a, cryptoWaitReady, secp256k1Sign } from "@polkadot/util-crypto";

/** An integer, little-endian. */
export function bytes(value, length) {
  return Uint8Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));
}

const hex = (data) => `0x${Buffer.from(data).toString("hex")}`;
const unhex = (text) => Buffer.from(text.slice(2), "hex");

/** What `personal_sign` of a wallet gives. */
export function personalSign(message, key) {
  const prefixed = Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`), message]);
  return secp256k1Sign(prefixed, { secretKey: unhex(key) }, "keccak");
}

/** What every signed message of a channel begins with. */
function scope(tag, { genesis, operator, channel }) {
  return [Buffer.from(`openledger/${tag}/v1`), unhex(genesis), unhex(operator), bytes(channel, 8)];
}

/** The bytes that authorise one request. */
export function usePreimage(where, { body, time, nonce, action }) {
  const parts = [blake2AsU8a(body, 256), bytes(time, 8), nonce, Buffer.from(action)];
  return Buffer.concat([...scope("use", where), ...parts]);
}

/** The bytes that certify a session key. */
export function sessionPreimage(where, { key, expires, limit }) {
  return Buffer.concat([...scope("session", where), key, bytes(expires, 8), bytes(limit, 16)]);
}

/** The header X-OpenLedger-Use of a request, by the channel's key or by a session that an Ethereum wallet certifies. */
export function use(where, { suri, ethereum, limit }, action, body) {
  const keys = new Keyring({ type: "sr25519" });
  const asked = { body, time: Date.now(), nonce: randomBytes(16), action };
  const message = usePreimage(where, asked);
  const shown = { time: asked.time, nonce: hex(asked.nonce) };
  if (!ethereum) {
    return { ...shown, signature: `0x01${hex(keys.addFromUri(suri).sign(message)).slice(2)}` };
  }
  const session = new Keyring({ type: "ed25519" }).addFromSeed(randomBytes(32));
  const most = (1n << 128n) - 1n;
  const certified = { key: session.publicKey, expires: Date.now() + 600_000, limit: BigInt(limit ?? most) };
  const certificate = personalSign(sessionPreimage(where, certified), ethereum);
  return {
    ...shown,
    signature: `0x00${hex(session.sign(message)).slice(2)}`,
    certificate: {
      session: {
        key: hex(session.publicKey),
        expires: certified.expires,
        ...(limit === undefined ? {} : { limit: String(limit) }),
      },
      signature: `0x02${hex(certificate).slice(2)}`,
    },
  };
}

/** Asks, and returns status and answer. */
export async function ask(wanted) {
  const { gateway, path, voucher } = wanted;
  const body = wanted.body === undefined ? "" : JSON.stringify(wanted.body);
  const method = wanted.body === undefined ? "GET" : "POST";
  const headers = { "Content-Type": "application/json" };
  if (voucher) headers["X-OpenLedger-Voucher"] = JSON.stringify(voucher);
  const signer = { suri: wanted.suri, ethereum: wanted.ethereum, limit: wanted.limit };
  const signed = wanted.use ?? use(wanted, signer, `${method} ${path}`, body);
  headers["X-OpenLedger-Use"] = JSON.stringify(signed);
  const answer = await fetch(gateway + path, { method, headers, ...(method === "POST" ? { body } : {}) });
  return { status: answer.status, answer: await answer.json(), use: signed };
}

if (process.argv[1]?.endsWith("gateway.mjs")) {
  await cryptoWaitReady();
  console.log(JSON.stringify(await ask(JSON.parse(process.argv[2]))));
}
