#!/usr/bin/env bash
# transformers 5.23.0: a generation_config.json that names no end token hides the one of config.json.
#
# One would guess that `generate()` takes what generation_config.json says, and what it leaves out from config.json:
# `model.config.eos_token_id` is still there. In fact config.json counts only while there is no generation_config.json
# at all. A file that sets, say, a begin token alone makes the model go on after its end token, up to the last token
# that was allowed. Deleting the file makes the same checkpoint stop.
#
# It matters to whoever pays by the token. The checkpoint here has one layer, random weights, and a head that always
# prefers token 5, which config.json names as the end.
#
# Seen with transformers 5.23.0 and torch 2.15.0:
#   complete   config 5, generation 5: [0, 2, 3, 5]
#   partial    config 5, generation None: [0, 2, 3, 5, 5, 5, 5, 5, 5]
#   no file    config 5, generation 5: [0, 2, 3, 5]
. "$(dirname "$0")/lib.sh"
python_with transformers==5.23.0 torch==2.15.0 numpy

"$folder/venv/bin/python" - "$folder/model" 2>/dev/null <<'PYTHON' | expect "complete: config 5, generation 5: [0, 2, 3, 5]
partial: config 5, generation None: [0, 2, 3, 5, 5, 5, 5, 5, 5]
no file: config 5, generation 5: [0, 2, 3, 5]"
import json
import pathlib
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM


class Five(torch.nn.Module):
    """A head that always prefers token 5."""

    def forward(self, hidden):
        logits = torch.zeros(*hidden.shape[:-1], 16)
        logits[..., 5] = 1
        return logits


folder = pathlib.Path(sys.argv[1])
LlamaForCausalLM(
    LlamaConfig(
        vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, bos_token_id=0, eos_token_id=5, pad_token_id=1, max_position_embeddings=64,
    )
).save_pretrained(folder)
beside = folder / "generation_config.json"
for name, content in [
    ("complete", {"bos_token_id": 0, "eos_token_id": 5}),
    ("partial", {"bos_token_id": 0}),
    ("no file", None),
]:
    if content is None:
        beside.unlink()
    else:
        beside.write_text(json.dumps(content))
    model = LlamaForCausalLM.from_pretrained(folder)
    model.lm_head = Five()
    answer = model.generate(torch.tensor([[0, 2, 3]]), max_new_tokens=6, do_sample=False)
    ends = model.config.eos_token_id, model.generation_config.eos_token_id
    print(f"{name}: config {ends[0]}, generation {ends[1]}: {answer[0].tolist()}")
PYTHON
