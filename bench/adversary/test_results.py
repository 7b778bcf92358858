"""python -m unittest bench/adversary/test_results.py"""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1])]

import results


def row(attack, without, multiplier):
    return {
        "attack": attack, "description": "does it", "defences": ["one", "other"], "without": without, "records": 8,
        "records_used": 4, "honest_ppm": 40_000.0, "attack_ppm": 40_000.0 * multiplier, "multiplier": multiplier,
        "each": [multiplier], "multiplier_with_gate": multiplier - 0.01,
    }  # fmt: skip


class Results(unittest.TestCase):
    def setUp(self):
        self.rows = [row("twice", "nothing", 1.05), row("twice", "duplicates", 1.9), row("known", "nothing", 1.4)]

    def test_goals_should_be_of_attacks_on_all_defences(self):
        found = {goal["name"]: goal["met"] for goal in results.goals(self.rows)}
        self.assertEqual(found, {"twice": True, "known": False})

    def test_tables_should_keep_what_is_switched_off_apart(self):
        result = {
            "date": "today", "versions": {}, "rows": self.rows, "goals": results.goals(self.rows), "records": 9,
            "machine": {"processor": "one", "cores": 1, "memory_gib": 1, "system": "any"}, "missing": ["late"],
            "load_average": {"before": [0.0], "after": [0.0]}, "attackers": [], "victims": [],
            "noise": {"trainings": 2, "together": [0.9, 1.1], "each": [[0.8], [1.2]]},
            "costs": {"duplicates": {"records_lost": 2}, "floor": {"moved_ppm": 12.0}},
        }  # fmt: skip
        lines = list(results.tables(result))
        first = next(line for line in lines if line.startswith("| twice | does it"))
        self.assertIn("**1.050**", first)
        self.assertTrue(first.endswith("| 1.040 |"), first)
        off = lines.index("One defence switched off:")
        self.assertGreater(next(i for i, line in enumerate(lines) if "**1.900**" in line), off)
        self.assertIn("| duplicates count once | 2 of 9 records are left out |", lines)
        self.assertIn("| self-influence | not measured |", lines)
        self.assertIn("**Not measured yet:** late.", lines)
        self.assertTrue(any("0.900 to 1.100" in line and "0.800 to 1.200" in line for line in lines))

    def test_relative_should_pair_methods_of_the_task(self):
        rows = [
            {"task": task, "design": "halves", "method": method, "lds": lds}
            for task, method, lds in [("a", "m", 0.5), ("a", "m-relative", 0.6), ("a", "n", 0.7), ("b", "n-relative", 0.8)]
        ]
        self.assertEqual(results.relative(rows, "a"), [{"design": "halves", "method": "m", "without": 0.5, "with": 0.6}])
        self.assertIn("0.600 with, 0.500 without (m, halves)", results.says({}, "lds", results.relative(rows, "a")))


if __name__ == "__main__":
    unittest.main()
