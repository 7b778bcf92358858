"""Checks the book against the code.

Every link resolves and every page is in the summary. Errors, parameters, the method, storage items with their fields,
storage versions, counts, and which crate uses which, are the code's."""

import json
import math
import pathlib
import re
import sys
import tomllib
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GATEWAY = ROOT / "offchain" / "openlora" / "src"
# Of the folders, each about what lies beside it.
READMES = [*ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]
# The constructors of a refusal in the gateway, and the status that each has.
STATUSES = {
    "bad_request": 400, "field": 400, "unauthorised": 401, "payment": 402, "forbidden": 403, "not_found": 404,
    "too_slow": 408, "conflict": 409, "too_many": 429, "unavailable": 503,
}  # fmt: skip


def prose(text):
    """Without fenced code, in which nothing is a link or a heading."""
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(path):
    """The ids of a page's headings, as mdBook and GitHub make them."""
    ids = []
    for heading in re.findall(r"^#+ (.+)$", prose(path.read_text()), re.M):
        text = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
        ids.append(text.strip().replace(" ", "-"))
    return ids


def links():
    pages = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md"), *READMES]
    for page in pages:
        where = page.relative_to(ROOT)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            if not path.exists():
                yield f"{where}: {target} leads nowhere"
            elif anchor and anchor not in anchors(path):
                yield f"{where}: {target}: there is no such heading"
            elif page.is_relative_to(DOCS) and not path.is_relative_to(DOCS):
                yield f"{where}: {target} is outside of the book"


def paths():
    """Files of the repository that pages name, from its root."""
    tops = "|".join(sorted(entry.name for entry in ROOT.iterdir() if entry.is_dir() and entry.name[0] != "."))
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *READMES]
    for page in pages:
        if page.name == "CHANGELOG.md" or "decisions" in page.parts:
            # What they name was there at their time.
            continue
        for path in re.findall(rf"`((?:{tops})/[\w./-]+\.[a-z]+)`", prose(page.read_text())):
            if not (ROOT / path).exists() and not (page in READMES and (page.parent / path).exists()):
                yield f"{page.relative_to(ROOT)}: there is no {path}"
    for page in READMES:
        for path in re.findall(r"`([\w./-]+(?:/|\.rs|\.py))`", prose(page.read_text())):
            if not (ROOT / path).exists() and not next(page.parent.rglob(path), None):
                yield f"{page.relative_to(ROOT)}: there is no {path}"


def walks():
    """The files of ARCHITECTURE.md's walks: a name without a folder is of the folder that was named last."""
    text = (ROOT / "ARCHITECTURE.md").read_text().split("## Four walks")[1].split("\n## ")[0]
    folder = ROOT
    for name in re.findall(r"`([\w./-]+(?:\.rs|/))`", text):
        if "/src/" in name:
            folder = ROOT / name[: name.index("/src/") + 5]
            name = name[name.index("/src/") + 5 :]
        if not (folder / name).exists():
            yield f"ARCHITECTURE.md: a walk names {name}, which is not in {folder.relative_to(ROOT)}"


def chapters():
    """The protocol's chapters, which its first page lists."""
    listed = set(re.findall(r"\]\(protocol/([^)#]+)\)", (DOCS / "protocol.md").read_text()))
    for page in sorted({path.name for path in (DOCS / "protocol").glob("*.md")} - listed):
        yield f"docs/protocol.md does not list {page}"


def reads():
    """The functions of the runtime API, which docs/protocol/reads.md lists."""
    declared = re.findall(r"^ +fn (\w+)\(", (ROOT / "primitives/runtime-api/src/lib.rs").read_text(), re.M)
    listed = re.findall(r"^\| `(\w+)\(", (DOCS / "protocol/reads.md").read_text(), re.M)
    for name in sorted(set(declared).symmetric_difference(listed)):
        yield f"docs/protocol/reads.md and the runtime API differ in {name}"


def summary():
    listed = re.findall(r"\]\(([^)]+)\)", (DOCS / "SUMMARY.md").read_text())
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"SUMMARY.md"}
    for page in sorted(pages.symmetric_difference(listed)):
        yield f"docs/SUMMARY.md and the pages differ in {page}"
    for page in {page for page in listed if listed.count(page) > 1}:
        yield f"docs/SUMMARY.md lists {page} twice"


