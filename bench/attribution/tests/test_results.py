"""Tests of results.py."""

import unittest

import results


def row(design, method, package, lds, query_seconds=1.0):
    about = {"task": "solidity", "design": design, "sets": 50, "retrains": 100, "ceiling": None}
    costs = {"index_seconds": 1.0, "query_seconds": query_seconds, "peak_bytes": 2**20, "index_bytes": 2**20}
    bounds = {"queries_interval": [0.1, 0.9], "retrains_interval": [0.2, 0.8]}
    return {**about, "method": method, "package": package, "version": "1", "lds": lds, **costs, **bounds}


def result(rows):
    machine = {"processor": "one", "cores": 2, "memory_gib": 24, "system": "Linux", "instructions": ["avx2"]}
    run = {"date": "today", "machine": machine, "versions": {"openledger": "abc"}}
    found = results.build([]) | {"rows": rows, "earlier": {"solidity, record-halves": run}, "absent": {}}
    return run | found | {"load_average": {"before": [0.0], "after": [0.0]}}


ROWS = [
    row("record-halves", "best", "openledger", 0.7, 2.0),
    row("record-halves", "fast", "openledger", 0.65, 0.1),
    row("record-halves", "faster", "openledger", 0.6, 0.01),
    row("record-halves", "theirs", "kronfluence", 0.64, 4.0),
    row("record-percent", "best", "openledger", 0.3, 2.0),
    row("record-percent", "others", "dattri", 0.4, 8.0),
    row("contribution-halves", "best", "openledger", 0.93),
]


class Goals(unittest.TestCase):
    def test_goals_should_compare_ours_with_the_others(self):
        found = {goal["name"]: (round(goal["value"], 6), goal["met"]) for goal in results.goals(result(ROWS))}
        self.assertEqual(found, {
            "solidity, half of the contributions: best": (0.93, True),
            "solidity, half of the records: best less theirs": (0.06, True),
            "solidity, all records but one in a hundred: best less others": (-0.1, False),
            # The fastest that scores as well, not the best, and not the fastest of all.
            "solidity: a query by fast, times as fast as theirs": (40.0, True),
            # Of a design that the package was not run on nothing is said; where none of ours scores as well, of our best.
            "solidity: a query by best, times as fast as others": (4.0, False),
        })  # fmt: skip

    def test_goals_should_be_of_the_machines_that_are_farthest_apart(self):
        shares = [{"task": "solidity", "machines": {"settlement": apart}} for apart in (0.25, 3_000.0, 3.25)]
        found = [(goal["value"], goal["met"]) for goal in results.goals(result([]) | {"precision": shares})]
        self.assertEqual(found, [(3_000.0, False)])

    def test_tables_should_say_which_run_a_part_is_of(self):
        of = result(ROWS)
        lines = list(results.tables(of | {"goals": results.goals(of)}))
        at = next(i for i, line in enumerate(lines) if line.startswith("**solidity**, retrained on half of the records"))
        self.assertEqual(lines[at + 1], "(measured earlier: today. one (avx2), 2 cores, 24 GiB, Linux; openledger abc)")
        self.assertEqual(sum("measured earlier" in line for line in lines), 1)

    def test_tables_should_mark_what_is_not_its_methods_score(self):
        ekfac = row("record-halves", "dattri-ekfac-damping1e-1", "dattri", 0.5) | {"version": "0.3.0"}
        mixed_up, right = ekfac | {"settings": {"share": 0.1}}, ekfac | {"settings": {"bias": "an input of 1"}}
        ours = ROWS[0]
        for rows, marks in (([mixed_up, ours], 1), ([right, ours], 0), (ROWS, 0)):
            of = result(rows)
            lines = list(results.tables(of | {"goals": results.goals(of)}))
            self.assertEqual(sum("dattri-ekfac-damping1e-1 †" in line for line in lines), marks)
            self.assertEqual(sum(line.startswith("† ") for line in lines), marks)


if __name__ == "__main__":
    unittest.main()
