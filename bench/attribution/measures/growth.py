"""How costs grow with records, parameters and threads: of our EK-FAC, and of that of other packages.

The classifiers of digits, smaller and larger, each scored alone with one thread and with all; and the index that a job
builds, with few contributions and with many.
"""

import json
import os

import lds

# Records, and the width of the hidden layer.
SIZES = [(375, 128), (750, 128), (1_497, 128), (1_497, 32), (1_497, 512)]
OURS = "ekfac"
# Each package's, with the damping that it is shown by.
THEIRS = {"kronfluence-ekfac": "", "dattri-ekfac": "-damping1e-1", "pydvl-ekfac": "-damping1e-1"}
FIGURES = ("index_seconds", "query_seconds", "peak_bytes", "index_bytes")


def tasks():
    """Name, records, width and threads of each."""
    for records, hidden in SIZES:
        for threads in sorted({1, os.cpu_count()}):
            yield f"{records}-{hidden}-{threads}", records, hidden, threads


def measure(folder):
    """A row for each size, thread count and method that is there."""
    for name, records, hidden, threads in tasks():
        for method in [OURS, *(peer + damping for peer, damping in THEIRS.items())]:
            path = folder / name / "scores" / f"{method}.safetensors"
            if not path.exists():
                continue
            scores, metadata = lds.read_scores(path)
            layers = json.loads((folder / name / "task.json").read_text(encoding="utf-8"))["layers"]
            told = lds.numbers(metadata)
            yield {
                "records": records,
                "parameters": sum((inputs + 1) * outputs for inputs, outputs in zip(layers, layers[1:])),
                "threads": threads,
                "method": path.stem,
                "package": told["package"],
                **{name: told[name] for name in FIGURES},
            }


def of_contributions(folder):
    """What a query of a job's index takes, by the contributions that are in it."""
    for path in sorted((folder / "shares").glob("threads-*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        if "query_seconds" in one:
            figures = {name: one[name] for name in ("threads", "query_seconds", "index_bytes")}
            yield {"contributions": len(one["contributions"]), **figures}
    path = folder / "scores" / "registered.safetensors"
    if path.exists():
        scores, metadata = lds.read_scores(path)
        told = lds.numbers(metadata)
        yield {"contributions": scores.shape[1], **{name: told[name] for name in ("threads", "query_seconds", "index_bytes")}}
