"""From what was measured to rows, goals, and the tables in docs/results/."""

import statistics

import published

# How many times faster, bytes of a token, milliseconds for a text.
FASTER, BYTES, MILLISECONDS = 10.0, 6.0, 5.0


def build(runs, setting):
    """`settings`, `rows` and `goals` of the results."""
    rows, goals = [], []
    for run in runs:
        unit, ours, theirs = run["unit"], run["ours"], run["theirs"]
        equal = spans(ours, theirs, setting["most"])
        rows.append(row(run, "OpenLedger", ours["build"], ours["query"], ours["query"]["trace_ms"]))
        rows.append(row(run, "infini-gram", theirs["build"], theirs["query"], theirs["query"]["attribute_ms"]))
        mine, peer = rows[-2:]
        goals += [
            published.at_least(f"{unit}: times faster than infini-gram, medians", peer["median_ms"] / mine["median_ms"], FASTER),
            published.at_most(f"{unit}: bytes per token", mine["bytes_per_token"], BYTES),
            published.at_most(f"{unit}: ms for {setting['length']} tokens, one thread, 95 %", mine["p95_ms"], MILLISECONDS),
            published.at_least(f"{unit}: texts with the same spans and counts", equal, 1.0),
        ]
    return {"settings": setting | {"corpora": {run["unit"]: run["sizes"] for run in runs}}, "rows": rows, "goals": goals}


def spans(ours, theirs, most):
    """The part of the texts in which both find the same spans, each as often. infini-gram leaves out those that occur
    more than `most` times."""
    pairs = list(zip(ours["query"]["spans"], theirs["query"]["spans"], strict=True))
    same = [[span for span in mine if span[2] <= most] == list(peer) for mine, peer in pairs]
    return sum(same) / len(same)


def row(run, who, built, asked, milliseconds):
    size = run["tokens"] * run["width"]
    return {
        "unit": run["unit"],
        "who": who,
        "tokens": run["tokens"],
        "records": run["records"],
        "contributions": run["contributions"],
        "build_seconds": built["seconds"],
        "build_mb_per_second": size / 1e6 / built["seconds"],
        "build_peak_bytes": built["peak_memory"],
        "bytes": built["bytes"],
        "bytes_per_token": built["bytes"] / run["tokens"],
        "open_seconds": asked["open_seconds"],
        "spans": sum(map(len, asked["spans"])),
        "median_ms": statistics.median(milliseconds),
        "p95_ms": statistics.quantiles(milliseconds, n=20)[-1],
        "most_ms": max(milliseconds),
    }


def tables(result):
    """The tables' lines."""
    versions = result["versions"]
    programs = (
        f"openledger-trace {versions['openledger-trace']}, infini-gram {versions['infini-gram']}, "
        f"Python {versions['python']}"
    )
    yield from published.head(result, programs, "goal")
    yield "| tokens are | index | tokens | records | build, MB/s | build, peak GiB | bytes per token | median ms | 95 % | most |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in result["rows"]:
        cells = [
            row["unit"], row["who"], f"{row['tokens']:,}", f"{row['records']:,}", f"{row['build_mb_per_second']:.1f}",
            f"{row['build_peak_bytes'] / 2**30:.2f}", f"{row['bytes_per_token']:.3f}", f"{row['median_ms']:.2f}",
            f"{row['p95_ms']:.2f}", f"{row['most_ms']:.2f}",
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"
