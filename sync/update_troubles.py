"""What was refused for good, and what is put off for a while."""

from __future__ import annotations

import hashlib
import json
import random
import time
from pathlib import Path

from scanner.catalog.disk import write_atomic
from sync.protocol_fleet import Release

_REFUSED = "refused.json"
_LONGEST_WAIT_S = 3600.0


class Troubles:
    """By target. What was refused outlives the process. For one thread."""

    def __init__(self, folder: Path, first_wait_s: float) -> None:
        """Nothing is read before `begin`."""
        self._file = folder / _REFUSED
        self._first_wait_s = first_wait_s
        self._refused: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self._not_before_mono_s: dict[str, float] = {}

    def begin(self) -> None:
        """Read what an earlier run refused; without the file it is looked at once more."""
        try:
            found = json.loads(self._file.read_bytes())
            self._refused = {str(target): str(name) for target, name in found.items()}
        except (OSError, ValueError, AttributeError):
            self._refused = {}

    def is_refused(self, target: str, release: Release) -> bool:
        """Whether this very announcement was refused."""
        return self._refused.get(target) == _fingerprint(release)

    def refuse(self, target: str, release: Release) -> None:
        """Remember it. Raises OSError where the disk won't take it; it is remembered here."""
        self._refused[target] = _fingerprint(release)
        self.settle(target)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._file, json.dumps(self._refused).encode())

    def put_off(self, target: str) -> None:
        """Wait before the next try, longer each time."""
        failed = self._failures[target] = self._failures.get(target, 0) + 1
        most_s = min(_LONGEST_WAIT_S, self._first_wait_s * 2 ** min(failed - 1, 20))
        self._not_before_mono_s[target] = time.monotonic() + most_s * random.uniform(0.5, 1.0)

    def is_put_off(self, target: str) -> bool:
        """Whether it is too early for the next try."""
        return target in self._not_before_mono_s

    def wait_s(self) -> float | None:
        """How long until the first of them may be tried again; None where none waits."""
        if not self._not_before_mono_s:
            return None
        return max(0.0, min(self._not_before_mono_s.values()) - time.monotonic())

    def let_go(self) -> None:
        """Put off no longer what has waited long enough."""
        now_mono_s = time.monotonic()
        self._not_before_mono_s = {
            target: at for target, at in self._not_before_mono_s.items() if at > now_mono_s
        }

    def settle(self, target: str) -> None:
        """It is in use, refused, or announced anew: no wait any more."""
        self._failures.pop(target, None)
        self._not_before_mono_s.pop(target, None)

    def forgive(self, target: str) -> None:
        """Somebody wants this one tried again."""
        self._refused.pop(target, None)
        self.settle(target)

    def forget(self) -> None:
        """Somebody wants all of it tried again."""
        self._refused.clear()
        self._failures.clear()
        self._not_before_mono_s.clear()


def _fingerprint(release: Release) -> str:
    """Names one announcement: the same file, announced otherwise, is another."""
    return hashlib.sha256(release.model_dump_json().encode()).hexdigest()
