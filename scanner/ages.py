"""How old something is, in words. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

_SAME = timedelta(minutes=1)


def age(at: datetime, now: datetime) -> str:
    """How long ago something was said, in the largest unit that fits: `3 days old`."""
    seconds = max(0, int((now - at).total_seconds()))
    for word, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {word}{'' if count == 1 else 's'} old"
    return "just now"


def differ(one: datetime, other: datetime) -> bool:
    """Whether two times are so far apart that a person is told both."""
    return abs(one - other) >= _SAME
