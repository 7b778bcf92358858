"""pyDVL: influence by EK-FAC, conjugate gradient, Arnoldi, Nyström sketch, LiSSA and the inverse harmonic mean (DataInf).

A model is a function of one input here, and a loss of its output and one target; batches are padded to the same length.
"""

import functools
import warnings

import torch
from pydvl.influence.torch import (
    ArnoldiInfluence,
    CgInfluence,
    EkfacInfluence,
    InverseHarmonicMeanInfluence,
    LissaInfluence,
    NystroemSketchInfluence,
)
from pydvl.influence.torch.util import BlockMode
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import method
from model import IGNORED

warnings.filterwarnings("ignore", category=UserWarning)

BATCH = 32
# As in run_dattri.py: products with the Hessian of a language model over more would take hours.
HESSIAN_RECORDS, ITERATIONS = 32, 10
SHARES = [("-damping1e-3", 1e-3), ("-damping1e-1", 1e-1)]
RANK = 50


class Language(nn.Module):
    """Token ids to logits."""

    def __init__(self, task):
        super().__init__()
        self.model = task.model

    def forward(self, ids):
        return self.model(input_ids=ids).logits


class Setting:
    def __init__(self, task):
        self.task = task
        self.model = Language(task).eval() if task.kind == "lm" else task.model
        records = task.collate(task.records)[:2]
        self.records = TensorDataset(*records)
        self.queries = TensorDataset(*task.collate(task.queries)[:2])
        step = max(1, len(task.records) // HESSIAN_RECORDS) if task.kind == "lm" else 1
        chosen = slice(0, step * HESSIAN_RECORDS, step) if task.kind == "lm" else slice(None)
        self.hessian_records = TensorDataset(*(part[chosen] for part in records))

    def loss(self, outputs, targets):
        """Over samples, the mean."""
        if self.task.kind == "lm":
            return nn.functional.cross_entropy(
                outputs.transpose(1, 2), targets, ignore_index=IGNORED, reduction="sum"
            ) / len(targets)
        return nn.functional.cross_entropy(outputs, targets)

    def scale(self):
        """The mean eigenvalue of the empirical Fisher matrix: of the same order as the Hessian's."""
        squares = [torch.cat([part.flatten() for part in self.task.gradient(sample).values()]).square().sum()
                   for sample in self.task.records[:: max(1, len(self.task.records) // 128)]]  # fmt: skip
        return float(torch.stack(squares).mean() / self.task.size())


def load(samples):
    return DataLoader(samples, batch_size=BATCH)


def scores(setting, suffix, influence, data, settings, kept, with_itself=True):
    with method.Clock() as index:
        influence = influence.fit(load(data))
    with method.Clock() as query:
        factors = torch.cat([influence.influence_factors(*batch).detach() for batch in load(setting.queries)])
        found = torch.cat([influence.influences_from_factors(factors, *batch).detach() for batch in load(setting.records)], 1)
    itself = None
    if with_itself:
        itself = torch.cat([influence.influences(*batch, *batch).detach().diagonal() for batch in load(setting.records)])
    return method.Scores(
        suffix, found, settings | {"batch": BATCH, "hessian_records": len(data)}, index.seconds,
        query.seconds / len(setting.queries), kept, itself,
    )  # fmt: skip


def second_order(make, extra, task, kept=0, shares=SHARES, with_itself=False):
    """With regularisation a share of the natural scale: pyDVL leaves it to whoever calls. Of records on themselves only
    where a product with the inverse is cheap."""
    setting = Setting(task)
    natural = setting.scale()
    for suffix, share in shares:
        influence = make(setting.model, setting.loss, regularization=share * natural, **extra)
        settings = {"regularization": share * natural, "share": share, **extra}
        yield scores(setting, suffix, influence, setting.hessian_records, settings, kept, with_itself)


def cg(task):
    extra = {"maxiter": ITERATIONS, "warn_on_max_iteration": False, "solve_simultaneously": True}
    # The full number of iterations, on a model small enough for it.
    if task.kind != "lm":
        extra["maxiter"] = 100
    yield from second_order(CgInfluence, extra, task, shares=SHARES if task.kind != "lm" else SHARES[1:])


def low_rank(make, rank, task):
    # Eigenvectors and eigenvalues.
    kept = 4 * (rank * task.size() + rank)
    yield from second_order(make, {"rank": rank}, task, kept, with_itself=task.kind != "lm")


def harmonic(task):
    setting = Setting(task)
    natural = setting.scale()
    for suffix, share in SHARES:
        influence = InverseHarmonicMeanInfluence(
            setting.model, setting.loss, regularization=share * natural, block_structure=BlockMode.LAYER_WISE
        )
        settings = {"regularization": share * natural, "share": share, "blocks": "layers"}
        yield scores(setting, suffix, influence, setting.records, settings, 0, False)


def lissa(task):
    if task.kind == "lm":
        raise method.DoesNotApply("its series takes a thousand products with the Hessian per query")
    yield from second_order(LissaInfluence, {"maxiter": 1000, "scale": 10.0, "warn_on_max_iteration": False}, task)


def ekfac(task):
    if task.kind == "lm":
        raise method.DoesNotApply("its EK-FAC takes models that name a class per sample, of layers that all have a bias")
    setting = Setting(task)
    fitted = EkfacInfluence(task.model, update_diagonal=True).fit(load(setting.records))
    mean = torch.cat([layer[3].flatten() for _, layer in fitted.ekfac_representation]).mean().item()
    for suffix, share in [("", 0.0), *SHARES]:
        influence = EkfacInfluence(task.model, update_diagonal=True, hessian_regularization=share * mean)
        settings = {"hessian_regularization": share * mean, "share": share, "update_diagonal": True}
        kept = sum(method.tensor_bytes(*layer[1:]) for _, layer in fitted.ekfac_representation)
        yield scores(setting, suffix, influence, setting.records, settings, kept)


if __name__ == "__main__":
    method.run(
        "pyDVL",
        {
            "pydvl-harmonic": harmonic,
            "pydvl-ekfac": ekfac,
            "pydvl-nystroem": functools.partial(low_rank, NystroemSketchInfluence, RANK),
            "pydvl-arnoldi": functools.partial(low_rank, ArnoldiInfluence, RANK),
            "pydvl-cg": cg,
            "pydvl-lissa": lissa,
        },
    )
