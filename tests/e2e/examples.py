"""Each program of examples/ runs against the network and says what it is there to say."""

import os
import pathlib
import re
import subprocess

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def examples(tests, network, facts):
    """Runs them one by one."""
    http = re.sub("^ws", "http", network.node_url)
    rust = network.binaries / "openledger-example"
    programs = [
        # Name, how it is started, the node's address, what it says.
        ("papi", ["node", "papi/transfer.mjs"], network.node_url, r"Balances\.Transfer[^$]*can claim \d+ OPEN"),
        ("polkadot-js", ["node", "polkadot-js/follow.mjs", "2"], network.node_url, r"block \d+: \d+ events[^$]*block \d+: \d+ events"),
        ("curl", ["curl/read.sh", facts["account"]], http, r'"contributions":\['),
        ("python", ["python3", "python/supply.py"], http, r"accounts hold 1,000,000,000 OPEN and 0 units"),
        ("rust", [str(rust), str(facts["datanet"])], network.node_url, r"contribution \d+: \d+ records, earned \d"),
    ]
    for name, command, url, expected in programs:
        run = subprocess.run(
            command, cwd=EXAMPLES, env={**os.environ, "NODE_URL": url}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        ok = run.returncode == 0 and re.search(expected, run.stdout)
        tests(f"example {name}", ok, f"status {run.returncode}: {run.stdout[-800:]} {run.stderr[-800:]}")
    run = subprocess.run([str(rust), "one"], env={**os.environ, "NODE_URL": network.node_url}, capture_output=True, text=True)
    tests("example rust refuses what is no number", run.returncode == 1 and "number of a datanet" in run.stderr, run.stderr)
