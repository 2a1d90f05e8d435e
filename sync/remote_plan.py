"""Whether a command of the cloud may be done: pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sync.protocol_fleet import DeviceCommand

LONGEST_LIFE = timedelta(days=1)
OF_THE_MACHINE = frozenset({"start", "pause"})
"""What the feed process does; the rest is done here."""

_START_WORDS = frozenset({"name", "expected_cards", "mode"})


def refusal(command: DeviceCommand, allowed: Collection[str], now: datetime) -> str:
    """Why a command is not done, as a sentence; "" where it may be."""
    if command.kind not in allowed:
        return f"The shop does not allow {command.kind!r} (its setting sync.allow_remote)."
    if command.expires_at - command.issued_at > LONGEST_LIFE:
        return "A command may not wait for longer than a day."
    if command.expires_at <= now:
        return f"It came too late: by this device's clock it is {now:%Y-%m-%d %H:%M} UTC."
    known = _START_WORDS if command.kind == "start" else frozenset()
    if odd := sorted(command.argument.keys() - known):
        return f"{command.kind!r} takes no {odd[0]!r}."
    return ""
