"""A gateway that ends and starts again; and two of one operator, of which only one serves."""

import os
import pathlib
import signal
import threading

import flow
import wrong
from cli import Cli
from harness import http, until
from network import Network, started_at


def restarts(tests, cli, network, facts):
    """What a gateway answered, and what it is asked while it ends, is charged once and answered."""
    place = wrong.place(cli, network, facts["channel"])
    own = place | {"path": f"/channels/{facts['channel']}", "suri": flow.PAYER}
    known = wrong.gateway(own)["answer"]
    body = {"model": f"openledger/{facts['model']}", "prompt": "function keepVault(", "max_tokens": 8}
    voucher = wrong.vouched(cli, facts["channel"])
    question = place | {"path": "/v1/completions", "suri": flow.PAYER, "body": body, "voucher": voucher}
    first = wrong.gateway(question)
    fee = int(first["answer"]["openledger"]["receipt"]["fee"])

    network.stop("gateway")
    network.start_gateway(cli.environment, flow.OPERATOR, "--settle-after", 600)
    again = wrong.gateway(question | {"use": first["use"]})
    tests("a request that was answered is answered the same after a restart",
          (again["status"], again["answer"]) == (200, first["answer"]), (first, again))  # fmt: skip
    owed = wrong.gateway(own)["answer"]["owed"]
    tests("and is charged once", int(owed) == int(known["owed"]) + fee, (known, fee, owed))

    answers = []
    long = question | {"body": body | {"max_tokens": 300}}
    asking = threading.Thread(target=lambda: answers.append(wrong.gateway(long)))
    asking.start()
    token = (pathlib.Path(cli.environment["OPENLEDGER_HOME"]) / "gateway" / "token").read_text(encoding="utf-8")
    status = lambda: http("GET", network.admin_url + "/status", None, {"Authorization": f"Bearer {token.strip()}"})[1]
    begun = until(lambda: status()["questions"] == 1, 30, 0.01)
    network.stop("gateway")
    asking.join()
    network.start_gateway(cli.environment, flow.OPERATOR, "--settle-after", 600)
    before, owed = int(owed), int(wrong.gateway(own)["answer"]["owed"])
    paid = int(answers[0]["answer"]["openledger"]["receipt"]["fee"])
    tests("a gateway that is told to end answers what it began, and charges that", begun and owed == before + paid,
          (answers, before, owed))  # fmt: skip


def gateways(tests, cli, network, folder, facts):
    """A second gateway serves only once it takes over, and the first one no more from then on."""
    second = Network(folder / "second", network.binaries, network.offset + 50)
    second.logs.mkdir(parents=True)
    environment = {**cli.environment, "OPENLEDGER_HOME": str(folder / "second" / "home")}
    there = Cli(
        cli.binary, cli.environment["OPENLEDGER_HOME"], cli.environment["OPENLEDGER_STORE"],
        network.node_url, second.gateway_url, second.admin_url, cli.log,
    )  # fmt: skip
    asked = ("ask", facts["model"], "function moveVault(", "--channel", facts["channel"], "--max-tokens", 4)

    def serves(by):
        return by(*asked, suri=flow.PAYER)["receipt"]["fee"] != "0"

    try:
        second.start_gateway(environment, flow.OPERATOR, "--settle-after", 600)
        tests.refused("a second gateway of an operator serves nothing",
                      there, "another gateway of this operator serves", *asked, suri=flow.PAYER, status=5)  # fmt: skip
        tests("the first one serves on", serves(cli))
        # What the first one served is the chain's to know before another takes over.
        cli("settle", suri=flow.OPERATOR)
        second.stop()
        second.start_gateway(environment, flow.OPERATOR, "--settle-after", 600, "--adopt")
        tests("the second one serves once it took over", serves(there))
        tests.refused("the first one serves no more",
                      cli, "another gateway of this operator serves", *asked, suri=flow.PAYER, status=5)  # fmt: skip
        # Each gateway writes a token of its own.
        token = folder / "second" / "home" / "gateway" / "token"
        settled = there("settle", "--token", token, suri=flow.OPERATOR)["settlements"]
        tests("what the second one served is settled", [one["count"] for one in settled] == [1], settled)
        # A gateway that is killed cannot end the processes of its models: they end by themselves.
        gateway = second.running()["gateway"]
        computing = children(gateway)
        os.kill(gateway, signal.SIGKILL)
        gone = until(lambda: not any(started_at(process) for process in computing), 10)
        tests("the processes of its models end with it", len(computing) == 2 and gone, computing)
    finally:
        second.stop()


def children(parent):
    """The processes that a process started."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(encoding="utf-8")
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            found.append(int(folder.name))
    return found
