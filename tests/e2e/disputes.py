"""Disputes between three attributors, each on a node of its own: one is honest, one's engine lies (`liar.py`), and
one's is not running at first. Others judge, on the network of `court.py`."""

import contextlib

import flow
import lies
import report
from court import EVERYBODY, HONEST, LIAR, OTHERS, PARAMETERS, SLEEPER, THREE, Court, vector
from liar import LyingEngine

# A tenth of the weight of a block, in picoseconds.
TENTH = 2 * 10**12 // 3 // 10
# What a challenge of so small a fee costs, in units.
BOND = 10 * flow.UNIT


def disputes(tests, cli, network, steps, facts):
    with contextlib.ExitStack() as stack:
        court = Court(tests, cli, network, steps, facts)
        court.convene(stack)
        liar = LyingEngine(court.nodes[LIAR].ports["engine"], network, network.folder / "store")
        stack.callback(liar.stop)
        overturned(tests, court, liar)
        court.start_engine(SLEEPER)
        for kind in lies.KINDS:
            liar.kind = kind
            fraud(tests, court, liar)
        liar.kind = None
        upheld(tests, court)


def part(amount, name):
    """The part of an amount that a parameter says, in units."""
    return amount * PARAMETERS[name] // report.WHOLE


def half(amount):
    """What whoever showed a lie gets of what it cost the liar, in units: the constant SlashReward."""
    return amount // 2


def treasury():
    """The treasury's account, in hexadecimal digits: it follows from the id of its pallet."""
    return "0x" + b"modlpy/trsry".hex().ljust(64, "0")


