# Sourced by the other scripts here: `need_apt WHY PACKAGE…` installs Debian packages, says so first,
# and says what to do by hand when it can't.

say() { printf 'counterscan: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

need_apt() {
    why=$1
    shift
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        as_root="sudo"
    fi
    command -v apt-get >/dev/null 2>&1 ||
        die "$why is missing and there is no apt-get here; install $* with this system's package manager, then run the command again."
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null 2>&1; then
        die "$why is missing and there is no sudo; as root, run: apt-get install $*"
    fi
    say "$why is missing; installing it with: ${as_root:+sudo }apt-get install $*"
    # A stale or unreachable list must not stop an install that the cached list can serve.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
        say "the package lists could not be refreshed; going on with the ones that are here."
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2 ||
        die "apt-get could not install $*; look at its message above, then run the command again."
}
