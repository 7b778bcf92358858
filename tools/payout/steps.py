"""From receipts to claims, step by step: of a whole run, and of the payout that the book shows."""

import itertools
import json
import operator

import rules
from rules import integer, portion, tagged, unhex

# runtime/common/src/params.rs, in force where governance set no other.
PARAMETERS = {
    "split": {"treasury": 50_000, "owner": 150_000, "operator": 250_000, "attributors": 50_000, "data": 500_000},
    "royalty": 100_000,
    "floor": 1_000,
    "trace": 200_000,
    "tolerance": 20_000,
}
PARTS = ("treasury", "owner", "operator", "attributors", "data", "remainder")


def vector(entry):
    """(shares, pool) of its JSON."""
    return {share["contribution"]: share["ppm"] for share in entry["shares"]}, entry["pool"]


def computed(receipts):
    """The receipts' shares, and the running sums after each; `receipts` [{fee, scores, trace}]."""
    contributions = sorted(receipts[0]["scores"])
    shares, sums = [], [[0] * (len(contributions) + 1)]
    for receipt in receipts:
        shares.append(shares_of(receipt["scores"], receipt["trace"]))
        sums.append(rules.accumulate(sums[-1], contributions, receipt["fee"], *shares[-1]))
    return shares, sums[1:]


def shares_of(scores, trace):
    """The shares of a receipt, by the parameters in force."""
    return rules.receipt_shares(scores, PARAMETERS["floor"], trace, PARAMETERS["trace"])


def credits(trace):
    """(bits, {contribution: credit}) of its JSON."""
    return trace["bits"], dict(trace["credits"])


# A whole run.


def of_run(run):
    """(what, whether it agrees) for every contribution, every step of every settlement, and every payout of a run."""
    for datanet in run.report["datanets"]:
        yield from of_datanet(run, run.answer("datanet", "show", str(datanet["id"])))
    settlements = run.answer("settlement", "list")["settlements"]
    models = {model["model"]: model for model in run.answer("model", "list")["models"]}
    for number in {settlement["model"] for settlement in settlements}:
        models[number] = run.answer("model", "show", str(number))
    reports = {report["settlement"]: report for report in run.job_reports()}
    indices, traces = {}, {None: None}
    for settlement in settlements:
        model = models[settlement["model"]]
        info = model["versions"][settlement["version"] - 1]
        content = info["index"]["content"]
        if content not in indices:
            name = f"model {model['model']}: "
            members, method = run.index(content)
            leaves = [
                tagged("index-block", integer(c, 4) + integer(variant, 1) + integer(b, 4) + block)
                for (c, variant), blocks in members
                for b, block in enumerate(blocks)
            ]
            yield name + "index root", rules.merkle_root(leaves) == unhex(info["index"]["root"])
            identity = tagged("method", rules.compact(len(method)) + method)
            yield name + "method", identity == unhex(info["index"]["method"])
            indices[content] = members
        listed = info["index"]["trace"]
        if listed not in traces:
            traces[listed] = run.traces(listed)
            named = [contribution for (contribution, _), _ in indices[content]]
            ok = traces[listed].contributions == sorted(set(named))
            yield f"model {model['model']}: contributions of the trace index", ok
        report = reports[settlement["settlement"]]
        yield from of_settlement(run, settlement, model, indices[content], traces[listed], report)
    yield from of_payouts(run, settlements, models)


def of_datanet(run, datanet):
    roots = {}
    for contribution in datanet["contributions"]:
        data = run.blob(contribution["content"])
        records = [rules.record_hash(rules.record(line)) for line in data.splitlines()]
        roots[contribution["id"]] = root = rules.merkle_root(records)
        declared = unhex(contribution["root"]), contribution["records"], contribution["bytes"]
        yield f"contribution {contribution['id']}: records", declared == (root, len(records), len(data))
    for version in datanet["versions"]:
        root = rules.version_root([(c, roots[c]) for c in version["contributions"]])
        yield f"datanet {datanet['datanet']}, version {version['version']}", root == unhex(version["root"])


