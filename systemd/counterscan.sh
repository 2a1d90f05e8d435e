#!/bin/sh
# `counterscan` as the user of the services and on their data, whoever calls it.
set -eu
case ${1:-} in
cloud) data=/var/lib/counterscan-cloud ;;
*) data=/var/lib/counterscan ;;
esac
# Its own home: the caller's it may not read.
set -- env HOME=/var/lib/counterscan "COUNTERSCAN_DATA_DIR=$data" /opt/counterscan/.venv/bin/counterscan "$@"
if [ "$(id -un)" = counterscan ]; then
    exec "$@"
elif [ "$(id -u)" -eq 0 ]; then
    exec runuser -u counterscan -- "$@"
fi
exec sudo -u counterscan "$@"
