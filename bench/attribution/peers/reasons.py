"""Why a method has no scores, or not all of them, beside the scores of the others."""

import json

STOPPED = "it was stopped before its end"


def write(folder, name, reason):
    (folder / f"{name}.safetensors").unlink(missing_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"method": name, "reason": reason}) + "\n", encoding="utf-8")


def rest(method):
    """The name for what a method did not come to."""
    return f"{method}-rest"


def start(folder, method):
    """Forgets what an earlier run left, and says so in case that this one is cut short."""
    for earlier in (*folder.glob(f"{method}*.safetensors"), *folder.glob(f"{method}*.json")):
        earlier.unlink()
    write(folder, rest(method), STOPPED)


def end(folder, method, reason=None):
    """Without a reason, it did all that it should."""
    (folder / f"{rest(method)}.json").unlink(missing_ok=True)
    if reason:
        write(folder, rest(method) if list(folder.glob(f"{method}*.safetensors")) else method, reason)


def done(folder, method):
    stopped = folder / f"{rest(method)}.json"
    if stopped.exists() and json.loads(stopped.read_text(encoding="utf-8"))["reason"] == STOPPED:
        return False
    return any(folder.glob(f"{method}*"))
