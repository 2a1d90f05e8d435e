"""Rows of the log as the page and its JSON twin show them. Pure functions, no I/O but a `stat`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from scanner.routing import Routing
from scanner.store_alerts import AlertMark
from scanner.store_present import FROM_PERSON, PresentAnswer
from scanner.store_summary import ENDS, BatchSummary
from scanner.store_updates import is_from_cloud
from scanner.tables import BatchEvent, Command, Scan
from webui import words
from webui.live_files import Preview

Json = dict[str, Any]

RUNNING = frozenset({"started", "running", "resumed", "camera_back"})
AT_WORK = frozenset(
    {
        "running",
        "feeding",
        "settling",
        "capturing",
        "recognising",
        "committing",
        "routing",
        "ejecting",
    }
)
_HALTED = frozenset({"door_open", "emergency_stop"})
"""Faults during which the machine obeys no command; closing or releasing comes first."""

MAX_CANDIDATES = 5
_CANDIDATE_WORDS = ("printing", "name", "set", "number", "variant")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine does, as far as the log and the preview tell.

    `kind` is `idle`, `running`, `paused`, `finished`, `stopped` or a fault's key; `detail` the
    machine's own sentence; `since_utc` an ISO time, empty when unknown. `asked` tells who brought
    it about from the cloud, at `asked_utc`.
    """

    kind: str
    detail: str = ""
    since_utc: str = ""
    asked: str = ""
    asked_utc: str = ""


def machine_state(
    events: Sequence[BatchEvent], last_scan_id: int, batch_open: bool, preview: Preview
) -> Machine:
    """Work out the machine's state from its newest events (newest first).

    A fault that mends itself is not announced as over: a later scan, or a fresh preview that says
    the machine works or idles, tells that it is.
    """
    told = [event for event in events if event.kind in words.STATES or event.kind in words.FAULTS]
    for place, event in enumerate(told):
        kind = event.kind
        fault = kind in words.FAULTS
        since = event.created_at.isoformat()
        asked = _asked(told[place:])
        if kind in RUNNING:
            return Machine("running", "", since, *asked) if batch_open else Machine("idle")
        if kind in ENDS:
            return Machine(kind, event.detail, since)
        if last_scan_id > event.after_scan and batch_open:
            return Machine("running", "", since)
        if fault and preview.fresh:
            if preview.state in AT_WORK:
                return Machine("running", "", since)
            if preview.state == "idle":
                return Machine("idle")
        return Machine(kind, event.detail, since, *asked)
    return Machine("running" if batch_open else "idle")


def _asked(events: Sequence[BatchEvent]) -> tuple[str, str]:
    """Who started or paused the machine from the cloud, and when, where it is still so.

    The newest event comes first.
    """
    kind = events[0].kind
    for event in events:
        if event.kind != kind:
            break
        if is_from_cloud(event.detail):
            return event.detail.removesuffix("."), event.created_at.isoformat()
        if kind != "paused":  # a machine that was switched on anew says again that it rests
            break
    return "", ""


def allowed_commands(machine: Machine, batch_open: bool) -> list[str]:
    """Return which commands make sense now."""
    if machine.kind in _HALTED:
        return []
    if not batch_open:
        return ["start"]
    return ["pause", "stop"] if machine.kind == "running" else ["resume", "stop"]


def machine_json(machine: Machine, allowed: list[str]) -> Json:
    """The machine's state in words, with what to do."""
    wording = words.machine_wording(machine.kind)
    tone_is_fault = wording.tone == "fault" or machine.kind in words.FAULTS
    return {
        "state": machine.kind,
        "word": wording.word,
        "tone": wording.tone,
        "fault": machine.kind if tone_is_fault else "",
        "advice": machine.detail if tone_is_fault and machine.detail else wording.advice,
        "hint": "" if tone_is_fault else wording.advice,
        "since": machine.since_utc,
        "asked": machine.asked,
        "asked_at": machine.asked_utc,
        "can": allowed,
    }


