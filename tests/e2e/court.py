"""The network on which attributors disagree, and what is asked of it.

A validator and three full nodes that follow it, each with the key of one attributor and an engine of its own. The
validator has the keys of seven more attributors, whose engine is honest: they are whom a challenge is left to. The
three have so nearly all the bonds that a committee of three is nearly always they; where it is not, the next
settlement may be.
"""

import functools
import json
import os
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import flow
import report
from cli import Failed
from harness import until
from liar import decode
from network import Network

ROOT = pathlib.Path(__file__).resolve().parents[2]
HONEST, LIAR, SLEEPER = THREE = ("//Bob", "//Charlie", "//Dave")
OTHERS = [f"//e2e//attributor-{number}" for number in range(1, 7)]
EVERYBODY = [*THREE, *OTHERS, flow.ATTRIBUTOR]
# In OPEN; the least bond is 1,000.
BOND_OF_THREE, BOND_OF_OTHERS, FUNDS, WORKER_FUNDS = 9_000_000, 2_000, 2_100, 10
# Blocks, and parts per million of a bond: others than the chain begins with.
PARAMETERS = {
    "commit-blocks": 15, "reveal-blocks": 10, "challenge-blocks": 10, "slash": 200_000, "silence-slash": 5_000,
}  # fmt: skip
# The data's part of a fee, in parts per million.
DATA = 500_000
# Settlements of which one should have a committee of the three: each has, but for one in fifty.
DRAWS = 5
QUESTIONS = ["burnToken", "mintOrder", "sortVault", "wrapOracle", "packWallet", "signBridge", "lockMarket"]


def vector(shares):
    """Shares in JSON, as [`decode`] gives them."""
    return {share["contribution"]: share["ppm"] for share in shares["shares"]}, shares["pool"]


