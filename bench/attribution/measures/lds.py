"""The linear datamodeling score of every method of a task: how well sums of scores rank what retraining gives.

    lds.py TASK [--design NAME] [--method NAME …] [--resamples N] [--json]

Reads TASK/scores/*.safetensors ("scores" [queries, records], positive where a record makes a query more likely) and the
retrains TASK/bank/DESIGN/*.json ({"kept": [records], "queries": [a loss each], "seed"}). The score of a query is the
Spearman correlation, over retrains, of the sum of the scores of the records kept with the negative loss; a method's is
the mean over queries (Park et al. 2023, TRAK, section 2). Retrains on the same records, with other seeds, are averaged.
"""

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open
from scipy.stats import norm, rankdata

CONFIDENCE = 0.95
# Ways to halve the seeds of a subset.
SPLITS = 20


class Wrong(Exception):
    """An input that is not what it should be."""


@dataclass
class Bank:
    # [subsets, records], of 0 and 1.
    kept: np.ndarray
    # For each subset its retrains, [seeds, queries].
    losses: list

    def truth(self):
        """[queries, subsets]; larger where a query is more likely."""
        return -np.stack([runs.mean(0) for runs in self.losses], axis=1)


def read_bank(folder, records, queries):
    """The retrains of a design."""
    groups = {}
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        kept, losses = run["kept"], np.asarray(run["queries"], dtype=np.float64)
        if losses.shape != (queries,) or not np.isfinite(losses).all():
            raise Wrong(f"{path}: expected {queries} finite losses, found {losses.shape}")
        if len(set(kept)) != len(kept) or not all(isinstance(number, int) and 0 <= number < records for number in kept):
            raise Wrong(f"{path}: expected different record numbers below {records}")
        groups.setdefault(tuple(sorted(kept)), []).append(losses)
    if len(groups) < 3:
        raise Wrong(f"{folder}: expected retrains on at least 3 different sets of records, found {len(groups)}")
    kept = np.zeros((len(groups), records))
    for row, numbers in zip(kept, groups):
        row[list(numbers)] = 1
    return Bank(kept, [np.stack(runs) for runs in groups.values()])


def read_scores(path):
    with safe_open(path, "np") as file:
        if "scores" not in file.keys():
            raise Wrong(f"{path}: expected a tensor `scores`, found {list(file.keys())}")
        return file.get_tensor("scores").astype(np.float64), file.metadata() or {}


def spearman(left, right):
    """Of each row of `left` with that row of `right`, [rows, n]; 0 where one of them is constant."""
    left, right = (rankdata(side, axis=1) for side in (left, right))
    left, right = (side - side.mean(1, keepdims=True) for side in (left, right))
    norms = np.sqrt((left**2).sum(1) * (right**2).sum(1))
    return np.divide((left * right).sum(1), norms, out=np.zeros(len(norms)), where=norms > 0)


def predicted(scores, kept):
    """[queries, subsets]: the sums of the scores of the records kept."""
    return scores @ kept.T


