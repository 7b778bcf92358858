"""A node, an engine and a gateway on loopback: starting, knowing and stopping them."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from cli import Failed

# Ports of a network that stands alone. A second one beside it takes them `offset` higher.
PORTS = {"rpc": 9944, "p2p": 30333, "prometheus": 9615, "engine": 9955, "gateway": 9966, "admin": 9967}
# How long the node, the engine and the gateway are waited for, in seconds: a node compiles the runtime first, which
# takes a busy machine minutes.
PATIENCE = 300


def started_at(pid):
    """When a process started, in clock ticks: with its id, this names one process for ever."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


class Network:
    """The processes of one network, whose files lie under `folder`."""

    def __init__(self, folder, binaries, offset=0):
        self.folder = pathlib.Path(folder)
        self.binaries = pathlib.Path(binaries)
        self.offset = offset
        self.ports = {name: port + offset for name, port in PORTS.items()}
        self.node_url = f"ws://127.0.0.1:{self.ports['rpc']}"
        self.engine_url = f"http://127.0.0.1:{self.ports['engine']}"
        self.gateway_url = f"http://127.0.0.1:{self.ports['gateway']}"
        self.admin_url = f"http://127.0.0.1:{self.ports['admin']}"
        self.logs = self.folder / "logs"
        self.known = self.folder / "processes.json"

    def running(self):
        """Name → process id of those that this folder started and that still run."""
        try:
            processes = json.loads(self.known.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            return {}
        return {
            name: process["pid"]
            for name, process in processes.items()
            if process["started"] is not None and started_at(process["pid"]) == process["started"]
        }

    def check_ports(self):
        """Refuses to start where another program listens."""
        for name, port in self.ports.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise Failed(
                        f"port {port}, which the {name} needs, is in use by another program; "
                        f"stop that program (`ss -ltnp 'sport = :{port}'` names it) and try again"
                    ) from error

    def start_node(self, follows=None):
        """Starts a development chain, or a full node that follows another network's, with an off-chain
        worker of its own; waits until it knows of finalised blocks."""
        self.logs.mkdir(parents=True, exist_ok=True)
        role = ["--dev"]
        if follows:
            role = ["--chain", "dev", "--bootnodes", follows.address(), "--no-mdns", "--offchain-worker", "always"]
        self._start(
            "node",
            "openledger-node",
            *role,
            "--base-path", self.folder / "chain",
            "--rpc-port", self.ports["rpc"],
            "--listen-addr", f"/ip4/127.0.0.1/tcp/{self.ports['p2p']}",
            "--prometheus-port", self.ports["prometheus"],
            "--no-telemetry",
        )
        self._wait("node", self._finalised)
        # The worker asks there from the next block on.
        self._tell_worker("openledger::engine", self.engine_url)

    def address(self):
        """Where other nodes reach this network's node."""
        return f"/ip4/127.0.0.1/tcp/{self.ports['p2p']}/p2p/{self.rpc('system_localPeerId')}"

    def start_engine(self, environment):
        """Starts the engine that computes attributions, waits until it answers, and tells the node its secret."""
        self._start(
            "engine", "openledger",
            "engine", "--listen", f"127.0.0.1:{self.ports['engine']}",
            environment=environment,
        )
        self._wait("engine", lambda: self._answers(f"{self.engine_url}/health"))
        secret = pathlib.Path(environment["OPENLEDGER_HOME"]) / "engine" / "secret"
        self.engine_secret = secret.read_text(encoding="utf-8")
        self._tell_worker("openledger::engine-secret", self.engine_secret)

    def _tell_worker(self, name, value):
        """Sets what the node's off-chain worker goes by."""
        digits = lambda text: "0x" + text.encode().hex()
        self.rpc("offchain_localStorageSet", "PERSISTENT", digits(name), digits(value))

    def start_gateway(self, environment, suri, *options):
        """Starts the gateway as the operator `suri`, and waits until it answers."""
        self._start(
            "gateway", "openledger",
            "--suri", suri,
            "gateway", "--listen", f"127.0.0.1:{self.ports['gateway']}",
            "--admin", f"127.0.0.1:{self.ports['admin']}", *options,
            environment=environment,
        )
        self._wait("gateway", lambda: self._answers(f"{self.gateway_url}/ready"))

    def stop(self, *names):
        """Ends what this folder started, or what is named of it: politely, and after ten seconds not."""
        named = lambda: {n: pid for n, pid in self.running().items() if not names or n in names}
        running = named()
        for ending in (signal.SIGTERM, signal.SIGKILL):
            for pid in running.values():
                os.kill(pid, ending)
            deadline = time.monotonic() + 10
            while running and time.monotonic() < deadline:
                time.sleep(0.1)
                running = named()
            if not running:
                break
        if not self.running():
            self.known.unlink(missing_ok=True)

    def rpc(self, method, *parameters):
        """Asks the node over HTTP."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['rpc']}",
            json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
            ).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = json.load(answer)
        if "error" in body:
            raise Failed(f"the node refuses {method}: {body['error']}")
        return body["result"]

    def _start(self, name, program, *arguments, environment=None):
        with open(self.logs / f"{name}.log", "ab") as log:
            try:
                # A session of its own: Ctrl-C reaches the demo, which then decides what ends.
                process = subprocess.Popen(
                    [str(self.binaries / program), *map(str, arguments)],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise Failed(f"cannot start the {name}: {error}; scripts/demo builds it") from error
        try:
            processes = json.loads(self.known.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            processes = {}
        processes[name] = {"pid": process.pid, "started": started_at(process.pid)}
        self.known.write_text(json.dumps(processes), encoding="utf-8")

    def _wait(self, name, ready):
        deadline = time.monotonic() + PATIENCE
        log = self.logs / f"{name}.log"
        while time.monotonic() < deadline:
            if name not in self.running():
                tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
                raise Failed(f"the {name} ended at once; its log {log} says:\n" + "\n".join(tail))
            try:
                if ready():
                    return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.5)
        raise Failed(f"the {name} does not answer after {PATIENCE} s; see {log}")

    def _finalised(self):
        head = self.rpc("chain_getHeader", self.rpc("chain_getFinalizedHead"))
        return int(head["number"], 16) > 0

    @staticmethod
    def _answers(url):
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
