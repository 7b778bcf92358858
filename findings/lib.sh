# shellcheck shell=bash
# Sourced by every finding: a temporary folder, packages of fixed versions in it, and the comparison.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# python_with PACKAGE==VERSION...: a Python of its own that has these packages. PyTorch is the one for CPUs.
python_with() {
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# expect SEEN, with what is printed now on standard input: fails where they differ.
expect() {
    local now
    now=$(cat)
    if [ "$now" = "$1" ]; then
        printf 'as it was seen:\n%s\n' "$now"
    else
        printf 'the behaviour has changed.\nseen before:\n%s\nseen now:\n%s\n' "$1" "$now" >&2
        exit 1
    fi
}
