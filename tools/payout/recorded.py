"""What a run of the demo left: its report, what the command line answered, and its blobs.

Of the command line's log only answers are read, each the last of its command: the chain itself is gone, or has
gone on.
"""

import json
import struct

import rules
from scale import Reader
from traces import Traces


class Run:
    def __init__(self, folder):
        self.folder = folder
        self.report = json.loads((folder / "report.json").read_text())
        self.log = (folder / "logs" / "cli.log").read_text().splitlines()

    def answer(self, *command):
        """The last answer to a command of the command line."""
        end = " --json " + " ".join(command)
        [*_, last] = [i for i, line in enumerate(self.log) if line.startswith("$") and line.endswith(end)]
        return json.loads(next(line for line in self.log[last + 1 :] if line.startswith("{")))

    def paid(self):
        """Account → what it was paid by `claim`, over the whole run."""
        paid = {}
        for line in self.log:
            if line.startswith('{"accounts":') and '"contributions":' in line:
                for entry in json.loads(line)["accounts"]:
                    if "amount" in entry:
                        paid[entry["account"]] = paid.get(entry["account"], 0) + int(entry["amount"])
        return paid

    def blob(self, content):
        """The bytes of a content id, if they are its."""
        digits = content.removeprefix("0x")
        data = (self.folder / "store" / digits[:2] / digits[2:4] / digits).read_bytes()
        if rules.blake2(data).hex() != digits:
            raise ValueError(f"blob {content} is damaged")
        return data

    def job_reports(self):
        """The reports of all settlements: blobs of canonical JSON that begin with the settlement."""
        for path in (self.folder / "store").glob("??/??/*"):
            with open(path, "rb") as file:
                if file.read(14) == b'{"settlement":':
                    yield json.loads(self.blob(path.name))

    def report_id(self, settlement):
        """The content id of a settlement's report."""
        head = f'{{"settlement":{settlement},'.encode()
        [path] = [p for p in (self.folder / "store").glob("??/??/*") if p.read_bytes().startswith(head)]
        return "0x" + path.name

    def attribution(self, settlement):
        """The SCALE of a settlement's result, as an engine gave it to the off-chain workers."""
        done = [json.loads(path.read_text()) for path in (self.folder / "home" / "engine" / "done").glob("*.json")]
        [attribution] = [job["attribution"] for job in done if job["job"]["settlement"] == settlement]
        return attribution

    def voucher(self, channel):
        """The first voucher of a channel that the payer signed for an answer."""
        for line in self.log:
            if line.startswith("{") and '"voucher":' in line:
                asked = json.loads(line)
                for answer in asked.get("answers", [asked]):
                    voucher = answer.get("voucher") or {}
                    if voucher.get("channel") == channel:
                        return voucher
        raise ValueError(f"no answer was paid by a voucher of channel {channel}")

    def index(self, content):
        return index_of(self.blob(content))

    def traces(self, content):
        return Traces(self.blob(content), self.blob)

    def work(self, content):
        return work_of(self.blob(content))

    def elements(self, block):
        """The 256 elements of a block."""
        return struct.unpack("<256h", block)

    def batch(self, content):
        return [json.loads(line) for line in self.blob(content).splitlines()]


def index_of(data):
    """[((contribution, variant), [block as 512 bytes])] and the method's JSON, of the file of an index."""
    if data[:8] != b"OLINDEX3":
        raise ValueError("not an index")
    length = int.from_bytes(data[8:12], "little")
    reader = Reader(data[12 : 12 + length])
    reader.take(32)
    method = reader.take(reader.length())
    variants = reader.integer(4)
    blocks = elements = 0
    for _ in range(reader.length()):
        reader.take(reader.length())
        rows, columns = reader.integer(4), reader.integer(4)
        reader.take(2)
        blocks += -(-rows * columns // rules.BLOCK)
        elements += rows * columns
    members = []
    for _ in range(reader.length()):
        members.append(reader.integer(4))
        reader.take(4)
    start = -(-(12 + length) // 64) * 64
    size = 2 * rules.BLOCK

    def block(k, b):
        at = start + (k * blocks + b) * size
        return data[at : at + size]

    rows = rules.rows_of(members, variants)
    if len(data) != start + len(rows) * blocks * size + 4 * variants * elements:
        raise ValueError("the index is cut short")
    return [(row, [block(k, b) for b in range(blocks)]) for k, row in enumerate(rows)], method


def work_of(data):
    """The work on one receipt, of its blob."""
    reader = Reader(data)
    work = {"fee": reader.integer(16), "query_shifts": list(reader.take(reader.length()))}
    query = reader.take(2 * reader.length())
    work["query_blocks"] = [query[i : i + 512] for i in range(0, len(query), 512)]
    work["shifts"] = list(reader.take(reader.length()))
    work["partials"] = [reader.integer(8, signed=True) for _ in range(reader.length())]
    work["totals"] = [reader.integer(16, signed=True) for _ in range(reader.length())]
    work["scores"] = [reader.integer(16, signed=True) for _ in range(reader.length())]
    bits = reader.integer(8)
    work["trace"] = bits, {reader.integer(4): reader.integer(8) for _ in range(reader.length())}
    work["sums"] = [reader.integer(16) for _ in range(reader.length())]
    if reader.left():
        raise ValueError("the work is followed by something")
    return work
