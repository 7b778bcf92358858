"""Work with one wrong number, of each kind that a proof of fraud shows, and what follows from it: hashed, committed to
and published as an attributor would who hopes that nobody recomputes it. By the second implementation of the protocol,
on what an honest engine published."""

import itertools
import json

import recorded
import rules

KINDS = ("partial", "score", "step", "trace", "fee", "shares")
# What kind of proof shows it, where that has another name.
SHOWN = {"trace": "step"}
# What is added to a partial sum, and to a score that does not follow from its partial sums.
ADDED = 1 << 30


def tell(kind, attribution, answered, job, store):
    """What an engine answers in place of what it computed on the one receipt of a job; publishes what belongs to it.

    `attribution` is (shares, pool, roots and report) of the honest one, `answered` its answer.
    """
    (shares, pool, rest), contributions = attribution, job["contributions"]
    if kind == "shares":
        told, pool = moved(shares, pool, contributions)
        return rules.attribution_bytes(told, pool, rest[:32], rest[32:64], rest[64:])
    report = json.loads(read(store, answered["report"]))
    [receipt] = report["receipts"]
    work = recorded.work_of(read(store, receipt["work"]))
    told, pool = change(kind, work, job)
    queries, step = rules.work_roots(contributions, 0, work)
    receipt["work"] = publish(store, encoded(work))
    report["work_root"] = "0x" + rules.merkle_root([step]).hex()
    report["shares"] = {
        "shares": [{"contribution": c, "ppm": ppm} for c, ppm in sorted(told.items())], "pool": pool,
    }  # fmt: skip
    shown = publish(store, json.dumps(report, separators=(",", ":")).encode())
    roots = rules.merkle_root(queries), rules.merkle_root([step]), rules.unhex(shown)
    return rules.attribution_bytes(told, pool, *roots)


def moved(shares, pool, contributions, most=300_000):
    """(shares, pool) with an even part moved to the contribution that has least: of the largest share, or of the pool's
    where nobody has one."""
    poorest = min(contributions, key=lambda contribution: shares.get(contribution, 0))
    told = dict.fromkeys(contributions, 0) | shares
    if shares:
        richest = max(shares, key=shares.get)
        part = min(most, shares[richest]) // 2 * 2
        told[richest] -= part
    else:
        part = min(most, pool) // 2 * 2
        pool -= part
    told[poorest] += part
    return {contribution: ppm for contribution, ppm in told.items() if ppm}, pool


def change(kind, work, job):
    """Makes one number wrong, and everything after it what follows; (shares, pool) of that."""
    blocks, contributions = len(work["partials"]) // len(work["scores"]), job["contributions"]
    # Of the row with the smallest score: its contribution gains most by it.
    place = work["scores"].index(min(work["scores"]))
    owner = place * len(contributions) // len(work["scores"])
    if kind == "partial":
        work["partials"][place * blocks + blocks // 2] += ADDED
        of = slice(place * blocks, (place + 1) * blocks)
        parts = (part << shift for part, shift in zip(work["partials"][of], work["shifts"][of]))
        work["totals"][of] = itertools.accumulate(parts)
        work["scores"][place] = work["totals"][of][-1]
    if kind == "score":
        work["scores"][place] += ADDED
    if kind == "fee":
        work["fee"] += 1
    if kind == "trace":
        # More than there is to credit: no honest trace has that.
        bits, _ = work["trace"]
        work["trace"] = bits, {contributions[owner]: bits + 1}
    scores = rules.scores_of(contributions, work["scores"])
    part = job["trace"] if job["index"]["trace"] else 0
    found = rules.receipt_shares(scores, job["floor"], work["trace"], part)
    work["sums"] = rules.accumulate(None, contributions, work["fee"], *found)
    if kind == "step":
        work["sums"][owner] += work["fee"] * rules.WHOLE
    return rules.settlement_shares(contributions, work["sums"])


def encoded(work):
    """SCALE of the work on one receipt."""

    def integers(values, size):
        return rules.compact(len(values)) + b"".join(rules.integer(value, size) for value in values)

    query, (bits, credits) = b"".join(work["query_blocks"]), work["trace"]
    credited = b"".join(rules.integer(c, 4) + rules.integer(credit, 8) for c, credit in credits.items())
    return b"".join([
        rules.integer(work["fee"], 16), rules.compact(len(work["query_shifts"])) + bytes(work["query_shifts"]),
        rules.compact(len(query) // 2) + query, rules.compact(len(work["shifts"])) + bytes(work["shifts"]),
        integers(work["partials"], 8), integers(work["totals"], 16), integers(work["scores"], 16),
        rules.integer(bits, 8) + rules.compact(len(credits)) + credited, integers(work["sums"], 16),
    ])  # fmt: skip


def place_of(store, content):
    digits = content.removeprefix("0x")
    return store / digits[:2] / digits[2:4] / digits


def read(store, content):
    return place_of(store, content).read_bytes()


def publish(store, data):
    """Its content id, with the blob under it."""
    content = "0x" + rules.blake2(data).hex()
    place_of(store, content).parent.mkdir(parents=True, exist_ok=True)
    place_of(store, content).write_bytes(data)
    return content
