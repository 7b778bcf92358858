"""What a run shows: gathered from chain state and public artefacts, checked, and put into words.

[`gather`] asks; everything below it only computes, and is tested without a chain.
"""

import hashlib
from collections import defaultdict
from fractions import Fraction

import corpora
import duplicates

UNIT = 10**18
TOTAL_ISSUANCE = 10**9 * UNIT
WHOLE = 1_000_000
# twox_128("Attribution") ‖ twox_128("Pools"): where the chain keeps what pools carry.
POOLS = "0xa84b83594b89bfa0e0efca6365f6d8754c72016d74b63ae83d79b02efdb5528e"
SPLIT_PARTS = ("treasury", "owner", "operator", "attributors", "data", "remainder")


def gather(cli, rpc, jobs, labels, heldout, proven=()):
    """All that the report is made of.

    `jobs`: model id → what `model train` wrote; `labels`: receipt id → the source of its prompt;
    `heldout`: content id of a contribution → records held out beside it; `proven`: the duplicates that were
    proven, with what their finders were paid and their contributors lost.
    """
    status = cli("status")
    adapters = {model: cli("model", "show", model) for model in jobs}
    versions = sorted({tuple(pair) for job in jobs.values() for pair in job["trained_on"]})
    datanets = [(cli("datanet", "show", datanet), version) for datanet, version in versions]
    settlements = [s for s in cli("settlement", "list")["settlements"] if s["model"] in jobs]
    receipts, audits, bm25 = {}, {}, {}
    for settlement in settlements:
        number = settlement["settlement"]
        receipts[number] = cli("settlement", "receipts", number)["receipts"]
        ids = [receipt["receipt_id"] for receipt in receipts[number]]
        # Status 1: a difference, which the checks report.
        for audit in cli("audit", *ids, allow=(1,))["receipts"]:
            audits[audit["receipt_id"]] = audit
        for baseline in cli("attribute", *ids, "--method", "bm25")["receipts"]:
            bm25[baseline["receipt_id"]] = baseline["shares"]["shares"]
    records = {}
    for datanet, version in datanets:
        records |= duplicates.hashes(cli, listed_in(datanet, version))
    return {
        "status": status,
        "datanets": datanets,
        "adapters": adapters,
        "jobs": jobs,
        "settlements": settlements,
        "receipts": receipts,
        "audits": audits,
        "bm25": bm25,
        "labels": labels,
        "heldout": heldout,
        "claimable": cli("claimable", "--all")["accounts"],
        "carried": carried(rpc),
        "records": records,
        "proven": proven,
    }


def carried(rpc):
    """What the pools carry together, in units."""
    keys = rpc("state_getKeysPaged", POOLS, 1000)
    return sum(carry(rpc("state_getStorage", key)) for key in keys)


def carry(value):
    """`carry` of a SCALE-encoded `Pool {per_unit: u128, units: u64, carry: u128, received: u128}`."""
    return int.from_bytes(bytes.fromhex(value[2:])[24:40], "little")


def listed_in(datanet, version):
    """The contributions of one of a datanet's versions."""
    within = next(v for v in datanet["versions"] if v["version"] == version)["contributions"]
    return [entry for entry in datanet["contributions"] if entry["id"] in within]


def contributor(label):
    """Whose contribution `solady-2` is."""
    head, _, tail = label.rpartition("-")
    return head if head and tail.isdigit() else label


