"""What a long measurement says while it runs: a line now and then, not one for each device."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

EVERY_S = 10.0


class Progress:
    """Lines on standard error, so that standard output is the report's."""

    def __init__(
        self,
        line: Callable[[], str],
        every_s: float = EVERY_S,
        stream: TextIO | None = None,
        now_mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`line` makes the line; the first one comes after `every_s`."""
        self._line = line
        self._every_s = every_s
        self._stream = stream
        self._now_mono_s = now_mono_s
        self._began_mono_s = self._told_mono_s = now_mono_s()

    def turn(self) -> None:
        """Say the line if it is time; called often."""
        now_mono_s = self._now_mono_s()
        if now_mono_s - self._told_mono_s < self._every_s:
            return
        self._told_mono_s = now_mono_s
        lasted_s = int(now_mono_s - self._began_mono_s)
        print(
            f"{lasted_s // 60:02d}:{lasted_s % 60:02d}  {self._line()}",
            file=self._stream or sys.stderr,
            flush=True,
        )


@contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Let these loggers say nothing below an error until the block ends."""
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
