"""An engine that lies: it asks an honest one, and moves shares in what it answers from one contribution to another."""

import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import http

# How much it moves, in parts per million of the whole; less where the largest share is less.
MOVED = 300_000


def decode(attribution):
    """Shares, the pool's share, and the rest, of 0x and a SCALE-encoded `Attribution`."""
    data = bytes.fromhex(attribution[2:])
    # A compact length below 2^14: at most 256 shares.
    wide = data[0] & 3
    assert wide < 2, "expected at most 256 shares"
    count, at = int.from_bytes(data[: wide + 1], "little") >> 2, wide + 1
    shares = dict(struct.unpack_from("<II", data, at + 8 * i) for i in range(count))
    at += 8 * count
    return shares, int.from_bytes(data[at : at + 4], "little"), data[at + 4 :]


def encode(shares, pool, rest):
    """What [`decode`] reads."""
    count = len(shares)
    length = bytes([count << 2]) if count < 64 else (count << 2 | 1).to_bytes(2, "little")
    listed = b"".join(struct.pack("<II", *share) for share in sorted(shares.items()))
    return "0x" + (length + listed + struct.pack("<I", pool) + rest).hex()


def lie(shares, contributions):
    """The shares with an even part of the largest moved to the contribution that has least."""
    richest = max(shares, key=shares.get)
    poorest = min(contributions, key=lambda contribution: shares.get(contribution, 0))
    moved = min(MOVED, shares[richest]) // 2 * 2
    told = dict.fromkeys(contributions, 0) | shares
    told[richest] -= moved
    told[poorest] += moved
    return {contribution: ppm for contribution, ppm in told.items() if ppm}


def chunks(stream):
    """The body of a request in chunks, as off-chain workers send it."""
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


class LyingEngine:
    """Answers at `port` for the engine at `honest`; while `lies`, with other shares than it computed."""

    def __init__(self, port, honest):
        self.lies = True
        # Job → what was answered in place of the shares.
        self.told = {}
        self.contributions = {}
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(chunks(self.rfile))
                status, answer = http("POST", honest + self.path, body)
                if "job" in answer:
                    engine.contributions[answer["job"]] = body["contributions"]
                self.answer(status, answer)

            def do_GET(self):
                status, answer = http("GET", honest + self.path)
                if engine.lies and "attribution" in answer:
                    engine.change(answer)
                self.answer(status, answer)

            def answer(self, status, answer):
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def change(self, answer):
        job = answer["job"]
        shares, pool, rest = decode(answer["attribution"])
        self.told[job] = lie(shares, self.contributions[job]), pool
        answer["attribution"] = encode(*self.told[job], rest)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
