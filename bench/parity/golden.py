"""Checkpoints of every family that openledger-lm reads, and what transformers and peft make of them.

    golden.py > offchain/lm/tests/golden.json

Numbers follow from the tensors' names, so that the tests make the same checkpoints without Python.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

TOKENS = 24
POSITIONS = [0, 7, 15, 23]
SIZES = {
    "vocab_size": 31,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], **SIZES}
MISTRAL = {"model_type": "mistral", "architectures": ["MistralForCausalLM"], **SIZES}
QWEN2 = {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], **SIZES}
QWEN3 = {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "head_dim": 6, **SIZES}
LLAMA3 = {"factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
FULL, SLIDING = "full_attention", "sliding_attention"

# Of each, its config.json. "stored_head": the output matrix is in the file whatever the configuration says; "bare": names
# lack "model."; "text": what a placeholder in config.json is replaced by.
CASES = {
    "llama": {"config": {**LLAMA, "tie_word_embeddings": True}},
    "llama-biases": {"config": {**LLAMA, "attention_bias": True, "mlp_bias": True, "head_dim": 6}},
    "mistral-window": {"config": {**MISTRAL, "sliding_window": 5}},
    "mistral-default-window": {"config": {**MISTRAL, "rms_norm_eps": 1e-5}},
    "mistral-no-window": {"config": {**MISTRAL, "sliding_window": None, "head_dim": 8}},
    "qwen2": {"config": {**QWEN2, "tie_word_embeddings": True, "rope_theta": 1000000.0}},
    "qwen2-windows": {
        "config": {
            **QWEN2,
            "use_sliding_window": True,
            "sliding_window": 6,
            "max_window_layers": 1,
        }
    },
    "qwen2-layer-types": {
        "config": {
            **QWEN2,
            "use_sliding_window": True,
            "sliding_window": 4,
            "layer_types": [SLIDING, FULL, SLIDING],
        }
    },
    "qwen3": {"config": {**QWEN3, "tie_word_embeddings": True}},
    "qwen3-biases-windows": {
        "config": {
            **QWEN3,
            "attention_bias": True,
            "use_sliding_window": True,
            "sliding_window": 5,
            "max_window_layers": 2,
        }
    },
    # As DeepSeek's distillations of R1 are published.
    "r1-distill-qwen": {
        "config": {
            **QWEN2,
            "rope_theta": 10000,
            "use_mrope": False,
            "use_sliding_window": False,
            "sliding_window": 4096,
            "max_window_layers": 21,
            "tie_word_embeddings": False,
        }
    },
    "r1-distill-llama": {
        "config": {
            **LLAMA,
            "rope_theta": 500000.0,
            "rope_scaling": {
                **LLAMA3,
                "factor": 8.0,
                "original_max_position_embeddings": 8,
                "rope_type": "llama3",
            },
            "attention_bias": False,
            "tie_word_embeddings": False,
        }
    },
    "tied-but-stored": {"config": {**LLAMA, "tie_word_embeddings": True}, "stored_head": True},
    "bare-names": {"config": LLAMA, "bare": True},
    "infinity": {
        "config": {**LLAMA, "time_step_limit": "INFINITY"},
        "text": ['"INFINITY"', "[0.0, Infinity, -Infinity, NaN]"],
    },
    "swish": {"config": {**LLAMA, "hidden_act": "swish"}},
    "rope-linear-by-its-old-name": {
        "config": {**LLAMA, "rope_scaling": {"type": "linear", "factor": 2.0}}
    },
    "rope-empty": {"config": {**LLAMA, "rope_theta": 500000.0, "rope_scaling": {}}},
    "rope-mrope": {
        "config": {**LLAMA, "rope_scaling": {"type": "default", "mrope_section": [2, 2]}}
    },
    "rope-scaling-before-parameters": {
        "config": {
            **LLAMA,
            "rope_theta": 3000.0,
            "rope_scaling": {"rope_type": "linear", "factor": 2.0},
            "rope_parameters": {"rope_type": "default", "rope_theta": 70.0},
        }
    },
    "rope-llama3-original-beside": {
        "config": {
            **LLAMA,
            "original_max_position_embeddings": 8,
            "rope_scaling": {**LLAMA3, "rope_type": "llama3"},
        }
    },
    "rope-llama3-original-beside-and-within": {
        "config": {
            **LLAMA,
            "original_max_position_embeddings": 8,
            "rope_scaling": {
                **LLAMA3,
                "rope_type": "llama3",
                "original_max_position_embeddings": 32,
            },
        }
    },
    "rope-llama3-original-nowhere": {
        "config": {**LLAMA, "rope_scaling": {**LLAMA3, "rope_type": "llama3"}}
    },
}
ADAPTED = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def numbers(name: str, shape: list[int]) -> torch.Tensor:
    """Uniform, in [-1/4, 1/4) of matrices, [-1/2, 1/2) of biases, [3/4, 5/4) of norms: SplitMix64 of the name's FNV-1a."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        count = int(np.prod(shape))
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5
    if name.endswith("norm.weight"):
        u = 1 + u / 2
    elif not name.endswith(".bias"):
        u = u / 2
    return torch.tensor(u.reshape(shape), dtype=torch.float32)


def store(path: Path, shapes: dict[str, list[int]]) -> None:
    save_file({name: numbers(name, shape) for name, shape in shapes.items()}, path, {"format": "pt"})


def logits(model: torch.nn.Module, ids: list[int]) -> list[list[float]]:
    model.eval()
    with torch.no_grad():
        rows = model(torch.tensor([ids])).logits[0]
    return [[round(value, 6) for value in rows[position].tolist()] for position in POSITIONS]


def case(name: str, config: dict, stored_head: bool = False, bare: bool = False, text=None) -> dict:
    written = json.dumps(config)
    if text is not None:
        written = written.replace(*text)
    ids = [(i * 7 + 3) % config["vocab_size"] for i in range(TOKENS)]
    with tempfile.TemporaryDirectory() as folder:
        base, adapter = Path(folder) / "base", Path(folder) / "adapter"
        base.mkdir()
        (base / "config.json").write_text(written)
        made = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
        shapes = {key: list(value.shape) for key, value in made.state_dict().items()}
        if made.config.tie_word_embeddings and not stored_head:
            shapes.pop("lm_head.weight")
        if bare:
            shapes = {key.removeprefix("model."): shape for key, shape in shapes.items()}
        store(base / "model.safetensors", shapes)
        load = lambda: AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        alone = logits(load(), ids)
        settings = LoraConfig(r=2, lora_alpha=3, target_modules=ADAPTED, task_type="CAUSAL_LM")
        fresh = get_peft_model(load(), settings)
        fresh.peft_config["default"].base_model_name_or_path = "base"
        fresh.save_pretrained(adapter)
        from safetensors import safe_open

        with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
            branches = {key: list(file.get_slice(key).get_shape()) for key in file.keys()}
        store(adapter / "adapter_model.safetensors", branches)
        adapted = logits(PeftModel.from_pretrained(load(), adapter), ids)
    return {
        "name": name,
        "config": written,
        "tensors": shapes,
        "adapter": branches,
        "ids": ids,
        "alone": alone,
        "adapted": adapted,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    found = [case(name, **settings) for name, settings in CASES.items()]
    rows = ",\n".join(json.dumps(one) for one in found)
    positions = json.dumps(POSITIONS)
    versions = json.dumps({"transformers": transformers.__version__, "torch": torch.__version__})
    sys.stdout.write(f'{{"versions": {versions}, "positions": {positions}, "cases": [\n{rows}\n]}}\n')