class Court:
    """The network of all these, and what is asked of it."""

    def __init__(self, tests, cli, network, steps, facts):
        self.tests, self.cli, self.network = tests, cli, network
        self.facts, self.timeout = facts, steps.scale.settle_timeout
        self.nodes = {
            suri: Network(network.folder / suri.strip("/"), network.binaries, network.offset + 10 * number)
            for number, suri in enumerate(THREE, 1)
        }
        accounts = cli("account", "show", *EVERYBODY, flow.CHALLENGER)["accounts"]
        self.account = {
            suri: shown["account"] for suri, shown in zip([*EVERYBODY, flow.CHALLENGER], accounts)
        }
        self.records = {
            entry["id"]: entry["records"]
            for entry in cli("datanet", "show", facts["datanet"])["contributions"]
            if entry["id"] in facts["contributions"]
        }
        self.questions = iter(QUESTIONS * 3)

    def convene(self, stack):
        """Starts the nodes and registers everybody."""
        cli = self.cli
        for node in self.nodes.values():
            node.check_ports()
        workers = {suri: f"{suri}//poaw" for suri in [*THREE, *OTHERS]}
        funded = [f"{suri}={FUNDS}" for suri in OTHERS]
        funded += [f"{worker}={WORKER_FUNDS}" for worker in workers.values()]
        cli("account", "transfer", *funded, suri=flow.TREASURER)
        public = [shown["public"] for shown in cli("account", "show", *workers.values())["accounts"]]
        keys = dict(zip(workers, public))

        def register(suri):
            bond = BOND_OF_THREE if suri in THREE else BOND_OF_OTHERS
            cli("provider", "register", "attributor", "--bond", bond, suri=suri)
            cli("provider", "set-worker", workers[suri], suri=suri)

        def govern():
            for name, value in PARAMETERS.items():
                cli("parameter", "set", "attribution", name, value, suri=flow.ROOT)

        def start():
            # One after another: each compiles the runtime with all the cores that there are.
            for suri, node in self.nodes.items():
                stack.callback(node.stop)
                node.start_node(self.network)
                node.rpc("author_insertKey", "poaw", workers[suri], keys[suri])

        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(start), pool.submit(govern)]
            work += [pool.submit(register, suri) for suri in workers]
            for done in work:
                done.result()
        for suri in OTHERS:
            self.network.rpc("author_insertKey", "poaw", workers[suri], keys[suri])
        self.start_engine(HONEST)
        roles = [node.rpc("system_nodeRoles") for node in self.nodes.values()]
        held = [node.rpc("author_hasKey", keys[suri], "poaw") for suri, node in self.nodes.items()]
        elsewhere = [self.network.rpc("author_hasKey", keys[suri], "poaw") for suri in THREE]
        self.tests("three attributors have nodes of their own, which make no blocks",
                   (roles, held, elsewhere) == ([["Full"]] * 3, [True] * 3, [False] * 3), (roles, held, elsewhere))  # fmt: skip

    def start_engine(self, suri):
        """Starts the engine that this attributor's node asks, on files of its own."""
        home = self.nodes[suri].folder / "home"
        self.nodes[suri].start_engine({**self.cli.environment, "OPENLEDGER_HOME": str(home)})

    def names(self, accounts):
        """Whose accounts these are."""
        known = {account: suri for suri, account in self.account.items()}
        return {known[account] for account in accounts}

    def settle(self):
        """A settlement of one receipt that is left to the three, and the receipt."""
        for _ in range(DRAWS):
            answer = self.cli(
                "ask", self.facts["model"], f"function {next(self.questions)}(", "--channel", self.facts["channel"],
                "--max-tokens", 8, suri=flow.PAYER,
            )  # fmt: skip
            number = self.cli("settle", suri=flow.OPERATOR)["settlements"][0]["settlement"]
            # The committee is drawn in the block after the settlement's.
            until(lambda: self.show(number)["committee"], self.timeout)
            if self.names(self.show(number)["committee"]) == set(THREE):
                return number, answer["receipt_id"]
            self.over(number)
        raise Failed(f"none of {DRAWS} committees was that of the three with nearly all bonds")

    def show(self, number):
        return self.cli("settlement", "show", number)

    def decided(self, number):
        """The settlement, once a committee found its shares."""
        if not until(lambda: self.show(number)["phase"] == "decided", self.timeout):
            raise Failed(f"settlement {number} is {self.show(number)['phase']} after {self.timeout} s")
        return self.show(number)

    def over(self, number):
        """The settlement, once it is final."""
        [settlement] = self.cli("settlement", "wait", number, "--timeout", self.timeout)["settlements"]
        return settlement

    def computed(self, number):
        """What the honest attributor's engine computed."""
        done = (self.nodes[HONEST].folder / "home" / "engine" / "done").glob("*.json")
        results = [json.loads(path.read_text(encoding="utf-8")) for path in done]
        [attribution] = [result["attribution"] for result in results if result["job"]["settlement"] == number]
        return decode(attribution)[:2]

    def logged(self, suri, text):
        """Whether this attributor's node says so in its log."""
        log = self.nodes[suri].logs / "node.log"
        return text in log.read_text(encoding="utf-8", errors="replace")

    @functools.cache
    def all_events(self, block):
        """The events in a block, each with its name and what it says."""
        run = subprocess.run(
            ["node", str(ROOT / "tests" / "js" / "events.mjs"), str(block)],
            env={**os.environ, "NODE_URL": self.network.node_url},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if run.returncode != 0:
            raise Failed(f"no events of block {block}: {run.stderr[-500:]}")
        return json.loads(run.stdout)

    def events(self, block, name):
        """What the events of this name in a block say."""
        return [event["data"] for event in self.all_events(block) if event["name"] == name]

    def weight(self, block, call):
        """The weight that a transaction of this call was charged in a block, in picoseconds."""
        [success] = [
            event["data"] for event in self.all_events(block)
            if (event["name"], event["call"]) == ("system.ExtrinsicSuccess", call)
        ]  # fmt: skip
        return int(success["dispatchInfo"]["weight"]["refTime"])

    def paid_fees(self, block, suri):
        """What an account paid for its transactions in a block, in units."""
        paid = self.events(block, "transactionPayment.TransactionFeePaid")
        return sum(int(fee["actualFee"]) for fee in paid if fee["who"] == self.account[suri])

    def state(self):
        """What disputes are about: bonds, credits, all that the challenger has, and what the data earned."""
        claimable = self.cli("claimable", "--all")["accounts"]
        credits = {entry["account"]: int(entry["credit"]) for entry in claimable}
        [challenger] = self.cli("account", "show", flow.CHALLENGER)["accounts"]
        return {
            "bonds": {suri: self.bond(suri) for suri in THREE},
            "credits": {suri: credits.get(self.account[suri], 0) for suri in EVERYBODY},
            "challenger": int(challenger["free"]) + int(challenger["held"]),
            "carried": report.carried(self.network.rpc),
            "accrued": {
                claim["contribution"]: int(claim["accrued"])
                for entry in claimable for claim in entry["contributions"]
            },
        }

    def bond(self, suri):
        """An attributor's bond in units."""
        roles = self.cli("provider", "show", suri)["roles"]
        return next(int(role["bond"]) for role in roles if role["role"] == "attributor")

    def divided(self, what, settlement, receipt, before, after, accepted, extra=0):
        """Tests how a settlement's fee was divided: each that was `accepted` has an equal part, and `extra`."""
        tests, split = self.tests, settlement["split"]
        tests(f"{what}: the parts of the fee sum to it",
              sum(map(int, split.values())) == int(settlement["total_fee"]) > 0, settlement)  # fmt: skip
        each = int(split["attributors"]) // len(accepted) + extra
        credited = {suri: after["credits"][suri] - before["credits"][suri] for suri in EVERYBODY}
        tests(f"{what}: who was right is paid, and nobody else", each > extra and
              credited == {suri: each * (suri in accepted) for suri in EVERYBODY}, (each, credited))  # fmt: skip
        data = int(settlement["total_fee"]) * DATA // report.WHOLE
        shares, pool = vector(settlement["shares"])
        direct = {number: data * shares.get(number, 0) // report.WHOLE for number in self.records}
        # What the emission adds follows what was earned; what that does not divide is the pool's.
        emission = int(settlement["emission"])
        added = {number: emission * amount // int(split["data"]) for number, amount in direct.items()}
        pooled = {
            number: after["accrued"][number] - before["accrued"][number] - direct[number] - added[number]
            for number in self.records
        }
        to_pool = data * pool // report.WHOLE + emission - sum(added.values())
        of_pool = to_pool - (after["carried"] - before["carried"])
        tests(f"{what}: each contribution earns its share and its part of the emission to the unit, and by its records of the pool's",
              sum(pooled.values()) == of_pool
              and len({Fraction(pooled[number], records) for number, records in self.records.items()}) == 1,
              (pooled, of_pool, settlement))  # fmt: skip
        audit = self.cli("audit", receipt)
        tests(f"{what}: an audit finds what was paid", audit["ok"], audit)
        issuance = int(self.cli("status")["total_issuance"])
        tests(f"{what}: no unit was made or lost", issuance == report.TOTAL_ISSUANCE, issuance)

    def slashed(self, block):
        """Who lost how much of its bond in a block, and to whom."""
        return {
            (event["who"], int(event["amount"]), event["beneficiary"])
            for event in self.events(block, "providers.Slashed")
        }
