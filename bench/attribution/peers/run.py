"""Has every peer score a task, each method in a process of its own.

    run.py TASK [--only PREFIX …] [--threads N] [--timeout SECONDS] [--again]

Needs what peers/setup makes. What has scores, or a reason for none, is left alone, unless --again. Writes TASK/scores/METHOD.safetensors, or
TASK/scores/METHOD.json with the reason where there are none.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import reasons

HERE = Path(__file__).resolve().parent
PEERS = ["kronfluence", "dattri", "bergson", "pydvl"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("--only", nargs="+", default=[], help="methods whose names begin so")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=int, default=3600, help="seconds that a method may take")
    parser.add_argument("--again", action="store_true", help="also what is there")
    options = parser.parse_args()
    if not (options.task / "task.json").exists():
        sys.exit(f"error: expected a task's folder, found no {options.task / 'task.json'}")
    environments = Path(os.environ.get("OPENLEDGER_CACHE", Path.home() / ".cache" / "openledger")) / "venv-peers"
    scores = options.task / "scores"
    scores.mkdir(exist_ok=True)
    for peer in PEERS:
        environment = environments / peer
        if not (environment / "bin" / "python").exists():
            sys.exit(f"error: expected {environment}; run {HERE / 'setup'}")
        missing = environment / "missing"
        if missing.exists():
            reasons.write(scores, peer, f"cannot be installed: {missing.read_text(encoding='utf-8').strip()}")
            continue
        program = [environment / "bin" / "python", "-B", HERE / f"run_{peer}.py"]
        listed = subprocess.run([*program, "--list"], stdout=subprocess.PIPE, text=True)
        if listed.returncode:
            reasons.write(scores, peer, "it is installed, and cannot be imported")
            continue
        for method in listed.stdout.split():
            if options.only and not method.startswith(tuple(options.only)):
                continue
            if reasons.done(scores, method) and not options.again:
                continue
            score(program, options, scores, method)


def score(program, options, scores, method):
    threads = str(options.threads)
    # Libraries read these before anything can call them.
    environment = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)}
    command = [*program, options.task, method, "--threads", threads]
    # Here, so that what a process that is stopped leaves behind goes too.
    with tempfile.TemporaryDirectory(prefix="openledger-peer-") as scratch:
        try:
            ended = subprocess.run(command, env={**environment, "TMPDIR": scratch}, timeout=options.timeout).returncode
        except subprocess.TimeoutExpired:
            reasons.end(scores, method, f"it takes more than {options.timeout} seconds")
            return
    if ended < 0:
        reasons.end(scores, method, f"it ends by signal {-ended}: out of memory is likely")


if __name__ == "__main__":
    main()
