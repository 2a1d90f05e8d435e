"""Keeps child processes alive: starts them, restarts one that dies, stops all of them together.

A process that wants to be started anew, because the page asked for it, ends with `AGAIN`. systemd
starts it again as it does after any end; here it is started at once. `is_kept_alive` tells a
process whether somebody will.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scanner.errors import ConfigError

log = logging.getLogger(__name__)

AGAIN = 75
"""The exit code of a process that is to be started again at once."""

_KEEPER = "STARTED_BY_COUNTERSCAN_RUN"
_FIRST_BACK_OFF_S = 1.0
_LONGEST_BACK_OFF_S = 30.0
_LOOK_EVERY_S = 0.1
_STOP_WITHIN_S = 15.0
_STARTED_AFTER_S = 60.0  # a Pi with a cold disk needs its time to import and open everything
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass
class Child:
    """One process to keep alive, and what is known of its life.

    The others go on without one that is not `needed`, where a wrong setting keeps it from working.
    It is started once `is_wanted()`, be that at the start or later.
    """

    name: str
    command: Sequence[str]
    needed: bool = True
    is_wanted: Callable[[], bool] = lambda: True
    gave_up: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_mono_s: float = 0.0
    restart_mono_s: float = 0.0
    back_off_s: float = _FIRST_BACK_OFF_S
    starts: int = 0


class Supervisor:
    """Runs its children until `stopping()` is true, or until a needed one can't start at all."""

    def __init__(
        self,
        children: Sequence[Child],
        stopping: Callable[[], bool],
        *,
        started_after_s: float = _STARTED_AFTER_S,
        first_back_off_s: float = _FIRST_BACK_OFF_S,
    ) -> None:
        """A child that lives for `started_after_s` has started; the back-off doubles to 30 s."""
        self._children = children
        self._stopping = stopping
        self._started_after_s = started_after_s
        self._first_back_off_s = first_back_off_s

    def run(self) -> int:
        """Keep the children alive; return 0 when told to stop.

        A needed child that gives up before it ever started properly has said why, and a restart
        would only say it again: then all stop and its exit code is returned. One that is killed by
        a signal did not give up. Where one that is not needed has a wrong setting it stays away.
        """
        try:
            for child in self._children:
                if child.is_wanted():
                    self._start(child)
            while not self._stopping():
                for child in self._children:
                    code = self._look_after(child)
                    if code is not None:
                        return code
                time.sleep(_LOOK_EVERY_S)
            return 0
        finally:
            self._stop_all()

    def _look_after(self, child: Child) -> int | None:
        if child.gave_up:
            return None
        now_mono_s = time.monotonic()
        if child.process is None:
            if now_mono_s >= child.restart_mono_s and child.is_wanted():
                self._start(child)
            return None
        code = child.process.poll()
        if code is None:
            return None
        child.process = None
        if code == AGAIN:
            log.warning("%s is started again, as it asked for", child.name)
            self._start(child)
            return None
        if not child.needed and code == ConfigError.exit_code:
            child.gave_up = True
            log.error(
                "%s has ended because of what it says above. Everything else goes on; mend it, "
                "then end counterscan run and start it again",
                child.name,
            )
            return None
        lived_s = now_mono_s - child.started_mono_s
        if child.needed and code > 0 and child.starts == 1 and lived_s < self._started_after_s:
            log.error("%s could not start (exit code %d); stopping", child.name, code)
            return code
        if lived_s >= self._started_after_s:
            child.back_off_s = self._first_back_off_s
        log.error("%s ended (exit code %d); again in %g s", child.name, code, child.back_off_s)
        child.restart_mono_s = now_mono_s + child.back_off_s
        child.back_off_s = min(child.back_off_s * 2, _LONGEST_BACK_OFF_S)
        return None

    def _start(self, child: Child) -> None:
        # A session of its own: Ctrl-C reaches this process alone, which then stops all in order.
        child.process = subprocess.Popen(
            child.command,
            start_new_session=True,
            preexec_fn=die_with_parent,
            env={**os.environ, _KEEPER: str(os.getpid())},
        )
        child.starts += 1
        child.started_mono_s = time.monotonic()

    def _stop_all(self) -> None:
        alive = [(child.name, child.process) for child in self._children if child.process]
        for _, process in alive:
            process.terminate()
        deadline_mono_s = time.monotonic() + _STOP_WITHIN_S
        for name, process in alive:
            try:
                process.wait(max(0.0, deadline_mono_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("%s did not stop within %g s and was killed", name, _STOP_WITHIN_S)
                process.kill()
                process.wait()


def is_kept_alive() -> bool:
    """Whether this process is started again when it ends: by a `Supervisor`, or by systemd."""
    by_systemd = os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())  # systemd.exec(5)
    return by_systemd or os.environ.get(_KEEPER) == str(os.getppid())


def die_with_parent() -> None:
    """Ask the kernel to stop this child should its parent be killed without a chance to do so."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
