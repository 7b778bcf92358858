#!/usr/bin/env bash
# safetensors writes the entries of the metadata in another order each time.
#
# Versions: safetensors 0.8.0 with numpy 2.4.6.
# Behaviour: the same tensors and the same metadata of four entries, saved again and again, give files of different
#   bytes: the entries stand in a random order. With one entry, or with none, the bytes are always the same. The
#   order of the tensors in the file is fixed; that of the metadata is not.
# Guess: the format is plain and meant to be safe, so the same contents give the same file.
# Why it matters here: OpenLedger names models and adapters by the hash of their files. Whoever adds a second entry to
#   the metadata gets another name each time, for the same adapter.
# Seen: how many different files 40 saves give, for no entry, one and four, and whether each loads as it was saved.
#   With four entries there are 24 orders, so the exact number is chance; that all 40 agree is as good as impossible.

. "$(dirname "$0")/lib.sh"
python_with safetensors==0.8.0 numpy==2.4.6

"$folder/venv/bin/python" - "$folder" 2>"$folder/log" <<'PYTHON' >"$folder/seen" || { cat "$folder/log" >&2; exit 1; }
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

path = str(Path(sys.argv[1]) / "model.safetensors")
tensors = {name: np.ones(4, np.float32) for name in ["b", "a", "c"]}
entries = {"format": "pt", "base": "tiny", "rank": "8", "license": "MIT"}


def saved(count):
    metadata = dict(list(entries.items())[:count])
    save_file(tensors, path, metadata or None)
    with safe_open(path, "np") as file:
        loaded = file.metadata() or {}
        same = loaded == metadata and sorted(file.keys()) == sorted(tensors)
    return Path(path).read_bytes(), same


same = True
for count, word in [(0, "entries"), (1, "entry"), (4, "entries")]:
    saves = [saved(count) for _ in range(40)]
    files = len({data for data, _ in saves})
    same = same and all(one for _, one in saves)
    print(f"{count} {word}:", "1 file" if files == 1 else "several files")
print("the same once loaded:", same)
PYTHON
expect "$(cat <<'END'
0 entries: 1 file
1 entry: 1 file
4 entries: several files
the same once loaded: True
END
)" <"$folder/seen"
