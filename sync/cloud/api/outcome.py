"""How one try to tell somebody went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`is_final` without `is_done`: it is of no use to try again. `wait_s` is what was asked."""

    is_done: bool = False
    is_final: bool = False
    problem: str = ""
    wait_s: float = 0.0
