"""Which announced versions somebody has asked for by name, and what became of that.

A word holds until its version is in use, refused, or announced no longer: not only for one try.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sync.protocol_fleet import Release

DONE = "done"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a word on a version: `done`, or why not."""

    target: str
    version: str
    outcome: str


class UpdateOrders:
    """By target. For several threads."""

    def __init__(self) -> None:
        """Nobody has asked for anything yet."""
        self._lock = threading.Lock()
        self._wanted: dict[str, str] = {}
        self._settled: list[Settled] = []

    def want(self, target: str, version: str) -> None:
        """Somebody asks for a version."""
        with self._lock:
            self._wanted[target] = version

    def wants(self, target: str, version: str) -> bool:
        """Whether somebody does."""
        with self._lock:
            return self._wanted.get(target) == version

    def settle(self, target: str, version: str, outcome: str = DONE) -> None:
        """It came to this. Whoever asked for another version still waits."""
        with self._lock:
            if self._wanted.get(target) == version:
                del self._wanted[target]
                self._settled.append(Settled(target, version, outcome))

    def compare(self, releases: Mapping[str, Release], *, heard_all: bool) -> None:
        """Settle words on what is announced otherwise, or no longer (`heard_all`: for sure)."""
        with self._lock:
            wanted = dict(self._wanted)
        for target, version in wanted.items():
            release = releases.get(target)
            if release is None and heard_all:
                self.settle(target, version, "The cloud announces it no longer.")
            elif release is not None and release.version != version:
                why = f"The cloud announces version {release.version} by now."
                self.settle(target, version, why)

    def settled(self) -> Iterable[Settled]:
        """What was settled since the last call."""
        with self._lock:
            settled, self._settled = self._settled, []
        return settled
