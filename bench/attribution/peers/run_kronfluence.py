"""kronfluence: EK-FAC, K-FAC and diagonal Fisher, with labels sampled from the model.

Its default damping is 1e-8, absolute; without one it takes 0.1 of the mean eigenvalue of each layer, and 1e-3 of it is
the same rule with another constant.
"""

import functools

import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.factor import config
from kronfluence.task import Task as KronfluenceTask
from kronfluence.utils.dataset import DataLoaderKwargs

import method
from model import IGNORED

TRAIN_BATCH, QUERY_BATCH = 32, 64
# Suffix, the package's damping argument, the share of the mean eigenvalue where that argument is None.
DAMPINGS = [("", 1e-8, None), ("-damping1e-3", None, 1e-3), ("-damping1e-1", None, 1e-1)]


class Definition(KronfluenceTask):
    def __init__(self, task):
        self.task = task

    def compute_train_loss(self, batch, model, sample=False):
        logits = self.task.logits(model, batch)
        if sample:
            with torch.no_grad():
                drawn = torch.distributions.Categorical(logits=logits).sample()
                kept = batch[1] == IGNORED
            batch = (batch[0], torch.where(kept, batch[1], drawn), *batch[2:])
        return self.task.losses_of(logits, batch).sum()

    def compute_measurement(self, batch, model):
        return self.compute_train_loss(batch, model)

    def get_influence_tracked_modules(self):
        return self.task.modules

    def get_attention_mask(self, batch):
        return batch[2] if len(batch) > 2 else None


def factored(strategy, task):
    definition = Definition(task)
    prepared = prepare_model(task.model, definition)
    analyzer = Analyzer(
        "task", prepared, definition, cpu=True, output_dir=str(task.scratch), disable_tqdm=True, disable_model_save=True
    )
    analyzer.set_dataloader_kwargs(DataLoaderKwargs(collate_fn=task.collate))
    with method.Clock() as index:
        analyzer.fit_all_factors(
            factors_name=strategy,
            dataset=task.records,
            per_device_batch_size=TRAIN_BATCH,
            factor_args=FactorArguments(strategy=strategy, use_empirical_fisher=False),
        )
    for suffix, damping, share in DAMPINGS:
        if share is not None:
            config.HEURISTIC_DAMPING_SCALE = share
        arguments = ScoreArguments(damping_factor=damping)
        with method.Clock() as query:
            analyzer.compute_pairwise_scores(
                scores_name=f"pairwise{suffix}",
                factors_name=strategy,
                query_dataset=task.queries,
                train_dataset=task.records,
                per_device_query_batch_size=min(QUERY_BATCH, len(task.queries)),
                per_device_train_batch_size=TRAIN_BATCH,
                score_args=arguments,
            )
        itself = None
        if task.kind == "classifier":
            analyzer.compute_self_scores(
                scores_name=f"self{suffix}",
                factors_name=strategy,
                train_dataset=task.records,
                per_device_train_batch_size=TRAIN_BATCH,
                score_args=arguments,
            )
            itself = analyzer.load_self_scores(f"self{suffix}")["all_modules"]
        yield method.Scores(
            suffix=suffix,
            scores=analyzer.load_pairwise_scores(f"pairwise{suffix}")["all_modules"],
            settings={
                "strategy": strategy,
                "damping": damping if share is None else f"{share:g} of the mean eigenvalue of the layer",
                "labels": "sampled",
                "train_batch": TRAIN_BATCH,
                "query_batch": min(QUERY_BATCH, len(task.queries)),
            },
            index_seconds=index.seconds,
            query_seconds=query.seconds / len(task.queries),
            index_bytes=method.folder_bytes(task.scratch / "task" / f"factors_{strategy}"),
            self_influence=itself,
        )


if __name__ == "__main__":
    method.run(
        "kronfluence", {f"kronfluence-{name}": functools.partial(factored, name) for name in ("ekfac", "kfac", "diagonal")}
    )
