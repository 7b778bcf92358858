"""dattri: influence functions by conjugate gradient, Arnoldi, LiSSA, EK-FAC and DataInf; TRAK; TracIn; LoGra; FactGraSS.

Its attributors are driven by their own steps (`cache`, `generate_…_rep`, `transform_…_rep`) and not by `attribute`,
which does a query's work again for every batch of records.
"""

import copy
import functools
from types import SimpleNamespace

import torch
from dattri.algorithm import factgrass, influence_function, logra, tracin, trak
from dattri.func.projection import random_project
from dattri.task import AttributionTask
from torch.utils.data import DataLoader

import method
from model import IGNORED

BATCH = 32
# What a product with the Hessian of a language model is taken over: one of all records would take minutes, and
# an inverse takes tens of them.
HESSIAN_RECORDS = 32
ITERATIONS = 10
SHARES = [("-damping1e-3", 1e-3), ("-damping1e-1", 1e-1)]


def single(task, data):
    return data[-1].dim() == (1 if task.kind == "lm" else 0)


class Called:
    """A model as `Task.logits` calls it, with other parameters."""

    def __init__(self, task, parameters):
        self.task, self.parameters = task, parameters

    def __call__(self, *arguments, **named):
        return torch.func.functional_call(self.task.model, self.parameters, arguments, named)


def attribution_task(task, loss):
    def function(parameters, data):
        batched = tuple(part.unsqueeze(0) for part in data) if single(task, data) else data
        logits = task.logits(Called(task, parameters), batched)
        return loss(task, logits, batched)

    return AttributionTask(
        loss_func=function, model=task.model, checkpoints=[None], checkpoints_load_func=lambda model, _: model
    )


def mean_loss(task, logits, batch):
    """Over records: of a single record it is its loss."""
    return task.losses_of(logits, batch).mean()


def log_odds(task, logits, batch):
    """TRAK's output function, of the mean log-probability per token."""
    probability = torch.exp(-per_token(task, logits, batch))
    return torch.log(probability / (1 - probability).clamp_min(1e-6)).sum()


def per_token(task, logits, batch):
    tokens = (batch[1] != IGNORED).sum(-1) if task.kind == "lm" else 1
    return task.losses_of(logits, batch) / tokens


def loader(task, samples, batch=BATCH, collate=None):
    return DataLoader(samples, batch_size=batch, shuffle=False, collate_fn=collate or task.collate)


def whole(task, samples):
    """All samples as one batch, which some attributors ask for."""
    return loader(task, samples, len(samples))