def batch_json(name: str, summary: BatchSummary, state: str) -> Json:
    """One batch in figures and in words."""
    cards, expected = summary.cards, summary.expected
    running = state == "running"
    counted = (
        f"{cards:,} of {words.count(expected, 'card', 'cards')}"
        if expected
        else words.count(cards, "card", "cards")
    )
    left = summary.seconds_left if running and cards else None
    return {
        "id": summary.batch_id,
        "name": name,
        "state": state,
        "started_at": summary.started_at.isoformat(),
        "expected": expected,
        "cards": cards,
        "accepted": summary.accepted,
        "review": summary.review,
        "unknown": summary.unknown,
        "cards_per_hour": round(summary.cards_per_hour),
        "seconds_left": None if left is None else round(left),
        "share": min(1.0, cards / expected) if expected else None,
        "text": {
            "cards": counted,
            "left": words.time_left(left),
            "rate": f"{round(summary.cards_per_hour):,}" if cards else "–",
            **{
                key: f"{value:,}"
                for key, value in (
                    ("accepted", summary.accepted),
                    ("review", summary.review),
                    ("unknown", summary.unknown),
                )
            },
            **{
                f"{key}_share": f"{round(100 * value / cards)}%" if cards else ""
                for key, value in (
                    ("accepted", summary.accepted),
                    ("review", summary.review),
                    ("unknown", summary.unknown),
                )
            },
        },
    }


def scan_json(
    scan: Scan, data_dir: Path, now: PresentAnswer, routing: Routing | None = None
) -> Json:
    """One scan with everything the page shows of it; `now` is its present answer.

    `crop` is "" when the picture is gone, `later` is "" while the first answer stands.
    """
    has_crop = bool(scan.crop_path) and (data_dir / scan.crop_path).is_file()
    unnamed = words.UNNAMED.get(scan.view, "Unknown card")
    return {
        "id": scan.id,
        "batch": scan.batch_id,
        "sequence": scan.sequence,
        "decision": now.decision,
        "word": words.DECISIONS.get(now.decision, now.decision.capitalize()),
        "view": scan.view,
        "later": words.later(now.source, now.decision, now.pack_id),
        "title": now.name or unnamed,
        "name": now.name,
        "game": now.game,
        "card_id": now.card_id,
        "set": now.set_name,
        "number": now.number,
        "variant": now.variant,
        "finish": now.finish,
        "score": round(now.score, 4),
        "confidence": words.confidence(now.score) if now.name else "",
        "probability": None if now.probability is None else round(now.probability, 4),
        "sure": words.sure(now.probability) if now.name and now.source != FROM_PERSON else "",
        "reasons": [words.sentence(reason) for reason in now.reasons],
        "candidates": [_candidate(entry) for entry in now.candidates[:MAX_CANDIDATES]],
        "upside_down": scan.upside_down,
        "recognizer": now.recognizer,
        "model": now.model_id,
        "pack": now.pack_id,
        "driver": scan.driver,
        "total_ms": round(sum(scan.stages_ms.values()), 1),
        "crop": f"/{scan.crop_path}" if has_crop else "",
        "at": scan.created_at.isoformat(),
        "routing": None if routing is None else asdict(routing),
    }


def alerts_json(mark: AlertMark, rules_version: int, rules_problem: str) -> Json:
    """How many alerts are open; `mark` changes with every one that comes or goes.

    `kept` changes with every rule, with every alert that somebody has acknowledged, and with why
    rules for all scanners do not get out.
    """
    kept = (rules_version, mark.closed, mark.closed_told, mark.withdrawn, bool(rules_problem))
    return {
        "open": mark.open,
        "mark": "-".join(map(str, astuple(mark))),
        "kept": "-".join(map(str, kept)),
    }


def preview_json(preview: Preview) -> Json:
    """What is under the camera now; `age_s` is None when there has never been a preview."""
    view = preview.view if preview.fresh else "nothing"
    return {
        "sequence": preview.sequence,
        "frame": f"/live/frame.jpg?n={preview.sequence}" if preview.has_frame else "",
        "view": view,
        "view_text": words.VIEWS.get(view, view),
        "cards": [[list(point) for point in outline] for outline in preview.cards],
        "fresh": preview.fresh,
        "age_s": round(preview.age_s, 1) if preview.age_s < 1e9 else None,
    }


def waiting_json(commands: Sequence[Command]) -> list[Json]:
    """The commands that the machine has not answered yet."""
    return [{"id": command.id, "kind": command.kind} for command in commands]


def _candidate(entry: dict[str, str | float]) -> Json:
    score = entry.get("score", 0.0)
    number = float(score) if isinstance(score, int | float) else 0.0
    words_of_it = {key: str(entry.get(key, "")) for key in _CANDIDATE_WORDS}
    return {**words_of_it, "score": round(number, 4), "confidence": words.confidence(number)}
