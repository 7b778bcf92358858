"""The loop, from contributing to claiming, through the command line alone.

What is done is read from the chain by name, so a run that was interrupted goes on where it stopped.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import corpora
import duplicates
from cli import Failed

TREASURER = ROOT = "//Alice"
OWNER = "//demo//owner"
CURATOR = "//demo//curator"
OPERATOR = "//demo//operator"
PAYER = "//demo//payer"
# The first attributor. A development node has the key of its off-chain worker.
ATTRIBUTOR, WORKER = "//Alice", "//Alice//poaw"
CHALLENGER = "//demo//challenger"
# Who proves duplicates, and earns their bonds.
FINDER = "//demo//finder"

BASE_NAME = "openledger-base"
# OPEN that each account gets before the first run, or when it has less than half of it.
FUNDS = {OWNER: 5_000, CURATOR: 100, OPERATOR: 5_000, PAYER: 5_000, CHALLENGER: 100, FINDER: 10}
# What an attributor gets for its bond, and its worker for fees.
ATTRIBUTOR_FUNDS, WORKER_FUNDS = 200_000, 10
CONTRIBUTOR_FUNDS = 500
OPERATOR_BOND = 2_000
ATTRIBUTOR_BOND = 100_000
DEPOSIT = 1_000
PRICE_IN, PRICE_OUT = 1, 4
# The base is a toy, which learns from more than what is good for large models.
LEARNING_RATE = 5e-3
# Receipts that the gateway collects before it settles by itself.
SETTLE_EVERY = 12
UNIT = 10**18


@dataclass
class Scale:
    """How much a run does."""

    questions: int = 30
    max_tokens: int = 32
    # Greedy answers of a model this small run in circles.
    temperature: float = 0.7
    training: tuple = ()
    heldout_records: int = 60
    settle_timeout: int = 900
    # Three for a committee, and four that are left for a larger one.
    attributors: int = 7
    # Blocks in which a result can be challenged.
    challenge_blocks: int = 20


def say(text):
    """A step, for people."""
    print(f"\033[1m==>\033[0m {text}" if sys.stdout.isatty() else f"==> {text}", flush=True)


def attributors(count):
    """Account → worker of the attributors."""
    others = [f"//demo//attributor-{number}" for number in range(2, count + 1)]
    return {ATTRIBUTOR: WORKER} | {suri: f"{suri}//poaw" for suri in others}


def contributor_suri(label):
    """Whose key signs for a contributor."""
    return f"//demo//{label}"


class Flow:
    """The steps. `network` runs, `cli` reaches it, `folder` keeps what is made on the way."""

    def __init__(self, cli, network, folder, scale):
        self.cli = cli
        self.network = network
        self.folder = folder
        self.scale = scale
        # Content id → records held out beside that contribution.
        self.heldout = {}

    def fund(self, labels):
        """Gives accounts what they need, in one transaction."""
        workers = attributors(self.scale.attributors)
        wanted = FUNDS | {contributor_suri(label): CONTRIBUTOR_FUNDS for label in labels}
        for attributor, worker in workers.items():
            wanted |= {attributor: ATTRIBUTOR_FUNDS, worker: WORKER_FUNDS}
        accounts = self.cli("account", "show", *wanted)["accounts"]
        short = [
            f"{suri}={amount}"
            for (suri, amount), account in zip(wanted.items(), accounts)
            if int(account["free"]) + int(account["held"]) < amount * UNIT // 2
        ]
        if short:
            say(f"Funding {len(short)} accounts")
            self.cli("account", "transfer", *short, suri=TREASURER)
        self._register("operator", OPERATOR, OPERATOR_BOND)
        for attributor, worker in workers.items():
            known = self._register("attributor", attributor, ATTRIBUTOR_BOND)
            key = self.cli("account", "show", worker)["accounts"][0]["public"]
            # One node works for all of them here; each would have its own.
            self.network.rpc("author_insertKey", "poaw", worker, key)
            if known["worker"] is None:
                self.cli("provider", "set-worker", worker, suri=attributor)
        self.cli(
            "parameter", "set", "attribution", "challenge-blocks", self.scale.challenge_blocks,
            suri=ROOT,
        )  # fmt: skip

    def _register(self, role, suri, bond):
        """Takes up a role, unless the account has it; what the chain said of it before."""
        known = self.cli("provider", "show", suri)
        if role not in [held["role"] for held in known["roles"]]:
            say(f"Registering the {role}, with a bond of {bond:,} OPEN")
            self.cli("provider", "register", role, "--bond", bond, suri=suri)
        return known

    def datanet(self, name, sources):
        """Creates, fills, reviews and publishes a datanet; returns its id and version."""
        known = {d["name"]: d["datanet"] for d in self.cli("datanet", "list")["datanets"]}
        if name not in known:
            created = self.cli("datanet", "create", "--name", name, "--curator", CURATOR, suri=OWNER)
            known[name] = created["datanet"]
        datanet = known[name]
        shown = self.cli("datanet", "show", datanet)
        present = {entry["label"] for entry in shown["contributions"]}
        # A copy comes after its original: a repeated record counts for whoever had it first.
        copies = [source for source in sources if source.label == corpora.NEAR_COPIES[1]]
        originals = [source for source in sources if source not in copies]
        for wave in (originals, copies):
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda source: self._contribute(datanet, source, present), wave))

        shown = self.cli("datanet", "show", datanet)
        pending = [str(c["id"]) for c in shown["contributions"] if c["status"] == "pending"]
        if pending:
            say(f"The curator accepts {len(pending)} contributions to {name}")
            self.cli("datanet", "review", "--accept", ",".join(pending), suri=CURATOR)
        self._prove_duplicates(datanet)
        shown = self.cli("datanet", "show", datanet)
        last = shown["versions"][-1]["contributions"] if shown["versions"] else []
        if sorted(last) != sorted(shown["accepted"]):
            published = self.cli("datanet", "publish", datanet, suri=OWNER)
            say(f"{name}: version {published['version']}, {published['records']} records")
            return datanet, published["version"]
        return datanet, shown["latest_version"]

    def _contribute(self, datanet, source, present):
        for number, records in enumerate(source.parts, 1):
            label = f"{source.label}-{number}" if len(source.parts) > 1 else source.label
            path = corpora.write(self.folder / "records" / str(datanet) / f"{label}.jsonl", records)
            built = self.cli("records", "build", path, "--out", path.with_suffix(".built"))
            self.heldout[built["content"]] = source.heldout_counts[number - 1]
            if label not in present:
                self.cli(
                    "contribute", datanet, path, "--label", label,
                    suri=contributor_suri(source.label),
                )  # fmt: skip
                print(f"    {source.label} contributes {label}: {len(records)} records", flush=True)

    def _prove_duplicates(self, datanet):
        """Somebody compares what was accepted, and proves each record that occurs twice: the later contribution is
        voided, and its bond is the finder's."""
        shown = self.cli("datanet", "show", datanet)
        entries = {c["id"]: c for c in shown["contributions"] if c["status"] == "accepted"}
        records = duplicates.hashes(self.cli, entries.values())
        for earlier, later in duplicates.repeats(records):
            contributor = entries[later]["contributor"]
            before = self._balance(contributor)
            proof = self.cli(
                "datanet", "prove-duplicate", "--earlier", earlier, "--later", later, suri=FINDER
            )
            names = [entries[number]["label"] for number in (later, earlier)]
            shared = len(set(records[earlier]) & set(records[later]))
            say(f"A finder proves that {names[0]} repeats {names[1]}: of {shared} records that both have, one is enough")
            print(
                f"    {names[0]} is voided before it is published, and its bond of {int(proof['bond']) / UNIT:g} OPEN "
                f"is the finder's",
                flush=True,
            )
            account = self.cli("account", "show", FINDER)["accounts"][0]["account"]
            line = {
                "earlier": earlier, "later": later, "record": proof["record"], "finder": account,
                "reward": proof["bond"], "lost": str(before - self._balance(contributor)),
            }  # fmt: skip
            with open(self.folder / "duplicates.jsonl", "a", encoding="utf-8") as out:
                print(json.dumps(line), file=out)

    def proven(self):
        """The duplicates that were proven, in this run and those before."""
        path = self.folder / "duplicates.jsonl"
        return corpora.read(path) if path.exists() else []

    def _balance(self, account):
        """All that an account has, in units, what is on hold included."""
        [shown] = self.cli("account", "show", account)["accounts"]
        return int(shown["free"]) + int(shown["held"])

    def base(self, path):
        """Registers the base model; returns its id."""
        for model in self.cli("model", "list")["models"]:
            if model["name"] == BASE_NAME:
                return model["model"]
        say("Registering the base model")
        return self.cli("model", "register-base", path, "--name", BASE_NAME, suri=OWNER)["model"]

    def adapter(self, name, base, datanet, version, sources):
        """Fine-tunes and registers an adapter; returns its id and the job."""
        out = self.folder / "models" / f"{name}-{version}"
        job = out / "job.json"
        if not job.exists():
            heldout = [record for source in sources for record in source.heldout]
            heldout.sort(key=lambda record: corpora.rank(record["text"]))
            path = corpora.write(
                self.folder / "records" / f"{name}-heldout.jsonl",
                heldout[: self.scale.heldout_records],
            )
            say(f"Fine-tuning an adapter on {name}, and building its attribution index")
            self.cli(
                "model", "train", "--base", base, "--datanets", f"{datanet}:{version}",
                "--out", out, "--heldout", path, "--learning-rate", LEARNING_RATE, "--progress", "json",
                *self.scale.training,
                progress=Progress(),
            )  # fmt: skip
        trained = json.loads(job.read_text(encoding="utf-8"))
        print(
            f"    held-out loss {trained['heldout_loss_base']:.3f} before, "
            f"{trained['heldout_loss_adapter']:.3f} after; training took "
            f"{trained['train_seconds']:.0f} s, the index {trained['index_seconds']:.0f} s",
            flush=True,
        )
        for model in self.cli("model", "list")["models"]:
            if model["name"] == f"{name}-lora":
                versions = self.cli("model", "show", model["model"])["versions"]
                if versions[-1]["artefact"] == trained["adapter"]["artefact"]:
                    return model["model"], trained
                self.cli("model", "register", out, "--model", model["model"], suri=OWNER)
                return model["model"], trained
        registered = self.cli(
            "model", "register", out, "--name", f"{name}-lora",
            "--price-in", PRICE_IN, "--price-out", PRICE_OUT, suri=OWNER,
        )  # fmt: skip
        return registered["model"], trained

    def channel(self):
        """A channel with enough in it, from the payer to the operator."""
        for channel in self.cli("channel", "list", PAYER)["channels"]:
            left = int(channel["deposit"]) - int(channel["claimed"])
            if channel["closing"] is None and left > DEPOSIT * UNIT // 2:
                return channel["channel"]
        opened = self.cli(
            "channel", "open", "--operator", OPERATOR, "--deposit", DEPOSIT, suri=PAYER
        )
        return opened["channel"]

    def ask(self, name, model, channel, sources):
        """Asks paid questions from held-out records; receipt id → source."""
        asked = corpora.questions(sources, self.scale.questions)
        for question in asked:
            question["max_tokens"] = self.scale.max_tokens
        path = corpora.write(self.folder / f"questions-{name}.jsonl", asked)
        say(f"Asking {len(asked)} paid questions of the {name} adapter")
        out = path.with_suffix(".answers")
        out.unlink(missing_ok=True)
        self.cli(
            "ask", model, "--batch", path, "--out", out, "--channel", channel,
            "--temperature", self.scale.temperature, suri=PAYER,
        )  # fmt: skip
        answers = corpora.read(out)
        labels = {answer["receipt_id"]: answer["label"] for answer in answers}
        example = answers[0]
        print(f"    for example ({example['label']}):", flush=True)
        for line in (example["prompt"].splitlines()[-2:] + example["answer"].splitlines())[:6]:
            print(f"      | {line}", flush=True)
        return labels

    def settle(self):
        """Settles what is left, and waits for the chain to decide about everything."""
        self.cli("settle", suri=OPERATOR)
        every = [s["settlement"] for s in self.cli("settlement", "list")["settlements"]]
        say(f"Waiting for the attributors' workers: {len(every)} settlements")
        self.cli("settlement", "wait", *every, "--timeout", self.scale.settle_timeout)

    def challenge(self, model, channel, question):
        """Has one more settlement challenged, unless there was one: a larger committee computes it again, and the
        loser pays the winner."""
        settlements = self.cli("settlement", "list")["settlements"]
        if any(settlement["challenge"] for settlement in settlements):
            return {}
        say("Challenging a settlement: a larger committee computes it again")
        answer = self.cli("ask", model, question["prompt"], "--channel", channel,
                          "--max-tokens", self.scale.max_tokens, suri=PAYER)  # fmt: skip
        number = self.cli("settle", suri=OPERATOR)["settlements"][0]["settlement"]
        if not self._until(number, lambda settlement: settlement["phase"] == "decided"):
            raise Failed(f"no committee found the shares of settlement {number}")
        members = self.cli("settlement", "show", number)["committee"]
        for member in members:
            proof = self.cli("prove-fraud", number, "--attributor", member, suri=CHALLENGER)
            if proof["fraud"] is not None:
                raise Failed(f"{member} revealed a wrong {proof['fraud']} for settlement {number}")
        print(f"    {len(members)} members found the shares; every step of theirs is right", flush=True)
        self.cli("settlement", "challenge", number, suri=CHALLENGER)
        waited = self.cli("settlement", "wait", number, "--timeout", self.scale.settle_timeout)
        [settlement] = waited["settlements"]
        challenge = settlement["challenge"]
        same = settlement["shares"] == challenge["shares"]
        print(
            f"    {len(challenge['committee'])} members found the shares, {len(settlement['committee'])} others computed "
            f"them again: {'the first result stands, and the challenger paid' if same else 'the challenger won'} "
            f"({int(challenge['bond']) / UNIT:g} OPEN at stake)",
            flush=True,
        )
        return {answer["receipt_id"]: question["label"]}

    def _until(self, number, holds):
        """Waits until something holds of a settlement; whether it did in time."""
        for _ in range(self.scale.settle_timeout):
            if holds(self.cli("settlement", "show", number)):
                return True
            time.sleep(1)
        return False

    def claim(self, labels):
        """Everybody claims what they earned."""
        say("Claiming")
        claimants = [contributor_suri(label) for label in labels] + [OWNER, OPERATOR]
        claimants += attributors(self.scale.attributors)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda suri: self.cli("claim", suri=suri), claimants))


