#!/bin/sh
# Makes sure there is a Mosquitto for the tests of the exchange with the cloud.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

PATH=$PATH:/usr/sbin
if ! command -v mosquitto >/dev/null 2>&1; then
    need_apt "Mosquitto, which the tests of the exchange with the cloud need," mosquitto
fi
