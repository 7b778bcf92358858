"""What the end-to-end tests share: counting, refusals, and HTTP in JSON."""

import json
import time
import urllib.error
import urllib.request

from cli import Failed


class Tests:
    """Counts, and says how each test went."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, ok, why=""):
        self.passed += bool(ok)
        self.failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {name}{'' if ok else f': {why}'}", flush=True)

    def refused(self, name, cli, words, *arguments, suri=None, status=1):
        """Tests that a command ends with this status, and an error that has one of `words` in it."""
        words = [words] if isinstance(words, str) else words
        try:
            output = cli(*arguments, suri=suri)
        except Failed as error:
            said = any(word in str(error) for word in words)
            ended = f"ended with status {status}:" in str(error)
            self(name, said and ended, f"expected status {status} and one of {words} in: {error}")
        else:
            self(name, False, f"expected a refusal, got {output}")


def http(method, url, body=None, headers=None):
    """Status and JSON of an answer, whatever its status. A body of bytes is sent as it is."""
    request = urllib.request.Request(
        url,
        body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def until(holds, seconds, tick=0.5):
    """Waits until `holds()` is true; whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(tick)
    return True
