"""The engine down, answering nonsense, and back; the node stopped and started in the middle of a job."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import flow
from harness import until


class Nonsense(BaseHTTPRequestHandler):
    """Takes every job, and answers what no engine does."""

    asked = 0

    def do_POST(self):
        self.answer(b'{"job": "whatever", "state": "done"}')

    def do_GET(self):
        self.answer(b'{"job": "whatever", "state": "done", "attribution": "0x00"}')

    def answer(self, body):
        type(self).asked += 1
        self.send_response(202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def outages(tests, cli, network, steps, facts):
    """A settlement ends, by one commitment and one reveal of the worker."""
    def phase():
        return cli("settlement", "show", number)["phase"]

    def nonce():
        return cli("account", "show", flow.WORKER)["accounts"][0]["nonce"]

    def ask(prompt):
        return cli("ask", facts["model"], prompt, "--channel", facts["channel"],
                   "--max-tokens", 8, suri=flow.PAYER)  # fmt: skip

    network.stop("engine")
    ask("function lockVault(")
    number = cli("settle", suri=flow.OPERATOR)["settlements"][0]["settlement"]
    before = nonce()
    tests.refused("a settlement waits while the engine is down", cli, "engine",
                  "settlement", "wait", number, "--timeout", 6)  # fmt: skip

    port = network.ports["engine"]
    server = ThreadingHTTPServer(("127.0.0.1", port), Nonsense)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    heard = until(lambda: Nonsense.asked >= 3, 120)
    server.shutdown()
    server.server_close()
    tests("the worker asks again after nonsense", heard, Nonsense.asked)
    tests("nonsense is never committed to", (phase(), nonce()) == ("committing", before), phase())

    network.stop("node")
    network.start_node()
    network.start_engine(cli.environment)
    ended = cli("settlement", "wait", number, "--timeout", steps.scale.settle_timeout)["settlements"][0]
    tests("it ends once node and engine are back", ended["phase"] == "finalised", ended)
    tests("the first committee found its shares", ended["attempt"] == 1, ended)
    tests("the worker committed once and revealed once", nonce() == before + 2, nonce() - before)
    answer = ask("function sealVault(")
    tests("the gateway serves the node that came back", answer["receipt"]["fee"] != "0", answer)
    steps.settle()
    audited = cli("audit", answer["receipt_id"])
    tests("what was answered after the outages is audited without a difference", audited["ok"], audited)