def of_settlement(run, settlement, model, members, traces, report):
    name = f"settlement {settlement['settlement']}: "
    batch = run.batch(settlement["batch"])
    receipts = [transcript["receipt"] for transcript in batch]
    ids = [rules.receipt_id(receipt) for receipt in receipts]
    yield name + "receipts root", rules.merkle_root(ids) == unhex(settlement["receipts_root"])
    fees = sum(int(receipt["fee"]) for receipt in receipts)
    yield name + "count and fee", (len(ids), fees) == (settlement["count"], int(settlement["total_fee"]))
    tokens = all(
        rules.tokens_hash(kind, transcript[key]) == unhex(transcript["receipt"][kind])
        for transcript in batch
        for kind, key in (("request", "prompt_ids"), ("response", "output_ids"))
    )
    yield name + "hashes of tokens", tokens
    prices = int(model["price_in"]), int(model["price_out"])
    priced = all(
        rules.price(r["tokens_in"], r["tokens_out"], *prices) == int(r["fee"]) for r in receipts
    )
    yield name + "prices", priced

    contributions = sorted({c for (c, _), _ in members})
    vectors = [[run.elements(block) for block in blocks] for _, blocks in members]
    before, queries, steps = None, [], []
    names = "partial sums", "running totals", "scores", "intervals", "traces", "receipts' shares", "running sums"
    right = dict.fromkeys(names, True)
    for i, (receipt, found) in enumerate(zip(receipts, report["receipts"])):
        work = run.work(found["work"])
        # Row by row: a contribution's variants one after the other, each with the query of its own.
        query = [run.elements(block) for block in work["query_blocks"]]
        size = len(vectors[0])
        own = itertools.cycle([query[at : at + size] for at in range(0, len(query), size)])
        partials = [
            sum(map(operator.mul, q, w))
            for asked, blocks in zip(own, vectors)
            for q, w in zip(asked, blocks, strict=True)
        ]
        right["partial sums"] &= partials == work["partials"]
        right["partial sums"] &= work["shifts"] == work["query_shifts"] * len(contributions)
        totals = [
            total
            for k in range(len(vectors))
            for total in itertools.accumulate(
                part << shift for part, shift in zip(partials[k * size :][:size], work["shifts"][k * size :])
            )
        ]
        right["running totals"] &= totals == work["totals"]
        scores = totals[size - 1 :: size]
        named = rules.scores_of(contributions, scores)
        reported = {c: [int(score) for score in own] for c, own in found["scores"]}
        right["scores"] &= scores == work["scores"] and named == reported
        intervals = {c: (least, most) for c, least, most in found["intervals"]}
        right["intervals"] &= rules.intervals(named) == intervals
        trace = traces.credits(batch[i]["output_ids"]) if traces else (0, {})
        right["traces"] &= trace == work["trace"] == credits(found["trace"])
        shares = shares_of(named, trace)
        right["receipts' shares"] &= shares == vector(found["shares"])
        before = rules.accumulate(before, contributions, int(receipt["fee"]), *shares)
        right["running sums"] &= before == work["sums"]
        leaves, step = rules.work_roots(contributions, i, work)
        queries += leaves
        steps.append(step)
    for what, ok in right.items():
        yield name + what, ok
    yield name + "query root", rules.merkle_root(queries) == unhex(report["query_root"])
    yield name + "work root", rules.merkle_root(steps) == unhex(report["work_root"])
    found = rules.settlement_shares(contributions, before)
    yield name + "shares", found == vector(report["shares"]) == vector(settlement["shares"])
    amounts, _, _ = divided(settlement)
    yield name + "split", amounts == {part: int(settlement["split"][part]) for part in PARTS}


