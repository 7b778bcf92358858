"""A task as PyTorch sees it: the same weights, records and queries, checked against the figures that came with them.

    model.py TASK    prints how far losses and gradients are from ours; fails above 1e-4

A task is a folder; bench/attribution/README.md says what is in it.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import cross_entropy

TOLERANCE = 1e-4
# What cross_entropy leaves out.
IGNORED = -100


class Task:
    """`model` is in evaluation mode; only what the influence is taken over requires gradients. `records` and `queries`
    are lists of samples, tuples of tensors; `collate` makes a batch of samples, and `losses` one loss per sample."""

    def __init__(self, folder, name, model, modules, records, queries):
        self.folder, self.name, self.model = folder, name, model.eval()
        # The names of the linear layers that the influence is taken over.
        self.modules = modules
        self.records, self.queries = records, queries

    def parameters(self):
        return {name: value for name, value in self.model.named_parameters() if value.requires_grad}

    def size(self):
        return sum(value.numel() for value in self.parameters().values())

    def losses(self, batch):
        return self.losses_of(self.logits(self.model, batch), batch)

    def batches(self, samples, size):
        return [self.collate(samples[start : start + size]) for start in range(0, len(samples), size)]

    def gradient(self, sample):
        """The gradient of one sample's loss, by parameter."""
        parameters = self.parameters()
        loss = self.losses(self.collate([sample])).sum()
        return dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values()))))


class LanguageTask(Task):
    """A Llama with a LoRA adapter. A sample is (ids, labels, mask): `labels[t]` is what comes after `ids[t]` where it
    counts, and the mask is zero where a batch is padded. The loss of a sample is a sum."""

    kind = "lm"

    def __init__(self, folder, description):
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        base = AutoModelForCausalLM.from_pretrained(
            str(folder / "base"), dtype=torch.float32, attn_implementation="eager"
        )
        model = PeftModel.from_pretrained(base, str(folder / "adapter"))
        model.config.use_cache = False
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("lora_" in name)
        modules = [name for name, module in model.named_modules() if ".lora_" in name and isinstance(module, nn.Linear)]
        samples = {key: [sample(text, key) for text in description[key]] for key in ("records", "queries")}
        super().__init__(folder, description["name"], model, modules, samples["records"], samples["queries"])
        self.contributions = [record["contribution"] for record in description["records"]]

    @staticmethod
    def collate(samples):
        """Pads on the right: what comes before does not see it."""
        pad = nn.utils.rnn.pad_sequence
        return (
            pad([ids for ids, _, _ in samples], batch_first=True),
            pad([labels for _, labels, _ in samples], batch_first=True, padding_value=IGNORED),
            pad([mask for _, _, mask in samples], batch_first=True),
        )

    @staticmethod
    def logits(model, batch):
        return model(input_ids=batch[0]).logits

    @staticmethod
    def losses_of(logits, batch):
        # [batch, seq, vocabulary] to [batch].
        return cross_entropy(logits.transpose(1, 2), batch[1], ignore_index=IGNORED, reduction="none").sum(1)


class ClassifierTask(Task):
    """Linear layers with ReLU between them. A sample is (input, label)."""

    kind = "classifier"

    def __init__(self, folder, description):
        widths = description["layers"]
        layers = [nn.Linear(width, following) for width, following in zip(widths, widths[1:])]
        state = load_file(folder / "model.safetensors")
        expected = {f"layers.{number}.{part}" for number in range(len(layers)) for part in ("weight", "bias")}
        if set(state) != expected:
            raise SystemExit(f"error: {folder / 'model.safetensors'}: expected {sorted(expected)}, found {sorted(state)}")
        for number, layer in enumerate(layers):
            layer.load_state_dict({part: state[f"layers.{number}.{part}"].float() for part in ("weight", "bias")})
        stack = [module for layer in layers for module in (layer, nn.ReLU())][:-1]
        model = nn.Sequential(*stack)
        data = load_file(folder / "data.safetensors")
        samples = [list(zip(data[f"{part}_x"].float(), data[f"{part}_y"].long())) for part in ("train", "query")]
        modules = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
        super().__init__(folder, description["name"], model, modules, *samples)

    @staticmethod
    def collate(samples):
        return torch.stack([x for x, _ in samples]), torch.stack([y for _, y in samples])

    @staticmethod
    def logits(model, batch):
        return model(batch[0])

    @staticmethod
    def losses_of(logits, batch):
        return cross_entropy(logits, batch[1], reduction="none")


