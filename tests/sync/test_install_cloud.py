"""`sudo make install-cloud`: what it lays is a broker and settings that fit each other."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from sync.bench_broker import free_port, program
from tests.sync.certificates import Authority
from tests.sync.conftest import until

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None or os.geteuid() != 0,
    reason="laying a system's files needs systemd's tools and root",
)


def install(word: str, under: Path) -> subprocess.CompletedProcess[str]:
    """Run the installer; `under` is the root that it lays files in."""
    return subprocess.run(
        [ROOT / "tools/install_cloud.sh", word],
        env={
            "PATH": os.environ["PATH"],
            "DESTDIR": str(under),
            "COUNTERSCAN": str(Path(sys.executable).parent / "counterscan"),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine that has Mosquitto's group, and a certificate for 127.0.0.1."""
    signed = Authority(tmp_path).sign("cloud", "127.0.0.1")
    certs = tmp_path / "etc/mosquitto/certs"
    certs.mkdir(parents=True)
    shutil.copy(signed.cert, certs / "cloud.crt")
    shutil.copy(signed.key, certs / "cloud.key")
    (tmp_path / "etc/group").write_text("mosquitto:x:110:\n")
    return tmp_path


def settings(machine: Path) -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((machine / "etc/counterscan/cloud.toml").read_text())
    return read


@contextmanager
def broker(machine: Path) -> Iterator[dict[int, int]]:
    """Mosquitto with what was laid; yields where it listens, by the port that stands there."""
    ports = {8883: free_port(), 1883: free_port()}
    laid = (machine / "etc/mosquitto/conf.d/counterscan.conf").read_text()
    for named, free in ports.items():
        laid = laid.replace(f"listener {named}", f"listener {free}")
    file, log = machine / "mosquitto.conf", machine / "mosquitto.log"
    own = laid.replace("/etc/mosquitto/", f"{machine}/etc/mosquitto/")
    file.write_text(f"user root\nlog_dest file {log}\n{own}")
    with subprocess.Popen([program("mosquitto"), "-c", file], stderr=subprocess.DEVNULL) as runs:
        try:
            until(lambda: log.exists() and " running" in log.read_text())
            yield ports
        finally:
            runs.send_signal(signal.SIGTERM)


def answer(port: int, password: str, ca_file: Path | None = None) -> str:
    """What the broker says to the cloud's user."""
    told: Queue[str] = Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("cloud", password)
    if ca_file is not None:
        client.tls_set_context(ssl.create_default_context(cafile=str(ca_file)))
    client.on_connect = lambda _c, _d, _f, reason, _p: told.put(str(reason))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        return told.get(timeout=60)
    finally:
        client.disconnect()
        client.loop_stop()


def test_the_broker_takes_the_cloud_with_the_password_that_was_made(machine: Path) -> None:
    done = install("cloud.example", machine)
    assert done.returncode == 0, done.stderr
    cloud = settings(machine)
    assert cloud["broker"] == "mqtt://localhost:1883"
    assert cloud["mosquitto"]["address"] == "mqtts://cloud.example:8883"
    assert len(cloud["password"]) == 48
    assert cloud["password"] not in (machine / "etc/mosquitto/counterscan/passwords").read_text()
    for secret in ("etc/counterscan/cloud.toml", "etc/mosquitto/counterscan/passwords"):
        assert (machine / secret).stat().st_mode & 0o7 == 0
    with broker(machine) as ports:
        assert answer(ports[1883], cloud["password"]) == "Success"
        assert answer(ports[1883], "another") == "Not authorized"
        assert answer(ports[8883], cloud["password"], machine / "ca.pem") == "Success"


def test_a_second_time_keeps_what_there_is(machine: Path) -> None:
    assert install("cloud.example", machine).returncode == 0
    passwords = machine / "etc/mosquitto/counterscan/passwords"
    with passwords.open("a") as file:
        file.write("counter-1:$7$device\n")
    before, kept = settings(machine), passwords.read_text()
    again = install("other.example", machine)
    assert again.returncode == 0, again.stderr
    assert (settings(machine), passwords.read_text()) == (before, kept)


def test_new_settings_get_a_new_password_and_devices_keep_theirs(machine: Path) -> None:
    assert install("cloud.example", machine).returncode == 0
    with (machine / "etc/mosquitto/counterscan/passwords").open("a") as file:
        file.write("counter-1:$7$device\n")
    before = settings(machine)
    (machine / "etc/counterscan/cloud.toml").unlink()
    assert install("cloud.example", machine).returncode == 0
    now = (machine / "etc/mosquitto/counterscan/passwords").read_text().splitlines()
    assert [row.split(":")[0] for row in now] == ["cloud", "counter-1"]
    assert settings(machine)["password"] != before["password"]


def test_it_enables_one_service_and_takes_all_away_but_the_data(machine: Path) -> None:
    assert install("cloud.example", machine).returncode == 0
    units = machine / "etc/systemd/system"
    assert sorted(unit.name for unit in (units / "multi-user.target.wants").iterdir()) == [
        "counterscan-cloud-broker.path",
        "counterscan-cloud.service",
    ]
    assert (units / "counterscan-cloud-ingest@.service").exists()
    assert (machine / "var/lib/counterscan-cloud").is_dir()
    gone = install("remove", machine)
    assert gone.returncode == 0, gone.stderr
    assert list(units.rglob("counterscan*")) == []
    assert settings(machine)["user"] == "cloud"


def test_it_says_what_it_needs_first(machine: Path) -> None:
    (machine / "etc/mosquitto/certs/cloud.key").unlink()
    for word, told in [
        ("", "ADDRESS=cloud.example"),
        ("a b; c", "a name or an address"),
        ("cloud.example", "certificate for cloud.example"),
    ]:
        refused = install(word, machine)
        assert refused.returncode == 1
        assert told in refused.stderr
    assert not (machine / "etc/counterscan").exists()
