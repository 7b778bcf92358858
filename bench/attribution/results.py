"""From the scores of all methods to rows, goals, and the tables in docs/results/attribution.md."""

import published
from earlier import PARTS

# By how much ours is to be ahead of the best of the others, and how much faster for a query.
AHEAD, CONTRIBUTIONS, FASTER = 0.05, 0.92, 30.0
# How well facts are to be found by us, and by their words at most.
FOUND, BY_WORDS = 0.95, 0.60
# How far machines may be apart in parts per million (the chain's tolerance), and how far below it they are to be.
TOLERANCE, MARGIN = 20_000, 10.0
# Those whose packages are the measure of speed.
SPEED = ("kronfluence", "dattri")
TITLES = {
    "record-halves": "half of the records",
    "record-percent": "all records but one in a hundred",
    "contribution-halves": "half of the contributions",
    "contribution-out": "all contributions but one",
}


def build(tasks, planted=(), wrong=(), precision=(), growth=None):
    """`rows`, `planted`, `mislabelled`, `precision`, `growth` and `skipped` of the results: of tasks with retrainings,
    with planted facts and with wrong labels, of what rounding and other machines change, and of how costs grow."""
    rows, skipped = [], []
    for task in tasks:
        for design, found in task["designs"].items():
            about = {"task": task["task"], "design": design, "records": task["records"], "queries": task["queries"]}
            about |= {"sets": found["subsets"], "retrains": found["retrains"], "ceiling": found["ceiling"]}
            rows += [about | method for method in found["methods"]]
        skipped += [{"task": task["task"], **absent} for absent in task["absent"]]
    for task in [*planted, *wrong]:
        skipped += [{"task": task["task"], **absent} for absent in task["absent"]]
    kinds = {"planted": list(planted), "mislabelled": list(wrong), "precision": list(precision)}
    kinds["growth"] = growth or {"sizes": [], "contributions": []}
    return {"rows": rows, **kinds, "skipped": skipped}


def goals(result):
    """How far what was measured is from what it should be."""
    rows, found = result["rows"], []
    for task, design in sorted({(row["task"], row["design"]) for row in rows}):
        ours, peer = best(rows, task, design)
        if ours is None:
            continue
        if peer and design.startswith("record-"):
            ahead = AHEAD if task == "solidity" else 0.0
            name = f"{task}, {TITLES[design]}: {ours['method']} less {peer['method']}"
            found.append(published.at_least(name, ours["lds"] - peer["lds"], ahead))
        if design.startswith("contribution-"):
            found.append(published.at_least(f"{task}, {TITLES[design]}: {ours['method']}", ours["lds"], CONTRIBUTIONS))
    for task in sorted({row["task"] for row in rows}):
        found += goals_of_speed(rows, task)
    for task in result["planted"]:
        found += goals_of_planted(task)
    for task in dict.fromkeys(row["task"] for row in result["precision"]):
        apart = max(row["machines"]["settlement"] for row in result["precision"] if row["task"] == task)
        name = f"{task}: a settlement's shares by two machines, parts per million apart, at most"
        found.append(published.at_most(name, apart, TOLERANCE / MARGIN))
    return found


def goals_of_speed(rows, task):
    """A query by our fastest method that scores as well as a package's best, by the first design that it was run on."""
    for package in SPEED:
        for design in ("record-halves", "record-percent"):
            of = [row for row in rows if (row["task"], row["design"], row["package"]) == (task, design, package)]
            if of:
                top = max(of, key=lambda row: row["lds"])
                fast = fastest(rows, task, design, top["lds"]) or best(rows, task, design)[0]
                name = f"{task}: a query by {fast['method']}, times as fast as {top['method']}"
                yield published.at_least(name, top["query_seconds"] / fast["query_seconds"], FASTER)
                break


def goals_of_planted(task):
    """Ours that looks at the model and finds best, and the one that looks at words."""
    by_words = [row for row in task["methods"] if row["method"] == "bm25"]
    ours = [row for row in task["methods"] if row["package"] == "openledger" and row not in by_words]
    for row in sorted(ours, key=lambda row: -row["area"])[:1]:
        yield published.at_least(f"{task['task']}, area under the curve: {row['method']}", row["area"], FOUND)
    for row in by_words:
        yield published.at_most(f"{task['task']}, area under the curve: bm25, at most", row["area"], BY_WORDS)