def members_of(settlement):
    """Who is paid for the shares: all members of both committees, in a run in which nobody was wrong."""
    challenged = settlement["challenge"]["committee"] if settlement["challenge"] else []
    return challenged + settlement["committee"]


def divided(settlement):
    members = len(members_of(settlement))
    return rules.split(
        int(settlement["total_fee"]), PARAMETERS["split"], *vector(settlement["shares"]), members
    )


def of_payouts(run, settlements, models):
    records = {c["id"]: c["records"] for d in run.report["datanets"] for c in d["contributions"]}
    members = {d["id"]: [c["id"] for c in d["contributions"]] for d in run.report["datanets"]}
    pools = {d: rules.Pool(sum(records[c] for c in ids)) for d, ids in members.items()}
    accrued, credits = dict.fromkeys(records, 0), {}

    def credit(account, amount):
        credits[account] = credits.get(account, 0) + amount

    for settlement in sorted(settlements, key=lambda s: s["ended"]):
        model = models[settlement["model"]]
        amounts, direct, pooled = divided(settlement)
        for contribution, amount in direct.items():
            accrued[contribution] += amount
        datanets = [datanet for datanet, _ in model["versions"][settlement["version"] - 1]["trained_on"]]
        parts = rules.pool_parts(pooled, [pools[datanet].units for datanet in datanets])
        for datanet, amount in zip(datanets, parts):
            pools[datanet].receive(amount)
        credit(settlement["operator"], amounts["operator"])
        paid = members_of(settlement)
        for member in paid:
            credit(member, amounts["attributors"] // len(paid))
            if settlement["challenge"]:
                # The same shares were found again, so that the challenger's bond is the members'.
                credit(member, int(settlement["challenge"]["bond"]) // len(paid))
        lineage = [(model["model"], [model["base"]]), (model["base"], [])]
        for number, amount in rules.royalties(amounts["owner"], PARAMETERS["royalty"], lineage).items():
            credit(models[number]["owner"], amount)
    for datanet, ids in members.items():
        for contribution in ids:
            accrued[contribution] += records[contribution] * pools[datanet].per_unit
    claims = {
        claim["contribution"]: claim
        for account in run.answer("claimable", "--all")["accounts"]
        for claim in account["contributions"]
    }
    for contribution, amount in accrued.items():
        claim = claims[contribution]
        ok = amount == int(claim["accrued"]) == int(claim["claimed"])
        yield f"contribution {contribution}: {amount} units earned and claimed", ok
    paid = run.paid()
    for account, amount in credits.items():
        yield f"account {account}: {amount} units credited and claimed", amount == paid.get(account)


# The payout of the book.


def inputs(run, number):
    """What docs/protocol/worked-payout.json holds of a run."""
    settlements = run.answer("settlement", "list")["settlements"]
    settlement = settlements[number]
    [report] = [report for report in run.job_reports() if report["settlement"] == number]
    batch = run.batch(settlement["batch"])
    kept = ("settlement", "model", "version", "total_fee", "committee", "challenge", "shares", "split")
    same = [s for s in settlements if s["model"] == settlement["model"]]
    [datanet] = [d for d in run.report["datanets"] if report["shares"]["shares"][0]["contribution"] in
                 [c["id"] for c in d["contributions"]]]  # fmt: skip
    claims = {
        claim["contribution"]: [claim["accrued"], claim["claimed"]]
        for account in run.answer("claimable", "--all")["accounts"]
        for claim in account["contributions"]
    }
    model = run.answer("model", "show", str(settlement["model"]))
    return {
        "genesis": run.report["chain"]["genesis"],
        "settlement": number,
        "receipts_root": settlement["receipts_root"],
        "prices": [model["price_in"], model["price_out"]],
        "voucher": run.voucher(batch[0]["receipt"]["channel"]),
        "prompt_ids": batch[0]["prompt_ids"],
        "output_ids": batch[0]["output_ids"],
        "receipts": [transcript["receipt"] for transcript in batch],
        "scores": [dict(found["scores"]) for found in report["receipts"]],
        "traces": [found["trace"] for found in report["receipts"]],
        "query_root": report["query_root"],
        "work_root": report["work_root"],
        "report": run.report_id(number),
        "attribution": run.attribution(number),
        "settlements": [{key: s[key] for key in kept} for s in same],
        "contributions": [
            {"id": c["id"], "label": c["label"], "records": c["records"]} | dict(
                zip(("accrued", "claimed"), claims[c["id"]])) for c in datanet["contributions"]
        ],  # fmt: skip
    }


def dump(found):
    """JSON with one line for each entry of a list."""
    lines = []
    for key, value in found.items():
        text = json.dumps(value)
        if isinstance(value, list) and isinstance(value[0], dict):
            text = "[\n" + ",\n".join("  " + json.dumps(entry) for entry in value) + "\n ]"
        lines.append(f' "{key}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def page(found):
    """Every line of a figure that the book shows, recomputed; an AssertionError where the run says another."""

    def expect(ours, theirs):
        assert ours == theirs, f"{ours} here, {theirs} in the run"

    genesis = unhex(found["genesis"])
    [settlement] = [s for s in found["settlements"] if s["settlement"] == found["settlement"]]

    # 1: the receipt.
    receipt = found["receipts"][0]
    voucher = found["voucher"]
    preimage = rules.voucher_preimage(
        genesis, voucher["channel"], int(voucher["cumulative"]), voucher["expires"]
    )
    yield from hexadecimal(preimage)
    for kind, key in (("request", "prompt_ids"), ("response", "output_ids")):
        hashed = rules.tokens_hash(kind, found[key])
        expect(hashed, unhex(receipt[kind]))
        yield f"{kind:<9} {hashed.hex()}"
    fee = rules.price(receipt["tokens_in"], receipt["tokens_out"], *map(int, found["prices"]))
    expect(fee, int(receipt["fee"]))
    yield f"fee       {fee}"
    yield from hexadecimal(rules.receipt_bytes(receipt))
    ids = [rules.receipt_id(r) for r in found["receipts"]]
    yield f"receipt 0 {ids[0].hex()}"

    # 2: its place under the settlement's root.
    path = rules.merkle_path(ids, 0)
    for number, sibling in enumerate(path):
        yield f"sibling {number} {sibling.hex()}"
    root = rules.merkle_root_of(ids[0], 0, len(ids), path)
    expect(root, unhex(found["receipts_root"]))
    expect(root, rules.merkle_root(ids))
    yield f"root      {root.hex()}"

    # 3: the shares of the receipt.
    receipts = [
        {
            "fee": int(r["fee"]),
            "scores": {int(c): [int(score) for score in own] for c, own in scores.items()},
            "trace": credits(trace),
        }
        for r, scores, trace in zip(found["receipts"], found["scores"], found["traces"])
    ]
    shares, sums = computed(receipts)
    weights, pool = rules.receipt_weights(receipts[0]["scores"], PARAMETERS["floor"])
    yield f"sum of the positive scores {sum(weights.values()) + pool}"
    influence = rules.share_vector(weights, pool)
    yield from largest_remainders(weights, pool, influence)
    bits, credited = receipts[0]["trace"]
    if credited:
        yield f"of {bits} bits {sum(credited.values())} are credited"
        weights, pool = rules.mixed_weights(*influence, (bits, credited), PARAMETERS["trace"])
        yield from largest_remainders(weights, pool, shares[0])

    # 4: the running sums of one contribution.
    contributions = sorted(receipts[0]["scores"])
    followed = min(shares[0][0])
    place = contributions.index(followed)
    for number, (r, (named, _), total) in enumerate(zip(receipts, shares, sums)):
        yield f"{number:>2} {r['fee']:>18} × {named.get(followed, 0):>6} {total[place]:>25}"

    # 5: the shares of the settlement.
    weights, pool = dict(zip(contributions, sums[-1])), sums[-1][-1]
    result = rules.settlement_shares(contributions, sums[-1])
    expect(result, vector(settlement["shares"]))
    whole = sum(weights.values()) + pool
    expect(whole, int(settlement["total_fee"]) * rules.WHOLE)
    yield f"sum of all weights {whole}"
    yield from largest_remainders(weights, pool, result)

    # 6: what was committed to and revealed.
    roots = [unhex(found[key]) for key in ("query_root", "work_root", "report")]
    revealed = rules.attribution_bytes(*result, *roots)
    expect(revealed, unhex(found["attribution"]))
    yield from hexadecimal(revealed)
    member, salt = ss58(settlement["committee"][0]), bytes(range(32))
    committed = rules.commitment(genesis, settlement["settlement"], 1, member, salt, revealed)
    yield f"member     {member.hex()}"
    yield f"salt       {salt.hex()}"
    yield f"commitment {committed.hex()}"
    expect(rules.median([result] * 3), result)

    # 7: the split.
    amounts, direct, pooled = divided(settlement)
    expect(amounts, {part: int(settlement["split"][part]) for part in PARTS})
    for part in PARTS:
        yield f"{part:<11} {amounts[part]:>19}"
    members = len(members_of(settlement))
    yield f"each of {members} members {amounts['attributors'] // members}"
    kept = rules.royalties(amounts["owner"], PARAMETERS["royalty"], [("adapter", ["base"]), ("base", [])])
    yield f"adapter's owner {kept['adapter']}, base's owner {kept['base']}"

    # 8: what contributions earned.
    yield f"contribution {followed}: {direct[followed]}"
    yield f"pool: {pooled}"
    records = {c["id"]: c["records"] for c in found["contributions"]}
    units = rules.Pool(sum(records.values()))
    earned = {c: [] for c in records}
    for other in found["settlements"]:
        amounts, direct, pooled = divided(other)
        expect(amounts, {part: int(other["split"][part]) for part in PARTS})
        units.receive(pooled)
        for c in records:
            earned[c].append(direct.get(c, 0))
        yield (
            f"settlement {other['settlement']}: pool receives {pooled}, per record {units.per_unit}, "
            f"carried {units.carry}"
        )
    source = next(c["label"] for c in found["contributions"] if c["id"] == followed).rpartition("-")[0]
    total = 0
    for c in found["contributions"]:
        from_pool = records[c["id"]] * units.per_unit
        accrued = sum(earned[c["id"]]) + from_pool
        expect(accrued, int(c["accrued"]))
        expect(accrued, int(c["claimed"]))
        if c["label"].rpartition("-")[0] == source:
            parts = " + ".join(str(amount) for amount in earned[c["id"]])
            yield f"contribution {c['id']:>2}: {parts} + {records[c['id']]} × {units.per_unit} = {accrued}"
            total += accrued
    yield f"{source} claimed {total}"


def largest_remainders(weights, pool, result):
    """A line for each weight: what of a million it has, rounded down, the remainder, and its part."""
    named = [(str(c), weight) for c, weight in sorted(weights.items())] + [("pool", pool)]
    parts = rules.apportion([weight for _, weight in named])
    assert [part for _, _, part in parts] == [result[0].get(c, 0) for c in sorted(weights)] + [result[1]]
    for (name, weight), (floor, rest, part) in zip(named, parts):
        yield f"{name:>4} {weight:>25} {floor:>7} {rest:>25} {part:>7}"


def hexadecimal(data):
    """Lines of 32 bytes."""
    for at in range(0, len(data), 32):
        yield data[at : at + 32].hex()


def ss58(address):
    """The 32 bytes of an account's address."""
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number = 0
    for sign in address:
        number = number * 58 + alphabet.index(sign)
    return number.to_bytes(35, "big")[1:33]
