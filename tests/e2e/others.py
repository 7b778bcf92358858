"""What the loop does not use of the command line: each option once, on the live network."""

import json

import flow
from wrong import ROOT, gateway, place, sign_vouchers

# A key that everybody knows, and its address.
ETHEREUM_KEY = "0x" + "46" * 32
ETHEREUM_ADDRESS = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"


def other_options(tests, cli, network, folder, steps, facts):
    data(tests, cli, folder)
    members(tests, cli, folder)
    waiting(tests, cli)
    once(tests, cli, network, facts)
    batch(tests, cli, folder, facts)
    ethereum(tests, cli, network, facts)
    channels(tests, cli, facts)
    emission(tests, cli, facts)
    versions(tests, cli, folder, steps, facts)


def data(tests, cli, folder):
    """Files into several contributions, some held out; some accepted, some rejected."""
    pieces = folder / "pieces"
    pieces.mkdir()
    for number in range(8):
        paragraphs = [f"Paragraph {n} of text {number} says no more than that, at some length." for n in range(5)]
        (pieces / f"{number}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    datanet = cli("datanet", "create", "--name", "options", "--metadata", "of the tests",
                  "--curator", flow.CURATOR, suri=flow.OWNER)["datanet"]  # fmt: skip
    made = cli("contribute", datanet, pieces, "--parts", 2, "--heldout-fraction", 0.4,
               "--heldout-out", folder / "held.jsonl", suri=flow.OWNER)  # fmt: skip
    parts = made["contributions"]
    tests("a folder becomes several contributions", [part["label"] for part in parts] == ["pieces-1", "pieces-2"], made)
    tests("each has a transaction of its own", [tx["call"] for tx in made["txs"]] == ["Datanets.contribute"] * 2, made)
    held = cli("records", "show", folder / "held.jsonl", "--limit", 100)
    tests("files are held out whole", held["count"] == 5 * len(made["heldout"]["files"]) > 0, made)
    tests("what is held out is not contributed",
          held["count"] + sum(part["records"] for part in parts) == 40, made)  # fmt: skip
    each = cli("contribute", datanet, pieces / "0.txt", pieces / "1.txt", "--each", suri=flow.OWNER)["contributions"]
    tests("each path becomes a contribution", [entry["label"] for entry in each] == ["0", "1"], each)
    good, bad = [part["id"] for part in parts], [entry["id"] for entry in each]
    cli("datanet", "review", "--accept", f"{good[0]}-{good[1]}", "--reject", f"{bad[0]}:duplicate",
        "--reject", f"{bad[1]}:off-topic", suri=flow.CURATOR)  # fmt: skip
    published = cli("datanet", "publish", datanet, "--wait", "finalized", suri=flow.OWNER)
    shown = cli("datanet", "show", datanet)
    status = {entry["id"]: entry["status"] for entry in shown["contributions"]}
    tests("accepted and rejected contributions are told apart",
          status == {**dict.fromkeys(good, "accepted"), **dict.fromkeys(bad, "rejected")}, status)  # fmt: skip
    tests("a version has what was accepted", published["contributions"] == good == shown["accepted"], published)
    tests("a block that was waited for is final",
          cli("status")["finalized"]["number"] >= published["tx"]["block"]["number"], published)  # fmt: skip
    stored = cli("records", "show", parts[0]["content"])
    tests("a contribution is found by its content id",
          (stored["root"], stored["count"]) == (parts[0]["root"], parts[0]["records"]), stored)  # fmt: skip
    traces(tests, cli, folder, datanet, parts[0])


def traces(tests, cli, folder, datanet, part):
    """Words that one record of a version has, and no other."""
    index = folder / "traces"
    built = cli("trace", "build", "--datanets", f"{datanet}:1", "--out", index)
    tests("a version's records become an index", built["added"]["contributions"] == 2, built)
    record = cli("records", "show", part["content"])["records"][0]
    found = cli("trace", "query", index, f"As one reads: {record['text']}")
    [span] = found["spans"]
    tests("a trace names the record that has the words, and where they stand",
          span["text"].strip() == record["text"]
          and span["records"] == [{"contribution": part["id"], "record": 0, "occurrences": 1, "source": record["source"]}],
          found)  # fmt: skip
    [credited] = found["contributions"]
    [owner] = cli("account", "show", flow.OWNER)["accounts"]
    tests("its contributor is credited, and the pool with what nobody has",
          (credited["contribution"], credited["contributor"]) == (part["id"], owner["account"])
          and credited["ppm"] + found["shares"]["pool"] == 1_000_000 > credited["ppm"] > 500_000, found)  # fmt: skip
    again = cli("trace", "build", "--datanets", f"{datanet}:1", "--out", index)
    tests("an index gets what it does not have yet", again["added"]["contributions"] == 0, again)