def build(found):
    """The report, as it is written to `report.json`."""
    status = found["status"]
    datanets, payouts = [], {}
    earned = {
        claim["contribution"]: claim
        for account in found["claimable"]
        for claim in account["contributions"]
    }
    for datanet, version in found["datanets"]:
        contributions = listed_in(datanet, version)
        for entry in contributions:
            name = contributor(entry["label"])
            payout = payouts.setdefault(
                (datanet["datanet"], name),
                {"label": name, "account": entry["contributor"], "accrued": 0, "claimed": 0},
            )
            claim = earned.get(entry["id"], {"accrued": 0, "claimed": 0})
            payout["accrued"] += int(claim["accrued"])
            payout["claimed"] += int(claim["claimed"])
        datanets.append(
            {
                "id": datanet["datanet"],
                "name": datanet["name"],
                "version": version,
                "contributions": [
                    {
                        "id": entry["id"],
                        "label": entry["label"],
                        "account": entry["contributor"],
                        "records": entry["records"],
                        "bytes": entry["bytes"],
                        "root": entry["root"],
                        "heldout": found["heldout"].get(entry["content"], 0),
                    }
                    for entry in contributions
                ],
            }
        )
    adapters = []
    for model, job in found["jobs"].items():
        versions = found["adapters"][model]["versions"]
        registered = versions[-1]
        adapters.append(
            {
                "model_id": model,
                "datanet": job["trained_on"][0][0],
                "hash": registered["artefact"],
                "index_root": registered["index"]["root"],
                "heldout_loss_base": job["heldout_loss_base"],
                "heldout_loss_adapter": job["heldout_loss_adapter"],
                "train_seconds": job["train_seconds"],
            }
        )
    inferences, settlements = [], []
    for settlement in found["settlements"]:
        number = settlement["settlement"]
        for receipt in found["receipts"][number]:
            audit = found["audits"].get(receipt["receipt_id"], {})
            inferences.append(
                {
                    "receipt_id": receipt["receipt_id"],
                    "model_id": settlement["model"],
                    "source_label": found["labels"].get(receipt["receipt_id"]),
                    "fee": receipt["fee"],
                    "shares": listed(audit.get("shares")),
                }
            )
        settlements.append(
            {
                "id": number,
                "model_id": settlement["model"],
                "submitted_block": settlement["submitted"],
                "finalised_block": settlement["ended"],
                "receipts_root": settlement["receipts_root"],
                "count": settlement["count"],
                "total_fee": settlement["total_fee"],
                "shares": listed(settlement["shares"]),
                "splits": settlement["split"],
            }
        )
    report = {
        "chain": {
            "genesis": status["genesis"],
            "spec_version": status["spec_version"],
            "best": status["best"]["number"],
            "finalized": status["finalized"]["number"],
        },
        "datanets": datanets,
        "adapters": adapters,
        "inferences": inferences,
        "settlements": settlements,
        "duplicates": [
            {name: proof[name] for name in ("earlier", "later", "record", "finder", "reward")}
            for proof in found["proven"]
        ],
        "payouts": [
            {**payout, "accrued": str(payout["accrued"]), "claimed": str(payout["claimed"])}
            for payout in payouts.values()
        ],
    }
    per_model = rates(report, found).values()
    report["attribution"] = {
        name: round(float(average([rate[name] for rate in per_model], per_model)), 4)
        for name in ("top1", "chance", "bm25_top1", "equal_split_top1")
    }
    report["checks"] = checks(report, found)
    return report


def listed(vector):
    """A share vector as a list; what belongs to the pool names no contribution."""
    if vector is None:
        return []
    pool = [{"contribution": None, "ppm": vector["pool"]}] if vector["pool"] else []
    return vector["shares"] + pool


def average(values, per_model):
    """Mean over questions, of values that are means over each adapter's."""
    weights = [rate["questions"] for rate in per_model]
    total = sum(weights)
    return sum(v * w for v, w in zip(values, weights)) / total if total else Fraction(0)


def hit(weights, label):
    """How often a guess by the heaviest of `weights` is `label`: ties are shared."""
    top = max(weights.values(), default=0)
    best = [name for name, weight in weights.items() if weight == top]
    return Fraction(1, len(best)) if label in best else Fraction(0)


def by_contributor(shares, label_of):
    """Contributors' sums of `shares`, everybody who could have earned among the keys."""
    sums = dict.fromkeys(label_of.values(), 0)
    for share in shares:
        if share["contribution"] is not None:
            sums[label_of[share["contribution"]]] += share["ppm"]
    return sums


