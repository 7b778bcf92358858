"""Tests of growth.py."""

import json
import pathlib
import tempfile
import unittest

import numpy as np
from safetensors.numpy import save_file

import growth
import results

COSTS = {"package": "ours", "index_seconds": "1.5", "query_seconds": "0.002", "peak_bytes": "1048576", "index_bytes": "2048"}


class Growth(unittest.TestCase):
    def test_sizes_are_those_of_the_task(self):
        with tempfile.TemporaryDirectory() as folder:
            task = pathlib.Path(folder) / "375-128-1"
            (task / "scores").mkdir(parents=True)
            (task / "task.json").write_text(json.dumps({"layers": [64, 128, 10]}), encoding="utf-8")
            save_file({"scores": np.zeros((2, 375))}, task / "scores" / "ekfac.safetensors", COSTS)
            rows = list(growth.measure(pathlib.Path(folder)))
        self.assertEqual(len(rows), 1)
        self.assertEqual((rows[0]["records"], rows[0]["parameters"], rows[0]["threads"]), (375, 65 * 128 + 129 * 10, 1))
        lines = list(results.table_of_growth({"sizes": rows, "contributions": []}, {}))
        self.assertIn("| 375 | 9,610 | 1 | ekfac | 1.50 | 2.00 | 1 | 0.0 |", lines)

    def test_contributions_are_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            task = pathlib.Path(folder)
            (task / "scores").mkdir()
            (task / "shares").mkdir()
            one = {"contributions": [3, 4], "threads": 1, "query_seconds": 0.25, "index_bytes": 4096}
            (task / "shares" / "threads-1.json").write_text(json.dumps(one), encoding="utf-8")
            save_file({"scores": np.zeros((2, 5))}, task / "scores" / "registered.safetensors", COSTS | {"threads": "2"})
            rows = list(growth.of_contributions(task))
        self.assertEqual([(row["contributions"], row["threads"]) for row in rows], [(2, 1), (5, 2)])
        lines = list(results.table_of_growth({"sizes": [], "contributions": rows}, {}))
        self.assertIn("| 2 | 1 | 250.0 | 2.0 |", lines)


if __name__ == "__main__":
    unittest.main()
