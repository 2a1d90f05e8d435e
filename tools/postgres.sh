#!/bin/sh
# Makes sure there is a PostgreSQL for the tests of the cloud. Debian's package also starts a server
# of its own where there is systemd; the tests use none but theirs.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null 2>&1; then
    need_apt "PostgreSQL, which the tests of the cloud need," postgresql
fi