def rates(report, found):
    """Model → how often the top-paid contributor is the one that the prompt came from."""
    result = {}
    for adapter in report["adapters"]:
        model = adapter["model_id"]
        datanet = next(d for d in report["datanets"] if d["id"] == adapter["datanet"])
        own = {c["id"]: contributor(c["label"]) for c in datanet["contributions"]}
        equal = [{"contribution": c, "ppm": 1} for c in own]
        asked = [
            inference
            for inference in report["inferences"]
            if inference["model_id"] == model and inference["source_label"] is not None
        ]
        near = set(corpora.NEAR_COPIES)
        tally = defaultdict(Fraction)
        for inference in asked:
            label = inference["source_label"]
            paid = by_contributor(inference["shares"], own)
            # An answer without any share hits nobody.
            if any(paid.values()):
                tally["top1"] += hit(paid, label)
                top = max(paid, key=paid.get)
                tally["either"] += (
                    Fraction(top in near) if label in near else hit(paid, label)
                )
            baseline = by_contributor(found["bm25"].get(inference["receipt_id"], []), own)
            if any(baseline.values()):
                tally["bm25_top1"] += hit(baseline, label)
            tally["equal_split_top1"] += hit(by_contributor(equal, own), label)
        count = len(asked)
        result[model] = {
            name: tally[name] / count if count else Fraction(0)
            for name in ("top1", "either", "bm25_top1", "equal_split_top1")
        }
        result[model]["chance"] = Fraction(1, len(set(own.values())))
        result[model]["questions"] = count
    return result


def blake2(data):
    """BLAKE2b-256."""
    return hashlib.blake2b(data, digest_size=32).digest()


