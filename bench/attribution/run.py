"""Measures attribution by retraining, beside other packages: see scripts/bench and docs/attribution.md.

    python bench/attribution/run.py --program PROGRAM --openledger PROGRAM --packages FOLDER
        [--tasks NAME,…] [--peers none] [--others PROGRAM …] [--device wgpu] [--report] [--scratch]

Goes on where it was stopped: tasks, retrainings and scores stay in the cache as long as what they are made of does.
With --report, it computes nothing more, and reports what is there. What is not measured anew, or with fewer
retrainings, stays in the results as an earlier run found it.
Writes bench/results/attribution.json, and its tables into docs/results/attribution.md; with --scratch, neither.
"""

import argparse
import os
import pathlib
import platform
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(HERE / "tasks"), str(HERE / "measures")]

import earlier  # noqa: E402
import growth  # noqa: E402
import lds  # noqa: E402
import mislabelled  # noqa: E402
import precision  # noqa: E402
import published  # noqa: E402
import results  # noqa: E402
import retrieval  # noqa: E402

HIDDEN = "128"
GRADIENTS = ["dot", "cosine", "datainf", "ekfac", "exact", "unrolled", "unrolled-half"]
HALVES = ["ekfac-half --damping 1e-1", "ekfac-half --damping 1e-3", "ekfac-half --runs 3 --damping 1e-3"]
# The same with more trainings, or with others.
MORE = [
    "ekfac --runs 3 --damping 1e-3", "ekfac-half --runs 6 --damping 1e-3",
    "ekfac-sampled --runs 3 --damping 1e-3", "corrected --runs 3 --damping 1e-3",
]  # fmt: skip
TEXTS = ["bm25", *GRADIENTS, "ekfac --damping 1e-3", *HALVES, "registered", "ekfac-relative", "exact-relative"]
# Where the index that a job builds is compared with itself, unrounded and on other machines.
ROUNDED = ["solidity"]
# Processors with other instructions: the last without fused multiply-adds.
# An emulated query takes a minute.
EMULATOR, EMULATED, ASKED = "qemu-x86_64", ["Haswell", "Nehalem"], 8
# What has no influence of a record on itself of its own: the cosine's is one.
ITSELF = [method for method in GRADIENTS if method != "cosine"]
# The texts' task with a larger model, which a GPU computes, and minutes to train its base.
LLAMA, MINUTES = "llama-100m", 8
# Task → (our methods, design → (sets of records, seeds of each)).
IMAGES = {"record-halves": (100, 5), "record-percent": (100, 5)}
TASKS = {
    "digits-regression": (GRADIENTS, IMAGES),
    "digits-perceptron": (GRADIENTS, IMAGES),
    "mnist-regression": (GRADIENTS, IMAGES),
    "mnist-perceptron": (GRADIENTS, {**IMAGES, "record-halves": (100, 2)}),
    "solidity": (
        [*TEXTS, *MORE, "conjugate-half --damping 1e-3"],
        {"contribution-halves": (50, 4), "record-halves": (100, 1), "contribution-out": (24, 2), "record-percent": (100, 1)},
    ),
    LLAMA: (TEXTS, {"contribution-halves": (64, 1), "record-halves": (100, 1)}),
}
# Task → our methods. No retraining: here it is known what is to be found.
PLANTED = {"planted": [method for method in TEXTS if method != "unrolled" and not method.endswith("-relative")]}
MISLABELLED = {"digits-regression-flipped": ITSELF, "digits-perceptron-flipped": ITSELF}
# Part of the labels that are made wrong.
FLIPPED = 0.1
# Task → the other packages' methods, by the beginnings of their names; of tasks that are not here, all. Of wrong labels
# those that say how much a record influences itself; of planted facts the best of the Solidity task.
FINDERS = ("kronfluence-", "dattri-tracin", "dattri-logra", "dattri-factgrass", "dattri-ekfac", "dattri-arnoldi",
           "pydvl-ekfac", "pydvl-nystroem", "pydvl-arnoldi")  # fmt: skip
