"""What all benchmarks report in the same way: the machine, the goals, and where the tables stand."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Of a processor, those that decide how fast products of matrices are.
INSTRUCTIONS = ("avx2", "fma", "avx512f")


def begin():
    """What every result says first."""
    return {
        "date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "load_average": {"before": os.getloadavg()},
    }


def end(name, result, tables, scratch=False):
    """Prints the tables of a result, and unless it is from scratch, writes it and its page in docs/results."""
    result["load_average"]["after"] = os.getloadavg()
    lines = list(tables(result))
    print("\n".join(lines))
    if scratch:
        return
    out = ROOT / "bench" / "results" / f"{name}.json"
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    write(name, lines)
    print(f"\nResults: {out}")


def machine():
    """What it runs on."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    told = dict([part.strip() for part in line.split(":", 1)] for line in cpuinfo.splitlines() if ":" in line)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": told.get("model name") or platform.processor(),
        "instructions": [name for name in INSTRUCTIONS if name in told.get("flags", "").split()],
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def commit():
    """Which version of this repository it is."""
    command = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=11"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def at_least(name, value, goal):
    """A goal that is met by what is not less."""
    return {"name": name, "value": value, "goal": goal, "met": value >= goal}


def at_most(name, value, goal):
    """A goal that is met by what is not more."""
    return {"name": name, "value": value, "goal": goal, "met": value <= goal}


def head(result, versions, goal):
    """When and where it was measured, and the table of goals under the title `goal`, as lines."""
    load = result["load_average"]
    yield (
        f"{run_on(result)}; {versions}. Load average of the last minute {load['before'][0]:.1f} before, "
        f"{load['after'][0]:.1f} after."
    )
    yield ""
    yield f"| {goal} | value | goal | met |"
    yield "|---|--:|--:|---|"
    for goal in result["goals"]:
        yield f"| {goal['name']} | {goal['value']:.3f} | {goal['goal']:g} | {'yes' if goal['met'] else 'no'} |"
    yield ""


def run_on(run):
    """When and where something was measured."""
    machine = run["machine"]
    instructions = f" ({', '.join(machine['instructions'])})" if "instructions" in machine else ""
    return (
        f"{run['date']}. {machine['processor']}{instructions}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}"
    )


def read(name):
    """The results that are there of a benchmark."""
    return json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text(encoding="utf-8"))


def write(name, lines):
    """Puts tables between the marks of a benchmark in its page."""
    path = ROOT / "docs" / "results" / f"{name}.md"
    begin, end = f"<!-- results: {name} -->", f"<!-- end of results: {name} -->"
    page = path.read_text(encoding="utf-8")
    block = "\n".join([begin, "", *lines, "", end])
    changed = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: block, page, flags=re.S)
    path.write_text(changed, encoding="utf-8")