def merkle_root(leaves):
    """The root over hexadecimal hashes, as docs/protocol/hashes.md defines it."""
    level = [blake2(b"\0" + bytes.fromhex(leaf[2:])) for leaf in leaves]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [blake2(b"\1" + b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
    return "0x" + (level[0] if level else bytes(32)).hex()


def check(expected, found):
    """Two numbers (or hashes), and whether they are the same."""
    return {"ok": expected == found, "expected": str(expected), "found": str(found)}


def checks(report, found):
    """Name → whether it holds, with what was expected and what was found."""
    settlements, inferences = report["settlements"], report["inferences"]
    vectors = [s["shares"] for s in settlements] + [i["shares"] for i in inferences]
    whole = [vector for vector in vectors if sum(share["ppm"] for share in vector) == WHOLE]
    split = [s["splits"] or dict.fromkeys(SPLIT_PARTS, "0") for s in settlements]
    sums = [sum(int(parts[name]) for name in SPLIT_PARTS) for parts in split]
    data = sum(int(parts["data"]) for parts in split)
    accrued = sum(int(payout["accrued"]) for payout in report["payouts"])
    unclaimed = sum(
        int(account["credit"])
        + sum(int(c["accrued"]) - int(c["claimed"]) for c in account["contributions"])
        for account in found["claimable"]
    )
    pot = int(found["status"]["pot"]["balance"])
    proved = {
        s["id"]: merkle_root([r["receipt_id"] for r in found["receipts"][s["id"]]])
        for s in settlements
    }
    inside = sum(s["count"] for s in settlements if proved[s["id"]] == s["receipts_root"])
    audited = sum(bool(audit["ok"]) for audit in found["audits"].values())
    count = sum(s["count"] for s in settlements)
    same = sum(
        listed(audit["settlement_shares"]) == settlement_shares(settlements, audit["settlement"])
        for audit in found["audits"].values()
    )
    result = {
        "total_issuance_unchanged": check(TOTAL_ISSUANCE, int(found["status"]["total_issuance"])),
        "share_vectors_sum_to_1000000": check(len(vectors), len(whole)),
        "splits_sum_to_fees": check(sum(int(s["total_fee"]) for s in settlements), sum(sums)),
        # What does not divide among a pool's records is carried to its next fee.
        "accrued_equals_data_parts": check(data, accrued + found["carried"]),
        "pot_covers_unclaimed": {
            "ok": pot >= unclaimed,
            "expected": f">= {unclaimed}",
            "found": str(pot),
        },
        "receipts_proved_in_roots": check(count, inside),
        "audited_shares_equal_chain": check(count, same),
        "audits_without_difference": check(count, audited),
        **duplicate_checks(found),
    }
    # Equal totals could hide two errors that cancel.
    each = all(total == int(s["total_fee"]) for s, total in zip(settlements, sums))
    result["splits_sum_to_fees"]["ok"] &= each
    return result


def duplicate_checks(found):
    """That no version has a record twice; and of proven duplicates, that they are in none, and that what their
    contributors lost is what the finders were paid."""
    versions = [listed_in(datanet, version) for datanet, version in found["datanets"]]
    twice = [
        pair
        for version in versions
        for pair in duplicates.repeats({entry["id"]: found["records"][entry["id"]] for entry in version})
    ]
    result = {"no_record_twice_in_a_version": check(0, len(twice))}
    if found["proven"]:
        within = {entry["id"] for version in versions for entry in version}
        voided = {
            entry["id"]
            for datanet, _ in found["datanets"]
            for entry in datanet["contributions"]
            if entry["status"] == "voided"
        }
        paid = check(*(sum(int(proof[name]) for proof in found["proven"]) for name in ("lost", "reward")))
        paid["ok"] &= all(proof["later"] in voided - within for proof in found["proven"])
        result["finders_paid_what_duplicates_lost"] = paid
    return result


def settlement_shares(settlements, number):
    """What the chain paid by."""
    return next(s["shares"] for s in settlements if s["id"] == number)


def open_(units):
    """An amount for people."""
    return f"{int(units) / UNIT:,.6f}"


def words(report, per_model):
    """The table and the sentences, as lines."""
    payouts = {payout["label"]: payout for payout in report["payouts"]}
    for datanet in report["datanets"]:
        records = defaultdict(int)
        for entry in datanet["contributions"]:
            records[contributor(entry["label"])] += entry["records"]
        total = sum(int(payouts[label]["accrued"]) for label in records) or 1
        yield ""
        yield f"Datanet {datanet['id']}, {datanet['name']}, version {datanet['version']}"
        yield f"  {'contributor':<26}{'records':>8}{'share':>9}{'OPEN earned':>16}{'claimed':>16}"
        for label in sorted(records, key=lambda name: -int(payouts[name]["accrued"])):
            paid = payouts[label]
            yield (
                f"  {label:<26}{records[label]:>8}{int(paid['accrued']) / total:>9.1%}"
                f"{open_(paid['accrued']):>16}{open_(paid['claimed']):>16}"
            )
        for adapter in report["adapters"]:
            if adapter["datanet"] != datanet["id"]:
                continue
            rate = per_model[adapter["model_id"]]
            yield (
                f"  Held-out loss {adapter['heldout_loss_base']:.3f} before and "
                f"{adapter['heldout_loss_adapter']:.3f} after {adapter['train_seconds']:.0f} s of training."
            )
            yield (
                f"  In {float(rate['top1']):.0%} of {rate['questions']} answers the best-paid contributor is the one "
                f"whose held-out file the prompt came from"
            )
            yield (
                f"  (chance {float(rate['chance']):.0%}, BM25 over the same records "
                f"{float(rate['bm25_top1']):.0%}, equal split {float(rate['equal_split_top1']):.0%})."
            )
            if set(corpora.NEAR_COPIES) <= set(records):
                first, second = corpora.NEAR_COPIES
                yield (
                    f"  {first} and {second} nearly copy each other: the first earned "
                    f"{int(payouts[first]['accrued']) / total:.1%} of the data's part, the second "
                    f"{int(payouts[second]['accrued']) / total:.1%}."
                )
                yield f"  Counting either as right for a prompt of the other: {float(rate['either']):.0%}."
            if corpora.NOISE in records:
                size = records[corpora.NOISE] / sum(records.values())
                share = int(payouts[corpora.NOISE]["accrued"]) / total
                yield f"  The noise is {size:.1%} of the records, and earned {share:.1%}."
    yield ""
    for name, result in report["checks"].items():
        mark = "true " if result["ok"] else "FALSE"
        yield f"  {mark}  {name.replace('_', ' ')}: expected {result['expected']}, found {result['found']}"
