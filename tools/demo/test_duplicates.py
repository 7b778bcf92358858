"""Who repeats whom."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import duplicates


class Repeats(unittest.TestCase):
    def test_who_repeats_a_record_is_paired_with_who_had_it_first(self):
        contributions = {7: ["c", "b"], 2: ["a", "b"], 5: ["c", "d"], 9: ["e"]}
        # 7 repeats 2 and 5: one proof is enough.
        self.assertEqual(duplicates.repeats(contributions), [(2, 7)])

    def test_a_repetition_is_no_original_for_others(self):
        contributions = {1: ["a"], 2: ["a", "b"], 3: ["b"], 4: ["b"]}
        self.assertEqual(duplicates.repeats(contributions), [(1, 2), (3, 4)])

    def test_a_record_twice_in_one_contribution_is_no_repetition(self):
        self.assertEqual(duplicates.repeats({1: ["a", "a"], 2: ["b"]}), [])


class Hashes(unittest.TestCase):
    def test_all_records_of_each_contribution_are_read(self):
        store = {"0xc1": ["a", "b", "c"], "0xc2": ["d"]}

        def cli(*arguments):
            self.assertEqual(arguments[:2], ("records", "show"))
            limit = arguments[arguments.index("--limit") + 1]
            return {"records": [{"hash": record} for record in store[arguments[2]][:limit]]}

        entries = [{"id": 4, "content": "0xc1", "records": 3}, {"id": 6, "content": "0xc2", "records": 1}]
        self.assertEqual(duplicates.hashes(cli, entries), {4: ["a", "b", "c"], 6: ["d"]})


if __name__ == "__main__":
    unittest.main()
