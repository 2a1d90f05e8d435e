"""The last lines of this device's log for the people who run the cloud, secrets blotted out."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime

from scanner.store import Store
from sync.protocol_fleet import LONGEST_LINE, MOST_LINES, LogLines
from sync.wire import packed

_JOURNAL = (
    "journalctl", "--unit=counterscan-*", "--lines=1000", "--output=short-iso", "--no-pager",
    "--quiet",
)  # fmt: skip
_JOURNAL_WITHIN_S = 20
_EVENTS = 300
_BLOT = "[…]"
_SECRETS = (
    # user:password@ in an address
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    # a header, or a bearer's token
    re.compile(r"(?i)\b(authorization\W{1,3})\S+(?:\s+\S+)?"),
    re.compile(r"(?i)\b(bearer\s+)\S+"),
    # password = "…", token: …, api_key=…
    re.compile(
        r"(?i)\b((?:\w*(?:password|passwd|secret|token|api[_-]?key|cookie|session)\w*)"
        r"[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|\S+)"
    ),
    # what looks like a key: long, without a space, letters and digits
    re.compile(r"\b(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Za-z])[A-Za-z0-9+/_-]{32,}={0,2}"),
)


def last_lines(store: Store, secrets: Sequence[str]) -> list[str]:
    """The journal where there is one, and what the log knows of the machine and the exchange."""
    lines = [*_journal(), *_events(store)]
    return [blotted(line, secrets)[:LONGEST_LINE] for line in lines][-MOST_LINES:]


def fitting(command: str, at: datetime, lines: Sequence[str]) -> tuple[LogLines, int]:
    """The message with the newest lines that fit into one, and how many older ones do not."""
    kept = len(lines)
    while True:
        left_out = len(lines) - kept
        first = [f"[{left_out} older lines are left out: they do not fit.]"] if left_out else []
        message = LogLines(command=command, at=at, lines=[*first, *lines[left_out:]])
        if not kept or packed(message.model_dump_json().encode()) is not None:
            return message, left_out
        kept = kept * 9 // 10


def blotted(line: str, secrets: Iterable[str]) -> str:
    """A line without this device's secrets, and without what looks like one."""
    for secret in secrets:
        if secret:
            line = line.replace(secret, _BLOT)
    for pattern in _SECRETS:
        line = pattern.sub(lambda found: f"{found[1] if found.re.groups else ''}{_BLOT}", line)
    return line


def _journal() -> list[str]:
    try:
        said = subprocess.run(
            _JOURNAL, capture_output=True, text=True, errors="replace",
            timeout=_JOURNAL_WITHIN_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return said.stdout.splitlines()


def _events(store: Store) -> list[str]:
    told = [
        *(
            (
                event.created_at,
                f"update {event.target} {event.version}: {event.kind} {event.detail}",
            )
            for event in store.newest_update_events(_EVENTS)
        ),
        *(
            (event.created_at, f"machine {event.kind}: {event.detail}")
            for event in store.latest_events(_EVENTS)
        ),
        *(
            (event.created_at, f"exchange {event.kind}: {event.detail}")
            for event in store.newest_sync_events(_EVENTS)
        ),
    ]
    told.sort(key=lambda pair: pair[0])
    return [f"{at:%Y-%m-%dT%H:%M:%S}Z {' '.join(text.split())}" for at, text in told]
