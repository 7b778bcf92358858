// What both clients' tests share.

export const url = process.env.NODE_URL ?? "ws://127.0.0.1:9944";
/** What is on the chain already: `{"datanet", "model", "operator"}`. */
export const facts = JSON.parse(process.env.FACTS ?? "{}");
export const UNIT = 10n ** 18n;
export const LICENCE = {
  training: true,
  evaluation: true,
  retrieval: true,
  commercial: true,
  derivatives: true,
  min_data_share: 0,
  training_price: 0n,
  expires: undefined,
  revocable: false,
  withdrawn: { type: "Continue", value: undefined },
};

let failed = 0;

/** Runs one test and says how it went. */
export async function test(client, name, body) {
  try {
    await within(60_000, body());
    console.log(`ok   ${client}: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${client}: ${name}: ${String(error?.stack ?? error).split("\n").slice(0, 4).join(" | ")}`);
  }
}

export function equal(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}

export function finish() {
  process.exit(failed ? 1 : 0);
}

/** What `promise` gives, or an error when it takes too long. */
export function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
