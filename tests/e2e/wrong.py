"""Wrong input on a live network: each is refused in words, and nothing changes."""

import hashlib
import json
import pathlib
import shutil
import struct
import subprocess

import flow
from harness import http, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
# More than fits into a file of text, and of JSONL.
HUGE = {"huge.txt": 4 * 1024**2 + 1, "huge.jsonl": 256 * 1024**2 + 1}


def files(tests, cli, folder, datanet):
    """Files that hold no records."""
    bad = {
        "empty.jsonl": b"",
        "bad.jsonl": b'{"text": \n',
        "latin.txt": b"caf\xe9 " * 100,
        "latin.jsonl": b'{"text": "caf\xe9"}\n',
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    for name, size in HUGE.items():
        with open(folder / name, "wb") as sparse:
            sparse.truncate(size)
    for name, words in [
        ("empty.jsonl", "empty"),
        ("bad.jsonl", "line 1"),
        ("latin.txt", "UTF-8"),
        ("latin.jsonl", "UTF-8"),
        ("huge.txt", "at most"),
        ("huge.jsonl", "at most"),
        ("missing.txt", "missing.txt"),
    ]:
        tests.refused(f"{name} is refused", cli, words,
                      "contribute", datanet, folder / name, suri=flow.OWNER)  # fmt: skip


def roles(tests, cli, network, facts):
    """Who may not do what, and what there is not."""
    datanet, model, channel = facts["datanet"], facts["model"], facts["channel"]
    for name, words, arguments, suri in [
        ("a stranger cannot review", ["NotCurator", "WrongPhase"],
         ("datanet", "review", "--accept", 0), flow.PAYER),
        ("a stranger cannot publish", ["curator", "owner"],
         ("datanet", "publish", datanet), flow.PAYER),
        ("a price without the owner's signature is refused", "owner",
         ("model", "price", model, "--price-in", 1, "--price-out", 1), flow.PAYER),
        ("a deposit beyond the balance is refused", "too little free OPEN",
         ("channel", "open", "--operator", flow.OPERATOR, "--deposit", 1_000_000), flow.PAYER),
        ("a channel to somebody who is no operator is refused", "provider register",
         ("channel", "open", "--operator", flow.OWNER, "--deposit", 1), flow.PAYER),
        ("an account without money is told so", "too little free OPEN",
         ("account", "transfer", "//Bob=1"), "//e2e//nobody"),
        ("a bond below the least is refused", "1,000",
         ("provider", "register", "curator", "--bond", 1), flow.PAYER),
        ("a second registration is refused", "provider show",
         ("provider", "register", "operator", "--bond", 1_000), flow.OPERATOR),
        ("a challenge of what is final is refused", "WrongPhase",
         ("settlement", "challenge", 0), flow.PAYER),
        ("a parameter is refused from others than Root", "RequireSudo",
         ("parameter", "set", "attribution", "challenge-blocks", 1), flow.PAYER),
    ]:  # fmt: skip
        tests.refused(name, cli, words, *arguments, suri=suri, status=4)
    for name, words, arguments, suri in [
        ("an unknown model is refused", "9999", ("model", "show", 9999), None),
        ("an unknown parameter is refused", "NoSuch",
         ("parameter", "set", "attribution", "no-such", 1), flow.ROOT),
        ("an unknown datanet is refused", "9999", ("datanet", "show", 9999), None),
        ("a contribution to an unknown datanet is refused", "9999",
         ("contribute", 9999, facts["file"]), flow.OWNER),
        ("an unknown settlement is refused", "9999", ("settlement", "show", 9999), None),
        ("an unknown channel is refused", "9999", ("channel", "show", 9999), None),
        ("an unknown receipt is refused", "settle", ("audit", "0x" + "00" * 32), None),
        ("a question through another's channel is refused", "belongs to",
         ("ask", model, "hello", "--channel", channel), flow.OPERATOR),
        ("a question without a channel is refused", "channel open",
         ("ask", model, "hello"), flow.OWNER),
        ("a port in use is refused by the engine", "--listen",
         ("engine", "--listen", network.engine_url.rpartition("/")[2]), None),
        ("a port in use is refused by the gateway", "--listen",
         ("gateway", "--listen", network.gateway_url.rpartition("/")[2]), flow.OPERATOR),
    ]:  # fmt: skip
        tests.refused(name, cli, words, *arguments, suri=suri)
    tests.refused("a node that is not there is named", cli, "ws://127.0.0.1:1",
                  "--node", "ws://127.0.0.1:1", "status", status=3)  # fmt: skip
    status, answer = http("POST", network.admin_url + "/settle", {})
    tests("the operator's listener asks for its token",
          (status, answer["error"]["code"]) == (401, "token_refused"), answer)  # fmt: skip
    tests.refused("a gateway that is not there is named", cli, "http://127.0.0.1:1",
                  "settle", "--admin", "http://127.0.0.1:1", status=3)  # fmt: skip


def licence(tests, cli, folder, facts):
    """A datanet whose licence forbids training."""
    terms = {
        "training": False, "evaluation": True, "retrieval": True, "commercial": True, "derivatives": True,
        "min_data_share": 0, "training_price": "0", "expires": None, "revocable": False,
    }  # fmt: skip
    path = folder / "licence.json"
    path.write_text(json.dumps(terms), encoding="utf-8")
    created = cli("datanet", "create", "--name", "not-for-training", "--licence", path,
                  "--curator", flow.CURATOR, suri=flow.OWNER)  # fmt: skip
    datanet = created["datanet"]
    made = cli("contribute", datanet, facts["file"], suri=flow.OWNER)["contributions"]
    cli("datanet", "review", "--accept", made[0]["id"], suri=flow.CURATOR)
    cli("datanet", "publish", datanet, suri=flow.OWNER)
    tests.refused("training is refused where the licence forbids it", cli, "forbids training",
                  "model", "train", "--base", facts["base"], "--datanets", f"{datanet}:1",
                  "--out", folder / "forbidden")  # fmt: skip
    job = json.loads((facts["job"] / "job.json").read_text(encoding="utf-8"))
    job["trained_on"] = [[datanet, 1]]
    path = folder / "forbidden.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    tests.refused("so does the chain refuse the model", cli, "ForbiddenByLicence",
                  "model", "register", path, "--name", "forbidden", suri=flow.OWNER, status=4)  # fmt: skip