def fastest(rows, task, design, score):
    """Our fastest method that scores at least as well; none if none does."""
    of = [row for row in rows if (row["task"], row["design"]) == (task, design) and row["package"] == "openledger"]
    return min((row for row in of if row["lds"] >= score), key=lambda row: row["query_seconds"], default=None)


def best(rows, task, design):
    """Our best method and the others' best, by score."""
    of = [row for row in rows if (row["task"], row["design"]) == (task, design)]
    ours = [row for row in of if row["package"] == "openledger"]
    theirs = [row for row in of if row["package"] != "openledger"]
    top = lambda rows: max(rows, key=lambda row: row["lds"], default=None)  # noqa: E731
    return top(ours), top(theirs)


def tables(result):
    """The tables, as lines of Markdown."""
    found = [row for kind in ("planted", "mislabelled") for task in result[kind] for row in task["methods"]]
    packages = {row["package"]: row["version"] for row in result["rows"] + found if "version" in row}
    packages.pop("openledger", None)
    versions = ", ".join(f"{name} {version}" for name, version in ({**result["versions"], **packages}).items())
    earlier = result["earlier"]
    yield from published.head(result, versions, "goal, at least if it does not say at most")
    for task, design in dict.fromkeys((row["task"], row["design"]) for row in result["rows"]):
        of = [row for row in result["rows"] if (row["task"], row["design"]) == (task, design)]
        first = of[0]
        yield f"**{task}**, retrained on {TITLES[design]}: {first['retrains']} trainings on {first['sets']} sets"
        if first["ceiling"]:
            yield f"(at most about {first['ceiling']['lds']:.3f}, as far as other seeds tell)"
        yield from measured_earlier(earlier, PARTS["rows"](first))
        yield ""
        yield "| method | package | LDS | 95 %, queries | 95 %, retrainings | index, s | query, ms | load | memory, MiB | kept, MiB |"
        yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
        for row in of:
            bounds = ["{:.3f} to {:.3f}".format(*row[f"{over}_interval"]) for over in ("queries", "retrains")]
            costs = [
                f"{row['index_seconds']:.1f}", f"{row['query_seconds'] * 1e3:.1f}",
                f"{row['load_average']:.1f}" if "load_average" in row else "not noted",
                f"{row['peak_bytes'] / 2**20:.0f}", f"{row['index_bytes'] / 2**20:.1f}",
            ]  # fmt: skip
            yield f"| {' | '.join([named(row), row['package'], format(row['lds'], '.3f'), *bounds, *costs])} |"
        yield ""
        yield from note(of)
    for task in result["planted"]:
        yield from table_of_planted(task, earlier)
    for task in result["mislabelled"]:
        yield from table_of_mislabelled(task, earlier)
    for task in result["precision"]:
        yield from table_of_precision(task, earlier)
    yield from table_of_growth(result["growth"], earlier)
    if result["skipped"]:
        yield "**Not there:**"
        yield ""
        yield from (f"- {row['task']}: {row['method']}: {row['reason']}" for row in result["skipped"])
        yield ""
    yield "**Not measured:**"
    yield ""
    yield from (f"- {name}: {reason}" for name, reason in result["absent"].items())


def mixes_up_biases(row):
    """Whether a row is not its method's: dattri 0.3.0's EK-FAC, run on linear layers that have biases."""
    is_ekfac = row["package"] == "dattri" and row["version"] == "0.3.0" and row["method"].startswith("dattri-ekfac")
    return is_ekfac and "bias" not in row["settings"]


def named(row):
    return f"{row['method']} †" if mixes_up_biases(row) else row["method"]


def note(rows):
    """What a mark in a table means."""
    if any(map(mixes_up_biases, rows)):
        yield (
            "† not the method's own score: dattri 0.3.0 takes the gradients of a layer's weights and bias, one after the "
            "other, for a matrix that has the bias in its last column, so that its EK-FAC of layers with biases is of "
            "other vectors. `run_dattri.py` now gives such layers an input that is always 1 instead; these rows were "
            "measured before that."
        )
        yield ""


