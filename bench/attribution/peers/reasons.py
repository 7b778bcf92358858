"""Why a method has no scores, beside the scores of the others."""

import json


def write(folder, method, reason):
    (folder / f"{method}.safetensors").unlink(missing_ok=True)
    (folder / f"{method}.json").write_text(json.dumps({"method": method, "reason": reason}) + "\n", encoding="utf-8")


def beside(folder, method):
    """The name to report the end of a method under: its own, unless some of its settings have scores already."""
    return f"{method}-rest" if list(folder.glob(f"{method}*.safetensors")) else method