def table(section):
    """The cells of a section's first table, without its head."""
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def section(text, heading):
    """What stands under a heading, up to the next one."""
    parts = re.split(rf"^{heading}$", text, maxsplit=1, flags=re.M)
    return re.split(r"^#+ ", parts[1], maxsplit=1, flags=re.M)[0] if len(parts) == 2 else ""


def body(text, opening):
    """The block in braces after `opening`; nothing if it is not there."""
    _, found, rest = text.partition(opening)
    if not found:
        return ""
    start = rest.index("{")
    depth = 0
    for at in range(start, len(rest)):
        depth += {"{": 1, "}": -1}.get(rest[at], 0)
        if depth == 0:
            return rest[start + 1 : at]
    raise ValueError(f"{opening} does not end")


def same(where, page, code):
    """What only the page has, and what only the code has."""
    for name in sorted(page - code):
        yield f"docs/errors.md, {where}: {name} is not in the code"
    for name in sorted(code - page):
        yield f"docs/errors.md, {where}: {name} is missing"


def chain():
    text = (DOCS / "errors.md").read_text()
    for source in sorted(ROOT.glob("pallets/*/src/lib.rs")):
        name = source.parents[1].name
        code = source.read_text()
        errors = set(re.findall(r"^\s*([A-Z]\w+),", body(code, "#[pallet::error]"), re.M))
        calls = set(re.findall(r"pub fn (\w+)\(\s*origin: ", code))
        if not errors:
            continue
        rows = table(section(text, f"### {name}"))
        yield from same(name, {row[0].strip("`") for row in rows}, errors)
        for row in rows:
            for call in re.findall(r"`(\w+)`", row[1]):
                if call not in calls:
                    yield f"docs/errors.md, {name}: {row[0]} names {call}, which is no call"


def gateway():
    found = set()
    for path in GATEWAY.rglob("*.rs"):
        code = path.read_text().split("#[cfg(test)]")[0]
        for made, name in re.findall(r'(?:Refusal|Self)::(\w+)\(\s*"(\w+)"', code):
            found.add((name, STATUSES[made]))
        # What checks vouchers refuses by a closure of its own.
        for name in re.findall(r'return refuse\(\s*"(\w+)",', code):
            found.add((name, STATUSES["payment"]))
        # The refusals with one code only, and what other errors become.
        for status, name in re.findall(r'StatusCode::(\w+), "\w+", "(\w+)"', code):
            number = {"INTERNAL_SERVER_ERROR": 500}[status]
            found.add((name, number))
        for status, name in re.findall(r'StatusCode::(\w+);\s*Self::new\(status, "\w+", "(\w+)"', code):
            number = {
                "METHOD_NOT_ALLOWED": 405, "PAYLOAD_TOO_LARGE": 413, "UNSUPPORTED_MEDIA_TYPE": 415,
                "MISDIRECTED_REQUEST": 421,
            }[status]  # fmt: skip
            found.add((name, number))
        for name in re.findall(r'=>\s*"(\w+_\w+)",', code):
            found.add((name, STATUSES["unavailable"]))
    rows = table(section((DOCS / "errors.md").read_text(), "## The gateway"))
    shown = {(row[0].strip("`"), int(status)) for row in rows for status in row[1].split(",")}
    yield from same("the gateway", *({f"{name} ({status})" for name, status in pairs} for pairs in (shown, found)))
    # Every way to make a refusal is one of those that are read here.
    refusal = (GATEWAY / "refusal.rs").read_text().split("#[cfg(test)]")[0]
    constants = {"other_method", "too_large", "other_encoding", "misdirected", "busy", "internal"}
    known = set(STATUSES) | constants | {"new", "short", "code", "message", "param", "required", "short", "from", "into_response"}
    for name in sorted(set(re.findall(r"fn (\w+)\(", refusal)) - known):
        yield f"{__file__}: refusal.rs has {name}, which is not read here"


def value(text):
    """What a constant of the runtime is worth: a number, of OPEN where it is an amount, of blocks where a time."""
    words = {"UNIT": 1, "MILLI": Fraction(1, 1000), "MINUTES": 30, "HOURS": 1_800, "DAYS": 43_200}
    factors = re.findall(r"[\w]+", text)
    try:
        return math.prod(words[f] if f in words else int(f) for f in factors)
    except ValueError:
        return None


