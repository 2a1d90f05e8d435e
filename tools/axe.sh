#!/bin/sh
# Makes sure that axe-core is there, with which the tests look for what hinders people on the page.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

folder=tests/webui/axe
if ! cmp -s $folder/package-lock.json $folder/node_modules/.ready; then
    command -v npm >/dev/null 2>&1 || need_apt "npm, which brings axe-core for the page's tests," npm
    say "fetching axe-core into $folder"
    (cd $folder && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
        die "axe-core could not be fetched; look at npm's message above and run the tests again."
    cp $folder/package-lock.json $folder/node_modules/.ready
fi
