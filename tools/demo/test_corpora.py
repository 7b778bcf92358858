"""How the demo chooses among records."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import corpora


def records(label, files, each):
    return [
        {"text": f"{label} {file} {number} " + "x" * corpora.MIN_BYTES, "source": f"{label}/{file:03}.sol"}
        for file in range(files)
        for number in range(each)
    ]


class Choose(unittest.TestCase):
    def setUp(self):
        self.every = records("solady", 60, 5)
        self.source = corpora.choose("solady", self.every)

    def test_records_stay_within_the_limit(self):
        self.assertEqual(sum(map(len, self.source.parts)), corpora.RECORDS)
        self.assertEqual(len(self.source.parts), corpora.PARTS)

    def test_whole_files_are_held_out(self):
        trained = {record["source"] for part in self.source.parts for record in part}
        heldout = {record["source"] for record in self.source.heldout}
        self.assertTrue(trained and heldout)
        self.assertFalse(trained & heldout)
        self.assertEqual(sum(self.source.heldout_counts), len(self.source.heldout))

    def test_a_file_is_in_one_contribution(self):
        parts = [{record["source"] for record in part} for part in self.source.parts]
        for i, one in enumerate(parts):
            for other in parts[i + 1 :]:
                self.assertFalse(one & other)

    def test_the_choice_is_the_same_each_time(self):
        again = corpora.choose("solady", list(reversed(self.every)))
        self.assertEqual(
            sorted(r["text"] for p in again.parts for r in p),
            sorted(r["text"] for p in self.source.parts for r in p),
        )

    def test_repeated_long_and_short_records_are_left_out(self):
        text = "y" * corpora.MIN_BYTES
        odd = [
            {"text": text, "source": "a/1.sol"},
            {"text": text, "source": "a/1.sol"},
            {"text": "z", "source": "a/1.sol"},
            {"text": "z" * (corpora.MAX_BYTES + 1), "source": "a/1.sol"},
        ]
        chosen = corpora.choose("a", odd)
        kept = [r["text"] for p in chosen.parts for r in p] + [r["text"] for r in chosen.heldout]
        self.assertEqual(kept, [text])
        self.assertEqual(chosen.heldout, [])

    def test_a_near_copy_is_held_out_with_its_original(self):
        names = [f"A{number}" for number in range(100)]
        originals = {f"openzeppelin/token/{name}.sol": [1] for name in names}
        copies = {f"openzeppelin-upgradeable/token/{name}Upgradeable.sol": [1] for name in names}
        bare = lambda chosen: {name.rpartition("/")[2].replace("Upgradeable", "") for name in chosen}
        self.assertEqual(bare(corpora.held_out(originals)), bare(corpora.held_out(copies)))

    def test_something_is_held_out_of_few_files_but_not_the_largest(self):
        files = {"a/1.sol": [1] * 40, "a/2.sol": [1] * 10, "a/3.sol": [1] * 10}
        chosen = corpora.held_out(files)
        self.assertTrue(chosen)
        self.assertNotIn("a/1.sol", chosen)


class Copies(unittest.TestCase):
    def test_what_a_near_copy_repeats_goes_into_a_contribution_of_its_own(self):
        original = corpora.choose("original", records("original", 60, 5))
        copy = corpora.choose("copy", records("copy", 60, 5))
        repeated = [original.parts[2][0], original.parts[0][1]]
        for part, record in zip(copy.parts, repeated):
            part.append({**record, "source": "copy/same.sol"})
        parted = corpora.part_copies(copy, original)
        texts = lambda part: [record["text"] for record in part]
        self.assertEqual(texts(parted.parts[-1]), [record["text"] for record in repeated])
        first = {text for part in original.parts for text in texts(part)}
        self.assertEqual([first & set(texts(part)) for part in parted.parts[:-1]], [set()] * corpora.PARTS)
        self.assertEqual(sum(map(len, parted.parts)), sum(map(len, copy.parts)))
        self.assertEqual(parted.heldout_counts, copy.heldout_counts + [0])


class Noise(unittest.TestCase):
    def test_noise_is_the_same_words_in_another_order(self):
        source = corpora.choose("solady", records("solady", 60, 5))
        noisy = corpora.noise([source], 10).parts[0]
        self.assertEqual(len(noisy), 10)
        words = {tuple(sorted(r["text"].split())) for p in source.parts for r in p}
        for record in noisy:
            self.assertIn(tuple(sorted(record["text"].split())), words)


class Questions(unittest.TestCase):
    def test_questions_come_evenly_from_all_sources_and_are_part_of_a_held_out_record(self):
        sources = [corpora.choose(name, records(name, 60, 5)) for name in ("a", "b", "c")]
        asked = corpora.questions(sources, 20)
        self.assertGreaterEqual(len(asked), 20)
        counts = [sum(q["label"] == s.label for q in asked) for s in sources]
        self.assertLessEqual(max(counts) - min(counts), 1)
        for question in asked:
            source = next(s for s in sources if s.label == question["label"])
            self.assertTrue(any(r["text"].startswith(question["prompt"]) for r in source.heldout))

    def test_the_prompt_leaves_something_to_answer(self):
        text = "function f() public { return 1; }\n" * 6
        prompt = corpora.prompt(text)
        self.assertTrue(text.startswith(prompt))
        self.assertLess(len(prompt), len(text) * 3 // 4)


class Jsonl(unittest.TestCase):
    def test_what_is_written_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a" / "b.jsonl"
            lines = [{"text": "é\n\u2028", "source": "s"}, {"text": "2"}]
            self.assertEqual(corpora.read(corpora.write(path, lines)), lines)


if __name__ == "__main__":
    unittest.main()
