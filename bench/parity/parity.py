"""Checkpoints and logits by transformers and peft, for comparison with openledger-lm.

    parity.py make DIR       write test checkpoints and adapters, one folder each
    parity.py logits < jobs  print the logits of each {"checkpoint", "adapter", "ids"} of a JSON list
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

# What each differs in from a small Llama with one key head per query head and tied embeddings.
CASES = {
    "tied": {},
    "grouped-untied-sharded": {
        "num_key_value_heads": 2,
        "tie_word_embeddings": False,
        "shard": "20KB",
    },
    "wide-heads-bfloat16": {"head_dim": 24, "num_key_value_heads": 1, "dtype": torch.bfloat16},
    "float16": {"dtype": torch.float16, "rms_norm_eps": 1e-5},
    "llama3-rotary": {
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 5000.0,
            "factor": 4.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    },
}


def make(folder: Path) -> None:
    for number, (name, changes) in enumerate(CASES.items()):
        torch.manual_seed(number)
        changes = dict(changes)
        shard = changes.pop("shard", "5GB")
        dtype = changes.pop("dtype", torch.float32)
        config = LlamaConfig(
            **{
                "vocab_size": 101,
                "hidden_size": 48,
                "intermediate_size": 80,
                "num_hidden_layers": 3,
                "num_attention_heads": 4,
                "max_position_embeddings": 64,
                "tie_word_embeddings": True,
                # Weights far from zero, so that a mistake anywhere shows.
                "initializer_range": 0.2,
                **changes,
            }
        )
        model = LlamaForCausalLM(config).to(dtype)
        model.save_pretrained(folder / name / "base", max_shard_size=shard)

        model = LlamaForCausalLM.from_pretrained(folder / name / "base", dtype=torch.float32)
        lora = LoraConfig(
            r=4,
            lora_alpha=8,
            target_modules=PROJECTIONS if number % 2 == 0 else ["q_proj", "v_proj"],
            task_type="CAUSAL_LM",
            base_model_name_or_path=name,
        )
        adapted = get_peft_model(model, lora)
        adapted.peft_config["default"].base_model_name_or_path = name
        for parameter_name, parameter in adapted.named_parameters():
            if "lora_" in parameter_name:
                torch.nn.init.normal_(parameter, std=0.2)
        adapted.save_pretrained(folder / name / "adapter")


def logits(checkpoint: str, adapter: str | None, ids: list[int]) -> list[list[float]]:
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].tolist()


if __name__ == "__main__":
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["make", folder]:
            make(Path(folder))
        case ["logits"]:
            json.dump([logits(**job) for job in json.load(sys.stdin)], sys.stdout)
        case _:
            sys.exit(__doc__)