PEERS = {"planted": ("kronfluence-ekfac",), **dict.fromkeys(MISLABELLED, FINDERS)}
# How costs grow: see growth.py.
GROWTH = "growth"
ALL = [*TASKS, *PLANTED, *MISLABELLED, GROWTH]
# Of queries and of retrainings, for the intervals.
RESAMPLES = 200
# Not measured here, and why.
ABSENT = {
    LLAMA: "LoRA fine-tuning of a Llama of 104 M parameters is for a machine with a GPU (--device wgpu), and there is none",
}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench attribution")
    parser.add_argument("--program", type=pathlib.Path, required=True, help="attribution-bench")
    parser.add_argument("--openledger", type=pathlib.Path, required=True)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--tasks", default=",".join(ALL))
    parser.add_argument("--peers", choices=["all", "none"], default="all")
    parser.add_argument("--others", type=pathlib.Path, nargs="*", default=[], help="attribution-bench, compiled for other processors")
    parser.add_argument("--device", choices=["wgpu"], help="a GPU, for which the program was compiled")
    parser.add_argument("--report", action="store_true", help="of what is there, computing nothing more")
    parser.add_argument("--scratch", action="store_true")
    options = parser.parse_args()
    unknown = set(options.tasks.split(",")) - set(ALL)
    if unknown:
        parser.error(f"expected tasks among {', '.join(ALL)}, got {', '.join(sorted(unknown))}")

    cache = pathlib.Path(os.environ.get("OPENLEDGER_CACHE", pathlib.Path.home() / ".cache" / "openledger"))
    folder = cache / "attribution"
    result = published.begin()
    result["versions"] = {"openledger": published.commit(), "python": platform.python_version()}
    retrained, planted, wrong, precise = [], [], [], []
    gpu = options.device and shutil.which("nvidia-smi")
    for name in options.tasks.split(","):
        if name == GROWTH:
            if not options.report:
                grow(options, folder / name)
            continue
        if not options.report and (gpu or name != LLAMA):
            compute(options, name, folder / name)
        elif not list((folder / name / "scores").glob("*.safetensors")):
            continue
        if name in PLANTED:
            planted.append(retrieval.measure(folder / name))
        elif name in MISLABELLED:
            wrong.append(mislabelled.measure(folder / name))
        else:
            retrained.append(lds.measure(folder / name, designs=TASKS[name][1], resamples=RESAMPLES))
            precise += filter(None, [precision.measure(folder / name)])
    grown = list(growth.measure(folder / GROWTH))
    stored = [row for name in ROUNDED for row in growth.of_contributions(folder / name)]
    result |= results.build(retrained, planted, wrong, precise, {"sizes": grown, "contributions": stored})
    earlier.keep(result, published.read("attribution"))
    result["goals"] = results.goals(result)
    found = {row["task"] for kind in ("rows", "planted", "mislabelled") for row in result[kind]}
    result["absent"] = {name: ABSENT.get(name, "not computed") for name in ALL if name not in found | {GROWTH}}
    measured = {(row["task"], row["design"]) for row in result["rows"]}
    asked = [(task, design) for task, (_, designs) in TASKS.items() for design in designs if task in found]
    result["absent"] |= {f"{task}, {design}": "not retrained" for task, design in asked if (task, design) not in measured}
    if shutil.which(EMULATOR) is None:
        result["absent"]["other processors"] = f"they are emulated by {EMULATOR}, of the package qemu-user, which is not installed"
    published.end("attribution", result, results.tables, options.scratch)


