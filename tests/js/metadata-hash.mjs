// Whether a runtime built for release carries the hash of its metadata: computed by another
// implementation and signed for, it is accepted; any other is not.

import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { u8aToHex } from "@polkadot/util";
import { merkleizeMetadata } from "@polkadot-api/merkleize-metadata";
import { equal, finish, holds, test, url, within } from "./common.mjs";

const api = await within(60_000, ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true }));
const alice = new Keyring({ type: "sr25519" }).addFromUri("//Alice");

/** Sends a remark that is signed for this metadata; whether it got into a block. */
const remark = (metadataHash) =>
  new Promise((resolve, reject) => {
    api.tx.system
      .remark("0x00")
      .signAndSend(alice, { mode: 1, metadataHash }, ({ status }) => status.isInBlock && resolve())
      .catch(reject);
  });

await test("metadata hash", "the one that another implementation computes is accepted", async () => {
  const { specName, specVersion } = api.runtimeVersion;
  const metadata = (await api.call.metadata.metadataAtVersion(15)).unwrap();
  const merkle = merkleizeMetadata(metadata.toU8a(true), {
    base58Prefix: api.registry.chainSS58,
    decimals: api.registry.chainDecimals[0],
    tokenSymbol: api.registry.chainTokens[0],
    specName: specName.toString(),
    specVersion: specVersion.toNumber(),
  });
  await remark(u8aToHex(merkle.digest()));
});

await test("metadata hash", "another is not", async () => {
  let refused = "";
  await remark(u8aToHex(new Uint8Array(32).fill(7))).catch((error) => (refused = error.message));
  holds(/bad signature/i.test(refused), `a bad signature, not ${JSON.stringify(refused)}`);
  equal(api.isConnected, true, "connection");
});

finish();
