"""From rows to goals, and the tables in docs/results/adversary.md."""

import published

# No attack is to pay more, of what honesty does.
MOST = 1.10
DEFENCES = {
    "duplicates": "duplicates count once",
    "self-influence": "self-influence",
    "floor": "the floor",
    "gate": "a hold-out gate, which is not in use",
}


def goals(rows):
    """One for each attack on all defences."""
    return [published.at_most(row["attack"], row["multiplier"], MOST) for row in rows if row["without"] == "nothing"]


def relative(rows, task):
    """Of each method that `bench/attribution` measured with self-influence and without, what it scores."""
    scores = {(row["design"], row["method"]): row["lds"] for row in rows if row["task"] == task}
    return [
        {"design": design, "method": method, "without": lds, "with": scores[design, f"{method}-relative"]}
        for (design, method), lds in sorted(scores.items())
        if (design, f"{method}-relative") in scores
    ]


def tables(result):
    """The tables, as lines of Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    yield from published.head(result, versions, "goal, at most")
    yield from noise(result)
    yield (
        "| attack | what attackers do | against it | records, used | honest, ppm | attack, ppm | multiplier | each attacker's "
        "| with a gate |"
    )
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|"
    for row in result["rows"]:
        if row["without"] == "nothing":
            cells = [row["attack"], row["description"], "; ".join(row["defences"]), *pay(row), f"{row['multiplier_with_gate']:.3f}"]
            yield f"| {' | '.join(cells)} |"
    yield ""
    off = [row for row in result["rows"] if row["without"] != "nothing"]
    if off:
        yield "One defence switched off:"
        yield ""
        yield "| attack | without | records, used | honest, ppm | attack, ppm | multiplier | each attacker's |"
        yield "|---|---|--:|--:|--:|--:|--:|"
        for row in off:
            yield f"| {' | '.join([row['attack'], DEFENCES[row['without']], *pay(row)])} |"
        yield ""
    yield from costs(result)
    if result["missing"]:
        yield f"**Not measured yet:** {', '.join(result['missing'])}."
        yield ""


def noise(result):
    """How far 1.00 itself moves."""
    found = result["noise"]
    each = [multiplier for training in found["each"] for multiplier in training]
    attackers = ", ".join(f"{of['contribution']} ({of['honest_ppm']:,.0f} ppm)" for of in result["attackers"])
    victims = ", ".join(f"{of['contribution']} ({of['honest_ppm']:,.0f} ppm)" for of in result["victims"])
    yield f"Attackers: contributions {attackers}. Popular ones: {victims}."
    yield ""
    if found["trainings"] > 1:
        yield (
            f"**Noise floor.** {found['trainings']} honest trainings with different seeds: the attackers together earn "
            f"{min(found['together']):.3f} to {max(found['together']):.3f} of their mean, each of them "
            f"{min(each):.3f} to {max(each):.3f} of its own."
        )
        yield ""


def pay(row):
    """Cells that all rows have."""
    each = sorted(row["each"])
    spread = f"{each[0]:.3f} to {each[-1]:.3f}" if len(each) > 1 else "alone"
    return [
        f"{row['records']}, {row['records_used']}",
        f"{row['honest_ppm']:,.0f}",
        f"{row['attack_ppm']:,.0f}",
        f"**{row['multiplier']:.3f}**",
        spread,
    ]


def costs(result):
    """What defences do to those who behave."""
    found = result["costs"]
    yield "| defence | what it does to those who behave |"
    yield "|---|---|"
    for name, title in DEFENCES.items():
        said = [says(result, cost, value) for cost, value in found.get(name, {}).items() if value != []]
        yield f"| {title} | {'; '.join(said) or 'not measured'} |"
    yield ""


def says(result, cost, value):
    """One cost, in words."""
    if cost == "records_lost":
        return f"{value} of {result['records']} records are left out"
    if cost == "moved_ppm":
        return f"{value:,.0f} ppm of all pay go to others than without it"
    scores = [f"{of['with']:.3f} with, {of['without']:.3f} without ({of['method']}, {of['design']})" for of in value]
    return f"linear datamodeling score {', '.join(scores)}"
