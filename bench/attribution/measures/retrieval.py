"""How well scores find what was planted for a query, among all records and beside its distractors.

Of a task of planted facts, see planted.py; its scores are those of every other task. Of each query: the chance that a
planted record scores above another record, and above a distractor of the query; and one part in the rank of the first
planted record. A method's figures are means over queries, with intervals over queries.
"""

import json

import numpy as np
from scipy.stats import rankdata

import lds
from mislabelled import area
from planted import beside

FIGURES = ("area", "beside_distractors", "reciprocal_rank")


def figures(scores, planted, distractors):
    """Of one query: its scores [records], and which records are planted for it and which distract from it."""
    either = planted | distractors
    # Of equal ones, the middle.
    ranks = rankdata(-scores)
    return area(scores, planted), area(scores[either], planted[either]), 1 / ranks[planted].min()


def measure(folder, resamples=1000, seed=0):
    """All methods of a task."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    labels = np.array([record["label"] for record in task["records"]])
    queries = task["queries"]
    planted, distractors = ([labels == label for label in of] for of in (
        [query["label"] for query in queries], [beside(query["label"]) for query in queries]))  # fmt: skip
    for query, *found in zip(queries, planted, distractors):
        if not all(which.any() for which in found):
            raise lds.Wrong(f"{folder / 'task.json'}: expected records labelled {query['label']} and {beside(query['label'])}")
    rows = []
    for path in sorted((folder / "scores").glob("*.safetensors")):
        scores, metadata = lds.read_scores(path)
        if scores.shape != (len(queries), len(labels)) or not np.isfinite(scores).all():
            raise lds.Wrong(f"{path}: expected finite scores [{len(queries)}, {len(labels)}], found {list(scores.shape)}")
        each = np.array([figures(*of) for of in zip(scores, planted, distractors)])  # [queries, figures]
        random = np.random.default_rng(seed)
        means = each[random.integers(len(each), size=(resamples, len(each)))].mean(1)  # [resamples, figures]
        row = {"method": path.stem}
        for name, estimate, resampled in zip(FIGURES, each.mean(0), means.T):
            row |= {name: float(estimate), f"{name}_interval": lds.interval(resampled, estimate)}
        rows.append(row | lds.numbers(metadata))
    return {
        "task": task["name"],
        "records": len(labels),
        "queries": len(queries),
        "planted": int(planted[0].sum()),
        "distractors": int(distractors[0].sum()),
        "answers": answers(folder, queries),
        "methods": sorted(rows, key=lambda row: -row["area"]),
        "absent": lds.absent(folder),
    }


def answers(folder, queries):
    """Whether the facts were learnt: the loss of a token of the answers before and after."""
    losses = json.loads((folder / "losses.json").read_text(encoding="utf-8"))
    tokens = sum(len(query["ids"]) - query["from"] for query in queries)
    return {"tokens": tokens, "before": sum(losses["queries_before"]) / tokens, "after": sum(losses["queries"]) / tokens}
