"""bergson: EK-FAC and its kin, refined by conjugate gradient; its gradient index; TrackStar; TRAK.

Its commands are called as functions, on the task's tokens (which it takes as they are) and on a copy of the base whose
configuration allows longer sequences: it refuses batches of more tokens than the model's longest sequence. Nothing is
projected but where the method is a projection. Damping is a share of the mean eigenvalue, 0.1 unless told otherwise.
"""

import functools
import json
import os
import shutil

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["WANDB_MODE"] = "disabled"

import numpy as np
import torch
from bergson.build import build, build_query
from bergson.cli.commands import Hessian
from bergson.cli.trackstar import trackstar
from bergson.cli.trak import trak
from bergson.config.config import (
    AstraConfig,
    DataConfig,
    HessianConfig,
    HessianPipelineConfig,
    IndexConfig,
    InversionConfig,
    PreprocessConfig,
    QuerySetConfig,
    ScoreConfig,
    TrackstarConfig,
    TrackstarIndexConfig,
    TrakConfig,
)
from bergson.config.config_io import save_run_config
from bergson.data import column_offsets, load_gradients, load_scores
from bergson.hessians import astra
from bergson.hessians.hessian_approximations import approximate_hessians
from bergson.hessians.pipeline import hessian_pipeline
from bergson.query.attributor import Attributor
from datasets import Dataset

import method
from model import IGNORED

TOKENS_PER_BATCH = 4096
DAMPINGS = [("", 0.1), ("-damping1e-2", 1e-2), ("-damping1e-3", 1e-3)]
CG_STEPS, CG_RECORDS = 10, 64
PROJECTION = 16


read_row = astra.Astra._read_row


def read_row_apart(*arguments):
    """On a CPU it goes on to write into what is mapped from a file for reading alone, and dies of it."""
    return {name: values.clone() for name, values in read_row(*arguments).items()}


astra.Astra._read_row = read_row_apart


class Setting:
    """A task as files that bergson reads."""

    def __init__(self, task):
        if task.kind != "lm":
            raise method.DoesNotApply("it takes causal language models alone")
        self.folder, self.queries = task.scratch, len(task.queries)
        base, adapter = self.folder / "base", self.folder / "adapter"
        shutil.copytree(task.folder / "base", base)
        shutil.copytree(task.folder / "adapter", adapter)
        change(base / "config.json", max_position_embeddings=2 * TOKENS_PER_BATCH)
        change(adapter / "adapter_config.json", base_model_name_or_path=str(base))
        self.model, self.tokenizer = str(adapter), str(base)
        for name, samples in (("records", task.records), ("queries", task.queries)):
            Dataset.from_list([row(sample) for sample in samples]).save_to_disk(str(self.folder / name))

    def index(self, name, kind=IndexConfig, **changes):
        return kind(
            run_path=str(self.folder / name),
            model=self.model,
            tokenizer=self.tokenizer,
            data=DataConfig(dataset=str(self.folder / "records")),
            token_batch_size=TOKENS_PER_BATCH,
            overwrite=True,
            **changes,
        )

    def query(self):
        return QuerySetConfig(dataset=str(self.folder / "queries"), aggregation="none")

    def found(self, name):
        """Its scores, [queries, records]."""
        scores = np.asarray(load_scores(self.folder / name)[:], dtype=np.float64)
        return torch.from_numpy(scores.reshape(len(scores), -1).T.copy())


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def row(sample):
    """It moves labels itself, so ours move back."""
    ids, labels, _ = sample
    last = labels[-1:]
    return {
        "input_ids": torch.cat([ids, last]).tolist(),
        "labels": torch.cat([torch.tensor([IGNORED]), labels]).tolist(),
        "length": len(ids) + 1,
    }


def factored(kind, task):
    """K-FAC's kin with corrected eigenvalues and sampled labels, fitted once and applied with each damping."""
    setting, fitted, index = fit(kind, task)
    for suffix, damping in DAMPINGS:
        yield apply(setting, kind, fitted, index, suffix, damping, AstraConfig())


def refined(records, task):
    """EK-FAC, refined by conjugate gradient on the Gauss-Newton product over so many records."""
    setting, fitted, index = fit("kfac", task)
    records = min(records or len(task.records), len(task.records))
    solver = AstraConfig(num_steps=CG_STEPS, solver="cg", batch_size=records)
    for suffix, damping in DAMPINGS:
        yield apply(setting, "kfac", fitted, index, suffix, damping, solver)


def fit(kind, task):
    setting, index = Setting(task), method.Clock()
    configuration = HessianConfig(method=kind, ev_correction=True)
    with index:
        approximate_hessians(setting.index(f"hessian/{kind}"), configuration)
    return setting, configuration, index


def apply(setting, kind, fitted, index, suffix, damping, solver):
    run = setting.folder / f"run{suffix}"
    run.mkdir()
    (run / "hessian").symlink_to(setting.folder / "hessian")
    pipeline = HessianPipelineConfig(
        query=setting.query(), inversion_cfg=InversionConfig(damping_factor=damping), astra=solver, resume=True
    )
    with method.Clock() as query:
        hessian_pipeline(setting.index(f"run{suffix}"), fitted, ScoreConfig(), PreprocessConfig(), pipeline)
    settings = {"hessian": kind, "ev_correction": True, "damping": damping, "labels": "sampled", "tokens_per_batch": TOKENS_PER_BATCH}
    if solver.num_steps:
        settings |= {"cg_steps": solver.num_steps, "cg_records": solver.batch_size}
    return method.Scores(
        suffix, setting.found(f"run{suffix}/scores"), settings, index.seconds, query.seconds / setting.queries,
        method.folder_bytes(setting.folder / "hessian"),
    )  # fmt: skip


