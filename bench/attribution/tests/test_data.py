"""Tests of datasets.py and mislabelled.py."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import numpy as np
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score

import datasets
import mislabelled


class Data(unittest.TestCase):
    def test_digits_should_be_split_in_two_when_read(self):
        data = datasets.split("digits", 0.0)
        self.assertEqual((data["train_x"].shape, data["query_x"].shape), ((1497, 64), (300, 64)))
        self.assertEqual((data["train_x"].min(), data["train_x"].max()), (0.0, 1.0))
        self.assertNotIn("flipped", data)
        rows = np.concatenate([data["train_x"], data["query_x"]])
        x, _ = datasets.read("digits")
        np.testing.assert_allclose(np.sort(rows.sum(1)), np.sort(x.sum(1) / 16), rtol=1e-5)

    def test_split_should_be_the_same_when_made_again(self):
        first, second = (datasets.split("digits", 0.1) for _ in range(2))
        for name, values in first.items():
            np.testing.assert_array_equal(values, second[name])

    def test_labels_should_be_wrong_where_flipped(self):
        right, wrong = datasets.split("digits", 0.0), datasets.split("digits", 0.1)
        np.testing.assert_array_equal(right["train_x"], wrong["train_x"])
        np.testing.assert_array_equal(right["train_y"] != wrong["train_y"], wrong["flipped"] == 1)
        self.assertEqual(wrong["flipped"].sum(), 150)
        self.assertTrue(((wrong["train_y"] >= 0) & (wrong["train_y"] <= 9)).all())


class Area(unittest.TestCase):
    def test_area_should_be_that_of_scikit_learn_when_there_are_ties(self):
        random = np.random.default_rng(0)
        values, wrong = random.integers(0, 9, 200).astype(float), random.random(200) < 0.1
        self.assertAlmostEqual(mislabelled.area(values, wrong), roc_auc_score(wrong, values), places=12)

    def test_area_should_be_one_when_the_wrong_are_on_top(self):
        self.assertEqual(mislabelled.area(np.array([1.0, 2.0, 9.0]), np.array([False, False, True])), 1.0)

    def test_measure_should_refuse_when_no_label_is_flipped(self):
        with tempfile.TemporaryDirectory() as folder:
            save_file({"train_y": np.zeros(3)}, pathlib.Path(folder) / "data.safetensors")
            with self.assertRaisesRegex(ValueError, "--flip"):
                mislabelled.measure(pathlib.Path(folder))

    def test_measure_should_rank_methods_that_have_it(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "scores").mkdir()
            save_file({"flipped": np.array([0, 1, 0], dtype=np.uint8)}, folder / "data.safetensors")
            (folder / "losses.json").write_text(json.dumps({"records": [1.0, 2.0, 3.0]}))
            scores = np.zeros((1, 3))
            save_file({"scores": scores, "self_influence": np.array([3.0, 1.0, 2.0])}, folder / "scores" / "bad.safetensors")
            save_file({"scores": scores, "self_influence": np.array([1.0, 3.0, 2.0])}, folder / "scores" / "good.safetensors")
            save_file({"scores": scores}, folder / "scores" / "none.safetensors")
            found = mislabelled.measure(folder)["methods"]
            self.assertEqual([(row["method"], row["area"]) for row in found], [("good", 1.0), ("loss", 0.5), ("bad", 0.0)])


if __name__ == "__main__":
    unittest.main()
