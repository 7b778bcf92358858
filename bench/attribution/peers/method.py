"""What every peer's program shares: its command line, its clock, and how its scores are written.

    run_PACKAGE.py --list
    run_PACKAGE.py TASK METHOD [--threads N]

A method is a function of a task that yields `Scores`, one for each of its settings that it tries; what they share is
computed once. It raises `DoesNotApply` where the package cannot do it.
"""

import argparse
import importlib.metadata
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file

import model
import reasons


class DoesNotApply(Exception):
    """The package cannot do this on this task; says why."""


@dataclass
class Scores:
    # What is added to the method's name.
    suffix: str
    # [queries, records]; positive where the record makes the query more likely.
    scores: torch.Tensor
    settings: dict
    # What does not depend on queries.
    index_seconds: float
    # Per query, of all queries together in the batches that the package is fastest with.
    query_seconds: float
    # What is kept between queries.
    index_bytes: int
    # [records]: of each record on itself, larger where the model finds it stranger.
    self_influence: torch.Tensor | None = None


@dataclass
class Clock:
    """`with Clock() as clock: …` measures into `clock.seconds`."""

    seconds: float = field(default=0.0)

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds += time.perf_counter() - self.start


def tensor_bytes(*tensors):
    return sum(value.numel() * value.element_size() for value in tensors)


def folder_bytes(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def write(folder, method, package, threads, found):
    tensors = {"scores": found.scores.detach().double().contiguous()}
    if found.self_influence is not None:
        tensors["self_influence"] = found.self_influence.detach().double().contiguous()
    metadata = {
        "method": method,
        "package": package,
        "version": importlib.metadata.version(package),
        "torch": torch.__version__,
        "settings": json.dumps(found.settings, sort_keys=True),
        "index_seconds": f"{found.index_seconds:.6f}",
        "query_seconds": f"{found.query_seconds:.6f}",
        "peak_bytes": str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024),
        "index_bytes": str(found.index_bytes),
        "threads": str(threads),
        "load_average": f"{os.getloadavg()[0]:.2f}",
    }
    save_file(tensors, folder / f"{method}.safetensors", metadata)


def shape_error(task, scores):
    expected = (len(task.queries), len(task.records))
    return "" if tuple(scores.shape) == expected else f"expected scores of {expected}, found {tuple(scores.shape)}"


def run(package, methods):
    """The command line of a package: `methods` maps names to functions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true", help="print the names of the methods")
    parser.add_argument("task", type=Path, nargs="?")
    parser.add_argument("method", nargs="?", choices=sorted(methods))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.list:
        print("\n".join(methods))
        return
    if options.task is None or options.method is None:
        parser.error("expected a task's folder and a method; --list names the methods")
    torch.set_num_threads(options.threads)
    folder = options.task / "scores"
    folder.mkdir(exist_ok=True)
    task = model.load(options.task)
    reasons.start(folder, options.method)
    # Packages leave files behind, and read what an earlier run left.
    with tempfile.TemporaryDirectory(prefix="openledger-peer-") as scratch:
        task.scratch = Path(scratch)
        try:
            torch.manual_seed(0)
            for found in methods[options.method](task):
                if error := shape_error(task, found.scores):
                    raise AssertionError(error)
                name = options.method + found.suffix
                if not torch.isfinite(found.scores).all():
                    reasons.write(folder, name, f"its scores are not all finite: {json.dumps(found.settings, sort_keys=True)}")
                    continue
                write(folder, name, package, options.threads, found)
                print(f"{name}: index {found.index_seconds:.2f} s, query {found.query_seconds * 1e3:.1f} ms", flush=True)
            reasons.end(folder, options.method)
        except DoesNotApply as reason:
            reasons.end(folder, options.method, str(reason))
            print(f"{options.method}: {reason}", flush=True)
        except Exception as failure:
            # A peer that fails is reported with what it said, beside what it managed before.
            traceback.print_exc()
            reasons.end(folder, options.method, f"it fails: {said(failure)}")
            sys.exit(1)


def said(failure):
    text = str(failure).strip() or type(failure).__name__
    return f"{type(failure).__name__}: {text.splitlines()[0][:300]}"