def measured_earlier(earlier, name):
    """Which run a part of the tables is of, if not of the last."""
    if name in earlier:
        run = earlier[name]
        yield f"(measured earlier: {published.run_on(run)}; openledger {run['versions']['openledger']})"


def table_of_planted(task, earlier):
    yield (
        f"**{task['task']}**, {task['queries']} facts taught by {task['planted']} of {task['records']} records each, with "
        f"{task['distractors']} distractors; a token of the answers loses {task['answers']['before']:.2f} before the "
        f"training and {task['answers']['after']:.2f} after"
    )
    yield from measured_earlier(earlier, PARTS["planted"](task))
    yield ""
    yield "| method | package | area, all records | 95 % | area, distractors | 95 % | reciprocal rank | 95 % |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    for row in task["methods"]:
        names = ("area", "beside_distractors", "reciprocal_rank")
        cells = [cell for name in names for cell in (f"{row[name]:.3f}", "{:.3f} to {:.3f}".format(*row[f"{name}_interval"]))]
        yield f"| {' | '.join([row['method'], row['package'], *cells])} |"
    yield ""


def table_of_precision(task, earlier):
    programs = "; ".join(
        f"{one['name']} ({one['queries']} queries, {one['threads']} threads{', ' + ', '.join(one['features']) if one['features'] else ''})"
        for one in task["programs"]
    )
    yield f"**{task['task']}**, shares in parts per million apart (sums of absolute differences), by {programs}"
    yield from measured_earlier(earlier, PARTS["precision"](task))
    yield ""
    yield "| between | of a query, at most | mean | of a settlement of all queries | rank correlation, least |"
    yield "|---|--:|--:|--:|--:|"
    for name, title in (("rounding", "64-bit floating point and the index"), ("machines", "two of these programs, at most")):
        row = task[name]
        ranks = f"{row['rank_correlation']:.6f}" if "rank_correlation" in row else ""
        yield f"| {title} | {row['query']:,.0f} | {row['mean']:,.1f} | {row['settlement']:,.1f} | {ranks} |"
    yield ""


def table_of_growth(growth, earlier):
    if growth["sizes"]:
        yield "**How costs grow**: EK-FAC of classifiers of digits"
        yield from measured_earlier(earlier, "growth, sizes")
        yield ""
        yield "| records | parameters | threads | method | index, s | query, ms | memory, MiB | kept, MiB |"
        yield "|--:|--:|--:|---|--:|--:|--:|--:|"
    for row in growth["sizes"]:
        about = [f"{row[name]:,}" for name in ("records", "parameters", "threads")]
        costs = [
            f"{row['index_seconds']:.2f}", f"{row['query_seconds'] * 1e3:.2f}",
            f"{row['peak_bytes'] / 2**20:.0f}", f"{row['index_bytes'] / 2**20:.1f}",
        ]  # fmt: skip
        yield f"| {' | '.join([*about, row['method'], *costs])} |"
    if growth["sizes"] and growth["contributions"]:
        yield ""
    if growth["contributions"]:
        yield "**How a job's index grows**: solidity"
        yield from measured_earlier(earlier, "growth, contributions")
        yield ""
        yield "| contributions | threads | query, ms | index, KiB a contribution |"
        yield "|--:|--:|--:|--:|"
    for row in growth["contributions"]:
        each = row["index_bytes"] / row["contributions"] / 2**10
        yield f"| {row['contributions']} | {row['threads']} | {row['query_seconds'] * 1e3:.1f} | {each:,.1f} |"
    if growth["sizes"] or growth["contributions"]:
        yield ""


def table_of_mislabelled(task, earlier):
    yield f"**{task['task']}**, {task['flipped']} of {task['records']} labels wrong"
    yield from measured_earlier(earlier, PARTS["mislabelled"](task))
    yield ""
    yield "| method | package | area | 95 % |"
    yield "|---|---|--:|--:|"
    for row in task["methods"]:
        low, high = row["area_interval"]
        yield f"| {named(row)} | {row['package']} | {row['area']:.3f} | {low:.3f} to {high:.3f} |"
    yield ""
    yield from note(task["methods"])
