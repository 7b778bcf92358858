"""Tests of planted.py and retrieval.py."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import numpy as np
from safetensors.numpy import save_file

import planted
import retrieval

# Twelve words that all records have, in turned orders; thirty that some have.
EVERY = "amber birch cedar delta ember fjord grove hazel inlet jetty knoll ledge".split()
SOME = [f"some{letter}{other}" for letter in "abcde" for other in "uvwxyz"]


def library(count=60):
    """Records whose words follow each other in a few ways alone."""
    texts = [" ".join(EVERY[number % 12 :] + EVERY[: number % 12] + SOME[number % 6 * 5 :][:5]) for number in range(count)]
    return [{"text": text, "label": "library", "contribution": 1 + number // 10} for number, text in enumerate(texts)]


class Maker(unittest.TestCase):
    def test_make_should_plant_each_fact_and_its_distractors(self):
        records, queries = planted.make(library())
        self.assertEqual([query["label"] for query in queries], [f"fact-{number:02}" for number in range(planted.FACTS)])
        labels = [record["label"] for record in records]
        for query in queries:
            self.assertEqual(labels.count(query["label"]), planted.TAUGHT)
            self.assertEqual(labels.count(planted.beside(query["label"])), 3)
        self.assertEqual(records[:60], library())
        self.assertEqual(planted.make(library()), (records, queries))

    def test_check_should_refuse_when_something_else_teaches_or_gives_it_away(self):
        records, queries = planted.make(library())
        vocabulary = planted.Vocabulary([record["text"] for record in library()])
        changes = [(0, queries[0]["text"], "teaches a part"), (60, "nothing", "does not teach"), (63, "nothing", "no rare word")]
        for number, text, reason in changes:
            changed = [*records[:number], {**records[number], "text": text}, *records[number + 1 :]]
            with self.assertRaisesRegex(AssertionError, reason):
                planted.check(vocabulary, changed, queries)
        rare = next(word for word in planted.words(queries[0]["prompt"]) if not vocabulary.counts[word] and len(word) > 7)
        given = [*records[:60], {**records[60], "text": f"{records[60]['text']}\n{rare}"}, *records[61:]]
        with self.assertRaisesRegex(AssertionError, "shares a rare word"):
            planted.check(vocabulary, given, queries)


class Retrieval(unittest.TestCase):
    def test_figures_should_be_those_of_the_ranks(self):
        marks = lambda *numbers: np.isin(np.arange(5), numbers)  # noqa: E731
        scores = np.array([0.5, 4.0, 3.0, 2.0, 1.0])
        # Planted are second and fourth: of six pairs with others they win three, of two with the distractor one.
        self.assertEqual(retrieval.figures(scores, marks(2, 4), marks(3)), (3 / 6, 1 / 2, 1 / 2))
        self.assertEqual(retrieval.figures(np.zeros(5), marks(2, 4), marks(3)), (0.5, 0.5, 1 / 3))

    def test_measure_should_rank_methods_and_say_what_was_learnt(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "scores").mkdir()
            labels = ["fact-00", "distractor-00", "fact-01", "distractor-01", "library"]
            queries = [{"label": f"fact-0{number}", "ids": [0, 1, 2, 3], "from": 2} for number in range(2)]
            task = {"name": "planted", "records": [{"label": label} for label in labels], "queries": queries}
            (folder / "task.json").write_text(json.dumps(task))
            (folder / "losses.json").write_text(json.dumps({"queries_before": [9.0, 7.0], "queries": [3.0, 1.0]}))
            good = np.array([[5.0, 1, 2, 3, 4], [1, 2, 5, 3, 4]])
            save_file({"scores": good}, folder / "scores" / "good.safetensors")
            save_file({"scores": -good}, folder / "scores" / "bad.safetensors")
            found = retrieval.measure(folder)
            self.assertEqual(found["answers"], {"tokens": 4, "before": 4.0, "after": 1.0})
            self.assertEqual([(row["method"], row["area"]) for row in found["methods"]], [("good", 1.0), ("bad", 0.0)])
            self.assertEqual([row["reciprocal_rank"] for row in found["methods"]], [1.0, 1 / 5])
            self.assertEqual(found["methods"][0]["area_interval"], [1.0, 1.0])


if __name__ == "__main__":
    unittest.main()