def bases(tests, cli, folder, facts):
    """A checkpoint with a missing tensor, and an adapter of another base; the other base's ids."""
    broken = shutil.copytree(ROOT / "models" / "base", folder / "broken")
    weights = (broken / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", weights[:8])[0]
    # The same length under another name: only this tensor is not where it should be.
    header = weights[8 : 8 + length].replace(b"model.norm.weight", b"model.mron.weight")
    (broken / "model.safetensors").write_bytes(weights[:8] + header + weights[8 + length :])
    tests.refused("a checkpoint with a missing tensor is refused", cli, "model.norm.weight is missing",
                  "model", "register-base", broken, "--name", "broken", suri=flow.OWNER)  # fmt: skip

    other = shutil.copytree(ROOT / "models" / "base", folder / "other")
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"rope_theta": 20_000}), encoding="utf-8")
    registered = cli("model", "register-base", other, "--name", "other", suri=flow.OWNER)
    job = json.loads((facts["job"] / "job.json").read_text(encoding="utf-8"))
    path = folder / "other.json"
    path.write_text(json.dumps(job | {"base_model": registered["model"]}), encoding="utf-8")
    tests.refused("an adapter of another base is refused", cli, "was trained on base",
                  "model", "register", path, "--name", "other-lora", suri=flow.OWNER)  # fmt: skip
    return {"artefact": registered["artefact"], "config": registered["config"]}


