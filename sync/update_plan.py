"""What to do about an announced pack or set of models: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sync.protocol_fleet import Release


class Step(StrEnum):
    """The next step for one announcement."""

    DONE = "done"  # it is in use
    WAIT = "wait"
    REFUSE = "refuse"
    FETCH = "fetch"
    SWITCH = "switch"  # it is here already


@dataclass(frozen=True, slots=True)
class Held:
    """What this device has of the same thing.

    `created_at` is when the version in use was built; None where that can't be told, or where
    there is none. `is_here` says that the announced version is installed and its signature good,
    `is_refused` that this very announcement was refused before.
    """

    in_use: str = ""
    created_at: datetime | None = None
    is_here: bool = False
    pinned: str = ""
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A step, and a sentence that says why."""

    step: Step
    text: str = ""


def plan(release: Release, held: Held, *, may_update: bool, models: frozenset[str]) -> Plan:
    """The step for one announcement.

    `models` are the embedders that this device has or is about to have; `may_update` is whether
    updates are wanted without, or by, a person's word.
    """
    if release.version == held.in_use:
        return Plan(Step.DONE)
    if held.pinned:
        return Plan(Step.WAIT, f"The settings hold on to version {held.pinned} (catalog.packs).")
    if release.model_id not in models:
        return Plan(
            Step.WAIT,
            f"It is made for the models with {release.model_id}, which this device does not have.",
        )
    if is_older(release.created_at, held.created_at) and not release.rollback:
        return Plan(
            Step.REFUSE,
            f"It is older than version {held.in_use}, which is in use; the cloud has to announce "
            "it as a rollback.",
        )
    if held.is_refused:
        return Plan(Step.REFUSE)
    if not may_update:
        return Plan(Step.WAIT, "It waits for a person's word (sync.auto_update is off).")
    return Plan(Step.SWITCH if held.is_here else Step.FETCH)


def may_take(release: Release, held: Held, *, models: frozenset[str]) -> bool:
    """Whether a person's word is all that it waits for, or may help."""
    wanted = plan(release, replace(held, is_refused=False), may_update=True, models=models)
    return wanted.step in (Step.FETCH, Step.SWITCH)


def is_older(announced: datetime, in_use: datetime | None) -> bool:
    """Whether an announced version was built before the one in use."""
    return in_use is not None and announced < in_use
