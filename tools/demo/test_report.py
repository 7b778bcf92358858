"""The report's arithmetic, on a run made up here."""

import copy
import pathlib
import sys
import unittest
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import report

RECEIPTS = ["0x" + byte * 32 for byte in ("11", "22", "33")]
SHARES = {"shares": [{"contribution": 0, "ppm": 700_000}, {"contribution": 2, "ppm": 200_000}], "pool": 100_000}
OTHER = {"shares": [{"contribution": 2, "ppm": 1_000_000}], "pool": 0}
SPLIT = {"treasury": "10", "owner": "10", "operator": "10", "attributors": "10", "data": "59", "remainder": "1"}


def entry(number, label, account, status="accepted"):
    return {
        "id": number, "label": label, "contributor": account, "records": 5, "bytes": 50,
        "root": "0x01", "content": f"0xc{number}", "status": status,
    }


def found():
    audit = {"settlement": 0, "ok": True, "settlement_shares": SHARES}
    return {
        "status": {
            "genesis": "0xaa", "spec_version": 1, "best": {"number": 20}, "finalized": {"number": 18},
            "total_issuance": str(report.TOTAL_ISSUANCE), "pot": {"account": "5P", "balance": "100"},
        },
        "datanets": [
            (
                {
                    "datanet": 0, "name": "solidity",
                    "versions": [{"version": 1, "contributions": [0, 1, 2]}],
                    "contributions": [
                        entry(0, "solady-1", "5S"), entry(1, "solady-2", "5S"), entry(2, "erc721a", "5E"),
                        entry(3, "copy", "5C", "voided"),
                    ],
                },
                1,
            )
        ],
        "adapters": {1: {"versions": [{"artefact": "0xad", "index": {"root": "0x1d"}}]}},
        "jobs": {1: {"trained_on": [[0, 1]], "heldout_loss_base": 6.0, "heldout_loss_adapter": 4.0, "train_seconds": 9.0}},
        "settlements": [
            {
                "settlement": 0, "model": 1, "submitted": 7, "ended": 9, "count": 3, "total_fee": "100",
                "receipts_root": report.merkle_root(RECEIPTS), "shares": SHARES, "split": SPLIT,
            }
        ],
        "receipts": {0: [{"receipt_id": receipt, "fee": "33"} for receipt in RECEIPTS]},
        "audits": {
            RECEIPTS[0]: {**audit, "receipt_id": RECEIPTS[0], "shares": SHARES},
            RECEIPTS[1]: {**audit, "receipt_id": RECEIPTS[1], "shares": OTHER},
            RECEIPTS[2]: {**audit, "receipt_id": RECEIPTS[2], "shares": SHARES},
        },
        "bm25": {RECEIPTS[0]: OTHER["shares"], RECEIPTS[1]: OTHER["shares"], RECEIPTS[2]: []},
        "labels": {RECEIPTS[0]: "solady", RECEIPTS[1]: "erc721a", RECEIPTS[2]: "erc721a"},
        "heldout": {"0xc0": 4},
        "claimable": [
            {
                "account": "5S", "credit": "0",
                "contributions": [
                    {"contribution": 0, "accrued": "40", "claimed": "40"},
                    {"contribution": 1, "accrued": "5", "claimed": "0"},
                ],
            },
            {"account": "5E", "credit": "3", "contributions": [{"contribution": 2, "accrued": "12", "claimed": "0"}]},
        ],
        "carried": 2,
        "records": {0: ["0xa1", "0xa2"], 1: ["0xb1"], 2: ["0xe1"]},
        "proven": [
            {"earlier": 0, "later": 3, "record": "0xa2", "finder": "5F", "reward": "1000", "lost": "1000"},
        ],
    }


