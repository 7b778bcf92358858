# shellcheck shell=bash
# Sourced by every script: where things are, and how to say things.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/openledger
# Outlives a clone, so that dependencies are compiled once.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
# The checking tools of scripts/lib/tools.txt lie in an environment of Python; whatever else has their names
# comes first.
export PATH="$HOME/.cargo/bin:$PATH:$cache/tools/bin"
# The wasm target's toolchain, where it is not rustup's own (see scripts/lib/wasm-target).
if [ -f "$cache/wasm-toolchain" ]; then
    WASM_BUILD_TOOLCHAIN=$(cat "$cache/wasm-toolchain")
    export WASM_BUILD_TOOLCHAIN
fi

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
# own_target [DIRECTORY]: before a build. Cargo tells by their times alone whether sources are newer than
# what was built; where another checkout built there last, everything of this one has to be the newer.
own_target() {
    local target=${1:-$CARGO_TARGET_DIR}
    [ "$(cat "$target/.checkout" 2>/dev/null)" != "$root" ] || return 0
    mkdir -p "$target"
    (cd "$root" && git ls-files -z 2>/dev/null | xargs -0 touch -c) || true
    echo "$root" >"$target/.checkout"
}
have() { command -v "$1" >/dev/null 2>&1; }

# The toolchain that rust-toolchain.toml names. Where rustup lacks it, but has the same version under another
# name (as `stable`), that one serves, so that nothing needs to be downloaded.
pinned=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && have rustup && ! rustup toolchain list | grep -q "^$pinned"; then
    for name in $(rustup toolchain list | cut -d' ' -f1); do
        case $(rustup run "$name" rustc --version 2>/dev/null) in
        "rustc $pinned "*) export RUSTUP_TOOLCHAIN=$name ;;
        esac
    done
fi
# Whether there is a cargo with everything that rust-toolchain.toml wants but the wasm target.
rust_ready() { (cd "$root" && cargo --version && cargo clippy --version && cargo fmt --version) >/dev/null 2>&1; }
# Whether the tools of scripts/lib/tools.txt, and what the benchmarks' tests import, are there.
tools_ready() { cat "$root/scripts/lib/tools.txt" "$root/bench/requirements.txt" | cmp -s - "$cache/tools/.installed"; }

# Debian packages that building, running and testing need.
apt_packages=(protobuf-compiler clang libclang-dev lld cmake binaryen pkg-config libssl-dev build-essential curl git python3 python3-venv nodejs npm)
apt_missing() {
    local package
    for package in "${apt_packages[@]}"; do
        case $package in
        # Any Node and npm will do, Debian's or not.
        nodejs) have node && continue ;;
        npm) have npm && continue ;;
        python3) have python3 && continue ;;
        python3-venv) python3 -c 'import ensurepip' 2>/dev/null && continue ;;
        esac
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}
apt_install() {
    have apt-get || fail "these are missing, and this is no Debian: $*"
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    say "installing $*"
    "${sudo[@]}" apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -q --no-install-recommends "$@" >/dev/null
}
wasm_target_ready() {
    [ -n "${WASM_BUILD_TOOLCHAIN:-}" ] ||
        (cd "$root" && rustup target list --installed 2>/dev/null) | grep -qx wasm32v1-none
}