def sign_vouchers(genesis, wanted):
    """Vouchers signed by another implementation than the command line's."""
    question = json.dumps({"genesis": genesis, "vouchers": wanted})
    signed = subprocess.run(
        ["node", str(ROOT / "tests" / "js" / "vouchers.mjs"), question],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(signed.stdout)


def gateway(wanted):
    """A request to the gateway, signed by another implementation than the command line's: status and answer."""
    asked = subprocess.run(
        ["node", str(ROOT / "tests" / "js" / "gateway.mjs"), json.dumps(wanted)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return json.loads(asked.stdout)


def place(cli, network, channel):
    """What every request of a channel names."""
    operator = cli("account", "show", flow.OPERATOR)["accounts"][0]["public"]
    genesis = cli("status")["genesis"]
    return {"gateway": network.gateway_url, "genesis": genesis, "operator": operator, "channel": channel}


def vouched(cli, channel):
    """A voucher that pays for all that clients ask."""
    signed = cli("channel", "voucher", channel, "--cumulative", flow.DEPOSIT // 2, suri=flow.PAYER)
    return {name: signed[name] for name in ("channel", "cumulative", "expires", "signature")}


def vouchers(tests, cli, network, facts):
    """Vouchers that do not pay: the gateway answers 402, and neither it nor the chain takes anything."""
    channel = facts["channel"]
    where = place(cli, network, channel)
    own = where | {"path": f"/channels/{channel}", "suri": flow.PAYER}
    known = gateway(own)["answer"]
    status = cli("status")
    on_chain = cli("channel", "show", channel)
    deposit, best = int(on_chain["deposit"]), status["best"]["number"]
    far = best + 10_000
    enough = deposit // 2
    wanted = {
        "voucher_expired": ("that has expired", flow.PAYER, channel, enough, best - 1),
        "channel_unknown": ("for another channel", flow.PAYER, channel + 1_000, enough, far),
        "beyond_deposit": ("beyond the deposit", flow.PAYER, channel, deposit + 1, far),
        "bad_signature": ("signed by somebody else", "//Eve", channel, enough, far),
    }
    good, *signed = sign_vouchers(status["genesis"], [
        {"suri": suri, "channel": number, "cumulative": str(cumulative), "expires": expires}
        for _, suri, number, cumulative, expires in [("", flow.PAYER, channel, enough, far), *wanted.values()]
    ])  # fmt: skip
    attempts = [(code, name, voucher) for (code, (name, *_)), voucher in zip(wanted.items(), signed)]
    # A signature that is good for another amount.
    attempts.append(
        ("bad_signature", "whose amount was changed", known["voucher"] | {"cumulative": str(enough)})
    )
    question = where | {
        "path": "/v1/completions", "suri": flow.PAYER,
        "body": {"model": f"openledger/{facts['model']}", "prompt": "hello", "max_tokens": 4},
    }  # fmt: skip
    code = lambda asked: (asked["status"], asked["answer"].get("error", {}).get("code"))
    for expected, name, voucher in attempts:
        asked = gateway(question | {"channel": voucher["channel"], "voucher": voucher})
        tests(f"a voucher {name} is refused", code(asked) == (402, expected), asked)
    strangers(tests, own, question | {"voucher": good}, code)
    tests("the gateway charges nothing for what it refuses", gateway(own)["answer"] == known, known)
    tests("the chain takes nothing for what is refused",
          cli("channel", "show", channel) == on_chain, on_chain)  # fmt: skip


def strangers(tests, own, question, code):
    """A good voucher of somebody else, as the chain and the wire show it, buys nothing."""
    other = {"suri": "//Eve"}
    tests("a stranger with a voucher is refused", code(gateway(question | other)) == (401, "use_refused"), question)
    unsigned = http(
        "POST", question["gateway"] + question["path"], question["body"],
        {"X-OpenLedger-Voucher": json.dumps(question["voucher"])},
    )  # fmt: skip
    tests("a voucher without a signed request is refused",
          (unsigned[0], unsigned[1]["error"]["code"]) == (401, "use_missing"), unsigned)  # fmt: skip
    # What signs one question signs no other, and nothing at another path.
    seen = gateway(question | {"channel": question["channel"] + 1_000})["use"]
    asked = gateway(question | {"use": seen})
    tests("a signature of another channel is refused", code(asked) == (401, "use_refused"), asked)
    tests("a channel tells strangers nothing", code(gateway(own | other)) == (401, "use_refused"), own)
    unsigned = http("GET", own["gateway"] + own["path"])
    tests("a channel tells nothing to who does not sign",
          (unsigned[0], unsigned[1]["error"]["code"]) == (401, "use_missing"), unsigned)  # fmt: skip
    session = question | {"ethereum": "0x" + "46" * 32}
    tests("a session that somebody else certified is refused",
          code(gateway(session)) == (401, "session_refused"), session)  # fmt: skip
    status, answer = http("POST", question["gateway"] + "/settle", {})
    tests("settling is not for everybody", (status, answer["error"]["code"]) == (404, "not_found"), answer)


def blob(store, content):
    """Where a blob lies."""
    digits = content[2:]
    return store / digits[:2] / digits[2:4] / digits


def artefacts(tests, cli, network, folder, facts, other_base):
    """Jobs whose artefacts are not what they should be: the engine says why it cannot compute them."""
    store = folder / "store"
    settlement = cli("settlement", "list")["settlements"][0]
    model = cli("model", "show", settlement["model"])
    version = next(v for v in model["versions"] if v["version"] == settlement["version"])
    base = cli("model", "show", model["base"])["versions"][-1]
    accounts = cli("account", "show", settlement["operator"])["accounts"]
    ids = lambda entry: {"artefact": entry["artefact"], "config": entry["config"]}
    job = {
        "genesis": cli("status")["genesis"],
        "settlement": settlement["settlement"],
        "attempt": settlement["attempt"],
        "model": settlement["model"],
        "version": settlement["version"],
        "receipts_root": settlement["receipts_root"],
        "batch": settlement["batch"],
        "count": settlement["count"],
        "total_fee": settlement["total_fee"],
        "operator": accounts[0]["public"],
        "base": ids(base),
        "adapter": ids(version),
        "index": version["index"],
        "contributions": facts["contributions"],
        "floor": 1_000,
        "trace": 200_000,
    }

    shown = {"Authorization": f"Bearer {network.engine_secret}"}
    status, answer = http("POST", f"{network.engine_url}/jobs", job)
    tests("a job of who does not know the engine's secret is refused", status == 401, answer)

    def outcome(job):
        """What becomes of a job."""
        status, answer = http("POST", f"{network.engine_url}/jobs", job, shown)
        if status != 202:
            return status, answer
        place = f"{network.engine_url}/jobs/{answer['job']}"
        until(lambda: http("GET", place, None, shown)[1]["state"] in ("done", "failed"), 120)
        return http("GET", place, None, shown)

    status, done = outcome(job)
    tests("the worker's job is what the chain says of the settlement",
          (status, done.get("state")) == (200, "done"), done)  # fmt: skip
    status, answer = outcome(job | {"count": job["count"] + 1})
    tests("another job of the same settlement does not stand in for it",
          answer["job"] != done["job"] and "the number of receipts" in answer.get("error", ""), answer)  # fmt: skip
    status, answer = outcome({"settlement": 1})
    tests("a job that is none is refused", status == 400 and "error" in answer, answer)

    # Other settlements than there are: these jobs are nobody's.
    number = 1_000_000
    for name, words, change in [
        ("a base that the adapter is not of", "base", {"base": other_base}),
        ("an artefact that is nowhere", "not in the store", {"batch": "0x" + "11" * 32}),
        ("other fees than the receipts'", "fees", {"total_fee": "1"}),
        ("another operator than the receipts'", "operator", {"operator": "0x" + "22" * 32}),
    ]:
        number += 1
        status, answer = outcome(job | {"settlement": number} | change)
        said = answer.get("state") == "failed" and words in answer.get("error", "")
        tests(f"a job with {name} fails in words", said, answer)

    # A receipt that somebody else signed.
    path = blob(store, job["batch"])
    whole = path.read_bytes()
    lines = [json.loads(line) for line in whole.decode().splitlines()]
    lines[0]["signature"] = "0x01" + "33" * 64
    forged = "".join(json.dumps(line) + "\n" for line in lines).encode()
    content = "0x" + hashlib.blake2b(forged, digest_size=32).hexdigest()
    blob(store, content).parent.mkdir(parents=True, exist_ok=True)
    blob(store, content).write_bytes(forged)
    status, answer = outcome(job | {"settlement": number + 1, "batch": content})
    said = answer.get("state") == "failed" and "signature" in answer.get("error", "")
    tests("a job with a receipt that the operator did not sign fails in words", said, answer)

    # Bytes that do not hash to their id.
    path.write_bytes(whole.replace(b'"fee":"', b'"fee":"9', 1))
    damaged = job | {"settlement": number + 2}
    try:
        status, answer = outcome(damaged)
        said = answer.get("state") == "failed" and "damaged" in answer.get("error", "")
        tests("a job with a damaged batch fails in words", said, answer)
        tests.refused("an audit with a damaged batch is refused", cli, "damaged", "audit", facts["receipt"])
    finally:
        path.write_bytes(whole)
    status, answer = outcome(damaged)
    # The last 32 bytes are the report's id, and a report names its settlement.
    tests("it is done once the batch is whole again",
          answer.get("attribution", "")[:-64] == done["attribution"][:-64], answer)  # fmt: skip
