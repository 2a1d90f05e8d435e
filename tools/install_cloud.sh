#!/bin/sh
# Makes this machine the smallest cloud: Mosquitto, and one service that keeps all in SQLite.
#
#   sudo tools/install_cloud.sh cloud.example      the name by which devices find it
#   sudo tools/install_cloud.sh remove             takes it away again; data, settings and broker stay
#
# Files of the settings that are there already stay as they are. Run it through
# `sudo make install-cloud ADDRESS=cloud.example`; docs/SYNC.md tells the rest.
set -eu
cd "$(dirname "$0")/.."
UNITS="counterscan-cloud.service counterscan-cloud-broker.path"
. tools/apt.sh
. tools/appliance.sh

BROKER=$ROOT/etc/mosquitto
PASSWORDS=$BROKER/counterscan/passwords
SETTINGS=$ROOT/etc/counterscan/cloud.toml

# The cloud's own password at the broker is made here, and stands in two files that few may read.
make_password() {
    password=$(od -An -N 24 -t x1 /dev/urandom | tr -d ' \n')
    hashed=$(mktemp)
    printf 'cloud:%s\n' "$password" >"$hashed"
    mosquitto_passwd -U "$hashed"
    # Devices that were let in before keep theirs.
    [ ! -e "$PASSWORDS" ] || grep -v '^cloud:' "$PASSWORDS" >>"$hashed" || true
    (umask 077 && cat "$hashed" >"$PASSWORDS")
    rm -f "$hashed"
    (
        umask 077
        cat >"$SETTINGS" <<END
broker = "mqtt://localhost:1883"
user = "cloud"
password = "$password"

[http]
serve = true

[mosquitto]
address = "mqtts://$1:8883"
password_file = "/etc/mosquitto/counterscan/passwords"
acl_file = "/etc/mosquitto/counterscan/acl"
END
    )
}

# own PATH… : readable by the service (and the broker, by the folder's group), written by nobody else.
own() {
    owner=$1
    shift
    [ -n "$ROOT" ] || chown "$owner" "$@"
    chmod 640 "$@"
}

case ${1:-} in
"") die "say by which name devices find this cloud: sudo make install-cloud ADDRESS=cloud.example" ;;
*[!A-Za-z0-9.-]*) die "a name or an address, nothing else: sudo make install-cloud ADDRESS=cloud.example" ;;
remove)
    must_be_able uninstall-cloud "cloud serve"
    take_away systemd/cloud/counterscan-cloud.tmpfiles systemd/cloud/*.service systemd/cloud/*.path
    say "removed; $ROOT/var/lib/counterscan-cloud, $SETTINGS and $BROKER stay."
    exit
    ;;
esac

must_be_able "install-cloud ADDRESS=$1" "cloud serve"
for file in cloud.crt cloud.key; do
    [ -e "$BROKER/certs/$file" ] ||
        die "devices come over TLS: put the certificate for $1 and its key, which the group mosquitto may read, to $BROKER/certs/cloud.crt and cloud.key, then call this again."
done
PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null 2>&1 || need_apt "the broker Mosquitto" mosquitto
[ -n "$ROOT" ] || set_up
lay systemd/cloud/counterscan-cloud.tmpfiles systemd/cloud/*.service systemd/cloud/*.path
[ -e "$SETTINGS" ] || make_password "$1"
[ -e "$PASSWORDS" ] ||
    die "$SETTINGS is there, but the broker does not know its password: mosquitto_passwd -c $PASSWORDS cloud, then call this again."
own root:counterscan "$SETTINGS"
if [ ! -e "$BROKER/counterscan/acl" ]; then
    "${COUNTERSCAN:-.venv/bin/counterscan}" cloud broker-acl >"$BROKER/counterscan/acl"
fi
own counterscan:mosquitto "$BROKER/counterscan/acl" "$PASSWORDS"
[ -e "$BROKER/conf.d/counterscan.conf" ] ||
    install -D -m 644 systemd/cloud/mosquitto.conf "$BROKER/conf.d/counterscan.conf"
[ -z "$ROOT" ] || exit 0
systemctl daemon-reload
systemctl restart mosquitto
systemctl restart counterscan-cloud.service counterscan-cloud-broker.path
say "the cloud runs. Its first owner is made by: counterscan cloud account add NAME --role owner --email ADDRESS"
say "its API is on port 8090 of this machine alone; put a proxy with a certificate before it (docs/CLOUD-API.md)."
