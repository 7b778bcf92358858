"""Text of what packages of this machine contain, and texts to trace in it."""

import hashlib
import itertools
import os
import pathlib
import random
import site
import sysconfig

# Of which files: documentation and sources.
SUFFIXES = {"", ".c", ".h", ".html", ".js", ".md", ".py", ".rs", ".rst", ".toml", ".txt"}
MAX_FILE = 512 * 1024
MIN_FILE = 200
# One file in so many is kept out of the index.
HELD_OUT = 40


def roots():
    """Where packages lie, and how many folders below is one package."""
    cargo = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    python = {sysconfig.get_path("stdlib"), *site.getsitepackages()}
    return [
        ("documentation", [pathlib.Path("/usr/share/doc")], 1),
        ("Python packages", [pathlib.Path(path) for path in sorted(python)], 1),
        ("crates", [cargo / "registry" / "src"], 2),
    ]


def files(root):
    """Readable text files below a folder, in order."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.suffix not in SUFFIXES or path.is_symlink() or not path.is_file():
                continue
            if not MIN_FILE <= path.stat().st_size <= MAX_FILE:
                continue
            try:
                yield path, path.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError):
                continue


def collect(target):
    """Packages with the texts of their files, all different, of `target` bytes together; texts held out; what from
    where."""
    seen, packages, held, sizes = set(), {}, [], {}
    kinds = roots()
    for number, (kind, folders, depth) in enumerate(kinds):
        # The last kind, of which there is most, fills up what the others leave.
        limit = target - sum(sizes.values()) if number == len(kinds) - 1 else target // len(kinds)
        size = 0
        for path, text in itertools.chain.from_iterable(map(files, (f for f in folders if f.is_dir()))):
            digest = hashlib.sha256(text.encode()).digest()
            if digest in seen or "\0" in text:
                continue
            seen.add(digest)
            if digest[0] % HELD_OUT == 0:
                held.append(text)
                continue
            root = next(folder for folder in folders if path.is_relative_to(folder))
            package = (kind, *path.relative_to(root).parts[:depth])
            packages.setdefault(package, []).append(text)
            size += len(text.encode())
            if size >= limit:
                break
        sizes[kind] = size
    return packages, held, sizes


def texts(records, held, count, length, first):
    """Token lists of `length`: every other one is held-out text, the others are held-out text into which pieces of
    records were put. All begin with the token `first`, at which a word may begin."""
    draw = random.Random(0)
    held = [tokens for tokens in held if len(tokens) > 2 * length]
    records = [tokens for tokens in records if len(tokens) > 2 * length]

    def piece(source, size):
        start = draw.randrange(len(source) - size)
        return source[start : start + size].tolist()

    found = []
    for number in range(count):
        tokens = [first]
        while len(tokens) < length:
            tokens.extend(piece(draw.choice(held), draw.randrange(40, 160)))
            if number % 2:
                tokens.extend(piece(draw.choice(records), draw.randrange(20, 120)))
        found.append(tokens[:length])
    return found
