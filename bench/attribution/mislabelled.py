"""How well self-influence finds wrong labels: the area under the curve of every method that offers it.

    mislabelled.py TASK [--json]

TASK is a classifier's, of data made with `datasets.py --flip`; a method's TASK/scores/*.safetensors has a tensor
"self_influence" [records]. The area is the chance that a wrong label ranks above a right one (Koh and Liang 2017,
section 5.4).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file
from scipy.stats import rankdata


def area(values, wrong):
    """The chance that a value of a wrong one is above that of a right one; ties count half (Mann and Whitney 1947)."""
    count = int(wrong.sum())
    ranks = rankdata(values)[wrong].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (len(wrong) - count)))


def measure(folder):
    data = load_file(folder / "data.safetensors")
    if "flipped" not in data or not 0 < data["flipped"].sum() < len(data["flipped"]):
        raise ValueError(f"{folder / 'data.safetensors'}: expected some labels flipped; make it with datasets.py --flip")
    wrong = data["flipped"].astype(bool)
    rows = []
    for path in sorted((folder / "scores").glob("*.safetensors")):
        with safe_open(path, "np") as file:
            if "self_influence" not in file.keys():
                continue
            values = file.get_tensor("self_influence").astype(np.float64)
        if values.shape != wrong.shape or not np.isfinite(values).all():
            raise ValueError(f"{path}: expected {len(wrong)} finite self-influences, found {values.shape}")
        rows.append({"method": path.stem, "area": area(values, wrong)})
    return {"task": folder.name, "flipped": int(wrong.sum()), "records": len(wrong), "methods": sorted(rows, key=lambda row: -row["area"])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        result = measure(options.task)
    except (ValueError, OSError) as wrong:
        sys.exit(f"error: {wrong}")
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(f"{result['task']}: {result['flipped']} of {result['records']} labels are wrong\n\n| method | area |\n|---|--:|")
    for row in result["methods"]:
        print(f"| {row['method']} | {row['area']:.3f} |")


if __name__ == "__main__":
    main()
