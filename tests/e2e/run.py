"""The whole loop on a real development node with a little data: from contributing to claiming.

    python3 tests/e2e/run.py --binaries DIR [--keep]

Two contributors write in different styles; an adapter learns both, answers paid questions, and the
chain pays. Then wrong input is tried: each must be refused with a sentence, and change nothing. Then
engine and node go down and come back, and the options that the loop did not use are used. The
JavaScript clients' tests run against the same network. Then three more nodes join it, whose
attributors disagree, and at last a second gateway of the operator takes over. Prints one line for each test.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
for tools in ("demo", "payout"):
    sys.path.insert(0, str(ROOT / "tools" / tools))

import corpora  # noqa: E402
import flow  # noqa: E402
import report  # noqa: E402
import wrong  # noqa: E402
from cli import Cli, Failed  # noqa: E402
from disputes import disputes  # noqa: E402
from examples import examples  # noqa: E402
from gateways import gateways, restarts  # noqa: E402
from harness import Tests  # noqa: E402
from network import Network  # noqa: E402
from others import other_options  # noqa: E402
from outages import outages  # noqa: E402

# Beside a demo that is up.
OFFSET = 1_000
VERBS = ["send", "lock", "mint", "burn", "wrap", "sign", "seal", "pack", "sort", "drop"]
NOUNS = ["token", "vault", "order", "ledger", "bridge", "oracle", "market", "wallet", "pool", "vote"]


def functions():
    """Records in the style of code."""
    for verb in VERBS:
        for noun in NOUNS:
            text = (
                f"function {verb}{noun.title()}(address to, uint256 amount) public returns (bool) {{\n"
                f"    require(amount > 0, \"{noun}: nothing to {verb}\");\n"
                f"    _{verb}(msg.sender, to, amount);\n    return true;\n}}"
            )
            yield {"text": text, "source": f"code/{verb}.sol"}


def clauses():
    """Records in the style of a contract on paper."""
    for verb in VERBS:
        for noun in NOUNS:
            text = (
                f"Whoever shall {verb} a {noun} under this agreement does so at their own risk, without warranty of "
                f"any kind, and shall keep this notice with every copy of the {noun}."
            )
            yield {"text": text, "source": f"prose/{verb}.txt"}


def loop(tests, network, folder):
    """From contributing to claiming: the command line, the steps, and what later tests start from."""
    cli = Cli(
        network.binaries / "openledger", folder / "home", folder / "store",
        network.node_url, network.gateway_url, network.admin_url, network.logs / "cli.log",
    )  # fmt: skip
    sources = [
        corpora.choose("code", list(functions()), 40, 2),
        corpora.choose("prose", list(clauses()), 40, 2),
    ]
    labels = [source.label for source in sources]
    network.start_node()
    network.start_engine(cli.environment)
    steps = flow.Flow(
        cli, network, folder,
        flow.Scale(
            questions=4, max_tokens=16, heldout_records=8, settle_timeout=240, attributors=1, challenge_blocks=2,
            training=("--epochs", 2, "--rank", 2),
        ),
    )  # fmt: skip
    steps.fund(labels)
    base = steps.base(ROOT / "models" / "base")
    datanet, version = steps.datanet("styles", sources)
    model, job = steps.adapter("styles", base, datanet, version, sources)
    tests("an adapter learns", job["heldout_loss_adapter"] < job["heldout_loss_base"], job)
    network.start_gateway(cli.environment, flow.OPERATOR, "--settle-after", 600)
    channel = steps.channel()
    receipts = steps.ask("styles", model, channel, sources)
    tests("every question is answered with a receipt", len(set(receipts)) >= 4, receipts)
    steps.settle()
    before = cli("account", "show", *[flow.contributor_suri(label) for label in labels])["accounts"]
    steps.claim(labels)
    after = cli("account", "show", *[flow.contributor_suri(label) for label in labels])["accounts"]
    found = report.gather(cli, network.rpc, {model: job}, receipts, steps.heldout)
    result = report.build(found)
    for name, check in result["checks"].items():
        tests(name.replace("_", " "), check["ok"], check)
    richer = [int(new["free"]) > int(old["free"]) for old, new in zip(before, after)]
    paid = [int(payout["claimed"]) > 0 for payout in result["payouts"]]
    tests("contributors hold what they claimed", any(paid) and any(richer), result["payouts"])
    (folder / "report.json").write_text(json.dumps(result, indent=2), encoding="utf-8")
    shown = cli("datanet", "show", datanet)
    facts = {
        "base": base,
        "datanet": datanet,
        "model": model,
        "channel": channel,
        "receipt": next(iter(receipts)),
        "contributions": shown["versions"][-1]["contributions"],
        "job": folder / "models" / f"styles-{version}",
        "file": next((folder / "records" / str(datanet)).glob("*.jsonl")),
    }
    return cli, steps, facts


def wrong_input(tests, cli, network, folder, facts):
    """Everything in `wrong`, and that it changed nothing but what was meant to change."""
    def state():
        accounts = cli("account", "show", flow.PAYER, flow.OPERATOR)["accounts"]
        return (
            [account["held"] for account in accounts],
            cli("datanet", "show", facts["datanet"]),
            cli("settlement", "list"),
        )

    before = state()
    wrong.files(tests, cli, folder, facts["datanet"])
    wrong.roles(tests, cli, network, facts)
    wrong.licence(tests, cli, folder, facts)
    other_base = wrong.bases(tests, cli, folder, facts)
    wrong.vouchers(tests, cli, network, facts)
    wrong.artefacts(tests, cli, network, folder, facts, other_base)
    # Refused transactions pay fees like others; all else is as it was.
    tests("refusals leave holds, datanets and settlements as they were", state() == before, state())
    audited = cli("audit", facts["receipt"])
    tests("a receipt is audited without a difference", audited["ok"], audited)


def clients(tests, network, facts):
    """The JavaScript clients, each a program that prints its own lines."""
    for name in ("polkadot-js.mjs", "papi.mjs", "openai.mjs"):
        try:
            run = subprocess.run(
                ["node", str(ROOT / "tests" / "js" / name)],
                env={**os.environ, "NODE_URL": network.node_url, "FACTS": json.dumps(facts)},
                capture_output=True,
                text=True,
                timeout=300,
            )
        except subprocess.TimeoutExpired:
            tests(name, False, "it does not end within 300 s")
            continue
        lines = [line for line in run.stdout.splitlines() if line.startswith(("ok  ", "FAIL"))]
        for line in lines:
            tests.passed += line.startswith("ok")
            tests.failed += line.startswith("FAIL")
            print(line, flush=True)
        if run.returncode != 0 and not any(line.startswith("FAIL") for line in lines):
            tests(name, False, run.stderr[-1_500:] or run.stdout[-500:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true", help="keep the files of the run")
    options = parser.parse_args()
    tests = Tests()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="openledger-e2e-"))
    network = Network(folder, options.binaries, OFFSET)
    network.logs.mkdir()
    try:
        network.check_ports()
        cli, steps, facts = loop(tests, network, folder)
        wrong_input(tests, cli, network, folder, facts)
        outages(tests, cli, network, steps, facts)
        other_options(tests, cli, network, folder, steps, facts)
        operator = cli("account", "show", flow.OPERATOR)["accounts"][0]["account"]
        clients(tests, network, {
            "datanet": facts["datanet"], "model": facts["model"], "operator": operator,
            "paying": wrong.place(cli, network, facts["channel"]) | {
                "suri": flow.PAYER, "name": "styles-lora",
                "voucher": wrong.vouched(cli, facts["channel"]),
            },
        })  # fmt: skip
        # What the clients asked is not part of what is disputed.
        steps.settle()
        examples(tests, network, {"account": operator, "datanet": facts["datanet"]})
        disputes(tests, cli, network, steps, facts)
        restarts(tests, cli, network, facts)
        gateways(tests, cli, network, folder, facts)
    except Failed as failure:
        tests("the run", False, failure)
    finally:
        network.stop()
        if tests.failed or options.keep:
            print(f"files of the run: {folder}", flush=True)
        else:
            subprocess.run(["rm", "-rf", str(folder)], check=True)
    print(f"end to end: {tests.passed} passed, {tests.failed} failed")
    return 1 if tests.failed else 0


sys.exit(main())
