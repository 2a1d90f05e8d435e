"""What the doctor looks at of the way to the cloud: the clock, the pairing, the broker.

None of it keeps a machine from scanning: at worst it is a note.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scanner.config import Settings
from scanner.config_sources import parsed_toml
from scanner.doctor_checks import Check, Status
from scanner.errors import ConfigError, CounterscanError

_WITHIN_S = 3.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PERSON_MUST_ACT = ("refused", "unheard", "rules_refused")


def check_clock(_settings: Settings, now: datetime | None = None) -> Check:
    """Compare the clock with these programs' own date: a Pi has no battery for it."""
    now = now or datetime.now(UTC)
    found = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC):
        return Check(
            "clock", Status.NOTE, f"{found}, which is before these programs were installed",
            "connect to a network and wait a minute, or set it: sudo timedatectl set-time "
            "'2026-01-31 12:00'; until then dates are wrong and no certificate is trusted",
        )  # fmt: skip
    return Check("clock", Status.GOOD, found)


def check_cloud(settings: Settings) -> Check:
    """Tell whether this device is paired, what the exchange said last, and try the broker."""
    file = settings.sync.file(settings.data_dir)
    if not file.exists():
        return Check("cloud", Status.GOOD, "not paired: this device works alone")
    try:
        told = parsed_toml(file, file.read_text(encoding="utf-8"))
        where = urlsplit(str(told["broker"]))
        host, port = where.hostname or "", where.port or _PORTS[where.scheme]
    except PermissionError:
        return Check("cloud", Status.NOTE, f"{file} can't be read by this user", _AS_SERVICE)
    except (ConfigError, OSError, KeyError, ValueError):
        return Check("cloud", Status.NOTE, f"the pairing in {file} is wrong", _TRY)
    if problem := _said_last(settings):
        return Check("cloud", Status.NOTE, problem, "mend that; it is tried again by itself")
    try:
        socket.create_connection((host, port), _WITHIN_S).close()
    except OSError as error:
        return Check(
            "cloud", Status.NOTE,
            f"paired, but {host}:{port} does not answer: {error.strerror or error}",
            "look at the network, or ask who runs the cloud; scanning goes on, nothing is lost",
        )  # fmt: skip
    return Check("cloud", Status.GOOD, f"paired as {told.get('user')} with {host}, which answers")


_AS_SERVICE = "run this as the service does: sudo -u counterscan …"
_TRY = "counterscan sync says what is wrong in it"


def _said_last(settings: Settings) -> str:
    """What only a person can mend, as the exchange said it last."""
    if not (settings.data_dir / "counterscan.db").exists():
        return ""
    store: Any = importlib.import_module("scanner.store").Store
    try:
        with store.open(settings.data_dir, role="reader", wait_s=0) as opened:
            event = opened.sync_event()
    except CounterscanError:
        return ""  # the check of the log says so
    if event is None or event.kind not in _PERSON_MUST_ACT:
        return ""
    return str(event.detail).rstrip(".")


CLOUD_CHECKS: tuple[Callable[[Settings], Check], ...] = (check_clock, check_cloud)
