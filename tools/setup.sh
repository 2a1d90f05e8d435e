#!/bin/sh
# Makes .venv with the `counterscan` command in it, from the pinned and hashed libraries.
#
#   tools/setup.sh            use a Python that works, installing what is missing through apt
#   PYTHON=/path/to/python3   use this one
#
# Run it through `make setup`, which does nothing when everything is up to date.
set -eu
cd "$(dirname "$0")/.."
. tools/apt.sh

# A name on the PATH proves nothing (version managers leave names behind that only fail): run it.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

can_make_venv() {
    fits "$1" && "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'
}

on_a_pi() {
    grep -qsi 'raspberry pi' /proc/device-tree/model
}

candidates() {
    if [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON"
    elif on_a_pi; then
        # picamera2 and lgpio belong to the system's Python alone.
        echo /usr/bin/python3
    else
        echo python3.13 python3.11 python3.12 python3 /usr/bin/python3
    fi
}

choose_python() {
    first_that_fits=""
    for candidate in $(candidates); do
        if can_make_venv "$candidate"; then
            python=$candidate
            return
        fi
        if [ -z "$first_that_fits" ] && fits "$candidate"; then
            first_that_fits=$candidate
        fi
    done
    if [ -n "$first_that_fits" ]; then
        need_apt "Python's venv module" "python$(version_of "$first_that_fits")-venv"
        python=$first_that_fits
    elif [ -n "${PYTHON:-}" ]; then
        die "PYTHON=$PYTHON does not run, or is not Python 3.11 to 3.13; name one that is."
    else
        need_apt "Python 3.11 or later" python3 python3-venv
        python=/usr/bin/python3
    fi
    can_make_venv "$python" ||
        die "$python can't make virtual environments or is not Python 3.11 to 3.13; set PYTHON to one that is and can."
}

venv_is_usable() {
    [ -x .venv/bin/python ] && fits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 || return 1
    [ -z "${PYTHON:-}" ] || [ "$(version_of .venv/bin/python)" = "$(version_of "$PYTHON")" ]
}

system_packages=""
if on_a_pi; then
    system_packages="--system-site-packages"
    for module in picamera2 lgpio; do
        /usr/bin/python3 -c "import $module" >/dev/null 2>&1 || need_apt "$module" "python3-$module"
    done
fi

if ! venv_is_usable; then
    python=""
    choose_python
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv $system_packages .venv ||
        die "the virtual environment could not be made; look at the message above."
fi

say "installing the pinned libraries into .venv (about 150 MB to fetch the first time)"
pip=".venv/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --require-hashes -r requirements-dev.lock ||
    die "the libraries could not be installed; check the network and free disk space, then run make setup again."
$pip install --no-deps --no-build-isolation --editable . ||
    die "counterscan itself could not be installed into .venv; look at the message above."
touch .venv/.ready
say "ready: .venv/bin/counterscan"
