"""Tests of lds.py."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import numpy as np
from safetensors.numpy import save_file
from scipy.stats import spearmanr

import lds


def bank(random, subsets, records, queries, seeds=1, noise=0.0, effects=None):
    """Retrains that follow `effects` [queries, records]: how much more likely each record makes each query."""
    kept = (random.random((subsets, records)) < 0.5).astype(float)
    effects = random.normal(size=(queries, records)) if effects is None else effects
    clean = -(kept @ effects.T)
    return lds.Bank(kept, [row + noise * random.normal(size=(seeds, queries)) for row in clean]), effects


def write_task(folder, random, scores, runs):
    (folder / "scores").mkdir()
    (folder / "bank" / "halves").mkdir(parents=True)
    queries, records = scores.shape
    (folder / "losses.json").write_text(json.dumps({"records": [1.0] * records, "queries": [1.0] * queries}))
    save_file({"scores": scores}, folder / "scores" / "ours.safetensors", {"index_seconds": "1.5", "threads": "2"})
    for number, run in enumerate(runs):
        (folder / "bank" / "halves" / f"{number}.json").write_text(json.dumps(run))


class Score(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(7)

    def test_score_should_equal_a_naive_loop(self):
        made, _ = bank(self.random, 20, 15, 6, noise=1.0)
        scores = self.random.normal(size=(6, 15))
        expected = []
        for query in range(6):
            sums = [sum(scores[query, record] for record in range(15) if row[record]) for row in made.kept]
            likely = [-runs[:, query].mean() for runs in made.losses]
            expected.append(spearmanr(sums, likely).statistic)
        found = lds.score(scores, made, 50)
        self.assertAlmostEqual(found["lds"], float(np.mean(expected)), places=12)
        low, high = found["queries_interval"]
        self.assertTrue(low < found["lds"] < high)

    def test_spearman_should_share_ranks_among_ties(self):
        left, right = self.random.integers(0, 4, (5, 30)), self.random.integers(0, 4, (5, 30))
        expected = [spearmanr(*rows).statistic for rows in zip(left, right)]
        np.testing.assert_allclose(lds.spearman(left, right), expected, atol=1e-12)

    def test_spearman_should_be_zero_of_a_constant(self):
        np.testing.assert_array_equal(lds.spearman(np.ones((1, 5)), np.arange(5.0)[None]), [0.0])

    def test_true_effects_should_score_one(self):
        made, effects = bank(self.random, 30, 10, 4)
        self.assertAlmostEqual(lds.score(effects, made, 10)["lds"], 1.0)

    def test_opposite_effects_should_score_minus_one(self):
        # The convention: a record with a positive score, left out, makes the query's loss rise.
        made, effects = bank(self.random, 30, 10, 4)
        self.assertAlmostEqual(lds.score(-effects, made, 10)["lds"], -1.0)

    def test_leaving_out_a_positive_record_should_raise_the_loss(self):
        made, effects = bank(self.random, 40, 5, 1, effects=np.array([[3.0, 0.0, 0.0, 0.0, 0.0]]))
        losses = np.array([runs[0, 0] for runs in made.losses])
        with_record, without = losses[made.kept[:, 0] == 1], losses[made.kept[:, 0] == 0]
        self.assertLess(with_record.max(), without.min())
        self.assertGreater(lds.score(effects, made, 10)["lds"], 0.9)

    def test_intervals_should_be_narrower_when_there_is_more(self):
        effects = self.random.normal(size=(40, 12))
        scores = effects + self.random.normal(size=effects.shape)
        few, _ = bank(self.random, 12, 12, 40, effects=effects)
        many, _ = bank(self.random, 200, 12, 40, effects=effects)
        width = lambda made: np.diff(lds.score(scores, made, 200)["retrains_interval"])[0]  # noqa: E731
        self.assertLess(width(many), width(few))


    def test_interval_should_move_when_resamples_are_below_the_estimate(self):
        values = self.random.normal(size=4000)
        np.testing.assert_allclose(lds.interval(values, np.median(values)), [-1.96, 1.96], atol=0.15)
        low, high = lds.interval(values, 1.0)
        # Efron's formula, of a normal whose estimate is one deviation up: 2 - 1.96 to 2 + 1.96.
        np.testing.assert_allclose([low, high], [0.04, values.max()], atol=0.35)

    def test_interval_should_be_a_point_when_nothing_varies(self):
        self.assertEqual(lds.interval(np.ones(10), 1.0), [1.0, 1.0])


class Ceiling(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(3)

    def test_ceiling_should_be_absent_when_no_seed_is_repeated(self):
        self.assertIsNone(lds.ceiling(bank(self.random, 10, 8, 3)[0]))

    def test_ceiling_should_be_one_without_noise(self):
        self.assertAlmostEqual(lds.ceiling(bank(self.random, 10, 8, 3, seeds=2)[0])["lds"], 1.0)

    def test_ceiling_should_be_what_the_true_effects_score(self):
        made, effects = bank(self.random, 300, 30, 40, seeds=4, noise=4.0)
        top = lds.ceiling(made)
        self.assertAlmostEqual(top["lds"], lds.score(effects, made, 2)["lds"], delta=0.03)
        self.assertLess(top["reliability_of_one_retrain"], top["split_half"])
        self.assertLess(top["split_half"], top["reliability"])

    def test_ceiling_should_stay_when_a_seed_moves_all_subsets_alike(self):
        made, _ = bank(self.random, 40, 30, 20, seeds=4, noise=1.0)
        moved = lds.Bank(made.kept, [runs + 100.0 * np.arange(4)[:, None] for runs in made.losses])
        self.assertAlmostEqual(lds.ceiling(moved)["lds"], lds.ceiling(made)["lds"])

    def test_stretch_should_be_the_formula_for_twice_as_many(self):
        self.assertAlmostEqual(lds.stretch(0.6, 2), 2 * 0.6 / 1.6)
        self.assertAlmostEqual(lds.stretch(lds.stretch(0.6, 5), 1 / 5), 0.6)


class Files(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(5)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def runs(self, made):
        return [
            {"kept": [int(number) for number in np.flatnonzero(row)], "queries": list(run), "seed": seed}
            for row, losses in zip(made.kept, made.losses)
            for seed, run in enumerate(losses)
        ]

    def test_measure_should_average_seeds_and_report_costs(self):
        made, effects = bank(self.random, 12, 9, 3, seeds=2, noise=1.0)
        write_task(self.folder, self.random, effects, self.runs(made))
        (self.folder / "scores" / "other.json").write_text(json.dumps({"method": "other", "reason": "it does not"}))
        found = lds.measure(self.folder, resamples=10)
        design = found["designs"]["halves"]
        self.assertEqual((design["subsets"], design["retrains"]), (12, 24))
        self.assertAlmostEqual(design["methods"][0]["lds"], lds.score(effects, made, 10)["lds"], places=12)
        self.assertEqual(design["methods"][0]["index_seconds"], 1.5)
        self.assertEqual(found["absent"], [{"method": "other", "reason": "it does not"}])
        self.assertTrue(any("ours" in line for line in lds.table(found)))

    def refused(self, expected, change):
        made, effects = bank(self.random, 5, 9, 3)
        runs = self.runs(made)
        change(runs)
        write_task(self.folder, self.random, effects, runs)
        with self.assertRaisesRegex(lds.Wrong, expected):
            lds.measure(self.folder, resamples=2)

    def test_measure_should_refuse_when_a_record_does_not_exist(self):
        self.refused("below 9", lambda runs: runs[0]["kept"].append(9))

    def test_measure_should_refuse_when_a_loss_is_missing(self):
        self.refused("3 finite losses", lambda runs: runs[1]["queries"].pop())

    def test_measure_should_refuse_when_there_are_too_few_retrains(self):
        self.refused("at least 3", lambda runs: runs.__delitem__(slice(2, None)))

    def test_measure_should_refuse_when_scores_have_another_shape(self):
        made, effects = bank(self.random, 5, 9, 3)
        write_task(self.folder, self.random, effects, self.runs(made))
        save_file({"scores": effects.T.copy()}, self.folder / "scores" / "turned.safetensors")
        with self.assertRaisesRegex(lds.Wrong, "turned.*expected finite scores"):
            lds.measure(self.folder, resamples=2)


if __name__ == "__main__":
    unittest.main()
