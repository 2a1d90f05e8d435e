# Sourced by install.sh and install_cloud.sh: what laying a service on a machine has in common.
#
# Before it: `. tools/apt.sh`, and UNITS, the names of the units to be enabled. DESTDIR=ROOT lays the
# files under ROOT, and sets up and starts nothing.

HOME_OF_IT=/opt/counterscan # the units name it
ROOT=${DESTDIR:-}
COMMAND=$ROOT/usr/local/bin/counterscan
USERS=$ROOT/etc/sysusers.d/counterscan.conf

must_be_able() {
    [ "$(id -u)" -eq 0 ] || die "this needs root: sudo make $1"
    command -v systemctl >/dev/null 2>&1 ||
        die "there is no systemd here, which starts the services; without it: make setup, then .venv/bin/counterscan $2"
    [ -n "$ROOT" ] || [ "$(pwd -P)" = "$HOME_OF_IT" ] ||
        die "the services run from $HOME_OF_IT: sudo git clone $(pwd -P) $HOME_OF_IT, then: sudo make -C $HOME_OF_IT $1"
}

set_up() {
    # The services see no home folders, so a Python that lies in one would not start there.
    make --no-print-directory setup PYTHON="${PYTHON:-/usr/bin/python3}"
    python=$(readlink -f .venv/bin/python)
    case $python in
    /home/* | /root/*) die "the services can't run $python; remove .venv, then call this again with PYTHON=/usr/bin/python3" ;;
    esac
    # The services may not write here: without these every start would compile all of it again.
    .venv/bin/python -m compileall -q scanner firmware webui sync
}

# lay FOLDERS UNIT…: the user, the folders that the file FOLDERS declares, the command and the units.
lay() {
    folders=$ROOT/etc/tmpfiles.d/$(basename "$1" .tmpfiles).conf
    install -D -m 644 systemd/counterscan.sysusers "$USERS"
    install -D -m 644 "$1" "$folders"
    install -D -m 755 systemd/counterscan.sh "$COMMAND"
    shift
    for unit in "$@"; do
        install -D -m 644 "$unit" "$ROOT/etc/systemd/system/$(basename "$unit")"
    done
    systemd-sysusers --root="$ROOT/" "$USERS"
    systemd-tmpfiles --root="$ROOT/" --create "$folders"
    systemctl --root="$ROOT/" --quiet enable $UNITS
}

# take_away FOLDERS UNIT…: the same, backwards; the user and what is in the folders stay.
take_away() {
    rm -f "$ROOT/etc/tmpfiles.d/$(basename "$1" .tmpfiles).conf"
    shift
    for path in "$@"; do
        unit=$(basename "$path")
        # Of a template (name@.service) whatever was made runs.
        [ -n "$ROOT" ] || systemctl stop "$(echo "$unit" | sed 's/@\./@*./')"
        systemctl --root="$ROOT/" --quiet disable "$unit" 2>/dev/null || true
        rm -f "$ROOT/etc/systemd/system/$unit"
    done
    # A scanner and a cloud on one machine share these.
    if [ -z "$(find "$ROOT/etc/systemd/system" -maxdepth 1 -name 'counterscan-*')" ]; then
        rm -f "$COMMAND" "$USERS"
    fi
    [ -n "$ROOT" ] || systemctl daemon-reload
}