def sample(text, key):
    ids, first = torch.tensor(text["ids"], dtype=torch.long), max(text["from"], 1)
    if len(ids) <= first:
        raise SystemExit(f"error: {key}: expected a token to learn after `from` {text['from']}, found {len(ids)} tokens")
    labels = ids.clone()
    labels[:first] = IGNORED
    # Nothing comes after the last token, so it is left out.
    return ids[:-1], labels[1:], torch.ones(len(ids) - 1, dtype=torch.long)


def load(folder):
    folder = Path(folder)
    description = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    kinds = {"lm": LanguageTask, "classifier": ClassifierTask}
    if description.get("kind") not in kinds:
        raise SystemExit(f"error: {folder / 'task.json'}: expected a kind of {sorted(kinds)}, found {description.get('kind')}")
    return kinds[description["kind"]](folder, description)


def relative(found, expected):
    return float((found - expected).norm() / expected.norm())


def loss_errors(task):
    """The largest relative error of a record's and of a query's loss."""
    expected = json.loads((task.folder / "losses.json").read_text(encoding="utf-8"))
    errors = {}
    with torch.no_grad():
        for key, samples in (("records", task.records), ("queries", task.queries)):
            found = torch.cat([task.losses(batch) for batch in task.batches(samples, 16)]).double()
            ours = torch.tensor(expected[key], dtype=torch.float64)
            if ours.shape != found.shape:
                raise SystemExit(f"error: losses.json: expected {len(found)} {key}, found {len(ours)}")
            errors[key] = float(((found - ours).abs() / ours.abs().clamp_min(1e-3)).max())
    return errors


def gradient_errors(task):
    """The relative error of each record's gradient, as one vector over all parameters."""
    path = task.folder / "gradients.safetensors"
    if not path.exists():
        return []
    ours = {name.removesuffix(".weight"): value for name, value in load_file(path).items()}
    errors = []
    for number in range(next(iter(ours.values())).shape[0]):
        # PEFT saves without the name of the adapter.
        found = {
            name.removesuffix(".weight").removesuffix(".default"): value
            for name, value in task.gradient(task.records[number]).items()
        }
        if found.keys() != ours.keys():
            raise SystemExit(f"error: {path}: expected {sorted(found)[:2]}…, found {sorted(ours)[:2]}…")
        vectors = [torch.cat([side[name].double().flatten() for name in sorted(side)]) for side in
                   (found, {name: value[number] for name, value in ours.items()})]  # fmt: skip
        errors.append(relative(*vectors))
    return errors


def check(folder):
    torch.set_num_threads(os.cpu_count())
    task = load(folder)
    losses, gradients = loss_errors(task), gradient_errors(task)
    print(f"{task.name}: {len(task.records)} records, {len(task.queries)} queries, {task.size():,} parameters")
    for key, error in losses.items():
        print(f"  largest relative error of the losses of {key}: {error:.1e}")
    if gradients:
        print(f"  relative errors of {len(gradients)} gradients: {' '.join(f'{error:.1e}' for error in gradients)}")
    worst = max([*losses.values(), *gradients])
    # Not `worst > TOLERANCE`: that lets through what is not a number.
    if not worst <= TOLERANCE:
        raise SystemExit(f"error: expected errors of at most {TOLERANCE:g}, found {worst:.1e}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check(sys.argv[1])
