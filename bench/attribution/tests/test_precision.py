"""Tests of precision.py."""

import json
import pathlib
import tempfile
import unittest

import precision


class Precision(unittest.TestCase):
    def measured(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            task = pathlib.Path(folder)
            (task / "shares").mkdir()
            for name, (scores, shares) in files.items():
                one = {"threads": 1, "features": [], "contributions": [0, 1], "scores": scores, "shares": shares}
                (task / "shares" / f"{name}.json").write_text(json.dumps(one), encoding="utf-8")
            return precision.measure(task)

    def test_distances_count_what_goes_to_the_pools(self):
        exact = ([[1, 2], [3, 4]], [[400_000, 600_000], [500_000, 500_000]])
        rounded = ([[1, 2], [3, 4]], [[400_000, 600_000], [500_000, 400_000]])
        found = self.measured(exact=exact, one=rounded, two=rounded)
        self.assertEqual(found["rounding"]["query"], 200_000)
        self.assertEqual(found["rounding"]["mean"], 100_000)
        self.assertEqual(found["rounding"]["settlement"], 100_000)
        self.assertAlmostEqual(found["rounding"]["rank_correlation"], 1.0)
        self.assertEqual(found["machines"], {"query": 0.0, "mean": 0.0, "settlement": 0.0})

    def test_machines_are_compared_in_pairs(self):
        rows = {name: ([[1, 2]], [[part, PART - part]]) for name, part in (("one", 0), ("two", 10), ("three", 25))}
        found = self.measured(exact=rows["one"], **rows)
        self.assertEqual(found["machines"]["query"], 50)

    def test_a_turned_ranking_is_noticed(self):
        found = self.measured(exact=([[1, 2]], [[0, 0]]), one=([[2, 1]], [[0, 0]]))
        self.assertAlmostEqual(found["rounding"]["rank_correlation"], -1.0)

    def test_fewer_queries_are_compared_as_far_as_they_go(self):
        whole = ([[1, 2], [3, 4]], [[0, PART], [PART, 0]])
        found = self.measured(exact=whole, few=([[1, 2]], [[10, PART - 10]]), two=whole)
        self.assertEqual(found["machines"]["query"], 20)
        self.assertEqual(found["rounding"]["query"], 0)

    def test_nothing_is_measured_without_both(self):
        self.assertIsNone(self.measured())
        self.assertIsNone(self.measured(one=([[1, 2]], [[0, 0]])))


PART = precision.PPM

if __name__ == "__main__":
    unittest.main()
