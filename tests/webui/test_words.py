"""What the page makes of the log's rows and the preview's files, without a browser."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path

import pytest

from firmware.phases import AT_WORK, WAITS_FOR_RESUME, Phase
from scanner.pipeline import Recognizer
from scanner.tables import BatchEvent
from webui import view, words
from webui.live_files import FEED_SILENT_S, LiveFiles, Preview
from webui.view import allowed_commands, machine_state

HERE = Preview(state="running", age_s=0.1)


def event(kind: str, after_scan: int = 0, detail: str = "") -> BatchEvent:
    return BatchEvent(kind=kind, after_scan=after_scan, detail=detail)


def test_every_phase_of_the_machine_has_words() -> None:
    for phase in Phase:
        known = phase.value in words.STATES or phase.value in words.FAULTS
        assert known or phase.value in view.AT_WORK, f"the page has no word for {phase}"
    assert {phase.value for phase in AT_WORK} <= view.AT_WORK
    faults = {phase.value for phase in WAITS_FOR_RESUME} - {"paused"}
    assert faults <= set(words.FAULTS)


@pytest.mark.parametrize(
    ("kinds", "is_open", "state", "can"),
    [
        ([], False, "idle", ["start"]),
        (["started"], True, "running", ["pause", "stop"]),
        (["paused", "started"], True, "paused", ["resume", "stop"]),
        (["resumed", "paused"], True, "running", ["pause", "stop"]),
        (["finished"], False, "finished", ["start"]),
        (["stopped"], False, "stopped", ["start"]),
        (["restored", "paused"], True, "paused", ["resume", "stop"]),
        (["camera_back", "camera_lost"], True, "running", ["pause", "stop"]),
    ],
)
def test_the_newest_event_tells_the_state(
    kinds: list[str], is_open: bool, state: str, can: list[str]
) -> None:
    machine = machine_state([event(kind) for kind in kinds], 0, is_open, HERE)
    assert machine.kind == state
    assert allowed_commands(machine, is_open) == can


def test_a_fault_holds_until_the_machine_works_again() -> None:
    jam = [event("jam", after_scan=7, detail="Take it out.")]
    stuck = Preview(state="jam", age_s=0.1)
    assert machine_state(jam, 7, True, stuck).kind == "jam"
    assert machine_state(jam, 8, True, stuck).kind == "running"
    assert machine_state(jam, 7, True, HERE).kind == "running"
    gone = Preview(state="running", age_s=FEED_SILENT_S + 1)
    assert machine_state(jam, 7, True, gone).kind == "jam"


def test_the_page_says_who_asked_from_the_cloud_while_it_is_so() -> None:
    paused = event("paused", detail="Paused from the cloud by Ada.")
    started = event("started", detail="Started from the cloud.")
    assert machine_state([paused, started], 0, True, HERE).asked == "Paused from the cloud by Ada"
    assert machine_state([paused], 0, True, HERE).asked_utc == paused.created_at.isoformat()
    again = machine_state([event("paused"), paused], 0, True, HERE)
    assert again.asked_utc == paused.created_at.isoformat(), "a restart says it once more"
    assert machine_state([started], 4, True, HERE).asked == "Started from the cloud"
    for newest in ("resumed", "jam", "finished"):
        assert machine_state([event(newest), paused, started], 0, True, HERE).asked == ""
    here = [event("paused"), event("resumed"), paused]
    assert machine_state(here, 0, True, HERE).asked == ""


def test_nothing_is_commanded_while_the_cover_is_open() -> None:
    machine = machine_state([event("door_open")], 0, True, Preview(state="door_open", age_s=0.1))
    assert allowed_commands(machine, True) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (4, "a few seconds left"),
        (32, "about 30 s left"),
        (58, "about 1 min left"),
        (200, "about 3 min left"),
        (7260, "about 2 h 01 min left"),
    ],
)
def test_time_left_is_told_as_people_do(seconds: float | None, text: str) -> None:
    assert words.time_left(seconds) == text


def test_the_fallback_is_known_by_the_recognisers_own_words() -> None:
    described = Recognizer.open([], models_dir=Path("no-models")).describe()
    assert words.is_fallback(described)
    assert words.about("usb camera 0", described).startswith(
        "Machine: usb camera 0 · Recognition: P"
    )
    assert words.is_fallback("phash")
    assert not words.is_fallback("recognizer: embedder-1 on ai-edge-litert 2.3.0, locator net")


@pytest.mark.parametrize(
    ("score", "text"), [(0.999, "99%"), (1.0, "100%"), (0.29, "29%"), (-1, "0%"), (7, "100%")]
)
def test_confidence_is_never_rounded_up(score: float, text: str) -> None:
    assert words.confidence(score) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(0.99999, "99.9%"), (1.0, "100%"), (0.5, "50%"), (None, "")]
)
def test_how_sure_an_answer_is_is_never_rounded_up(probability: float | None, text: str) -> None:
    assert words.sure(probability) == text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"sequence": "x", "cards": [[[1, 2]], 7, {}]}',
        b'{"cards": [[[0, 0], [1, 0], [1, NaN], [0, 1]]]}',
        b'{"cards": [[[0, 0], [1, 0], [1, "a"], [0, 1]]]}',
        b"\xff\xfe",
        b"[" * 60_000,
        b" " * 1_000_000,
    ],
)
def test_a_broken_preview_is_no_preview(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "preview.json").write_bytes(content)
    preview = LiveFiles(tmp_path).read()
    assert (preview.sequence, preview.cards, preview.has_frame) == (0, (), False)


def test_a_preview_that_never_was_is_not_fresh(tmp_path: Path) -> None:
    assert LiveFiles(tmp_path).read() == Preview(age_s=math.inf)


def test_a_clock_step_does_not_make_a_living_preview_old(tmp_path: Path) -> None:
    path = tmp_path / "live" / "preview.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"sequence": 1}))
    files = LiveFiles(tmp_path)
    assert files.read().fresh
    path.write_text(json.dumps({"sequence": 2}))
    years_ago = time.time() - 1e8
    os.utime(path, (years_ago, years_ago))
    preview = files.read()
    assert preview.sequence == 2
    assert preview.fresh


def test_a_preview_written_long_before_the_next_look_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live" / "preview.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"sequence": 1}))
    files = LiveFiles(tmp_path)
    assert files.read().fresh
    path.write_text(json.dumps({"sequence": 2}))
    now_s, now_mono_s = time.time(), time.monotonic()
    os.utime(path, (now_s + 1, now_s + 1))
    monkeypatch.setattr(time, "time", lambda: now_s + 21)
    monkeypatch.setattr(time, "monotonic", lambda: now_mono_s + 21)
    preview = files.read()
    assert preview.sequence == 2
    assert preview.age_s == pytest.approx(20, abs=0.1)
    assert not preview.fresh
