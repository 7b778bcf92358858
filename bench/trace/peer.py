"""infini-gram's side: runs in its own environment, prints one JSON object.

    peer.py build SAVE DTYPE MEMORY_GIB
    peer.py query SAVE DTYPE VOCABULARY TEXTS BORDERS
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time


def build(save, dtype, memory):
    """Sorts what `tokenized.0` and `offset.0` in the folder hold: its own tokenizing is left out, which these files
    make it skip."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "infini_gram.indexing", "--data_dir", save, "--save_dir", save, "--token_dtype", dtype,
         "--cpus", "1", "--mem", memory, "--shards", "1", "--ulimit", str(resource.getrlimit(resource.RLIMIT_NOFILE)[1])],
        check=True, stdout=sys.stderr,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    parts = {name: os.path.getsize(pathlib.Path(save, f"{name}.0")) for name in ("tokenized", "table", "offset")}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"seconds": seconds, "parts": parts, "bytes": sum(parts.values()), "peak_memory": peak}


def query(save, dtype, vocabulary, texts, borders):
    from infini_gram.engine import InfiniGramEngine

    asked = json.loads(pathlib.Path(texts).read_text(encoding="utf-8"))
    start = time.perf_counter()
    engine = InfiniGramEngine(
        index_dir=save, eos_token_id=0, vocab_size=int(vocabulary), token_dtype=dtype, bow_ids_path=borders,
        precompute_unigram_logprobs=False,
    )  # fmt: skip
    opened = time.perf_counter() - start
    spans, milliseconds = [], []
    for text in asked["texts"]:
        times = []
        for _ in range(asked["repeat"] + 1):
            start = time.perf_counter()
            found = engine.attribute(
                input_ids=text, delim_ids=[], min_len=asked["least"], max_cnt=asked["most"], enforce_bow=True
            )
            times.append((time.perf_counter() - start) * 1e3)
        if "error" in found:
            sys.exit(f"infini-gram: {found['error']}")
        spans.append([[span["l"], span["r"], span["count"]] for span in found["spans"]])
        # The first time is not counted, as on the other side.
        milliseconds.append(statistics.median(times[1:]))
    return {"open_seconds": opened, "spans": spans, "attribute_ms": milliseconds}


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps({"build": build, "query": query}[name](*arguments)))
