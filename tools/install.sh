#!/bin/sh
# Makes this machine a scanner that starts by itself, or brings it up to date after a `git pull`.
#
#   sudo tools/install.sh                  user, folders, units, the `counterscan` command; then starts
#   sudo tools/install.sh remove           takes these away again; the log, packs and settings stay
#   DESTDIR=ROOT tools/install.sh          lays the files under ROOT and starts nothing
#
# Run it through `sudo make install` and `sudo make uninstall`; docs/INSTALL.md tells the rest.
set -eu
cd "$(dirname "$0")/.."
UNITS="counterscan-feed.service counterscan-web.service counterscan-sync.service"
. tools/apt.sh
. tools/appliance.sh

case ${1:-} in
remove)
    must_be_able uninstall run
    take_away systemd/counterscan.tmpfiles systemd/*.service
    say "removed; $ROOT/var/lib/counterscan and $ROOT/etc/counterscan stay."
    ;;
"")
    must_be_able install run
    [ -n "$ROOT" ] || set_up
    lay systemd/counterscan.tmpfiles systemd/*.service
    [ -z "$ROOT" ] || exit 0
    systemctl daemon-reload
    systemctl restart $UNITS
    say "the scanner runs. What is missing here, and the code that pairs the page, is told by: counterscan doctor"
    port=$("$COMMAND" --show-config | sed -n '/^\[web\]/,/^\[/s/^port = \([0-9]*\).*/\1/p')
    say "the page: http://$(hostname).local:$port"
    ;;
*) die "say nothing, or remove" ;;
esac
