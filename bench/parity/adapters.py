"""Adapters by peft, for comparison with openledger-lm.

    adapters.py table       print the rank and the scale of each branch that peft makes of each configuration
    adapters.py make DIR    write a base, adapters of many kinds on it, and those that openledger-lm refuses
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")

import peft
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]

CONFIGURATIONS = [
    {},
    {"r": 4, "lora_alpha": 3},
    {"use_rslora": True, "r": 5, "lora_alpha": 7},
    {"lora_alpha": 0},
    {"lora_alpha": -8.5},
    {"init_lora_weights": "gaussian"},
    {"init_lora_weights": "orthogonal"},
    {"init_lora_weights": False, "fan_in_fan_out": True, "lora_dropout": 0.1},
    {"target_modules": "all-linear"},
    {"target_modules": "All-Linear", "exclude_modules": ["down_proj", "model.layers.1.mlp.up_proj"]},
    {"target_modules": ATTENTION, "exclude_modules": r".*layers\.[02].*"},
    {"target_modules": r".*\.(q|v)_proj"},
    {"target_modules": r"model\.layers\.1\d\.self_attn\.o_proj|model\.layers\.0\.mlp\.up_proj"},
    {"target_modules": r"(?i).*Q_PROJ"},
    {
        "target_modules": r"(?:.*?(?:self_attn|mlp).*?(?:k_proj|gate_proj).*?)"
        r"|(?:\bmodel\.layers\.[\d]{1,}\.mlp\.up_proj)"
    },
    {"target_modules": ["model.layers.0.self_attn.v_proj", "model.layers.2.self_attn.v_proj"]},
    {"target_modules": ["layers.1.self_attn.q_proj", "self_attn.v_proj"]},
    {"target_modules": ["proj", "q_proj"]},
    {"target_modules": ATTENTION, "layers_to_transform": [1, 11]},
    {"target_modules": ATTENTION, "layers_to_transform": 3},
    {"target_modules": ["q_proj"], "layers_to_transform": []},
    {
        "target_modules": ["q_proj", "model.layers.5.self_attn.k_proj"],
        "layers_to_transform": [2],
    },
    {"target_modules": ["q_proj"], "layers_to_transform": [0, 1], "layers_pattern": "layers"},
    {"target_modules": ["q_proj"], "layers_to_transform": [4], "layers_pattern": ["h", "lay.*"]},
    {
        "target_modules": ["q_proj", "v_proj"],
        "rank_pattern": {"v_proj": 2},
        "alpha_pattern": {"q_proj": 32},
    },
    # The first that fits counts, in the order of the file.
    {"rank_pattern": {"v_proj": 2, "model.layers.1.self_attn.v_proj": 3}},
    {"rank_pattern": {"model.layers.1.self_attn.v_proj": 3, "v_proj": 2}},
    {
        "use_rslora": True,
        "rank_pattern": {r"layers\.1\d?\.self_attn\..*": 16},
        "alpha_pattern": {"^model.layers.0.*": 1.5},
    },
    {"rank_pattern": {"proj": 2, "attn.v_proj": 2, "self_attn.q_proj|x": 3}},
]

# Adapters whose logits are compared.
SAME = {
    "plain": {},
    "stabilised": {"use_rslora": True},
    "patterns": {
        "use_rslora": True,
        "rank_pattern": {"v_proj": 7, r"layers\.1\.mlp.*": 2},
        "alpha_pattern": {"model.layers.0.*": 3.5},
    },
    "layers": {"layers_to_transform": [1]},
    "names": {
        "target_modules": ["model.layers.0.self_attn.v_proj", "model.layers.2.mlp.down_proj"]
    },
    "pattern": {"target_modules": r".*layers\.[12].*\.(q|up)_proj"},
    "excluded": {"target_modules": "all-linear", "exclude_modules": ["k_proj", "layers.0.mlp.up_proj"]},
    "gaussian": {"init_lora_weights": "gaussian"},
    "orthogonal": {"init_lora_weights": "orthogonal"},
    "zero": {"lora_alpha": 0},
    "negative": {"lora_alpha": -8},
    "half": {},
}

# Adapters that compute something else, with what names the key.
REFUSED = {
    "init_lora_weights-pissa": {"init_lora_weights": "pissa"},
    "init_lora_weights-pissa_niter": {"init_lora_weights": "pissa_niter_2"},
    "init_lora_weights-olora": {"init_lora_weights": "olora"},
    "init_lora_weights-mica": {"init_lora_weights": "mica"},
    "alora_invocation_tokens": {"alora_invocation_tokens": [40, 41]},
    "use_dora": {"use_dora": True},
    "lora_bias": {"lora_bias": True},
    "kasa_config": {"kasa_config": peft.KasaConfig()},
    "layer_replication": {"layer_replication": [[0, 2], [1, 3]]},
    "trainable_token_indices": {"trainable_token_indices": [3, 4]},
    "modules_to_save": {"modules_to_save": ["lm_head"]},
    "target_parameters": {"target_modules": [], "target_parameters": ["mlp.up_proj.weight"]},
    "bias": {"bias": "all"},
    "lm_head": {"target_modules": ["q_proj", "lm_head"]},
    "embed_tokens": {"target_modules": ["q_proj", "embed_tokens"]},
}


def llama(layers: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=101,
            hidden_size=48,
            intermediate_size=80,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            tie_word_embeddings=False,
            initializer_range=0.2,
        )
    )


def branches(changes: dict) -> dict:
    configuration = LoraConfig(**{"task_type": "CAUSAL_LM", **changes})
    # As adapter_config.json has it, but for what peft expands when it puts an adapter on a model.
    written = configuration.to_dict()
    adapted = get_peft_model(llama(12), configuration)
    return {
        "configuration": {
            key: sorted(value) if isinstance(value, set) else value
            for key, value in written.items()
        },
        "branches": {
            name.removeprefix("base_model.model."): [
                layer.r["default"],
                layer.scaling["default"],
            ]
            for name, layer in adapted.named_modules()
            if isinstance(layer, peft.tuners.lora.LoraLayer)
        },
    }


def write(folder: Path, name: str, changes: dict) -> None:
    configuration = LoraConfig(
        **{"r": 4, "lora_alpha": 8, "target_modules": ALL, "task_type": "CAUSAL_LM", **changes}
    )
    adapted = get_peft_model(LlamaForCausalLM.from_pretrained(folder / "base"), configuration)
    adapted.peft_config["default"].base_model_name_or_path = "base"
    torch.manual_seed(9)
    for parameter_name, parameter in adapted.named_parameters():
        if "lora_" in parameter_name:
            torch.nn.init.normal_(parameter, std=0.2)
    adapted.save_pretrained(folder / name)
    if name == "half":
        path = folder / name / "adapter_model.safetensors"
        tensors = {key: tensor.bfloat16() for key, tensor in load_file(path).items()}
        save_file(tensors, path, metadata={"format": "pt"})


def make(folder: Path) -> None:
    llama(3).save_pretrained(folder / "base")
    for name, changes in {**SAME, **REFUSED}.items():
        write(folder, name, changes)
    json.dump({"same": list(SAME), "refused": list(REFUSED)}, sys.stdout)


if __name__ == "__main__":
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["table"]:
            rows = [branches(changes) for changes in CONFIGURATIONS]
            json.dump({"peft": peft.__version__, "rows": rows}, sys.stdout)
            print()
        case ["make", folder]:
            make(Path(folder))
        case _:
            sys.exit(__doc__)
