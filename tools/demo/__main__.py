"""The demo: see scripts/demo."""

import argparse
import json
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True

import corpora  # noqa: E402
import flow  # noqa: E402
import report  # noqa: E402
from cli import Cli, Failed  # noqa: E402
from network import Network  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--packages", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="stop the network at the end")
    parser.add_argument("--fresh", action="store_true", help="forget the last run's chain and files")
    parser.add_argument("--stop", action="store_true", help="stop the network of the last run")
    options = parser.parse_args()

    folder = ROOT / "target" / "demo"
    network = Network(folder, options.binaries)
    if network.running():
        flow.say("Stopping the network of the last run")
        network.stop()
    if options.stop:
        return 0
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    network.check_ports()
    folder.mkdir(parents=True, exist_ok=True)
    keep = False
    try:
        ok = run(network, folder, options.packages)
        keep = not options.once
        return 0 if ok else 1
    finally:
        if keep:
            endings(network)
        else:
            flow.say("Stopping the network")
            network.stop()


def run(network, folder, packages):
    """All steps; whether every check holds."""
    cli = Cli(
        network.binaries / "openledger", folder / "home", folder / "store",
        network.node_url, network.gateway_url, network.admin_url, folder / "logs" / "cli.log",
    )  # fmt: skip
    base_files = flow.need(ROOT / "models" / "base", "scripts/train-base makes it")
    network.logs.mkdir(parents=True, exist_ok=True)

    flow.say("Cutting the packages into records")
    datanets = prepare(cli, packages, folder)
    labels = [source.label for sources in datanets.values() for source in sources]

    flow.say(f"Starting a node and an engine (logs in {network.logs})")
    network.start_node()
    network.start_engine(cli.environment)

    loop = flow.Flow(cli, network, folder, flow.Scale())
    loop.fund(labels)
    base = loop.base(base_files)
    models, jobs = {}, {}
    for name, sources in datanets.items():
        flow.say(f"Contributing to {name}")
        datanet, version = loop.datanet(name, sources)
        model, job = loop.adapter(name, base, datanet, version, sources)
        models[name], jobs[model] = model, job

    flow.say("Starting the gateway")
    network.start_gateway(
        cli.environment, flow.OPERATOR, "--settle-every", flow.SETTLE_EVERY, "--settle-after", 600
    )
    channel = loop.channel()
    receipts = folder / "receipts.jsonl"
    for name, sources in datanets.items():
        flow.remember(receipts, loop.ask(name, models[name], channel, sources))
    loop.settle()
    name, sources = next(iter(datanets.items()))
    question = corpora.questions(sources, 1)[0]
    flow.remember(receipts, loop.challenge(models[name], channel, question))
    loop.claim(labels)

    flow.say("Auditing every receipt, and asking BM25 about the same")
    found = report.gather(
        cli, network.rpc, jobs, flow.remembered(receipts), loop.heldout, loop.proven()
    )
    result = report.build(found)
    path = folder / "report.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print("\n".join(report.words(result, report.rates(result, found))))
    receipt = result["inferences"][-1]["receipt_id"]
    print(f"\nReport: {path}")
    print(f"One of the receipts to look into: {receipt}")
    return all(check["ok"] for check in result["checks"].values())


def prepare(cli, packages, folder):
    """Datanet → sources, noise included."""
    staged = corpora.stage(packages, folder / "sources")
    datanets = {}
    for name, labels in staged.items():
        datanets[name] = []
        for label in labels:
            out = folder / "records" / name / f"{label}.jsonl"
            out.parent.mkdir(parents=True, exist_ok=True)
            cli(
                "records", "build", folder / "sources" / name / label,
                "--label", label, "--out", out,
            )  # fmt: skip
            datanets[name].append(corpora.choose(label, corpora.read(out)))
    solidity = datanets["solidity"]
    solidity.append(corpora.noise(solidity))
    labels = [source.label for source in solidity]
    original, copy = [labels.index(label) for label in corpora.NEAR_COPIES]
    solidity[copy] = corpora.part_copies(solidity[copy], solidity[original])
    return datanets


def endings(network):
    """Where to look next."""
    store = f"OPENLEDGER_STORE={network.folder / 'store'} OPENLEDGER_HOME={network.folder / 'home'}"
    program = network.binaries / "openledger"
    print(
        f"""
The network stays up (scripts/demo --stop ends it). Its state, in Polkadot.js Apps:
  https://polkadot.js.org/apps/?rpc=ws%3A%2F%2F127.0.0.1%3A{network.ports['rpc']}#/explorer
Next, try:
  export {store}
  {program} settlement list
  {program} audit RECEIPT
  {program} --suri //demo//payer ask MODEL "function transfer(address to, uint256 amount)"
  {program} claimable --all"""
    )


try:
    sys.exit(main())
except Failed as failure:
    sys.exit(f"error: {failure}")
except KeyboardInterrupt:
    sys.exit("stopped")
