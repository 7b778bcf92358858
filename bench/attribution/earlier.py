"""What an earlier run measured and this one did not: it stays in the results, with the day, the machine and the versions
of that run.

A task's retrainings by one design are measured in one run, so what is compared with each other is of one machine.
"""

# Of each kind, what a part of it is called.
PARTS = {
    "rows": lambda row: f"{row['task']}, {row['design']}",
    "planted": lambda task: task["task"],
    "mislabelled": lambda task: task["task"],
    "precision": lambda task: f"{task['task']}, shares by {instructions(task)}",
}
GROWTH = "growth"
RUN = ("date", "machine", "versions")


def instructions(task):
    """Of the processor that computed shares: the most of any program, as emulation takes some away."""
    return ", ".join(max((program["features"] for program in task["programs"]), key=len))


def keep(result, earlier):
    """Adds the parts of an earlier result that this one does not have, or has with fewer retrainings or sizes, and says
    of each, under `earlier`, which run it is of."""
    kept = {}

    def note(name):
        kept[name] = earlier.get("earlier", {}).get(name) or {key: earlier[key] for key in RUN}

    for kind, part in PARTS.items():
        before, now = (grouped(one[kind], part) for one in (earlier, result))
        for name, rows in before.items():
            if name not in now or retrains(rows) > retrains(now[name]):
                now[name] = rows
                note(name)
        # In the order that they had, what is new last.
        names = [*before, *(name for name in now if name not in before)]
        result[kind] = [row for name in names for row in now[name]]
    for kind, rows in earlier[GROWTH].items():
        if len(rows) > len(result[GROWTH][kind]):
            result[GROWTH][kind] = rows
            note(f"{GROWTH}, {kind}")
    told = {(row["task"], row["method"]) for row in result["skipped"]}
    told |= {(row["task"], row["method"]) for row in result["rows"]}
    tasks = {row["task"] for kind in PARTS for row in result[kind]}
    result["skipped"] += [
        row for row in earlier["skipped"] if row["task"] in tasks and (row["task"], row["method"]) not in told
    ]
    result["earlier"] = kept


def grouped(rows, part):
    found = {}
    for row in rows:
        found.setdefault(part(row), []).append(row)
    return found


def retrains(rows):
    return rows[0].get("retrains", 0)
