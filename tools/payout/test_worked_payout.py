"""The payout that the book shows, recomputed by the book's rules and the standard library."""

import copy
import json
import math
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import rules
import steps
import traces

BOOK = ROOT / "docs" / "protocol"


class WorkedPayout(unittest.TestCase):
    def setUp(self):
        self.inputs = json.loads((BOOK / "worked-payout.json").read_text())

    def test_every_figure_of_the_page_should_be_computed(self):
        lines = list(steps.page(self.inputs))
        shown = (BOOK / "worked-payout.md").read_text().splitlines()
        self.assertGreater(len(lines), 50)
        self.assertEqual([line for line in lines if line not in shown], [])
        # And nothing else is shown as a figure.
        blocks = "\n".join(shown).split("```")[1::2]
        figures = [line for block in blocks for line in block.splitlines()[1:]]
        self.assertEqual(figures, lines)

    def test_the_page_should_not_come_out_when_one_input_is_another(self):
        def later(inputs):
            inputs["scores"][11]["16"] = [str(10**12)]

        def dearer(inputs):
            inputs["receipts"][0]["fee"] = "104000000000000001"

        def other_token(inputs):
            inputs["output_ids"][0] += 1

        def other_split(inputs):
            inputs["settlements"][0]["split"]["data"] = "809500000000000001"

        def fewer_records(inputs):
            inputs["contributions"][0]["records"] -= 1

        for change in (later, dearer, other_token, other_split, fewer_records):
            inputs = copy.deepcopy(self.inputs)
            change(inputs)
            with self.assertRaises(AssertionError, msg=change.__name__):
                list(steps.page(inputs))


