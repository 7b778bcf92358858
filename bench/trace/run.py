"""Measures the trace index beside infini-gram on this machine: see scripts/bench and docs/benchmarks.md.

    python bench/trace/run.py --measure PROGRAM [--tokens N] [--units bytes,tokens] [--scratch]

Writes bench/results/trace.json, and its tables into docs/results/; with --scratch, neither.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bench"))

import corpus  # noqa: E402
import published  # noqa: E402
import results  # noqa: E402
import units  # noqa: E402

TEXTS, LENGTH, REPEAT = 100, 500, 3
# The shortest span that is asked for, and the most occurrences of one, on both sides.
LEAST = {"bytes": 16, "tokens": 5}
MOST = 1_000
# The base's tokenizer makes about one token of so many bytes; a little more text is collected than that.
BYTES_PER_TOKEN = {"bytes": 1.0, "tokens": 3.6}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench trace")
    parser.add_argument("--measure", type=pathlib.Path, required=True)
    parser.add_argument("--tokens", type=int, default=100_000_000)
    parser.add_argument("--units", default="bytes,tokens")
    parser.add_argument("--scratch", action="store_true")
    options = parser.parse_args()

    folder = ROOT / "target" / "bench" / "trace"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = published.begin()
    result["versions"] = {
        "openledger-trace": published.commit(),
        "infini-gram": importlib.metadata.version("infini-gram"),
        "python": platform.python_version(),
    }
    named = {"bytes": units.Bytes, "tokens": lambda: units.Tokens(ROOT / "models" / "base" / "tokenizer.json")}
    runs = [compare(named[name](), options, folder / name) for name in options.units.split(",")]
    result |= results.build(runs, {"texts": TEXTS, "length": LENGTH, "least": LEAST, "most": MOST, "repeat": REPEAT})
    published.end("trace", result, results.tables, options.scratch)
    shutil.rmtree(folder)


def compare(unit, options, folder):
    """Both indices of the same tokens, and the same texts traced in both."""
    save, index = folder / "infini-gram", folder / "index"
    save.mkdir(parents=True)
    say(f"Collecting {unit.name}")
    packages, held, sizes = corpus.collect(int(options.tokens * BYTES_PER_TOKEN[unit.name] * 1.02))
    groups = [unit.encode(texts) for texts in packages.values()]
    records = [tokens for group in groups for tokens in group]
    write_tokens(save, unit, records)
    paths = {name: folder / name for name in ("alphabet", "groups", "texts", "borders")}
    within = [units.continues(unit.piece(token)) for token in range(unit.vocabulary)]
    # infini-gram asks of a token alone whether a word begins with it: as if the one before always ended in a word.
    paths["alphabet"].write_text("".join("3" if inside else "2" for inside in within), encoding="utf-8")
    paths["borders"].write_text("".join(f"{token}\n" for token, inside in enumerate(within) if not inside))
    paths["groups"].write_text(json.dumps([len(group) for group in groups]), encoding="utf-8")
    first = int(unit.encode(["\n"])[0][0])
    asked = {"least": LEAST[unit.name], "most": MOST, "repeat": REPEAT}
    asked["texts"] = corpus.texts(records, unit.encode(held[:2_000]), TEXTS, LENGTH, first)
    paths["texts"].write_text(json.dumps(asked), encoding="utf-8")
    tokens, count = sum(map(len, records)), len(records)
    del groups, records, packages, held

    say(f"Building an index of {tokens:,} {unit.name}")
    # One thread, and one shard: the other side's with --cpus 1 and --shards 1.
    shard_tokens = tokens + count
    alone = {**os.environ, "RAYON_NUM_THREADS": "1"}
    common = [save / "tokenized.0", unit.width, paths["alphabet"], paths["groups"], shard_tokens, index]
    ours = {"build": tool([options.measure, "build", *common], alone)}
    say("The same by infini-gram")
    theirs = {"build": tool([sys.executable, HERE / "peer.py", "build", save, unit.dtype, 8])}
    say(f"Tracing {TEXTS} texts")
    ours["query"] = tool([options.measure, "query", index, paths["texts"]], alone)
    say("The same by infini-gram")
    peer = [sys.executable, HERE / "peer.py", "query", save, unit.dtype, unit.vocabulary, paths["texts"]]
    theirs["query"] = tool([*peer, paths["borders"]])
    shutil.rmtree(folder)
    return {
        "unit": unit.name, "width": unit.width, "tokens": tokens, "records": count, "sizes": sizes,
        "contributions": ours["build"]["added"]["contributions"], "ours": ours, "theirs": theirs,
    }  # fmt: skip


def write_tokens(save, unit, records):
    """The two files in which infini-gram keeps tokens: a separator and a record each, and where each begins."""
    import numpy

    separator, at = b"\xff" * unit.width, 0
    with open(save / "tokenized.0", "wb") as tokens, open(save / "offset.0", "wb") as offsets:
        for record in records:
            offsets.write(numpy.uint64(at).tobytes())
            content = separator + record.tobytes()
            tokens.write(content)
            at += len(content)


def tool(command, environment=None):
    """What a program prints, as JSON."""
    done = subprocess.run([str(word) for word in command], env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def say(line):
    print(f"\033[1m==>\033[0m {time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"error: {failure}")
