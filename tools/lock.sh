#!/bin/sh
# Pins the libraries with their hashes for every platform, Python 3.11 and later, and checks that
# a wheel exists for the Pi (aarch64) on Python 3.11 and 3.13. The lock files name no index.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m venv "$tools/venv"
"$tools/venv/bin/pip" --disable-pip-version-check --quiet install uv ||
    die "uv, which pins the libraries, could not be installed; check the network."

compile() {
    "$tools/venv/bin/uv" pip compile pyproject.toml --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet "$@"
}
compile -o requirements.lock
compile --extra cloud -o requirements-cloud.lock
compile --extra cloud --group dev -o requirements-dev.lock

# pip judges the markers by this machine, so lgpio, which only a Pi installs, is checked by name.
grep -o '^lgpio==[0-9.]*' requirements.lock >"$tools/lgpio.txt"
for_the_pi() {
    version=$1
    shift
    .venv/bin/python -m pip --disable-pip-version-check --quiet install --dry-run --ignore-installed \
        --target "$tools/none" --only-binary=:all: --implementation cp --python-version "$version" \
        --platform manylinux2014_aarch64 --platform manylinux_2_27_aarch64 \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_34_aarch64 "$@" ||
        die "the pinned libraries have no wheel for a Pi with Python $version; see the name above."
}
for_the_pi 3.11 --require-hashes -r requirements-dev.lock
for_the_pi 3.13 --require-hashes -r requirements-dev.lock
for_the_pi 3.11 --no-deps -r "$tools/lgpio.txt"
say "The three lock files are new; try them with: make setup"
