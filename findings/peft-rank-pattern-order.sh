#!/usr/bin/env bash
# peft 0.21.2: of two keys of rank_pattern that fit a module, the one written first counts, and not the longer one.
#
# One would guess that `layers.1.self_attn.q_proj` is the more precise key and so beats `q_proj`, or that the order of a
# JSON object means nothing. In fact the first key that fits wins. Two adapter_config.json whose objects are equal, but
# written in another order, have matrices of other shapes.
#
# It matters to whoever reads such a file with a JSON library that sorts keys: the adapter's files no longer fit.
#
# Seen with peft 0.21.2, transformers 5.23.0 and torch 2.15.0, the ranks of layers 0 and 1:
#   general first: 4 4
#   precise first: 4 8
. "$(dirname "$0")/lib.sh"
python_with peft==0.21.2 transformers==5.23.0 torch==2.15.0 numpy

"$folder/venv/bin/python" 2>/dev/null <<'PYTHON' | expect "general first: 4 4
precise first: 4 8"
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

PRECISE, GENERAL = ("layers.1.self_attn.q_proj", 8), ("q_proj", 4)


def ranks(*pattern):
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2,
        )
    )
    model = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], rank_pattern=dict(pattern)))
    return " ".join(str(weight.shape[0]) for name, weight in model.named_parameters() if "lora_A" in name)


print("general first:", ranks(GENERAL, PRECISE))
print("precise first:", ranks(PRECISE, GENERAL))
PYTHON