def interval(values, estimate):
    """Bias-corrected percentiles of resamples (Efron 1987): a rank correlation of few retrains, some drawn twice, is
    smaller than that of all."""
    below = np.clip((values < estimate).mean() + (values == estimate).mean() / 2, 0.5 / len(values), 1 - 0.5 / len(values))
    shifts = 2 * norm.ppf(below) + norm.ppf([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return [float(bound) for bound in np.percentile(values, 100 * norm.cdf(shifts))]


def score(scores, bank, resamples, seed=0):
    """A method's score, with intervals over queries and over retrains."""
    forecast, truth = predicted(scores, bank.kept), bank.truth()
    each = spearman(forecast, truth)
    random = np.random.default_rng(seed)
    over_queries = random.choice(each, (resamples, len(each))).mean(1)
    subsets = truth.shape[1]
    drawn = (random.integers(subsets, size=subsets) for _ in range(resamples))
    over_retrains = np.array([spearman(forecast[:, chosen], truth[:, chosen]).mean() for chosen in drawn])
    return {
        "lds": float(each.mean()),
        "queries_interval": interval(over_queries, each.mean()),
        "retrains_interval": interval(over_retrains, each.mean()),
    }


def stretch(reliability, times):
    """Spearman-Brown: the reliability of a mean of so many times as many runs."""
    return times * reliability / (1 + (times - 1) * reliability)


def ceiling(bank, seed=0):
    """What a method that knew the expected loss would score, as far as retrains with other seeds tell; else None.

    The reliability of a mean of runs is the correlation of two such means with different seeds; a perfect prediction
    correlates with a mean by the square root of its reliability."""
    repeated = [runs for runs in bank.losses if len(runs) > 1]
    if len(repeated) < 3:
        return None
    random = np.random.default_rng(seed)
    half = min(len(runs) for runs in repeated) // 2
    found = []
    for _ in range(SPLITS):
        # Of all subsets the same: what a seed does to all of them alike is no noise, as their mean has it too.
        shared = random.permutation(max(len(runs) for runs in repeated))
        orders = [shared[shared < len(runs)] for runs in repeated]
        halves = [
            np.stack([runs[order[start : start + half]].mean(0) for runs, order in zip(repeated, orders)], axis=1)
            for start in (0, half)
        ]
        found.append(spearman(*halves).mean())
    reliability = float(np.mean(found))
    one = stretch(reliability, 1 / half)
    # Subsets may have different numbers of seeds; the truth is as good as they are on average.
    mean = float(np.mean([stretch(one, len(runs)) for runs in bank.losses]))
    return {
        "subsets": len(repeated),
        "split_half": reliability,
        "reliability_of_one_retrain": one,
        "reliability": mean,
        "lds": math.sqrt(max(mean, 0.0)),
    }


def measure(folder, designs=None, methods=None, resamples=1000):
    """All methods of a task, on all its designs."""
    description = json.loads((folder / "losses.json").read_text(encoding="utf-8"))
    records, queries = len(description["records"]), len(description["queries"])
    paths = sorted((folder / "scores").glob("*.safetensors"))
    if methods:
        missing = set(methods) - {path.stem for path in paths}
        if missing:
            raise Wrong(f"{folder / 'scores'}: expected scores of {', '.join(sorted(missing))}, found none")
        paths = [path for path in paths if path.stem in methods]
    if not paths:
        raise Wrong(f"{folder / 'scores'}: expected *.safetensors, found none")
    result = {"task": folder.name, "records": records, "queries": queries, "designs": {}}
    for bank_folder in sorted((folder / "bank").glob("*/")):
        if designs and bank_folder.name not in designs:
            continue
        bank = read_bank(bank_folder, records, queries)
        rows = []
        for path in paths:
            scores, metadata = read_scores(path)
            if scores.shape != (queries, records) or not np.isfinite(scores).all():
                raise Wrong(f"{path}: expected finite scores [{queries}, {records}], found {list(scores.shape)}")
            rows.append({"method": path.stem, **score(scores, bank, resamples), **numbers(metadata)})
        rows.sort(key=lambda row: -row["lds"])
        result["designs"][bank_folder.name] = {
            "subsets": len(bank.losses),
            "retrains": sum(len(runs) for runs in bank.losses),
            "ceiling": ceiling(bank),
            "methods": rows,
        }
    if not result["designs"]:
        raise Wrong(f"{folder / 'bank'}: expected a folder of retrains{f' named {designs}' if designs else ''}, found none")
    result["absent"] = absent(folder)
    return result


def absent(folder):
    """The methods that gave no scores of a task, and why."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "scores").glob("*.json"))]


def numbers(metadata):
    """What a scores file says of itself; figures as numbers."""
    figures = {"index_seconds": float, "query_seconds": float, "peak_bytes": int, "index_bytes": int, "threads": int, "load_average": float}
    told = {name: metadata[name] for name in ("package", "version") if name in metadata}
    told |= {name: kind(metadata[name]) for name, kind in figures.items() if name in metadata}
    if "settings" in metadata:
        told["settings"] = json.loads(metadata["settings"])
    return told


def table(result):
    for name, design in result["designs"].items():
        yield f"{result['task']}, {name}: {design['retrains']} retrains on {design['subsets']} sets of records"
        if design["ceiling"]:
            top = design["ceiling"]
            yield f"  at most {top['lds']:.3f}: reliability {top['reliability']:.3f}, split half {top['split_half']:.3f}"
        yield ""
        yield "| method | LDS | over queries | over retrains | index s | query ms | peak MiB | index KiB |"
        yield "|---|--:|--:|--:|--:|--:|--:|--:|"
        for row in design["methods"]:
            bounds = ["{:.3f} to {:.3f}".format(*row[f"{over}_interval"]) for over in ("queries", "retrains")]
            costs = [("index_seconds", 1, 1), ("query_seconds", 1e3, 1), ("peak_bytes", 2**-20, 0), ("index_bytes", 2**-10, 0)]
            costs = [f"{row[key] * factor:,.{digits}f}" if key in row else "" for key, factor, digits in costs]
            yield f"| {row['method']} | {row['lds']:.3f} | {' | '.join(bounds + costs)} |"
        yield ""
    yield from (f"{absent['method']}: {absent['reason']}" for absent in result["absent"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("--design", action="append")
    parser.add_argument("--method", nargs="+")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        result = measure(options.task, options.design, options.method, options.resamples)
    except (Wrong, OSError, KeyError, json.JSONDecodeError) as wrong:
        sys.exit(f"error: {wrong}")
    print(json.dumps(result, indent=1) if options.json else "\n".join(table(result)))


if __name__ == "__main__":
    main()