class Rules(unittest.TestCase):
    """The small examples of the other chapters."""

    def examples(self, chapter):
        return (BOOK / chapter).read_text()

    def test_a_record_should_be_hashed_as_the_chapter_shows(self):
        preimage = "001448656c6c6f"
        self.assertIn(preimage, self.examples("records.md"))
        hashed = rules.blake2(b"openledger/record/v2" + bytes.fromhex(preimage))
        self.assertEqual(rules.record_hash({"text": "Hello"}), hashed)
        self.assertNotEqual(rules.record_hash({"prompt": "Hello", "completion": "x"}), hashed)

    def test_conversations_and_pairs_should_have_the_hashes_that_the_store_gives_them(self):
        # offchain/store/tests/store/records.rs has the same lines and hashes.
        for line, expected in json.loads((ROOT / "offchain/store/tests/store/hashes.json").read_text()).items():
            self.assertEqual(rules.record_hash(rules.record(line)).hex(), expected, line)

    def test_a_voucher_should_be_as_the_chapter_shows(self):
        voucher = json.loads((BOOK / "worked-payout.json").read_text())["voucher"]
        genesis = "b59af4383e806132d142f95acfbb9f3fbb41ac063452c82c0a9317128fac6885"
        preimage = rules.voucher_preimage(
            bytes.fromhex(genesis), voucher["channel"], int(voucher["cumulative"]), voucher["expires"]
        )
        text = self.examples("vouchers.md").replace("` `", "")
        parts = (preimage[:21], preimage[21:53], preimage[53:61], preimage[61:77], preimage[77:])
        for part in parts:
            self.assertIn(f"`{part.hex()}`", text)

    def test_a_draw_should_be_as_the_chapter_shows(self):
        bonds = [("A", 1_000), ("B", 2_000), ("C", 3_000), ("D", 4_000)]
        drawn = rules.draw(bytes([7]) * 32, bonds, 3)
        self.assertIn(f"draws {', '.join(drawn)}", self.examples("committee.md"))
        self.assertEqual(rules.draw(bytes([7]) * 32, bonds, 9)[:3], drawn)
        self.assertEqual(rules.draw(bytes(32), [("A", 0)], 1), [])

    def test_a_median_should_be_as_the_chapter_shows(self):
        vectors = [({3: 500_000, 5: 500_000}, 0), ({3: 480_000, 5: 520_000}, 0), ({5: 999_999}, 1)]
        median = rules.median(vectors)
        text = self.examples("committee.md")
        self.assertIn(f"3: {median[0][3]}, 5: {median[0][5]}, pool {median[1]}", text)
        for one in vectors:
            self.assertIn(f"distance {rules.distance(one, median)}", text)
        self.assertEqual(sum(median[0].values()) + median[1], rules.WHOLE)

    def test_royalties_should_be_as_the_chapter_shows(self):
        lineage = [(5, [3, 4]), (4, [2]), (3, [2]), (2, [0]), (0, [])]
        kept = rules.royalties(1_001, 100_000, lineage)
        text = self.examples("payout.md")
        self.assertIn(", ".join(f"model {model} keeps {amount}" for model, amount in kept.items()), text)
        self.assertEqual(sum(kept.values()), 1_001)

    def test_apportioning_should_break_ties_by_place(self):
        self.assertEqual([part for _, _, part in rules.apportion([1, 1, 1])], [333_334, 333_333, 333_333])
        self.assertEqual(rules.share_vector({1: 1, 2: 1}, 1), ({1: 333_334, 2: 333_333}, 333_333))
        self.assertEqual(rules.share_vector({}, 0), ({}, rules.WHOLE))

    def test_the_lightest_should_join_the_pool_when_there_are_too_many(self):
        shares, pool = rules.share_vector(dict.fromkeys(range(300), 1), 0)
        self.assertEqual(sorted(shares), list(range(256)))
        self.assertEqual(pool, rules.WHOLE - sum(shares.values()))

    def test_a_share_should_need_every_variant_above_the_floor(self):
        scores = {3: [400, 600], 5: [550, 350], 9: [50, 50]}
        intervals = {3: (400_000, 600_000), 5: (350_000, 550_000), 9: (50_000, 50_000)}
        self.assertEqual(rules.intervals(scores), intervals)
        for floor, shares, pool in (
            (1_000, {3: 500_000, 5: 450_000, 9: 50_000}, 0),
            (100_000, {3: 500_000, 5: 450_000}, 50_000),
            (375_000, {3: 500_000}, 500_000),
        ):
            self.assertEqual(rules.receipt_shares(scores, floor), (shares, pool))
        self.assertEqual(rules.receipt_shares({3: [300, 100], 5: [100, -200]}, 0), ({3: rules.WHOLE}, 0))

    def test_what_a_trace_explains_should_follow_it_as_far_as_governance_says(self):
        scores, trace = {1: [600], 2: [300], 5: [-1]}, (400, {2: 75, 5: 25})
        found = rules.receipt_shares(scores, 0, trace, 200_000)
        # A twentieth follows the trace.
        self.assertEqual(found, ({1: 633_334, 2: 316_666 + 37_500, 5: 12_500}, 0))
        for other in ((400, {}), (0, {})):
            self.assertEqual(rules.receipt_shares(scores, 0, other, 200_000), ({1: 666_667, 2: 333_333}, 0))
        self.assertEqual(rules.receipt_shares(scores, 0, trace, 0), ({1: 666_667, 2: 333_333}, 0))

    def test_a_logarithm_should_be_rounded_down(self):
        self.assertEqual([traces.log2(number) for number in (1, 2, 1 << 40)], [0, 1 << 16, 40 << 16])
        for number in (3, 5, 1_000, 10**12):
            self.assertEqual(traces.log2(number), int(math.log2(number) * 65_536))

    def test_a_path_should_lead_to_the_root_from_every_place(self):
        values = [bytes([i]) * 32 for i in range(11)]
        for count in range(1, 12):
            root = rules.merkle_root(values[:count])
            for i in range(count):
                path = rules.merkle_path(values[:count], i)
                self.assertEqual(rules.merkle_root_of(values[i], i, count, path), root)

    def test_a_pool_should_carry_what_does_not_divide(self):
        pool = rules.Pool(3)
        for amount in (7, 0, 1, 1):
            pool.receive(amount)
        self.assertEqual((pool.per_unit, pool.carry), (3, 0))
        self.assertEqual(rules.pool_parts(10, [1, 1, 1]), [4, 3, 3])

    def test_a_licence_should_raise_the_data_part_in_order(self):
        parts = steps.PARAMETERS["split"]
        raised = rules.with_data_share(parts, 950_000)
        self.assertEqual(sum(raised.values()), rules.WHOLE)
        self.assertEqual(
            raised, {"treasury": 0, "owner": 0, "operator": 0, "attributors": 50_000, "data": 950_000}
        )
        self.assertEqual(rules.with_data_share(parts, 400_000), parts)


if __name__ == "__main__":
    unittest.main()