def hessian_records(task):
    """The records of which products with the Hessian are taken, evenly spread."""
    if task.kind != "lm":
        return task.records
    step = max(1, len(task.records) // HESSIAN_RECORDS)
    return task.records[::step][:HESSIAN_RECORDS]


def scale(task):
    """The mean eigenvalue of the empirical Fisher matrix of the mean loss: of the same order as the Hessian's."""
    attributor = influence_function.IFAttributorDataInf(attribution_task(task, mean_loss))
    return float(representations(task, attributor, task.records, train=True).square().sum(1).mean() / task.size())


def representations(task, attributor, samples, train):
    found = []
    for batch in loader(task, samples):
        data = tuple(part.unsqueeze(0) for part in batch)
        generate = attributor.generate_train_rep if train else attributor.generate_test_rep
        transform = attributor.transform_train_rep if train else attributor.transform_test_rep
        found.append(transform(0, generate(0, data).detach()).detach())
    return torch.cat(found)


def inner_products(task, suffix, attributor, cached, settings, kept=0, with_itself=False):
    with method.Clock() as index:
        attributor.cache(cached)
        trained = representations(task, attributor, task.records, train=True)
    with method.Clock() as query:
        scores = representations(task, attributor, task.queries, train=False) @ trained.T
    # The last: it would do every query's work again for each record.
    itself = None
    if with_itself:
        itself = (representations(task, attributor, task.records, train=False) * trained).sum(1)
    return method.Scores(
        suffix=suffix,
        scores=scores,
        settings={**settings, "batch": BATCH},
        index_seconds=index.seconds,
        query_seconds=query.seconds / len(task.queries),
        index_bytes=method.tensor_bytes(trained) + (kept() if kept else 0),
        self_influence=itself,
    )


def cg(task):
    natural, records = scale(task), hessian_records(task)
    shares = [("", 0.0), *SHARES] if task.kind != "lm" else SHARES[1:]
    for suffix, share in shares:
        attributor = influence_function.IFAttributorCG(
            attribution_task(task, mean_loss), max_iter=ITERATIONS, regularization=share * natural
        )
        settings = {
            "regularization": share * natural, "share": share, "max_iter": ITERATIONS, "hessian_records": len(records)
        }  # fmt: skip
        yield inner_products(task, suffix, attributor, whole(task, records), settings)


def arnoldi(task):
    natural, records = scale(task), hessian_records(task)
    shares = [("", 0.0), *SHARES] if task.kind != "lm" else SHARES[1:]
    for suffix, share in shares:
        attributor = influence_function.IFAttributorArnoldi(
            attribution_task(task, mean_loss), regularization=share * natural
        )
        settings = {
            "regularization": share * natural, "share": share, "proj_dim": attributor.proj_dim,
            "max_iter": attributor.max_iter, "hessian_records": len(records),
        }  # fmt: skip
        kept = lambda: 4 * attributor.proj_dim * task.size()  # noqa: E731
        # It joins batches into one, and changes the list that it gets.
        cached = loader(task, records, len(records), lambda samples: list(task.collate(samples)))
        yield inner_products(task, suffix, attributor, cached, settings, kept, with_itself=True)


def lissa(task):
    if task.kind == "lm":
        raise method.DoesNotApply("its LiSSA makes floats of all inputs but one, and labels of tokens are integers")
    attributor = influence_function.IFAttributorLiSSA(attribution_task(task, mean_loss))
    yield inner_products(task, "", attributor, whole(task, task.records), dict(attributor.transformation_kwargs))


def datainf(task):
    natural = scale(task)
    # Without one it divides by zero; 0.1 is what its documentation calls its default.
    for suffix, regularization, share in [("", 0.1, None), *((suffix, share * natural, share) for suffix, share in SHARES)]:
        attributor = influence_function.IFAttributorDataInf(
            attribution_task(task, mean_loss), regularization=regularization
        )
        kept = lambda: method.tensor_bytes(*attributor._cached_train_reps.values())  # noqa: E731
        settings = {"regularization": regularization, "share": share}
        yield inner_products(task, suffix, attributor, loader(task, task.records), settings, kept)


class WithOne(torch.nn.Module):
    """A linear layer whose bias is the weight of one more input, which is always 1."""

    def __init__(self, layer):
        super().__init__()
        self.linear = torch.nn.Linear(layer.in_features + 1, layer.out_features, bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(torch.cat([layer.weight, layer.bias[:, None]], 1))

    def forward(self, x):
        return self.linear(torch.cat([x, x.new_ones(*x.shape[:-1], 1)], -1))


def without_biases(task):
    """The same task with the same outputs, by layers without biases. This EK-FAC takes the gradients of a layer's
    weights and bias, one after the other, for a matrix that has the bias in its last column."""
    layers = [task.model.get_submodule(name) for name in task.modules]
    if all(layer.bias is None for layer in layers):
        return task, {}
    changed = copy.copy(task)
    changed.model = copy.deepcopy(task.model)
    for name, layer in zip(task.modules, layers):
        changed.model.set_submodule(name, WithOne(layer))
    changed.modules = [f"{name}.linear" for name in task.modules]
    return changed, {"bias": "the weight of an input that is always 1"}


def check_ekfac(task, attributor, scores, damping):
    """Refuses scores that are not those of its own factors, worked out layer by layer."""
    gradients = lambda sample: task.gradient(sample)  # noqa: E731
    query, records = gradients(task.queries[0]), [gradients(sample) for sample in task.records[:4]]
    expected = torch.zeros(len(records))
    for name in task.modules:
        (inputs, outputs), eigenvalues = attributor.cached_q[name], attributor.cached_lambdas[name]
        rotate = lambda of: outputs @ of[f"{name}.weight"] @ inputs.T  # noqa: B023, E731
        scaled = rotate(query) / (eigenvalues + damping)
        expected += torch.stack([(scaled * rotate(record)).sum() for record in records])
    if not torch.allclose(scores[0, : len(records)], expected, rtol=1e-2, atol=1e-4 * float(expected.abs().max())):
        raise AssertionError(f"its EK-FAC gives {scores[0, :4].tolist()}, its factors {expected.tolist()}")


def ekfac(task):
    task, about = without_biases(task)
    attributor = influence_function.IFAttributorEKFAC(attribution_task(task, mean_loss), module_name=list(task.modules))
    try:
        attributor.cache(loader(task, task.records))
    except UnboundLocalError as failure:
        raise method.DoesNotApply(f"its EK-FAC does not take sequences: {failure}") from failure
    mean = torch.cat([value.flatten() for value in attributor.cached_lambdas.values()]).mean().item()
    for suffix, share in [("", 0.0), *SHARES]:
        attributor = influence_function.IFAttributorEKFAC(
            attribution_task(task, mean_loss), module_name=list(task.modules), damping=share * mean
        )
        kept = lambda: method.tensor_bytes(  # noqa: E731
            *attributor.cached_lambdas.values(), *(factor for pair in attributor.cached_q.values() for factor in pair)
        )
        settings = {"damping": share * mean, "share": share, "labels": "of the records", **about}
        found = inner_products(task, suffix, attributor, loader(task, task.records), settings, kept, with_itself=True)
        if share:
            check_ekfac(task, attributor, found.scores, share * mean)
        yield found


def gradients(task):
    """TracIn of one checkpoint, the final one: the dot product of gradients, and the cosine."""
    # It computes the gradients of all queries again for every batch of records.
    batch = BATCH if task.kind == "lm" else 16 * BATCH
    for suffix, normalized in [("-dot", False), ("-cosine", True)]:
        attributor = tracin.TracInAttributor(attribution_task(task, mean_loss), torch.ones(1), normalized)
        # It takes no projection for the default one.
        attributor.projector_kwargs = None
        with method.Clock() as query:
            scores = attributor.attribute(loader(task, task.records, batch), whole(task, task.queries)).T
        yield method.Scores(
            suffix, scores, {"checkpoints": 1, "normalized_grad": normalized, "projection": None, "batch": batch}, 0.0,
            query.seconds / len(task.queries), 0, None if normalized else attributor.self_attribute(loader(task, task.records)),
        )  # fmt: skip


def projected(task, dimension):
    definition = attribution_task(task, log_odds)
    function = definition.get_grad_loss_func(in_dims=(None, 0))
    rows = []
    for batch in loader(task, task.records):
        gradient = function(definition.get_param()[0], batch) / task.size() ** 0.5
        arguments = trak.DEFAULT_PROJECTOR_KWARGS | {"proj_dim": dimension}
        rows.append(random_project(gradient, len(gradient), **arguments)(gradient, ensemble_id=0).detach())
    return torch.cat(rows)


def trak_of_one(task):
    """TRAK, of the one model there is; its authors average over several."""
    # Its default is 512, and needs as many records.
    dimension = min(512, len(task.records) // 2)
    natural = float(projected(task, dimension).square().sum() / dimension)
    for suffix, share in [("", 0.0), *SHARES]:
        definition = attribution_task(task, log_odds)

        def probability(parameters, data):
            batched = tuple(part.unsqueeze(0) for part in data)
            return torch.exp(-per_token(task, task.logits(Called(task, parameters), batched), batched))

        attributor = trak.TRAKAttributor(
            definition, probability, projector_kwargs={"proj_dim": dimension}, regularization=share * natural
        )
        with method.Clock() as index:
            attributor.cache(loader(task, task.records))
        with method.Clock() as query:
            scores = attributor.attribute(loader(task, task.queries)).T
        yield method.Scores(
            suffix, scores, {"models": 1, "proj_dim": dimension, "regularization": share * natural, "share": share, "batch": BATCH},
            index.seconds, query.seconds / len(task.queries), method.tensor_bytes(attributor.Q, *attributor.inv_XTX_XT_list),
        )  # fmt: skip


class Named(torch.nn.Module):
    """A model that takes a batch by names and returns its loss, which is how these attributors call one."""

    def __init__(self, task):
        super().__init__()
        self.task, self.model = task, task.model

    def forward(self, **parts):
        batch = tuple(parts.values())
        return SimpleNamespace(loss=self.task.losses_of(self.task.logits(self.model, batch), batch).sum())


def named(task, samples):
    return loader(task, samples, collate=lambda chosen: {f"part{n}": part for n, part in enumerate(task.collate(chosen))})


def block_projected(kind, task):
    def loss(model, data, device):
        return model(**data).loss

    function = AttributionTask(loss, Named(task).eval(), [None], checkpoints_load_func=lambda model, _: model)
    dimension = {"logra": 1024, "factgrass": 1024}[kind]
    made = {"logra": logra.LoGraAttributor, "factgrass": factgrass.FactGraSSAttributor}[kind]
    # Its damping is a share of the mean eigenvalue already, 1e-5 when there is none.
    for suffix, damping in [("", None), *SHARES]:
        attributor = made(
            function, layer_names=[f"model.{name}" for name in task.modules], damping=damping, proj_dim=dimension, cache_dir=str(task.scratch / kind)
        )
        with method.Clock() as index:
            attributor.cache(named(task, task.records))
        with method.Clock() as query:
            scores = attributor.attribute(named(task, task.records), named(task, task.queries)).T
        itself = attributor.compute_self_attribution()
        layers = attributor.layer_dims
        yield method.Scores(
            suffix, scores, {"proj_dim": dimension, "damping": damping, "hessian": "eFIM", "batch": BATCH},
            index.seconds, query.seconds / len(task.queries), 4 * len(task.records) * sum(layers), itself,
        )  # fmt: skip


if __name__ == "__main__":
    method.run(
        "dattri",
        {
            "dattri-datainf": datainf,
            "dattri-tracin": gradients,
            "dattri-trak": trak_of_one,
            "dattri-logra": functools.partial(block_projected, "logra"),
            "dattri-factgrass": functools.partial(block_projected, "factgrass"),
            "dattri-ekfac": ekfac,
            "dattri-cg": cg,
            "dattri-arnoldi": arnoldi,
            "dattri-lissa": lissa,
        },
    )