def members(tests, cli, folder):
    """A datanet for those whom its owner allows."""
    datanet = cli("datanet", "create", "--name", "members", "--policy", "allow-list", suri=flow.OWNER)["datanet"]
    first, second = folder / "pieces" / "2.txt", folder / "pieces" / "3.txt"
    tests.refused("who is not on the list cannot contribute", cli, "NotMember",
                  "contribute", datanet, first, suri=flow.PAYER, status=4)  # fmt: skip
    cli("datanet", "allow", datanet, flow.PAYER, suri=flow.OWNER)
    made = cli("contribute", datanet, first, suri=flow.PAYER)["contributions"]
    tests("who is on the list contributes", len(made) == 1, made)
    cli("datanet", "allow", datanet, flow.PAYER, "--revoke", suri=flow.OWNER)
    tests.refused("who was taken off the list cannot contribute any more", cli, "NotMember",
                  "contribute", datanet, second, suri=flow.PAYER, status=4)  # fmt: skip


def waiting(tests, cli):
    sent = cli("account", "transfer", "//Bob=0.5", "//Eve=1200u", "--wait", "none", suri=flow.TREASURER)
    tests("a transaction that nobody waits for has no block yet", sent["tx"]["block"] is None, sent)
    amounts = [transfer["amount"] for transfer in sent["transfers"]]
    tests("amounts are read in OPEN and in units", amounts == [str(flow.UNIT // 2), "1200"], sent)


def once(tests, cli, network, facts):
    """A question that is paid for on the chain: it is answered, and no other."""
    answer = cli("ask", facts["model"], "function onceMarket(", "--once", flow.OPERATOR, "--max-tokens", 4,
                 suri=flow.PAYER)  # fmt: skip
    channel = answer["channel"]
    shown = cli("channel", "show", channel)
    tests("a one-off payment pays for its answer",
          0 < int(answer["receipt"]["fee"]) <= int(shown["deposit"]), shown)  # fmt: skip
    tests.refused("it pays for nothing else", cli, "one-off payment",
                  "ask", facts["model"], "hello", "--channel", channel, suri=flow.PAYER, status=5)  # fmt: skip
    stranger = gateway(place(cli, network, channel) | {
        "path": "/v1/completions", "suri": "//Eve", "voucher": {"channel": channel},
        "body": {"model": f"openledger/{facts['model']}", "prompt": "function onceMarket(", "max_tokens": 4},
    })  # fmt: skip
    tests("nobody else asks what was paid for",
          (stranger["status"], stranger["answer"]["error"]["code"]) == (401, "use_refused"), stranger)  # fmt: skip
    settled = cli("settle", suri=flow.OPERATOR)["settlements"]
    claimed = cli("channel", "show", channel)["claimed"]
    tests("it is claimed without a voucher", settled and claimed == answer["receipt"]["fee"], settled)
    closed = cli("channel", "close", channel, suri=flow.PAYER)
    tests("what is left of it returns at once", closed["state"] == "closed", closed)


def batch(tests, cli, folder, facts):
    """Answers of a batch are kept as they come, and a batch that was broken off goes on."""
    questions, out = folder / "batch.jsonl", folder / "batch.answers"
    prompts = ["function oneMarket(", "x " * 2_000, "function twoMarket("]
    questions.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts), encoding="utf-8")
    ask = ("ask", facts["model"], "--batch", questions, "--out", out, "--channel", facts["channel"],
           "--max-tokens", 4)  # fmt: skip
    tests.refused("a question that is refused does not end a batch", cli, "1 of 3 questions", *ask, suri=flow.PAYER)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    tests("the others have their answers", [line["index"] for line in lines] == [0, 2], lines)
    questions.write_text("".join(json.dumps({"prompt": prompts[i]}) + "\n" for i in (0, 2, 2)), encoding="utf-8")
    again = cli(*ask, suri=flow.PAYER)
    tests("what has an answer is not asked again", (again["answered"], again["known"]) == (1, 2), again)


def ethereum(tests, cli, network, facts):
    """A channel whose vouchers an Ethereum wallet signs."""
    channel = cli("channel", "open", "--operator", flow.OPERATOR, "--deposit", 0.1, suri=flow.PAYER)["channel"]
    cli("channel", "set-signer", channel, ETHEREUM_ADDRESS, suri=flow.PAYER)
    shown = cli("channel", "show", channel)
    tests("a payer names an Ethereum key", shown["signer"] == ETHEREUM_ADDRESS.lower(), shown)
    wanted = cli("channel", "voucher", channel, "--cumulative", 0.1)
    fields = {field: wanted[field] for field in ("channel", "cumulative", "expires")}
    voucher = sign_vouchers(cli("status")["genesis"], [{"ethereum": ETHEREUM_KEY, **fields}])[0]
    tests.refused("the payer's own key signs no more", cli, "signs its vouchers",
                  "ask", facts["model"], "hello", "--channel", channel, suri=flow.PAYER)  # fmt: skip
    tests.refused("without a key a session asks", cli, "channel session",
                  "ask", facts["model"], "hello", "--channel", channel, "--voucher", json.dumps(voucher))  # fmt: skip
    session = cli("channel", "session", channel, "--expires-in", 3_600)
    tests.refused("a session asks when it is certified", cli, "not certified",
                  "ask", facts["model"], "hello", "--channel", channel, "--voucher", json.dumps(voucher))  # fmt: skip
    [signature] = sign_vouchers("", [{"ethereum": ETHEREUM_KEY, "message": session["message"]}])
    cli("channel", "certify", channel, signature)
    answer = cli("ask", facts["model"], "function etherMarket(", "--channel", channel, "--max-tokens", 4,
                 "--voucher", json.dumps(voucher))  # fmt: skip
    fee = int(answer["receipt"]["fee"])
    question = place(cli, network, channel) | {
        "path": "/v1/chat/completions", "ethereum": ETHEREUM_KEY, "voucher": voucher,
        "body": {"model": f"openledger/{facts['model']}", "max_tokens": 4,
                 "messages": [{"role": "user", "content": "hello"}]},
    }  # fmt: skip
    spent = gateway(question | {"limit": fee})
    tests("a session spends no more than its limit",
          (spent["status"], spent["answer"]["error"]["code"]) == (402, "session_spent"), spent)  # fmt: skip
    asked = gateway(question)
    tests("another implementation asks by a session", asked["status"] == 200, asked)
    fee += int(asked["answer"]["openledger"]["receipt"]["fee"])
    cli("settle")
    claimed = cli("channel", "show", channel)["claimed"]
    tests("an Ethereum wallet's voucher pays", claimed == str(fee) != "0", answer)
    cli("channel", "close", channel, suri=flow.OPERATOR)


def channels(tests, cli, facts):
    """A second channel: opened, topped up, and closed by both sides; a third by agreement."""
    opened = cli("channel", "open", "--operator", flow.OPERATOR, "--deposit", 0.1, "--expires-in", 5_000,
                 suri=flow.PAYER)["channel"]  # fmt: skip
    cli("channel", "top-up", opened, 0.05, suri=flow.PAYER)
    shown = cli("channel", "show", opened)
    tests("a channel can be topped up", shown["deposit"] == str(flow.UNIT * 15 // 100), shown)
    tests.refused("one of several channels must be named", cli, "--channel",
                  "ask", facts["model"], "hello", suri=flow.PAYER)  # fmt: skip
    tests.refused("a question beyond the deposit is refused", cli, "deposit",
                  "ask", facts["model"], "hello", "--channel", opened, "--max-tokens", 100,
                  suri=flow.PAYER, status=5)  # fmt: skip
    asked = cli("channel", "close", opened, "--without-gateway", suri=flow.PAYER)
    tests("a payer asks to close", asked["state"] == "closing", asked)
    tests.refused("a payer cannot close before the delay is over", cli, "from which block on",
                  "channel", "close", opened, "--without-gateway", suri=flow.PAYER, status=4)  # fmt: skip
    closed = cli("channel", "close", opened, suri=flow.OPERATOR)
    left = [channel["channel"] for channel in cli("channel", "list", flow.PAYER)["channels"]]
    tests("an operator closes at once", closed["state"] == "closed" and opened not in left, left)
    agreed = cli("channel", "open", "--operator", flow.OPERATOR, "--deposit", 0.1, suri=flow.PAYER)["channel"]
    closed = cli("channel", "close", agreed, suri=flow.PAYER)
    tests("a payer closes at once when nothing is owed",
          (closed["state"], closed["tx"]["call"]) == ("closed", "Payments.close_now"), closed)  # fmt: skip


def budget(cli, datanet):
    """What the emission has for a datanet, in units."""
    return next(int(d["budget"]) for d in cli("emission", "show")["datanets"] if d["datanet"] == datanet)


def emission(tests, cli, facts):
    """Governance weighs a datanet, and the community's pool drips to it."""
    tests.refused("nothing drips while no datanet has a weight", cli, "NotFound",
                  "emission", "drip", suri=flow.PAYER, status=4)  # fmt: skip
    for weight in (1, 7):
        # With the second weight, what is due by the first drips.
        cli("emission", "weigh", facts["datanet"], weight, suri=flow.ROOT)
    tests("the emission drips to a datanet with a weight", budget(cli, facts["datanet"]) >= flow.UNIT, "no budget")
    tests.refused("it drips once an hour", cli, "TooEarly", "emission", "drip", suri=flow.PAYER, status=4)
    tests.refused("only a datanet that is there is weighed", cli, "is there a datanet 999",
                  "emission", "weigh", 999, 1, suri=flow.ROOT)  # fmt: skip


def versions(tests, cli, folder, steps, facts):
    """A new version of the model, known by its name, is priced, asked, settled, attributed and claimed for."""
    name = "styles-lora"
    version = cli("model", "register", facts["job"], "--model", name, suri=flow.OWNER)["version"]
    # A lower price holds at once, a higher one after an hour.
    cli("model", "price", name, "--price-in", 2, "--price-out", 3, suri=flow.OWNER)
    shown = cli("model", "show", name)
    tests("a higher price is announced",
          (int(shown["price_in"]), int(shown["pending_price"]["price_in"])) == (flow.PRICE_IN * flow.UNIT, 2 * flow.UNIT), shown)  # fmt: skip
    answer = cli("ask", name, "function packMarket(", "--channel", facts["channel"], "--max-tokens", 8,
                 "--temperature", 0.7, "--seed", 3, suri=flow.PAYER)  # fmt: skip
    receipt = answer["receipt"]
    price = flow.PRICE_IN * receipt["tokens_in"] + 3 * receipt["tokens_out"]
    tests("the newest version answers, at the price that holds",
          (receipt["version"], int(receipt["fee"])) == (version, price * flow.UNIT // 1_000), receipt)  # fmt: skip
    before = budget(cli, facts["datanet"])
    steps.settle()
    last = cli("settlement", "list")["settlements"][-1]
    drawn = before - budget(cli, facts["datanet"])
    tests("the emission matches what the treasury got of a fee",
          last["emission"] == last["split"]["treasury"] == str(drawn) != "0", last)  # fmt: skip
    tests("what is settled is not settled again", cli("settle")["settlements"] == [], "")
    attributed = cli("attribute", answer["receipt_id"])["receipts"][0]
    receipt = folder / "answer.json"
    receipt.write_text(json.dumps(answer), encoding="utf-8")
    audited = cli("audit", receipt)
    tests("an attribution is what an audit finds", attributed["shares"] == audited["receipts"][0]["shares"], attributed)
    tests("every contribution has a score",
          [score[0] for score in attributed["scores"]] == facts["contributions"], attributed)  # fmt: skip
    names = {check["name"] for check in audited["receipts"][0]["checks"]}
    lines = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").splitlines()
    [documented] = [line for line in lines if line.startswith("`audit ")]
    tests("an audit makes the checks that are documented", all(f"`{name}`" in documented for name in names)
          and len(names) == 10 and audited["ok"], audited)  # fmt: skip
    due = {
        claim["contribution"]: int(claim["accrued"]) - int(claim["claimed"])
        for account in cli("claimable", "--all")["accounts"]
        for claim in account["contributions"]
    }
    ids = [str(contribution) for contribution in facts["contributions"]]
    claimed = cli("claim", "--contributions", ",".join(ids), "--account", flow.OPERATOR, suri=flow.PAYER)
    paid = {entry["contribution"]: int(entry["amount"]) for entry in claimed["contributions"]}
    tests("anybody claims for others, all that is due",
          paid == {number: amount for number, amount in due.items() if amount}, claimed)  # fmt: skip
    tests("an operator is paid for its work", int(claimed["accounts"][0]["amount"]) > 0, claimed)
