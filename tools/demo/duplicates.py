"""Records that two contributions have: what a proof of a duplicate is made from."""


def hashes(cli, contributions):
    """Id → hashes of the records of published contributions, as anybody can read them."""
    return {
        entry["id"]: [
            record["hash"]
            for record in cli("records", "show", entry["content"], "--limit", entry["records"])["records"]
        ]
        for entry in contributions
    }


def repeats(contributions):
    """(earlier, later) for each contribution that has a record of one before it: of the first that it repeats, and of
    none that is a repetition itself. `contributions`: id → hashes of its records."""
    had, pairs = {}, []
    for later in sorted(contributions):
        earlier = min((had[record] for record in contributions[later] if record in had), default=None)
        if earlier is None:
            had |= {record: later for record in contributions[later]}
        else:
            pairs.append((earlier, later))
    return pairs
