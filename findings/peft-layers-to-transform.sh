#!/usr/bin/env bash
# peft 0.21.2: layers_to_transform does nothing where target_modules has full names.
#
# One would guess that `layers_to_transform=[1]` keeps the adapter out of every other layer. In fact a module whose full
# name is listed is adapted whatever its layer is: the layers are looked at only where an entry of the list is the end
# of a name. So one configuration reads as "layer 1 alone" and adapts layer 0 too.
#
# It matters to whoever rebuilds an adapter from adapter_config.json alone: the same two keys mean two things.
#
# Seen with peft 0.21.2, transformers 5.23.0 and torch 2.15.0:
#   ends of names: layer 1
#   full names: layers 0, 1
. "$(dirname "$0")/lib.sh"
python_with peft==0.21.2 transformers==5.23.0 torch==2.15.0 numpy

"$folder/venv/bin/python" 2>/dev/null <<'PYTHON' | expect "ends of names: model.layers.1.self_attn.q_proj
full names: model.layers.0.self_attn.q_proj model.layers.1.self_attn.q_proj"
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM


def adapted(targets):
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=16, hidden_size=16, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2,
            num_key_value_heads=2,
        )
    )
    model = get_peft_model(model, LoraConfig(r=2, target_modules=targets, layers_to_transform=[1]))
    ending = ".lora_A.default.weight"
    names = [name for name, _ in model.named_parameters() if name.endswith(ending)]
    return " ".join(sorted(name.removeprefix("base_model.model.").removesuffix(ending) for name in names))


print("ends of names:", adapted(["q_proj"]))
print("full names:", adapted([f"model.layers.{layer}.self_attn.q_proj" for layer in (0, 1)]))
PYTHON