class Progress:
    """Shows `{"stage","done","all","loss"}` lines: all on a terminal, a few elsewhere."""

    def __init__(self):
        self.shown = None

    def __call__(self, line):
        try:
            event = json.loads(line)
            stage, done, every = event["stage"], event["done"], event["all"]
        except (json.JSONDecodeError, KeyError, TypeError):
            return False
        if "note" in event:
            print(f"    {event['note']}", flush=True)
            return True
        loss = event.get("loss")
        text = f"    {stage} {done}/{every}" + (f", loss {loss:.3f}" if loss is not None else "")
        if sys.stdout.isatty():
            print(f"\r{text:<60}", end="\n" if done == every else "", flush=True)
        else:
            tenth = (stage, done * 10 // max(every, 1))
            if tenth != self.shown:
                self.shown = tenth
                print(text, flush=True)
        return True


def remembered(path):
    """Receipt id → source of its prompt, from this run and those before."""
    if not path.exists():
        return {}
    return {line["receipt_id"]: line["label"] for line in corpora.read(path)}


def remember(path, labels):
    """Adds to what [`remembered`] reads."""
    with open(path, "a", encoding="utf-8") as out:
        for receipt, label in labels.items():
            print(json.dumps({"receipt_id": receipt, "label": label}), file=out)


def need(path, mend):
    """Refuses to go on without a file."""
    if not path.exists():
        raise Failed(f"{path} is missing; {mend}")
    return path