def compute(options, name, task):
    """The task, its scores, and what they are measured against."""
    methods, designs = TASKS.get(name) or ({**PLANTED, **MISLABELLED}[name], {})
    program = [options.program, *(["--device", options.device] if name == LLAMA else [])]
    make(options, name, task, program)
    say(f"{name}: scores")
    for method in methods:
        if not (task / "scores" / f"{scored(method)}.safetensors").exists():
            run([*program, "score", task, *method.split()])
    if name in ROUNDED:
        say(f"{name}: what rounding changes, and what threads and processors do")
        if not (task / "index.bin").exists():
            run([options.program, "index", task])
        for threads in sorted({1, os.cpu_count()}):
            run([options.program, "shares", task, "--label", f"threads-{threads}"], RAYON_NUM_THREADS=str(threads))
        for other in options.others:
            run([other, "shares", task, "--label", other.name])
        if options.device:
            of = ["shares", task, "--label", options.device, "--queries", ASKED]
            run([options.program, "--device", options.device, *of])
        for processor in EMULATED if shutil.which(EMULATOR) else []:
            if not (task / "shares" / f"{processor}.json").exists():
                run([EMULATOR, "-cpu", processor, options.program, "shares", task, "--label", processor, "--queries", ASKED])
    if options.peers == "all":
        say(f"{name}: other packages")
        only = ["--only", *PEERS[name]] if name in PEERS else []
        run([sys.executable, HERE / "peers" / "run.py", task, *only])
    for design, (sets, seeds) in designs.items():
        say(f"{name}: retraining, {design}")
        for seed in range(seeds):
            run([*program, "bank", task, "--design", design, "--count", sets, "--seed", seed])


def grow(options, folder):
    """Costs of each size, with one thread and with all."""
    for name, records, hidden, threads in growth.tasks():
        say(f"growth: {records} records, a hidden layer of {hidden}, {threads} threads")
        task = folder / name
        run([sys.executable, HERE / "tasks" / "datasets.py", "digits", task, "--records", records])
        run([options.program, "classifier", task, "--name", name, "--hidden", hidden])
        if not (task / "scores" / f"{growth.OURS}.safetensors").exists():
            run([options.program, "score", task, growth.OURS], RAYON_NUM_THREADS=str(threads))
        if options.peers == "all":
            run([sys.executable, HERE / "peers" / "run.py", task, "--threads", threads, "--only", *growth.THEIRS])


def make(options, name, task, program):
    """The task's folder, as far as it is not there."""
    say(f"{name}: the task")
    if name in ("solidity", "planted", LLAMA):
        texts = task.with_name("texts")
        python = [sys.executable, HERE / "tasks" / "solidity.py", "--packages", options.packages]
        run([*python, "--openledger", options.openledger, "--out", texts / "solidity"])
        if name == "planted":
            records = texts / "solidity" / "records.jsonl"
            run([sys.executable, HERE / "tasks" / "planted.py", "--records", records, "--out", texts / name])
        of = texts / ("planted" if name == "planted" else "solidity")
        base = ROOT / "models" / "base"
        if name == LLAMA:
            base = task.with_name("bases") / name
            if not (base / "README.md").exists():  # Written last.
                how = ["--size", "large", "--device", options.device, "--minutes", MINUTES]
                run([ROOT / "scripts" / "train-base", *how, "--out", base])
        made = ["--records", of / "records.jsonl", "--queries", of / "queries.jsonl"]
        run([*program, "task", task, "--name", name, "--base", base, *made])
        return
    images, model = name.split("-")[:2]
    flip = ["--flip", FLIPPED] if name in MISLABELLED else []
    run([sys.executable, HERE / "tasks" / "datasets.py", images, task, *flip])
    hidden = ["--hidden", HIDDEN] if model == "perceptron" else []
    run([options.program, "classifier", task, "--name", name, *hidden])


def scored(method):
    """What the scores of a method with its options are called: `ekfac --damping 1e-3` is `ekfac-damping1e-3`."""
    name, *options = method.split()
    chosen = dict(zip(options[::2], options[1::2], strict=True))
    runs = f"-{chosen['--runs']}" if "--runs" in chosen else ""
    damping = f"-damping{chosen['--damping']}" if "--damping" in chosen else ""
    return name + runs + damping


def run(command, **environment):
    subprocess.run([str(part) for part in command], check=True, env={**os.environ, **environment})


def say(what):
    print(f"==> {what}", flush=True)


if __name__ == "__main__":
    main()
