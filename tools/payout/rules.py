"""The protocol's arithmetic, from receipts to claims: a second implementation, from the book alone.

Nothing but the standard library, and nothing of the Rust code: where the two differ, the book is not exact
enough, or one of them is wrong. Each function names the chapter of docs/protocol/ that it follows.
"""

import hashlib
import itertools
import json

WHOLE = 1_000_000
MOST_SHARES = 256
BLOCK = 256


# hashes.md


def blake2(data):
    """H: BLAKE2b-256."""
    return hashlib.blake2b(data, digest_size=32).digest()


def tag(name, version=1):
    """The bytes in front of a preimage."""
    return f"openledger/{name}/v{version}".encode()


def tagged(name, data, version=1):
    return blake2(tag(name, version) + data)


def integer(value, size):
    """SCALE of an integer of so many bytes."""
    return value.to_bytes(size, "little", signed=value < 0)


def compact(value):
    """SCALE of a length."""
    for mode, size in ((0, 1), (1, 2), (2, 4)):
        if value < 1 << (8 * size - 2):
            return integer(value << 2 | mode, size)
    raise ValueError(f"{value} is longer than any list here")


def unhex(text):
    return bytes.fromhex(text.removeprefix("0x"))


def parents(level):
    pairs = (level[i : i + 2] for i in range(0, len(level), 2))
    return [blake2(b"\1" + pair[0] + pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]


def merkle_root(values):
    level = [blake2(b"\0" + value) for value in values]
    while len(level) > 1:
        level = parents(level)
    return level[0] if level else bytes(32)


def merkle_path(values, index):
    """The siblings of a value, from the leaf upwards."""
    level, path = [blake2(b"\0" + value) for value in values], []
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level, index = parents(level), index // 2
    return path


def merkle_root_of(value, index, count, path):
    """Where a path leads to."""
    here, path = blake2(b"\0" + value), list(path)
    while count > 1:
        if index ^ 1 < count:
            sibling = path.pop(0)
            here = blake2(b"\1" + (sibling + here if index & 1 else here + sibling))
        index, count = index // 2, (count + 1) // 2
    if path:
        raise ValueError("the path is too long")
    return here


# records.md


ROLES = ["system", "developer", "user", "assistant", "tool"]


def record_hash(record):
    """Of a canonical record's JSON."""
    if "text" in record:
        body = b"\0" + string(record["text"])
    elif "completion" in record:
        body = b"\1" + string(record["prompt"]) + string(record["completion"])
    elif "messages" in record:
        body = b"\2" + vector(record["messages"], message) + tools(record)
    else:
        ways = [vector(record[way], message) for way in ("prompt", "chosen", "rejected")]
        body = b"\3" + b"".join(ways) + tools(record)
    return tagged("record", body, 2)


def string(text):
    return compact(len(text.encode())) + text.encode()


def option(text):
    return b"\0" if text is None else b"\1" + string(text)


def vector(items, encode):
    return compact(len(items)) + b"".join(encode(item) for item in items)


class Digits(str):
    """A number of JSON as it was written."""


def record(line):
    """A line of JSON, numbers as they were written."""
    return json.loads(line, parse_int=Digits, parse_float=Digits)


def written(value):
    """JSON without blanks."""
    if isinstance(value, Digits):
        return value
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{written(key)}:{written(field)}" for key, field in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def tools(record):
    return vector(record.get("tools", []), lambda tool: string(written(tool)))


def message(turn):
    calls = vector(turn.get("tool_calls", []), call)
    learned = bytes(["weight" not in turn])
    role = integer(ROLES.index(turn["role"]), 1)
    name, answers = option(turn.get("name")), option(turn.get("tool_call_id"))
    return role + name + string(turn["content"]) + calls + answers + learned


def call(made):
    function = made["function"]
    return option(made.get("id")) + string(function["name"]) + string(function["arguments"])


def version_root(contributions):
    """Of [(id, root)]."""
    return merkle_root([blake2(integer(number, 4) + root) for number, root in contributions])


# vouchers.md, receipts.md


def voucher_preimage(genesis, channel, cumulative, expires):
    return tag("voucher") + genesis + integer(channel, 8) + integer(cumulative, 16) + integer(expires, 4)


def receipt_bytes(receipt):
    """SCALE of a receipt, from its JSON."""
    sizes = {
        "model": 4, "version": 4, "channel": 8, "cumulative": 16,
        "tokens_in": 4, "tokens_out": 4, "fee": 16, "issued_at": 8,
    }  # fmt: skip
    fields = (
        "genesis", "model", "version", "operator", "payer", "channel", "cumulative",
        "request", "response", "tokens_in", "tokens_out", "fee", "issued_at",
    )  # fmt: skip
    return b"".join(
        integer(int(receipt[name]), sizes[name]) if name in sizes else unhex(receipt[name])
        for name in fields
    )


def receipt_id(receipt):
    return tagged("receipt", receipt_bytes(receipt))


def tokens_hash(kind, ids):
    """`kind` is request or response."""
    return tagged(kind, compact(len(ids)) + b"".join(integer(i, 4) for i in ids))


def price(tokens_in, tokens_out, price_in, price_out):
    return -(-tokens_in * price_in // 1000) + -(-tokens_out * price_out // 1000)


# scores.md


def apportion(weights, total=WHOLE):
    """Largest remainders: (floor, remainder, part) of each weight."""
    whole = sum(weights)
    if whole == 0:
        return [(0, 0, 0) for _ in weights]
    floors = [divmod(weight * total, whole) for weight in weights]
    left = total - sum(floor for floor, _ in floors)
    order = sorted(range(len(weights)), key=lambda i: (-floors[i][1], i))
    more = set(order[:left])
    return [(floor, rest, floor + (i in more)) for i, (floor, rest) in enumerate(floors)]


def share_vector(weights, pool):
    """({contribution: ppm}, pool's ppm) of {contribution: weight} and the pool's weight."""
    named = sorted(((c, w) for c, w in weights.items() if w > 0), key=lambda e: (-e[1], e[0]))
    pool += sum(weight for _, weight in named[MOST_SHARES:])
    named = sorted(named[:MOST_SHARES])
    parts = [part for _, _, part in apportion([weight for _, weight in named] + [pool])]
    shares = {c: ppm for (c, _), ppm in zip(named, parts) if ppm}
    return shares, WHOLE - sum(shares.values())


def wholes(scores):
    """Of each variant, the sum of the positive scores; of {contribution: [score of each variant]}."""
    return [sum(max(score, 0) for score in variant) for variant in zip(*scores.values())]


def receipt_weights(scores, floor):
    """({contribution: weight}, the pool's weight) of one receipt by influence."""

    def certain(own):
        parts = zip(own, wholes(scores))
        return all(score > 0 and score * WHOLE >= whole * floor for score, whole in parts)

    positive = {c: sum(own) for c, own in scores.items() if sum(own) > 0}
    above = {c: weight for c, weight in positive.items() if certain(scores[c])}
    return above, sum(positive.values()) - sum(above.values())


def intervals(scores):
    """{contribution: (the least, the largest of its parts over the variants)} in ppm."""

    def parts(own):
        return [max(score, 0) * WHOLE // whole if whole else 0 for score, whole in zip(own, wholes(scores))]

    return {c: (min(parts(own)), max(parts(own))) for c, own in scores.items()}


def mixed_weights(shares, pool, trace, part):
    """({contribution: weight}, the pool's weight) where `part` of what a trace explains follows it, and all else the
    shares by influence; `trace` is (bits, {contribution: credit})."""
    bits, credits = trace
    rest = max(WHOLE * bits - part * sum(credits.values()), 0)
    named = credits.keys() | shares.keys()
    weights = {c: WHOLE * part * credits.get(c, 0) + rest * shares.get(c, 0) for c in named}
    return weights, rest * pool


def receipt_shares(scores, floor, trace=(0, {}), part=0):
    shares, pool = share_vector(*receipt_weights(scores, floor))
    if part and any(trace[1].values()):
        return share_vector(*mixed_weights(shares, pool, trace, part))
    return shares, pool


def accumulate(before, contributions, fee, shares, pool):
    """The running sums after a receipt, the pool's last."""
    parts = [shares.get(c, 0) for c in contributions] + [pool]
    return [a + fee * ppm for a, ppm in zip(before or itertools.repeat(0), parts)]


def settlement_shares(contributions, sums):
    return share_vector(dict(zip(contributions, sums)), sums[-1])


# committee.md


def draw(seed, candidates, size):
    """Accounts drawn, from a seed of 32 bytes and [(account, bond)] in ascending order of accounts."""
    urn, drawn = list(candidates), []
    for number in range(size):
        whole = sum(bond for _, bond in urn)
        if whole == 0:
            break
        ticket = int.from_bytes(blake2(seed + integer(number, 4)), "little") % whole
        for place, (_, bond) in enumerate(urn):
            if ticket < bond:
                drawn.append(urn.pop(place)[0])
                break
            ticket -= bond
    return drawn


def attribution_bytes(shares, pool, query_root, work_root, report):
    """SCALE of what an attributor reveals."""
    named = b"".join(integer(c, 4) + integer(ppm, 4) for c, ppm in sorted(shares.items()))
    return compact(len(shares)) + named + integer(pool, 4) + query_root + work_root + report


def commitment(genesis, settlement, attempt, attributor, salt, attribution):
    preimage = genesis + integer(settlement, 8) + integer(attempt, 1) + attributor + salt
    return tagged("commitment", preimage + attribution)


def median(vectors):
    """The median of [(shares, pool)]."""

    def middle(values):
        values = sorted(values)
        return (values[(len(values) - 1) // 2] + values[len(values) // 2]) // 2

    named = {c for shares, _ in vectors for c in shares}
    weights = {c: middle(shares.get(c, 0) for shares, _ in vectors) for c in named}
    return share_vector(weights, middle(pool for _, pool in vectors))


def distance(one, other):
    """L1, of two (shares, pool)."""
    named = one[0].keys() | other[0].keys()
    return abs(one[1] - other[1]) + sum(abs(one[0].get(c, 0) - other[0].get(c, 0)) for c in named)


# payout.md


def portion(amount, ppm):
    return amount * ppm // WHOLE


def with_data_share(parts, least):
    """The parts of a fee, where licences demand at least so much for the data."""
    raised = dict(parts)
    for name in ("operator", "owner", "treasury", "attributors"):
        taken = min(max(least - raised["data"], 0), raised[name])
        raised[name] -= taken
        raised["data"] += taken
    return raised


def split(fee, parts, shares, pool, members):
    """(the six amounts, {contribution: amount}, the pools' amount) of a fee."""
    data = portion(fee, parts["data"])
    direct = {c: portion(data, ppm) for c, ppm in shares.items()}
    pooled = portion(data, pool)
    each = portion(fee, parts["attributors"]) // members if members else 0
    amounts = {name: portion(fee, parts[name]) for name in ("treasury", "owner", "operator")}
    amounts |= {"attributors": each * members, "data": sum(direct.values()) + pooled}
    amounts["remainder"] = fee - sum(amounts.values())
    return amounts, direct, pooled


def royalties(amount, royalty, lineage):
    """What each model keeps of an owner's part; `lineage` [(model, [what it derives from])], the served first."""
    reached, kept = {lineage[0][0]: amount}, {}
    for model, parents_ in lineage:
        here = reached.get(model, 0)
        each = portion(here, royalty) // len(parents_) if parents_ else 0
        for parent in parents_:
            reached[parent] = reached.get(parent, 0) + each
        kept[model] = here - each * len(parents_)
    return kept


def pool_parts(amount, records):
    """What the pool of each datanet of a model gets, by the records of their versions."""
    parts = [amount * weight // sum(records) for weight in records]
    parts[0] += amount - sum(parts)
    return parts


class Pool:
    """What one record of a datanet has earned through its pool."""

    def __init__(self, units):
        self.units, self.per_unit, self.carry = units, 0, 0

    def receive(self, amount):
        each, self.carry = divmod(self.carry + amount, self.units)
        self.per_unit += each


# work.md


def rows_of(contributions, variants):
    """[(contribution, variant)] in the order in which they lie in an index."""
    return [(c, variant) for c in contributions for variant in range(variants)]


def scores_of(contributions, scores):
    """{contribution: [score of each variant]} of the scores row by row."""
    variants = len(scores) // len(contributions)
    return {c: scores[k * variants : (k + 1) * variants] for k, c in enumerate(contributions)}


def trace_hash(trace):
    bits, credits = trace
    each = b"".join(integer(c, 4) + integer(credit, 8) for c, credit in credits.items())
    return tagged("trace", integer(bits, 8) + compact(len(credits)) + each)


def work_roots(contributions, receipt, work):
    """(query leaves, step leaf) of the work on one receipt."""
    variants = len(work["scores"]) // len(contributions)
    blocks = len(work["query_shifts"]) // variants
    queries = [
        tagged("query-block", integer(receipt, 4) + integer(v, 1) + integer(b, 4) + integer(shift, 1) + values)
        for (v, b), shift, values in zip(
            ((v, b) for v in range(variants) for b in range(blocks)), work["query_shifts"], work["query_blocks"]
        )
    ]
    scores = []
    rows = rows_of(contributions, variants)
    for k, (contribution, variant) in enumerate(rows):
        of = slice(k * blocks, (k + 1) * blocks)
        leaves = [
            tagged("partial-sum", integer(b, 4) + integer(shift, 1) + integer(part, 8) + integer(total, 16))
            for b, (shift, part, total) in enumerate(
                zip(work["shifts"][of], work["partials"][of], work["totals"][of])
            )
        ]
        root = merkle_root(leaves)
        row = integer(contribution, 4) + integer(variant, 1)
        scores.append(tagged("score", row + integer(work["scores"][k], 16) + root))
    sums = tagged("accumulated", compact(len(work["sums"])) + b"".join(integer(a, 16) for a in work["sums"]))
    step = integer(receipt, 4) + integer(work["fee"], 16) + merkle_root(scores) + trace_hash(work["trace"]) + sums
    return queries, tagged("step", step)
