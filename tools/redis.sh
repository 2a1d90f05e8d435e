#!/bin/sh
# Makes sure there is a Redis for the tests of the cloud's jobs.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

if ! command -v redis-server >/dev/null 2>&1; then
    need_apt "Redis, which the tests of the cloud's jobs need," redis-server
fi