class Report(unittest.TestCase):
    def test_every_check_holds_on_a_run_without_fault(self):
        result = report.build(found())
        self.assertEqual({k: c for k, c in result["checks"].items() if not c["ok"]}, {})

    def test_contributions_outside_the_version_are_left_out_and_payouts_are_summed(self):
        result = report.build(found())
        self.assertEqual([c["id"] for c in result["datanets"][0]["contributions"]], [0, 1, 2])
        self.assertEqual(result["datanets"][0]["contributions"][0]["heldout"], 4)
        self.assertEqual(
            result["payouts"],
            [
                {"label": "solady", "account": "5S", "accrued": "45", "claimed": "40"},
                {"label": "erc721a", "account": "5E", "accrued": "12", "claimed": "0"},
            ],
        )

    def test_proven_duplicates_are_named_with_their_reward(self):
        proof = {"earlier": 0, "later": 3, "record": "0xa2", "finder": "5F", "reward": "1000"}
        self.assertEqual(report.build(found())["duplicates"], [proof])

    def test_rates_count_top_contributors_and_share_ties(self):
        rates = report.rates(report.build(found()), found())[1]
        self.assertEqual(rates["top1"], Fraction(2, 3))
        self.assertEqual(rates["bm25_top1"], Fraction(1, 3))
        self.assertEqual(rates["chance"], Fraction(1, 2))
        # solady has two contributions of three: equal shares always pay it most.
        self.assertEqual(rates["equal_split_top1"], Fraction(1, 3))

    def test_words_name_every_contributor_and_check(self):
        result = report.build(found())
        text = "\n".join(report.words(result, report.rates(result, found())))
        for wanted in ("solady", "erc721a", "BM25", "pot covers unclaimed"):
            self.assertIn(wanted, text)


class Faults(unittest.TestCase):
    """Each fault makes its check false."""

    def broken(self, name, change):
        facts = copy.deepcopy(found())
        change(facts)
        self.assertFalse(report.build(facts)["checks"][name]["ok"], name)

    def test_each_fault_is_seen(self):
        settlement = lambda facts: facts["settlements"][0]
        for name, change in {
            "total_issuance_unchanged": lambda f: f["status"].update(total_issuance="1"),
            "share_vectors_sum_to_1000000": lambda f: settlement(f)["shares"].update(pool=1),
            "splits_sum_to_fees": lambda f: settlement(f)["split"].update(data="58"),
            "accrued_equals_data_parts": lambda f: f.update(carried=1),
            "pot_covers_unclaimed": lambda f: f["status"]["pot"].update(balance="19"),
            "receipts_proved_in_roots": lambda f: settlement(f).update(receipts_root="0x00"),
            "audited_shares_equal_chain": lambda f: f["audits"][RECEIPTS[0]].update(settlement_shares=OTHER),
            "audits_without_difference": lambda f: f["audits"][RECEIPTS[2]].update(ok=False),
            "no_record_twice_in_a_version": lambda f: f["records"][2].append("0xa1"),
            "finders_paid_what_duplicates_lost": lambda f: f["proven"][0].update(reward="999"),
        }.items():
            with self.subTest(name):
                self.broken(name, change)

    def test_a_proven_duplicate_that_still_counts_is_seen(self):
        datanet = lambda facts: facts["datanets"][0][0]
        name = "finders_paid_what_duplicates_lost"
        self.broken(name, lambda f: datanet(f)["contributions"][3].update(status="accepted"))
        def list_it(facts):
            datanet(facts)["versions"][0]["contributions"].append(3)
            facts["records"][3] = ["0xc1"]
        self.broken(name, list_it)

    def test_a_settlement_without_an_audit_is_seen(self):
        self.broken("audited_shares_equal_chain", lambda f: f["audits"].pop(RECEIPTS[0]))


class Pieces(unittest.TestCase):
    def test_a_node_without_a_sibling_moves_up(self):
        one, two, three = RECEIPTS
        pair = report.blake2(b"\1" + b"".join(report.blake2(b"\0" + bytes.fromhex(x[2:])) for x in (one, two)))
        last = report.blake2(b"\0" + bytes.fromhex(three[2:]))
        self.assertEqual(report.merkle_root(RECEIPTS), "0x" + report.blake2(b"\1" + pair + last).hex())

    def test_carry_is_the_third_field_of_a_pool(self):
        pool = (5).to_bytes(16, "little") + (6).to_bytes(8, "little") + (7).to_bytes(16, "little") + bytes(16)
        self.assertEqual(report.carry("0x" + pool.hex()), 7)

    def test_a_contributor_is_its_label_without_the_number(self):
        self.assertEqual(report.contributor("openzeppelin-upgradeable-3"), "openzeppelin-upgradeable")
        self.assertEqual(report.contributor("creative-commons"), "creative-commons")


if __name__ == "__main__":
    unittest.main()
