"""Tests of earlier.py."""

import unittest

import earlier


def run(date, **parts):
    kinds = {"rows": [], "planted": [], "mislabelled": [], "precision": [], "skipped": []}
    growth = {"sizes": [], "contributions": []}
    return {"date": date, "machine": {"cores": 2}, "versions": {"openledger": date}, **kinds, "growth": growth, **parts}


def row(design, method, retrains=100, lds=0.5):
    return {"task": "solidity", "design": design, "method": method, "retrains": retrains, "lds": lds}


def absent(method, task="solidity"):
    return {"task": task, "method": method, "reason": "it fails"}


class Keep(unittest.TestCase):
    def test_designs_should_stay_when_they_are_not_measured_again(self):
        before = run("monday", rows=[row("halves", "dot"), row("out", "dot")])
        now = run("tuesday", rows=[row("out", "dot", lds=0.7), row("percent", "dot")])
        earlier.keep(now, before)
        self.assertEqual([(one["design"], one["lds"]) for one in now["rows"]], [("halves", 0.5), ("out", 0.7), ("percent", 0.5)])
        self.assertEqual({name: of["date"] for name, of in now["earlier"].items()}, {"solidity, halves": "monday"})
        self.assertEqual(now["earlier"]["solidity, halves"]["machine"], {"cores": 2})

    def test_designs_should_stay_when_they_had_more_retrainings(self):
        before = run("monday", rows=[row("halves", "dot", 100), row("halves", "cosine", 100)])
        now = run("tuesday", rows=[row("halves", "dot", 99)])
        earlier.keep(now, before)
        self.assertEqual(now["rows"], before["rows"])
        # Not some rows of the one and some of the other: they would not have been measured in one run.
        now = run("tuesday", rows=[row("halves", "dot", 100)])
        earlier.keep(now, before)
        self.assertEqual(now["rows"], [row("halves", "dot", 100)])
        self.assertEqual(now["earlier"], {})

    def test_runs_should_be_told_when_they_were_earlier_already(self):
        monday, tuesday, wednesday = run("monday", planted=[{"task": "planted"}]), run("tuesday"), run("wednesday")
        earlier.keep(tuesday, monday)
        earlier.keep(wednesday, tuesday)
        self.assertEqual(wednesday["planted"], [{"task": "planted"}])
        self.assertEqual(wednesday["earlier"]["planted"]["date"], "monday")

    def test_shares_should_stay_of_processors_with_other_instructions(self):
        def shares(*features):
            programs = [{"features": []}, {"features": list(features)}]
            return {"task": "solidity", "programs": programs}

        before = run("monday", precision=[shares("avx2"), shares("avx2", "avx512f")])
        now = run("tuesday", precision=[shares("avx2", "avx512f")])
        earlier.keep(now, before)
        self.assertEqual(now["precision"], [shares("avx2"), shares("avx2", "avx512f")])
        self.assertEqual(set(now["earlier"]), {"solidity, shares by avx2"})

    def test_growth_should_stay_when_less_is_measured_of_it(self):
        before = run("monday", growth={"sizes": [1, 2], "contributions": [3]})
        now = run("tuesday", growth={"sizes": [4], "contributions": [5]})
        earlier.keep(now, before)
        self.assertEqual(now["growth"], {"sizes": [1, 2], "contributions": [5]})
        self.assertEqual(set(now["earlier"]), {"growth, sizes"})

    def test_reasons_should_stay_unless_there_are_scores_or_newer_ones(self):
        gone = [absent("cg"), absent("lissa"), absent("ekfac"), absent("cg", "another task")]
        before = run("monday", rows=[row("halves", "dot")], skipped=gone)
        now = run("tuesday", rows=[row("percent", "ekfac")], skipped=[absent("cg")])
        earlier.keep(now, before)
        self.assertEqual(now["skipped"], [absent("cg"), absent("lissa")])


if __name__ == "__main__":
    unittest.main()
