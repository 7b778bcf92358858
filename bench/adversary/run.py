"""Measures what attackers earn, of what they would earn honestly: see scripts/bench and docs/adversary.md.

    python bench/adversary/run.py --program PROGRAM [--task FOLDER] [--rows NAME,…] [--seeds N] [--jobs N] [--report]
        [--scratch]

Goes on where it was stopped: what a training found stays in the task's folder.
With --report, it computes nothing more, and reports what is there.
Writes bench/results/adversary.json, and its tables into docs/results/adversary.md; with --scratch, neither.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench"))

import published  # noqa: E402
import results  # noqa: E402


def main():
    cache = pathlib.Path(os.environ.get("OPENLEDGER_CACHE", pathlib.Path.home() / ".cache" / "openledger"))
    parser = argparse.ArgumentParser(prog="scripts/bench adversary")
    parser.add_argument("--program", type=pathlib.Path, required=True, help="adversary-bench")
    parser.add_argument("--task", type=pathlib.Path, default=cache / "attribution" / "solidity")
    parser.add_argument("--rows", help="names, as `adversary-bench rows` prints them; all without it")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each attack")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time, of one core each")
    parser.add_argument("--report", action="store_true", help="of what is there, computing nothing more")
    parser.add_argument("--scratch", action="store_true")
    options = parser.parse_args()

    named = output(options.program, "rows").split()
    chosen = options.rows.split(",") if options.rows else named
    unknown = set(chosen) - set(named)
    if unknown:
        parser.error(f"expected rows among {', '.join(named)}, got {', '.join(sorted(unknown))}")

    result = published.begin()
    if not options.report:
        compute(options, chosen)
    result["versions"] = {"openledger": published.commit(), "python": platform.python_version()}
    result |= json.loads(output(options.program, "report", options.task))
    result["goals"] = results.goals(result["rows"])
    attribution = json.loads((ROOT / "bench" / "results" / "attribution.json").read_text(encoding="utf-8"))
    result["costs"].setdefault("self-influence", {})["lds"] = results.relative(attribution["rows"], options.task.name)
    published.end("adversary", result, results.tables, options.scratch)


def compute(options, rows):
    """What these rows need. The honest training first: it says who attacks."""
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}

    def run(row):
        command = [options.program, "run", options.task, row, "--seeds", str(options.seeds)]
        subprocess.run(command, check=True, env=environment)

    run("honest")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(run, (row for row in rows if row != "honest")))


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