def gradient_index(task):
    """Its store of gradients, queried with and without norms, and with the inverse of its autocorrelation matrix."""
    setting = Setting(task)
    with method.Clock() as store:
        build(started(setting.index("store")), PreprocessConfig())
    with method.Clock() as fitting:
        approximate_hessians(setting.index("hessian"), HessianConfig(method="autocorrelation"))
    tried = [("-dot", None, False), ("-cosine", None, True)]
    tried += [(f"-preconditioned{suffix}", damping, False) for suffix, damping in DAMPINGS]
    tried += [(f"-preconditioned-cosine{suffix}", damping, True) for suffix, damping in DAMPINGS]
    for number, (suffix, damping, cosine) in enumerate(tried):
        hessian = None if damping is None else str(setting.folder / "hessian")
        with method.Clock() as loading:
            attributor = Attributor(
                setting.folder / "store", unit_norm=cosine, hessian_path=hessian,
                inversion_cfg=None if damping is None else InversionConfig(damping_factor=damping),
            )  # fmt: skip
        with method.Clock() as query:
            asked = build_query(setting.index(f"query{number}"), setting.query(), PreprocessConfig())
            best = attributor.search(gradients(asked), None)
        scores = torch.empty(best.values.shape).scatter(1, best.indices, best.values)
        yield method.Scores(
            suffix, scores, {"hessian": damping and "autocorrelation", "damping": damping, "unit_norm": cosine, "projection": None},
            store.seconds + (fitting.seconds if hessian else 0) + loading.seconds, query.seconds / setting.queries,
            method.folder_bytes(setting.folder / "store") + (method.folder_bytes(setting.folder / "hessian") if hessian else 0),
        )  # fmt: skip


def started(configuration):
    configuration.partial_run_path.mkdir(parents=True, exist_ok=True)
    return configuration


def gradients(folder):
    stored = load_gradients(folder)
    with open(f"{folder}/info.json", encoding="utf-8") as file:
        sizes = json.load(file)["grad_sizes"]
    return {name: torch.from_numpy(stored[:, low:high].astype(np.float32)) for name, (low, high) in column_offsets(sizes).items()}


def autocorrelation(setting, index, name, labels, **changes):
    """The matrix of the records' projected gradients, fitted once for all dampings."""
    with index:
        configuration = setting.index("records-hessian", TrackstarIndexConfig, projection_dim=PROJECTION, **changes)
        fitted = HessianConfig(method="autocorrelation", use_dataset_labels=labels)
        save_run_config(Hessian(fitted, configuration), configuration.partial_run_path)
        approximate_hessians(configuration, fitted)
    for suffix, _ in DAMPINGS:
        run = setting.folder / f"run{suffix}"
        run.mkdir()
        (run / name).symlink_to(setting.folder / "records-hessian")


def projected(setting, index, suffix, settings, command):
    """Scores of one of its commands, which finds that matrix and leaves it as it is."""
    with method.Clock() as query:
        command(f"run{suffix}")
    return method.Scores(
        suffix, setting.found(f"run{suffix}/scores"), {"projection": PROJECTION, **settings}, index.seconds,
        query.seconds / setting.queries, method.folder_bytes(setting.folder / "records-hessian"),
    )  # fmt: skip


def trackstar_of_task(task):
    setting, index = Setting(task), method.Clock()
    autocorrelation(setting, index, "value_hessian", labels=False)
    for suffix, damping in DAMPINGS:
        configuration = TrackstarConfig(
            query=setting.query(), stats_sample_size=None, resume=True,
            preprocess_cfg=PreprocessConfig(unit_normalize=True, inversion_cfg=InversionConfig(damping_factor=damping)),
        )  # fmt: skip
        kind = {"kind": TrackstarIndexConfig, "projection_dim": PROJECTION}
        yield projected(
            setting, index, suffix, {"damping": damping, "unit_norm": True},
            lambda name: trackstar(setting.index(name, **kind), configuration),
        )  # fmt: skip


def trak_of_one(task):
    """TRAK, of the one model there is; its authors average over several."""
    setting, index = Setting(task), method.Clock()
    features = {"projection_target": "global", "loss_fn": "log_odds"}
    autocorrelation(setting, index, "train_hessian", labels=True, **features)
    for suffix, damping in [("", 0.0), *DAMPINGS[1:]]:
        configuration = TrakConfig(
            query=setting.query(), resume=True,
            preprocess_cfg=PreprocessConfig(inversion_cfg=InversionConfig(damping_factor=damping)),
        )  # fmt: skip
        kind = {"kind": TrackstarIndexConfig, "projection_dim": PROJECTION, **features}
        yield projected(
            setting, index, suffix, {"models": 1, "damping": damping},
            lambda name: trak(setting.index(name, **kind), configuration),
        )  # fmt: skip


def why_not(reason, _):
    raise method.DoesNotApply(reason)
    yield


if __name__ == "__main__":
    method.run(
        "bergson",
        {
            "bergson-index": gradient_index,
            "bergson-ekfac": functools.partial(factored, "kfac"),
            "bergson-tkfac": functools.partial(factored, "tkfac"),
            "bergson-shampoo": functools.partial(factored, "shampoo"),
            "bergson-trackstar": trackstar_of_task,
            "bergson-trak": trak_of_one,
            "bergson-cg": functools.partial(refined, CG_RECORDS),
            "bergson-lissa": functools.partial(
                why_not, "its series takes 25,000 products with the Hessian per query; bergson-cg solves the same system"
            ),
            "bergson-source": functools.partial(
                why_not, "it takes checkpoints along training with the state of the optimiser; the task is a final one"
            ),
            "bergson-magic": functools.partial(
                why_not, "it differentiates through its own trainer: it scores weights of its own, not the task's"
            ),
        },
    )
