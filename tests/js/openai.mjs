// OpenAI's own client at a gateway: all that it needs besides is a `fetch` that signs and pays.

import OpenAI from "openai";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { equal, facts, finish, holds, test } from "./common.mjs";
import { use } from "./gateway.mjs";

await cryptoWaitReady();
const { model, paying: { gateway, genesis, operator, channel, suri, voucher, name } } = facts;
const where = { genesis, operator, channel };
const id = `openledger/${model}`;

/** `fetch` with what the gateway asks for beside OpenAI's own headers. */
async function signing(url, init) {
  const headers = new Headers(init.headers);
  if (init.method?.toUpperCase() === "POST") {
    const action = `POST ${new URL(url).pathname}`;
    headers.set("X-OpenLedger-Voucher", JSON.stringify(voucher));
    headers.set("X-OpenLedger-Use", JSON.stringify(use(where, { suri }, action, init.body)));
  }
  return fetch(url, { ...init, headers });
}

const client = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: "none", fetch: signing, maxRetries: 0 });

/** The error that a promise ends with. */
async function refused(promise) {
  const error = await promise.then(() => undefined, (error) => error);
  holds(error instanceof OpenAI.APIError, "a refusal");
  return error;
}

await test("openai", "lists models, and finds each by its id and its name", async () => {
  const listed = [];
  for await (const found of client.models.list()) listed.push(found.id);
  holds(listed.includes(id), `${id} in ${listed}`);
  for (const found of listed) equal((await client.models.retrieve(found)).id, found, "the model");
  equal((await client.models.retrieve(name)).id, id, "the model by its name");
  const missing = await refused(client.models.retrieve("openledger/999"));
  equal(`${missing.status} ${missing.code}`, "404 model_not_found", "the refusal");
});

await test("openai", "asks by chat, with parts, and is answered with a receipt", async () => {
  const answer = await client.chat.completions.create({
    model: id,
    max_completion_tokens: 4,
    temperature: 0,
    seed: -1,
    stop: [],
    n: 1,
    messages: [
      { role: "developer", content: "Answer." },
      { role: "user", content: [{ type: "text", text: "hello" }] },
    ],
  });
  equal(answer.object, "chat.completion", "the object");
  equal(answer.choices[0].message.role, "assistant", "who answers");
  holds(answer.usage.completion_tokens <= 4, "at most four tokens");
  equal(answer.openledger.receipt.tokens_out, answer.usage.completion_tokens, "the tokens charged");
});

await test("openai", "has its answer end before a text", async () => {
  const asked = { model: name, prompt: "function lockVault(", max_tokens: 12, temperature: 0 };
  const whole = (await client.completions.create(asked)).choices[0].text;
  const stop = whole.slice(Math.floor(whole.length / 2)).slice(0, 1);
  const cut = (await client.completions.create({ ...asked, stop })).choices[0];
  equal(cut.text, whole.split(stop)[0], "the answer");
  equal(cut.finish_reason, "stop", "why it ended");
});

await test("openai", "is told which field is not supported", async () => {
  const messages = [{ role: "user", content: "hello" }];
  const tools = [{ type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } }];
  for (const [param, fields] of [
    ["tools", { tools }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["logprobs", { logprobs: true }],
    ["n", { n: 2 }],
    ["stream", { stream: true }],
  ]) {
    const error = await refused(client.chat.completions.create({ model: id, messages, ...fields }));
    equal(`${error.status} ${error.code} ${error.param}`, `400 unsupported_parameter ${param}`, "the refusal");
  }
});

finish();
