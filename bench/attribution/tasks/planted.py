"""The task of planted facts: records that teach an invented order of keywords, among those of the Solidity task.

    planted.py --records RECORDS.jsonl --out FOLDER

A fact is a row of words that a quarter of all library records has, in an order that none has. Three records teach it,
between lines of words that no query has. The query that uses it is a function with invented names and the fact's
first words; its answer is the rest. Three distractors have these names, and no fact. So by words the distractors
answer the query; what made the answer likely are records that share no word with it that is not everywhere.
Writes FOLDER/records.jsonl and FOLDER/queries.jsonl; a query and what is planted for it have the same label.
"""

import argparse
import collections
import json
import pathlib
import random
import re

SEED = 20_260_201
FACTS, TAUGHT = 20, 3
# Words of a fact, and how many of them the query says.
LENGTH, SAID = 6, 2
# Part of all library records that a word of a fact stands in, at least; and one of the lines that say nothing.
COMMON, KNOWN = 0.25, 0.04
# Lines that say nothing, and their words.
LINES, IDLE = 3, 4
# How often a record says its fact.
TIMES = 5
SYLLABLES = "bra vok zel mir tun dax plo gri sef hul jor kwa nib pez quo rud".split()


def words(text):
    """As BM25 splits a text, signs left out."""
    return re.findall(r"\w+", text.lower())


def pairs(row):
    """Which word follows which."""
    return set(zip(row, row[1:]))


def follows(text):
    """Which word follows which on a line."""
    return set().union(*(pairs(words(line)) for line in text.splitlines()))


class Vocabulary:
    """The words of letters that stand in many records of the library."""

    def __init__(self, texts):
        self.records = len(texts)
        self.counts = collections.Counter(word for text in texts for word in set(words(text)))
        self.common = self.above(COMMON)

    def above(self, part):
        return sorted(word for word in self.counts if word.isalpha() and self.counts[word] >= part * self.records)

    def idle(self, taken):
        """Of lines that say nothing: known words that are not taken."""
        return [word for word in self.above(KNOWN) if word not in taken and word not in self.common]


def row(vocabulary, taken, draw):
    """Different common words, of which none follows another as it does elsewhere."""
    while True:
        found = draw.sample(vocabulary.common, LENGTH)
        if not pairs(found) & taken:
            return found


def name(draw, taken):
    """An invented name that is nobody else's."""
    while True:
        made = "".join(draw.sample(SYLLABLES, 3))
        if made not in taken:
            taken.add(made)
            return made


def taught(fact, idle, draw):
    """A record that says the fact again and again, between lines that say nothing, and at its end."""
    lines = [draw.sample(idle, IDLE) for _ in range(LINES)] + [fact] * (TIMES - 1)
    draw.shuffle(lines)
    return "\n".join(f"    // {' '.join(line)}" for line in [*lines, fact])


def prompt(names, fact):
    contract, function, first, second = names
    return (
        f"/// @dev Returns the {first} of a {contract} in storage, for a number that is not 0.\n"
        f"function {function}(address {first}, uint256 {second}) public view virtual returns (bytes32 result) {{\n"
        f"    if (value > x) revert({second});\n"
        f"    // {' '.join(fact[:SAID])}"
    )


def distractors(names):
    """Functions of the same names."""
    contract, function, first, second = names
    return [
        f"/// @dev Sets the {first} and the {second} of {contract}.\nfunction {function}(address {first}, uint256 {second}) external {{\n"
        f"    {contract}[{first}] = {second};\n}}",
        f"/**\n * @notice Emitted when a {contract} has another {second}.\n */\nevent {function}(address indexed {first}, uint256 {second});",
        f"modifier {function}(address {first}) {{\n    require({contract}[{first}] > 0, \"no {second}\");\n    _;\n}}",
    ]  # fmt: skip


def make(library):
    """Records and queries."""
    draw = random.Random(SEED)
    texts = [record["text"] for record in library]
    vocabulary = Vocabulary(texts)
    names_taken, pairs_taken = set(vocabulary.counts), set().union(*map(follows, texts))
    facts, names = [], []
    for _ in range(FACTS):
        facts.append(row(vocabulary, pairs_taken, draw))
        pairs_taken |= pairs(facts[-1])
        names.append([name(draw, names_taken) for _ in range(4)])
    prompts = [prompt(own, fact) for own, fact in zip(names, facts)]
    idle = vocabulary.idle(set(words(" ".join(prompts))))
    records, queries = list(library), []
    contribution = max(record["contribution"] for record in library)
    for number, (fact, own) in enumerate(zip(facts, names)):
        label = f"fact-{number:02}"
        teaching = [taught(fact, idle, draw) for _ in range(TAUGHT)]
        for kind, made in ((label, teaching), (beside(label), distractors(own))):
            contribution += 1
            records += [{"text": text, "label": kind, "contribution": contribution} for text in made]
        queries.append({"prompt": prompts[number], "text": " " + " ".join(fact[SAID:]), "label": label})
    check(vocabulary, records, queries)
    return records, queries


def beside(label):
    """The label of a fact's distractors."""
    return label.replace("fact", "distractor")


def check(vocabulary, records, queries):
    """That a query shares no word with what is planted for it but common ones, and rare ones with its distractors; and
    that only what is planted for it teaches any part of its answer."""
    for query in queries:
        asked = set(words(query["prompt"] + query["text"]))
        answer = pairs(words(query["prompt"])[-1:] + words(query["text"]))
        for record in records:
            shared = asked & set(words(record["text"]))
            teaches = answer & follows(record["text"])
            where = f"{query['label']}, record of {record['label']}: {record['text']}"
            if record["label"] == query["label"]:
                assert shared <= set(vocabulary.common), f"it shares a rare word with the query: {where}"
                assert teaches == answer, f"it does not teach the answer: {where}"
            else:
                assert not teaches, f"it teaches a part of the answer: {where}"
            if record["label"] == beside(query["label"]):
                assert any(not vocabulary.counts[word] for word in shared), f"it shares no rare word: {where}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", required=True, type=pathlib.Path, help="of the Solidity task")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    library = [json.loads(line) for line in options.records.read_text(encoding="utf-8").splitlines()]
    records, queries = make(library)
    options.out.mkdir(parents=True, exist_ok=True)
    for file, rows in (("records", records), ("queries", queries)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (options.out / f"{file}.jsonl").write_text(lines, encoding="utf-8")
    print(f"{len(records)} records, {len(records) - len(library)} of them planted or distractors, {len(queries)} queries")


if __name__ == "__main__":
    main()