def numbers(text):
    return {Fraction(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def parameters():
    runtime = ROOT / "runtime"
    tuned = (runtime / "common" / "src" / "params.rs").read_text()
    found = {name: value(text) for name, text in re.findall(r"pub static (\w+): \w+ = (.+);", tuned)}
    parts = body((ROOT / "primitives" / "src" / "split.rs").read_text(), "DEFAULT: Self = Self")
    product = (runtime / "common" / "src" / "product.rs").read_text()
    for name, text in re.findall(r"pub const (\w+): (?:Balance|BlockNumber|Ppm|u32) = (.+);", product):
        if "(" not in text:
            found[name] = value(text)
    origins = (runtime / "solo" / "src" / "governance" / "origins.rs").read_text()
    decides = {
        name: re.search(rf"pub type {alias} = Ensure(\w+)", origins)[1]
        for name, alias in (("AppealOrigin", "Appeals"), ("GovernanceOrigin", "EmissionWeights"))
    }
    text = (DOCS / "protocol" / "parameters.md").read_text()
    for heading in ("## What governance tunes", "## What the runtime fixes"):
        for row in table(section(text, heading)):
            for name in re.findall(r"`(\w+)`", row[0]):
                if name == "Split":
                    right = numbers(row[1]) == numbers(parts.replace("_", ""))
                elif name == "Methods":
                    right = "method::DEFAULT" in tuned  # What that says, `method` compares.
                elif name == "TreasuryPart":
                    right = f"from_percent({int(min(numbers(row[1])))})" in tuned
                elif name.endswith("Origin"):
                    right = decides.get(name) == row[1]
                else:
                    right = found.get(name) in numbers(row[1])
                if not right:
                    yield f"docs/protocol/parameters.md: {name} is {found.get(name)} in the code"
    for name in set(re.findall(r"pub static (\w+):", tuned)) - set(re.findall(r"`(\w+)`", text)):
        yield f"docs/protocol/parameters.md: {name} is missing"


def method():
    """The table of the default method's parameters, and its JSON."""
    source = (ROOT / "primitives" / "src" / "method.rs").read_text()
    default = json.loads("".join(re.findall(r'r#"(.*)"#', source)))
    text = (DOCS / "protocol" / "method.md").read_text()
    rows = {re.findall(r"`(\w+)`", row[0])[0]: row[1] for row in table(text)}
    said = {"code": f"`{default.pop('code')}`" in text}
    for name, value in default.items():
        values = list(value.values()) if isinstance(value, dict) else [value]
        row = rows.get(name, "")
        said[name] = all(f"`{one}`" in row if isinstance(one, str) else one in numbers(row) for one in values)
    for name, is_said in said.items():
        if not is_said:
            yield f"docs/protocol/method.md: {name} is not that of primitives/src/method.rs"


# The pallets that are the product's: those with storage of their own.
PALLETS = sorted(path.parents[1].name for path in ROOT.glob("pallets/*/src/lib.rs") if "#[pallet::pallet]" in path.read_text())
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def code_of(pallet):
    """All of a pallet's own code, without its tests."""
    paths = sorted((ROOT / "pallets" / pallet / "src").rglob("*.rs"))
    return "\n".join(path.read_text() for path in paths if "tests" not in path.parts)


def split_top(text):
    """Parts between the commas that are in no bracket."""
    parts, depth, last = [""], 0, ""
    for letter in text:
        depth += (letter in "<([{") - (letter in ")]}") - (letter == ">" and last != "-")
        last = letter
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def items_of(pallet):
    """The storage items of a pallet, each with the name of the type that is its value."""
    found = {}
    code = code_of(pallet)
    for name, rest in re.findall(r"#\[pallet::storage\](?:\s*#\[[^\]]*\])*\s*pub type (\w+)<[^>]*> =\s*(Storage\w+<.*?>);", code, re.S):
        kinds = split_top(rest[rest.index("<") + 1 : -1])
        value = [kind for kind in kinds if not re.match(r"(Option|Value)Query|Get|Default", kind)][-1]
        found[name] = value
    return found


def fields_of(value, code):
    """The names of the fields of a value's type; nothing if it is no struct with names."""
    name = re.split(r"[<:]", value.replace("super::", "").strip())[0].strip()
    alias = re.search(rf"type {name}(?:<[^=]*>)? =\s*(\w+)", code)
    if alias:
        name = alias.group(1)
    return re.findall(r"^\s*pub (\w+):", body(code, f"pub struct {name}"), re.M) if re.search(rf"pub struct {name}\b", code) else []


def storage():
    """Storage items and their fields, in each pallet's chapter."""
    primitives = "\n".join(path.read_text() for path in sorted((ROOT / "primitives" / "src").rglob("*.rs")))
    for pallet in PALLETS:
        where = f"docs/protocol/{pallet}.md"
        text = section((ROOT / where).read_text(), "## Storage")
        spans = re.findall(r"`([^`]+)`", text)
        said = {}
        for span in spans:
            for name, shape in re.findall(r"\b([A-Z]\w+)(?:: ([^`]*))?", span) if ":" not in span else [span.split(": ", 1)]:
                said.setdefault(name, shape)
            # Several items between the same marks: "A: x → {…}, B: y".
            for name in re.findall(r"(?:^|, )([A-Z]\w+): ", span):
                said.setdefault(name, None)
        code = code_of(pallet) + primitives
        found = items_of(pallet)
        for name in sorted(set(found) - set(said)):
            yield f"{where}: the storage item {name} is missing"
        for name, value in found.items():
            shown = re.search(r"→ \{(.*)\}$", said.get(name) or "")
            if not shown:
                continue
            names = [re.split(r"[:?{ ]", part)[0] for part in split_top(shown.group(1))]
            right = fields_of(value, code)
            if right and names != right:
                yield f"{where}: {name} has the fields {', '.join(right)}, not {', '.join(names)}"


def versions():
    """The table of storage versions."""
    rows = table(section((DOCS / "protocol.md").read_text(), "## Storage versions"))
    said = {row[0].strip("`"): row[1] for row in rows}
    for pallet in PALLETS:
        version = re.search(r"StorageVersion::new\((\d+)\)", code_of(pallet))
        if not version or said.get(pallet) != version.group(1):
            number = version.group(1) if version else "none"
            yield f"docs/protocol.md, Storage versions: {pallet} is {said.get(pallet)}, in the code {number}"


def weights():
    """Every pallet of the runtime has weights that were measured for it, all in the same way."""
    folder = ROOT / "runtime" / "solo" / "src" / "weights"
    for path in sorted((ROOT / "runtime").rglob("*.rs")):
        if re.search(r"WeightInfo = \(\);", path.read_text()):
            yield f"{path.relative_to(ROOT)}: a pallet without weights"
    for path in [*folder.glob("*_*.rs"), *ROOT.glob("pallets/*/src/weights.rs")]:
        if "Steps: 50, repeats: 20" not in path.read_text():
            yield f"{path.relative_to(ROOT)}: expected weights of 50 steps and 20 repeats, by scripts/weights"


def counts():
    """Numbers of things that can be counted in the code."""
    number = len(PALLETS)
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for word in re.findall(r"\b(\w+) (?:product pallets|pallets of the product)", page.read_text()):
            if word.lower() in WORDS and WORDS.index(word.lower()) != number:
                yield f"{page.relative_to(ROOT)}: {word} product pallets: there are {number}"



def arrows():
    """Who may use whom: the table of ARCHITECTURE.md against the manifests."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = table(section(text, "## Who may use whom"))
    folders = {row[0].strip("`"): row[1].strip("`/") for row in rows}
    groups = {
        "pallets": {name for name in folders if name.startswith("pallet-")},
        "pallets above": {name for name in folders if name.startswith("pallet-")} - {"pallet-attribution"},
        "off the chain": {name for name, folder in folders.items() if folder.startswith(("offchain/", "primitives"))},
    }
    for name, folder in folders.items():
        said = next(row[3] for row in rows if row[0].strip("`") == name)
        allowed = {other for other in folders if re.split("openledger-|pallet-", other)[1] in re.split(r", | and ", said)}
        for words, group in groups.items():
            allowed |= group if re.search(rf"\b{words}\b", said) else set()
        if "primitives" in said:
            allowed.add("openledger-runtime-api")
        manifest = tomllib.loads((ROOT / folder / "Cargo.toml").read_text())
        used = set(manifest.get("dependencies", {})) & set(folders)
        for other in sorted(used - allowed):
            yield f"ARCHITECTURE.md: {name} uses {other}, which it may not"


problems = [*links(), *summary(), *chain(), *gateway(), *parameters(), *method(), *storage(), *versions(), *weights(), *counts(), *arrows(), *paths(), *walks(), *chapters(), *reads()]
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
