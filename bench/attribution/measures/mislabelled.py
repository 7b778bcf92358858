"""How well self-influence finds wrong labels: the area under the curve of every method that offers it.

Of a classifier's task, of data made with `datasets.py --flip`; a method's scores/*.safetensors has a tensor
"self_influence" [records]. The area is the chance that a wrong label ranks above a right one (Koh and Liang 2017,
section 5.4); its interval is over records, wrong and right ones drawn apart. The record's loss, which needs no
method, is there to compare with.
"""

import json

import lds
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file
from scipy.stats import rankdata


def area(values, wrong):
    """The chance that a value of a wrong one is above that of a right one; ties count half (Mann and Whitney 1947)."""
    count = int(wrong.sum())
    ranks = rankdata(values)[wrong].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (len(wrong) - count)))


def interval(values, wrong, resamples=1000, seed=0):
    """Of the area."""
    random = np.random.default_rng(seed)
    parts = np.flatnonzero(wrong), np.flatnonzero(~wrong)
    drawn = (np.concatenate([random.choice(part, len(part)) for part in parts]) for _ in range(resamples))
    return lds.interval(np.array([area(values[chosen], wrong[chosen]) for chosen in drawn]), area(values, wrong))


def measure(folder):
    data = load_file(folder / "data.safetensors")
    if "flipped" not in data or not 0 < data["flipped"].sum() < len(data["flipped"]):
        raise ValueError(f"{folder / 'data.safetensors'}: expected some labels flipped; make it with datasets.py --flip")
    wrong = data["flipped"].astype(bool)
    losses = json.loads((folder / "losses.json").read_text(encoding="utf-8"))["records"]
    found = [("loss", {"package": "none"}, np.array(losses))]
    for path in sorted((folder / "scores").glob("*.safetensors")):
        with safe_open(path, "np") as file:
            if "self_influence" not in file.keys():
                continue
            values = file.get_tensor("self_influence").astype(np.float64)
            found.append((path.stem, lds.numbers(file.metadata() or {}), values))
    rows = []
    for name, about, values in found:
        if values.shape != wrong.shape or not np.isfinite(values).all():
            raise ValueError(f"{folder}: {name}: expected {len(wrong)} finite values, found {values.shape}")
        rows.append({"method": name, "area": area(values, wrong), "area_interval": interval(values, wrong), **about})
    return {
        "task": folder.name,
        "flipped": int(wrong.sum()),
        "records": len(wrong),
        "methods": sorted(rows, key=lambda row: -row["area"]),
        "absent": lds.absent(folder),
    }
