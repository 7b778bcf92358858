#!/usr/bin/env bash
# pyarrow gives every tool call the arguments of all others, and drops what the first row does not name.
#
# Versions: pyarrow 26.0.1.
# Behaviour: rows of conversations are made a table with Table.from_pylist, written as Parquet and read again. A
#   nested object comes back with every key that this object has in any row, null where it had none: a call of
#   weather(city) has the argument path of another call. A message without tool_calls has them as null. A key
#   at the top that the first row lacks is not written at all, and nothing says so.
# Guess: one gets the rows back that one wrote. And if keys are united within objects, they are at the top, too.
# Why it matters here: Parquet is how most data sets of conversations are kept. What is trained on and attributed are
#   the rows as they were read, with arguments that nobody wrote.
# Seen: the two rows as they come back.

. "$(dirname "$0")/lib.sh"
python_with pyarrow==26.0.1

"$folder/venv/bin/python" - "$folder/rows.parquet" 2>"$folder/log" <<'PYTHON' >"$folder/seen" || { cat "$folder/log" >&2; exit 1; }
import json
import sys

import pyarrow
import pyarrow.parquet


def call(name, **arguments):
    calls = [{"name": name, "arguments": arguments}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


rows = [
    {"messages": [{"role": "user", "content": "Rain?"}, call("weather", city="Bern")]},
    {"messages": [call("read", path="a")], "tools": '["read"]'},
]
pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sys.argv[1])
for row in pyarrow.parquet.read_table(sys.argv[1]).to_pylist():
    print(json.dumps(row))
PYTHON
expect "$(cat <<'END'
{"messages": [{"role": "user", "content": "Rain?", "tool_calls": null}, {"role": "assistant", "content": null, "tool_calls": [{"name": "weather", "arguments": {"city": "Bern", "path": null}}]}]}
{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"name": "read", "arguments": {"city": null, "path": "a"}}]}]}
END
)" <"$folder/seen"
