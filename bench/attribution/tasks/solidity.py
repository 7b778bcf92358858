"""The Solidity task: functions of six libraries in 24 contributions, one of them noise, and held-out functions."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools" / "demo"))
import corpora  # noqa: E402

# Contributions of each library (erc721a has files for three), about so many records in each, and queries of each.
PARTS, RECORDS, QUERIES = 4, 23, 8


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", required=True, help="fetched npm packages, see scripts/setup --demo")
    parser.add_argument("--openledger", required=True, help="the command line")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for records.jsonl and queries.jsonl")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = choose(pathlib.Path(folder), arguments.packages, arguments.openledger)
    records, queries, contribution = [], [], 0
    for source in sources:
        for part in source.parts:
            contribution += 1
            records += [line(record, source.label, contribution) for record in part]
        heldout = sorted(source.heldout, key=lambda record: corpora.rank(record["text"]))
        queries += [line(record, source.label) for record in heldout[:QUERIES]]
    corpora.write(arguments.out / "records.jsonl", records)
    corpora.write(arguments.out / "queries.jsonl", queries)
    print(f"{len(records)} records in {contribution} contributions, {len(queries)} queries")


def choose(folder, packages, openledger):
    """The libraries and their noise."""
    corpora.stage(packages, folder)
    sources = []
    for label in corpora.SOLIDITY:
        out = folder / f"{label}.jsonl"
        build = [openledger, "records", "build", folder / "solidity" / label, "--label", label, "--out", out]
        subprocess.run([str(part) for part in build], check=True, stdout=subprocess.DEVNULL)
        sources.append(corpora.choose(label, corpora.read(out), RECORDS * PARTS, PARTS))
    return [*sources, corpora.noise(sources, RECORDS)]


def line(record, label, contribution=None):
    """What the task is made of."""
    found = {"text": record["text"], "label": label}
    return found if contribution is None else {**found, "contribution": contribution}


main()