def overturned(tests, court, liar):
    """One of three lies, one sleeps: a challenge wins, since a larger committee finds what the honest one did."""
    what, account = "a challenge that wins", court.account
    number, receipt = court.settle()
    before = court.state()
    first = court.decided(number)
    challenged = court.cli("settlement", "challenge", number, suri=flow.CHALLENGER)["txs"][0]["block"]
    right, pool = court.computed(number)
    told, _ = liar.told.get(number, (right, pool))
    halfway = {c: (right.get(c, 0) + told.get(c, 0)) // 2 for c in right.keys() | told.keys()}
    tests("of two that answer, the result is half way between truth and lie",
          right != told and vector(first["shares"]) == (halfway, pool), (right, told, first["shares"]))  # fmt: skip
    tests("the liar's own node revealed the lie", court.logged(LIAR, f"settlement {number}: sent the Reveal"))
    tests("the sleeper's own node found no engine",
          court.logged(SLEEPER, f"settlement {number}: cannot hand it to the engine"))  # fmt: skip

    final = court.over(number)
    after, block = court.state(), final["ended"]
    [resolution] = court.events(block, "attribution.ChallengeResolved")
    tests(f"{what}: the first result is overturned", resolution["resolution"] == "Overturned", resolution)
    tests(f"{what}: a larger committee of others judged",
          court.names(final["committee"]) == set(EVERYBODY) - set(THREE), final)  # fmt: skip
    tests(f"{what}: the shares are the honest engine's", vector(final["shares"]) == (right, pool), final)
    lost = {suri: before["bonds"][suri] - after["bonds"][suri] for suri in THREE}
    lie = part(before["bonds"][LIAR], "slash")
    silence = part(before["bonds"][SLEEPER], "silence-slash")
    tests(f"{what}: the liar loses its part, the sleeper a little, the honest nothing",
          lost == {HONEST: 0, LIAR: lie, SLEEPER: silence}, lost)  # fmt: skip
    [shown] = court.cli("account", "show", treasury())["accounts"]
    reward = half(lie)
    tests(f"{what}: the liar pays challenger and treasury, the sleeper the treasury", court.slashed(block) == {
        (account[LIAR], reward, account[flow.CHALLENGER]), (account[LIAR], lie - reward, shown["account"]),
        (account[SLEEPER], silence, shown["account"]),
    }, court.slashed(block))  # fmt: skip
    fee = court.paid_fees(challenged["number"], flow.CHALLENGER)
    tests(f"{what}: the challenger has its bond back, and half of what the liar lost",
          after["challenger"] - before["challenger"] == reward - fee < reward, (before, after, fee))  # fmt: skip
    court.divided(what, final, receipt, before, after, {HONEST, *OTHERS, flow.ATTRIBUTOR})


def fraud(tests, court, liar):
    """One of three lies, all are awake: the two outvote it, and whoever reads its work proves the lie."""
    what, account = f"a proof of fraud ({liar.kind})", court.account
    number, receipt = court.settle()
    before = court.state()
    first = court.decided(number)
    proof = court.cli("prove-fraud", number, "--attributor", account[LIAR], suri=flow.CHALLENGER)
    right, pool = court.computed(number)
    tests(f"{what}: two of three outvote a lie",
          number in liar.told and vector(first["shares"]) == (right, pool), (liar.told.get(number), first))  # fmt: skip
    shown = lies.SHOWN.get(liar.kind, liar.kind)
    tests(f"{what}: the wrong number is found and shown", proof["fraud"] == shown, proof)
    innocent = court.cli("prove-fraud", number, "--attributor", account[HONEST], suri=flow.CHALLENGER)
    tests(f"{what}: there is none against the honest", innocent["fraud"] is None, innocent)

    settled, block = court.show(number), proof["tx"]["block"]["number"]
    tests(f"{what}: the others' result stands, without the liar",
          (court.names(settled["committee"]), vector(settled["shares"])) == ({HONEST, SLEEPER}, (right, pool)), settled)  # fmt: skip
    lie = part(before["bonds"][LIAR], "slash")
    reward = half(lie)
    [proven] = court.events(block, "attribution.FraudProven")
    found = (proven["attributor"], proven["prover"], int(proven["reward"]))
    tests(f"{what}: it is worth half of what the liar loses",
          found == (account[LIAR], account[flow.CHALLENGER], reward), proven)  # fmt: skip
    weight = court.weight(block, "attribution.proveFraud")
    tests(f"{what}: it has {proof['bytes']} bytes and {weight / 10**9:.1f} ms of weight, at most a tenth of a block",
          0 < proof["bytes"] < 4_096 and 0 < weight < TENTH, weight)  # fmt: skip
    final = court.over(number)
    after = court.state()
    lost = {suri: before["bonds"][suri] - after["bonds"][suri] for suri in THREE}
    tests(f"{what}: the liar is slashed once, and nobody else",
          lost == {HONEST: 0, LIAR: lie, SLEEPER: 0}, lost)  # fmt: skip
    fee = court.paid_fees(block, flow.CHALLENGER)
    tests(f"{what}: the prover has that, and pays no fee",
          (after["challenger"] - before["challenger"], fee) == (reward, 0), (before, after, fee))  # fmt: skip
    court.divided(what, final, receipt, before, after, {HONEST, SLEEPER})


def upheld(tests, court):
    """All three are right: a challenge loses its bond to those who had to compute, and to those who were doubted."""
    what = "a challenge that loses"
    number, receipt = court.settle()
    before = court.state()
    first = court.decided(number)
    challenged = court.cli("settlement", "challenge", number, suri=flow.CHALLENGER)["txs"][0]["block"]
    right = court.computed(number)
    final = court.over(number)
    after, block = court.state(), final["ended"]
    [resolution] = court.events(block, "attribution.ChallengeResolved")
    tests(f"{what}: the first result stands", resolution["resolution"] == "Upheld" and
          vector(first["shares"]) == vector(final["shares"]) == right, (resolution, first, final))  # fmt: skip
    tests(f"{what}: nobody is slashed",
          (after["bonds"], court.slashed(block)) == (before["bonds"], set()), after["bonds"])  # fmt: skip
    fee = court.paid_fees(challenged["number"], flow.CHALLENGER)
    tests(f"{what}: the challenger's bond is lost", int(final["challenge"]["bond"]) == BOND and
          before["challenger"] - after["challenger"] == BOND + fee > BOND, (before, after, fee))  # fmt: skip
    # All ten computed, and share in fee and bond alike.
    court.divided(what, final, receipt, before, after, set(EVERYBODY), BOND // len(EVERYBODY))
