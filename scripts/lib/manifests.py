"""Checks the manifests: versions only in the workspace's, every `std` feature complete, and every package that a
profile names there."""

import pathlib
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(path):
    with open(path, "rb") as file:
        return tomllib.load(file)


def problems():
    workspace = load(ROOT / "Cargo.toml")["workspace"]
    shared = workspace["dependencies"]
    used = set()
    members = sorted(
        path
        for pattern in workspace["members"]
        for path in ROOT.glob(f"{pattern}/Cargo.toml")
    )
    for path in members:
        manifest = load(path)
        where = path.relative_to(ROOT)
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, spec in manifest.get(kind, {}).items():
                used.add(name)
                if not (isinstance(spec, dict) and spec.get("workspace")):
                    yield f"{where}: {name} in [{kind}] names its own version; use the workspace's"
                elif name not in shared:
                    yield f"{where}: {name} is not in [workspace.dependencies]"
        features = manifest.get("features", {})
        if "std" not in features:
            continue
        std = set(features["std"])
        for name, spec in manifest.get("dependencies", {}).items():
            entry = shared.get(name)
            if not isinstance(entry, dict) or entry.get("default-features", True):
                continue
            if isinstance(spec, dict) and spec.get("optional"):
                wanted = {f"{name}?/std", f"{name}/std", f"dep:{name}"}
            else:
                wanted = {f"{name}/std"}
            if not wanted & std:
                yield f"{where}: the feature std does not turn on {name}/std"
    locked = {package["name"] for package in load(ROOT / "Cargo.lock")["package"]}
    for path in (ROOT / "Cargo.toml", ROOT / ".cargo" / "config.toml"):
        for profile, settings in load(path).get("profile", {}).items():
            for name in sorted(set(settings.get("package", {})) - locked - {"*"}):
                yield f"{path.relative_to(ROOT)}: the profile {profile} names {name}, which is not in Cargo.lock"
    for name in sorted(set(shared) - used):
        yield f"Cargo.toml: nothing uses the workspace dependency {name}"


found = list(problems())
for problem in found:
    print(problem, file=sys.stderr)
sys.exit(1 if found else 0)
