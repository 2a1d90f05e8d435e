#!/bin/sh
# Makes sure there is a Chromium for the tests that use the page as a person would.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1; then
    need_apt "Chromium, which the page's tests need," chromium chromium-driver
fi
