"""Makes the files beside it, with pyarrow 26.0.1: python3 make.py"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
TURNS = [
    {"role": "user", "content": "What is the weather in Oslo?", "tool_calls": None},
    {"role": "assistant", "content": None, "tool_calls": [{"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}]},
    {"role": "tool", "content": "4 C, rain", "tool_calls": None},
    {"role": "assistant", "content": "It is 4 degrees and raining.", "tool_calls": None},
]

# As the Hub keeps conversations: lists of structs whose missing fields are null.
pq.write_table(
    pa.table({"id": [1, 2], "messages": [TURNS, TURNS[2:]], "score": [0.5, None]}), HERE / "messages.parquet",
    compression="snappy",
)
# Alpaca's columns, one row without an output, in several row groups.
pq.write_table(
    pa.table({
        "instruction": ["Name three primary colours of light.", "Translate to French", "Say nothing"],
        "input": ["", "good morning", ""],
        "output": ["Red, green and blue.", "bonjour", None],
        "text": ["Below is an instruction.", "Below is an instruction.", "Below is an instruction."],
    }),
    HERE / "alpaca.parquet", compression="zstd", row_group_size=2,
)
texts = pa.array(["plain text, dictionary encoded"] * 3 + ["and another one"])
pq.write_table(
    pa.table({"text": texts.dictionary_encode()}), HERE / "text.parquet", compression="none", data_page_version="2.0",
)
pq.write_table(pa.table({"text": texts}), HERE / "gzip.parquet", compression="gzip")
pq.write_table(pa.table({"image": [b"\xff\xd8"], "width": [640]}), HERE / "images.parquet", compression="none")
