"""How much processor time processes have had, as Linux counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(process: int) -> float:
    """Seconds that a process has had, with those of its children that have ended; 0 if it has."""
    fields = _fields(process)
    return sum(map(int, fields[11:15])) / _TICKS_PER_S if fields else 0.0


def family_cpu_s(parent: int) -> float:
    """Seconds of a process and of all its children, as PostgreSQL's for its connections."""
    return cpu_s(parent) + sum(cpu_s(child) for child in _children(parent))


def _children(parent: int) -> Iterable[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            fields = _fields(int(folder.name))
            if fields and int(fields[1]) == parent:
                yield int(folder.name)


def _fields(process: int) -> list[str]:
    """What `stat` says of a process after its name: first the state, then the parent."""
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return said.rpartition(")")[2].split()
