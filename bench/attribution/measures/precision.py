"""What rounding to integers changes of shares, and what other threads and processors do.

A task's `shares/` holds what each contribution would be paid for each query: `exact.json` before anything is rounded, the
others by the index, each computed by another program or with other threads.
"""

import itertools
import json

import numpy
from scipy.stats import spearmanr

PPM = 1_000_000


def measure(task):
    """The differences between what is in a task's folder; none where nothing is there."""
    paths = sorted((task / "shares").glob("*.json"))
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    exact = found.pop("exact", None)
    if exact is None or not found:
        return None
    first = max(found.values(), key=lambda one: len(one["scores"]))
    of = {name: shares(one) for name, one in found.items()}
    pairs = [distance(of[a], of[b]) for a, b in itertools.combinations(sorted(of), 2)]
    ranks = [spearmanr(a, b).statistic for a, b in zip(exact["scores"], first["scores"], strict=True)]
    return {
        "task": task.name,
        "programs": [
            {"name": name, "queries": len(one["scores"]), "threads": one["threads"], "features": one["features"]}
            for name, one in found.items()
        ],
        "rounding": distance(shares(exact), shares(first)) | {"rank_correlation": float(min(ranks))},
        "machines": {key: max((pair[key] for pair in pairs), default=0.0) for key in ("query", "mean", "settlement")},
    }


def shares(one):
    """`[queries, contributions and pools]`, in parts per million."""
    paid = numpy.array(one["shares"], float)
    return numpy.hstack([paid, PPM - paid.sum(axis=1, keepdims=True)])


def distance(a, b):
    """Sums of absolute differences: the largest of a query, the mean, and that of a settlement of all queries, as far as
    both have them."""
    both = min(len(a), len(b))
    a, b = a[:both], b[:both]
    each = numpy.abs(a - b).sum(axis=1)
    whole = numpy.abs(a.mean(axis=0) - b.mean(axis=0)).sum()
    return {"query": float(each.max()), "mean": float(each.mean()), "settlement": float(whole)}
