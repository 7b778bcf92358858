"""Measures the chain on this machine: see scripts/bench and docs/benchmarks.md.

    python3 bench/chain/run.py --binaries DIR

Writes bench/results/chain.json, and its tables into docs/results/.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tools" / "demo"), str(ROOT / "bench")]

import corpora  # noqa: E402
import flow  # noqa: E402
import published  # noqa: E402
import results  # noqa: E402
from cli import Cli, Failed  # noqa: E402
from network import Network  # noqa: E402

# Beside a demo and the end-to-end tests.
OFFSET = 3_000
# Answers whose credit is waited for.
QUESTIONS = 24
MAX_TOKENS = 32


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench chain")
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    options = parser.parse_args()

    folder = ROOT / "target" / "bench" / "chain"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = published.begin()
    flow.say("How many transactions a node takes in a second")
    rates = alone(folder / "rates", options.binaries, "rates.mjs", log=True)
    flow.say("What a settlement, a finalisation and a claim cost")
    costs = alone(folder / "costs", options.binaries, "costs.mjs")
    flow.say("How long it takes from an answer to its credit")
    credit = credits(folder / "credit", options.binaries, options.packages)
    result["versions"] = {"node": version(options.binaries / "openledger-node"), **rates["versions"]}
    result |= results.build(rates, costs, credit)
    published.end("chain", result, results.tables)


def alone(folder, binaries, program, log=False):
    """What a program finds on a fresh development chain."""
    network = Network(folder, binaries, OFFSET)
    network.check_ports()
    try:
        network.start_node()
        return measure(folder, program, network.node_url, *([network.logs / "node.log"] if log else []))
    finally:
        network.stop()


def measure(folder, program, *arguments, environment=None):
    """Runs one of the measuring programs; what it wrote."""
    out = folder / "out.json"
    subprocess.run(
        ["node", HERE / program, *map(str, arguments), out], check=True, env={**os.environ, **(environment or {})}
    )
    return json.loads(out.read_text(encoding="utf-8"))


def credits(folder, binaries, packages):
    """The demo's loop with its Solidity datanet and committees of three, where every receipt is settled at once."""
    network = Network(folder, binaries, OFFSET)
    network.check_ports()
    cli = Cli(
        binaries / "openledger", folder / "home", folder / "store",
        network.node_url, network.gateway_url, network.admin_url, network.logs / "cli.log",
    )  # fmt: skip
    try:
        network.start_node()
        network.start_engine(cli.environment)
        sources = solidity(cli, packages, folder)
        # The window of the live chain, so that nothing is finalised in between.
        scale = flow.Scale(attributors=3, challenge_blocks=1_800, training=("--epochs", 1))
        loop = flow.Flow(cli, network, folder, scale)
        loop.fund([source.label for source in sources])
        base = loop.base(ROOT / "models" / "base")
        datanet, number = loop.datanet("solidity", sources)
        model, job = loop.adapter("solidity", base, datanet, number, sources)
        network.start_gateway(
            cli.environment, flow.OPERATOR, "--settle-every", 1, "--settle-worth", 0
        )
        channel = loop.channel()
        voucher = cli("channel", "voucher", channel, "--cumulative", flow.DEPOSIT, suri=flow.PAYER)
        voucher = {name: voucher[name] for name in ("channel", "cumulative", "expires", "signature")}
        prompts = [question["prompt"] for question in corpora.questions(sources, QUESTIONS)]
        questions = folder / "questions.json"
        operator = cli("account", "show", flow.OPERATOR)["accounts"][0]["public"]
        asked = {
            "model": model, "voucher": voucher, "operator": operator, "suri": flow.PAYER,
            "max_tokens": MAX_TOKENS, "prompts": prompts,
        }  # fmt: skip
        questions.write_text(json.dumps(asked), encoding="utf-8")
        found = measure(
            folder, "credit.mjs", network.node_url, network.gateway_url, network.engine_url, questions,
            environment={"ENGINE_SECRET": network.engine_secret},
        )  # fmt: skip
        contributions = [c["id"] for c in cli("datanet", "show", datanet)["contributions"]]
        found["setting"] = {
            "contributions": len(contributions), "index_blocks": job["index"]["blocks"], "committee": 3,
            "receipts": 1, "max_tokens": MAX_TOKENS,
        }  # fmt: skip
        return found
    finally:
        network.stop()


def solidity(cli, packages, folder):
    """The contributors of the demo's Solidity datanet."""
    sources = []
    for label in corpora.stage(packages, folder / "sources")["solidity"]:
        out = folder / "records" / f"{label}.jsonl"
        out.parent.mkdir(parents=True, exist_ok=True)
        cli("records", "build", folder / "sources" / "solidity" / label, "--label", label, "--out", out)
        sources.append(corpora.choose(label, corpora.read(out)))
    return sources


def version(program):
    """What a program says it is."""
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.CalledProcessError) as failure:
        sys.exit(f"error: {failure}")
