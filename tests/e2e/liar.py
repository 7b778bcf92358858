"""An engine that lies: it asks an honest one, and answers something else than it computed (`lies.py`)."""

import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import lies
from harness import http


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


def chunks(stream):
    """The body of a request in chunks, as off-chain workers send it."""
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


class LyingEngine:
    """Answers at `port` for the engine of the network `honest`, whose blobs are in `store`; with a `kind`, one of `lies.KINDS`,
    with work that has a wrong number of that kind."""

    def __init__(self, port, honest, store):
        self.kind = "shares"
        # Settlement → the (shares, pool) that were answered.
        self.told = {}
        # The id that the engine gave it → the job.
        self.jobs = {}
        self.store = store
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = chunks(self.rfile)
                status, answer = self.pass_on("POST", body)
                if "job" in answer:
                    engine.jobs[answer["job"]] = json.loads(body)
                self.answer(status, answer)

            def do_GET(self):
                self.answer(*self.pass_on("GET"))

            def pass_on(self, method, body=None):
                headers = {"Authorization": f"Bearer {honest.engine_secret}"}
                return http(method, honest.engine_url + self.path, body, headers)

            def answer(self, status, answer):
                if engine.kind and "attribution" in answer:
                    engine.change(answer)
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
        job = self.jobs[answer["job"]]
        honest = decode(answer["attribution"])
        told = lies.tell(self.kind, honest, answer, job, self.store)
        answer["attribution"] = "0x" + told.hex()
        self.told[job["settlement"]] = decode(answer["attribution"])[:2]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
