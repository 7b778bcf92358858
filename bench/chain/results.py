"""From what was measured to rows, goals, and the tables in docs/results/."""

import published

# A cost counts as flat when its largest value is at most so many times its smallest: by what is charged, which is
# exact, and by time, which other processes disturb.
FLAT_CHARGED, FLAT_TIME = 1.0, 1.05
# What one call may take of a block.
TENTH = 0.1
# From an answer to its credit, in seconds.
CREDIT = 10.0


def build(rates, costs, credit):
    """`settings`, `rows` and `goals` of the results."""
    rows = [{"bench": "rate", **row} for row in rates["rows"]]
    rows += [{"bench": "settlement", **row} for row in costs["receipts"]]
    rows += [{"bench": "finalisation", **row} for row in costs["finalisations"]]
    rows += [{"bench": "claim", **row} for row in costs["claims"]]
    rows += [{"bench": "credit", "part": part, **numbers} for part, numbers in credit["parts"].items()]
    settings = {
        "rate": {**rates["setting"], "block_room_ms": rates["block_room_ms"], "empty_block_ms": rates["empty_block_ms"]},
        "cost": costs["limits"],
        "credit": credit["setting"],
    }
    return {"settings": settings, "rows": rows, "goals": goals(costs, credit), "credits": credit["samples"]}


def ratio(values):
    """The largest over the smallest."""
    values = list(values)
    return max(values) / min(values)


def goals(costs, credit):
    """What was hoped for, and whether it is so."""
    settlements, ends, claims = costs["receipts"], costs["finalisations"], costs["claims"]
    block = costs["limits"]["block_ms"]
    found = [
        published.at_most("settlement, 1 to 1,000,000 receipts: weight charged, largest / smallest",
                ratio(row["charged_ms"] for row in settlements), FLAT_CHARGED),
        published.at_most("settlement, 1 to 1,000,000 receipts: execution time, largest / smallest",
                ratio(row["least_ms"] for row in settlements), FLAT_TIME),
        published.at_most("finalisation, every committee and number of contributions: largest weight charged / block",
                max(row["charged_ms"] for row in ends) / block, TENTH),
        published.at_most("finalisation, every committee and number of contributions: largest execution time / weight charged",
                max(row["least_ms"] / row["charged_ms"] for row in ends), 1.0),
    ]  # fmt: skip
    for kind in ("claim", "claim_contributions"):
        found += [
            published.at_most(f"{kind}, 1 to 1,000 settlements: weight, largest / smallest",
                    ratio(row[kind]["weight_ms"] for row in claims), FLAT_CHARGED),
            published.at_most(f"{kind}, 1 to 1,000 settlements: execution time to a transfer's, largest / smallest",
                    ratio(row[kind]["least_ms"] / row["transfer_keep_alive"]["least_ms"] for row in claims), FLAT_TIME),
        ]  # fmt: skip
    found.append(published.at_most("answer to final credit before the window, median in s", credit["parts"]["total_s"]["median"], CREDIT))
    return found


def table(head, rows):
    """A table in Markdown; the first column is text."""
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "--:|" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def end_of(row):
    """What ended the blocks of a kind."""
    names = {
        "HitBlockWeightLimit": "weight", "HitDeadline": "time", "HitBlockSizeLimit": "size",
        "NoMoreTransactions": "pool",
    }  # fmt: skip
    ends = sorted(row["bound"].items(), key=lambda item: -item[1])
    return ", ".join(f"{names.get(name, name)} {count}" for name, count in ends)


def tables(result):
    """What docs/results/chain.md shows, as lines."""
    of = lambda bench: [row for row in result["rows"] if row["bench"] == bench]
    versions = result["versions"]
    programs = (
        f"{versions['node']}, {versions['runtime']}, Node.js {versions['node_js']}, "
        f"@polkadot/api {versions['polkadot_api']}"
    )
    yield from published.head(result, programs, "goal, at most")
    yield "**Per second on one node**"
    yield ""
    yield from table(
        ["kind", "per second", "to transfers", "per block", "full blocks", "ended by", "bytes", "fee, OPEN",
         "declared ms", "charged ms", "executed ms", "block executed, ms"],
        [
            [
                row["kind"], f"{row['per_second']:.1f}", f"{row['to_transfers']:.3f}", f"{row['per_block']:.0f}",
                f"{row['full_blocks']}", end_of(row), f"{row['bytes']}", f"{int(row['fee']) / 1e18:.4f}",
                f"{row['weight_ms']:.3f}", f"{row['charged_ms']:.3f}", f"{row['executed_ms']:.3f}",
                f"{row['execution_ms']:.0f}",
            ]
            for row in of("rate")
        ],
    )  # fmt: skip
    yield ""
    yield "**A settlement by its receipts**"
    yield ""
    yield from table(
        ["receipts", "charged ms", "executed ms", "median ms", "fee, OPEN", "bytes"],
        [
            [f"{row['receipts']:,}", f"{row['charged_ms']:.3f}", f"{row['least_ms']:.3f}", f"{row['median_ms']:.3f}",
             f"{int(row['fee']) / 1e18:.4f}", f"{row['bytes']}"]
            for row in of("settlement")
        ],
    )  # fmt: skip
    yield ""
    yield "**A finalisation by committee and contributions**"
    yield ""
    yield from table(
        ["committee", "contributions", "lineage", "datanets", "charged ms", "executed ms", "median ms",
         "last reveal: declared ms", "executed ms"],
        [
            [
                f"{row['committee']}" + (f" + {row['second_committee']}" if row["second_committee"] else ""),
                f"{row['contributions']}", f"{row['lineage']}", f"{row['datanets']}", f"{row['charged_ms']:.3f}",
                f"{row['least_ms']:.3f}", f"{row['median_ms']:.3f}", f"{row['last_reveal']['weight_ms']:.3f}",
                f"{row['last_reveal']['least_ms']:.3f}",
            ]
            for row in of("finalisation")
        ],
    )  # fmt: skip
    yield ""
    yield "**A claim by the settlements since the last one**"
    yield ""
    kinds = ("transfer_keep_alive", "claim", "claim_contributions")
    yield from table(
        ["settlements"] + [f"{kind}: {unit}" for kind in kinds for unit in ("declared ms", "executed ms")],
        [
            [f"{row['settlements']:,}"]
            + [f"{row[kind][name]:.3f}" for kind in kinds for name in ("weight_ms", "least_ms")]
            for row in of("claim")
        ],
    )
    yield ""
    yield "**From an answer to its credit**"
    yield ""
    names = {
        "answer_s": "the answer itself, before the count begins, s",
        "total_s": "from the answer to the credit, s",
        "submitted_s": "until the settlement is in the pool, s",
        "included_s": "until it is in a block, s",
        "committed_s": "until all have committed, s",
        "decided_s": "until all have revealed, s",
        "final_s": "until that block is final, s",
        "engine_s": "the engine's computing within that, s",
        "blocks": "blocks from settlement to shares",
    }
    yield from table(
        ["part", "median", "95 %", "least", "most"],
        [
            [names[row["part"]]] + [f"{row[name]:.2f}" for name in ("median", "p95", "least", "most")]
            for row in of("credit")
        ],
    )
