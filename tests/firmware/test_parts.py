"""The small parts: combining two looks, preview files, watchdog, mechanism, pile, report."""

from __future__ import annotations

import errno
import json
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from firmware.assembly import CropTidier, watched
from firmware.demo_report import Report, line, sentences
from firmware.frames import combine, is_enough
from firmware.phases import Phase
from firmware.preview import Preview
from firmware.simulated.deck import Printed, draw_deck
from firmware.simulated.mechanism import Faults, Mechanism
from firmware.watchdog import Watchdog
from scanner.config import load_settings
from scanner.records import Candidate, Decision, Identification, Printing, View
from scanner.tables import Scan


def answer(decision: Decision, card: str, score: float = 0.9) -> Identification:
    printing = Printing(card, "g", card)
    return Identification(decision, (), View.CARD, printing, (Candidate(printing, score),))


def test_the_surer_of_two_looks_is_kept() -> None:
    unsure, sure = answer(Decision.REVIEW, "a"), answer(Decision.ACCEPTED, "a")
    assert combine(None, unsure) is unsure
    assert combine(unsure, sure).decision is Decision.ACCEPTED
    assert combine(sure, unsure).decision is Decision.ACCEPTED
    assert (
        combine(answer(Decision.REVIEW, "a", 0.8), answer(Decision.REVIEW, "b", 0.3))
        .candidates[0]
        .printing.card_id
        == "a"
    )
    assert is_enough(sure)
    assert not is_enough(unsure)


def test_two_looks_that_name_different_printings_are_never_accepted() -> None:
    kept = combine(answer(Decision.REVIEW, "a"), answer(Decision.ACCEPTED, "b"))
    assert kept.decision is Decision.REVIEW
    assert "different printings" in kept.reasons[-1]


def test_the_preview_writes_the_frame_its_outline_and_the_state(tmp_path: Path) -> None:
    preview = Preview(tmp_path, driver="test", recognizer="none")
    corners = np.array([[0, 0], [1920, 0], [1920, 1080], [0, 540]], np.float32)
    preview.show_frame(np.full((1080, 1920, 3), 60, np.uint8), [corners, corners / 2], "several")
    preview.show_state("jam")
    preview.close()
    said = json.loads((tmp_path / "live" / "preview.json").read_text())
    assert said["state"] == "jam"
    assert said["view"] == "several"
    first = [[0, 0], [1, 0], [1, 1], [0, 0.5]]
    assert said["cards"] == [first, [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.25]]]
    assert said["sequence"] == 1
    assert said["driver"] == "test"
    assert cv2.imread(str(tmp_path / "live" / "preview.jpg")).shape == (540, 960, 3)


def test_a_card_that_lies_there_alone_has_its_corners_told_apart(tmp_path: Path) -> None:
    preview = Preview(tmp_path, driver="test", recognizer="none")
    corners = np.array([[0, 0], [50, 0], [50, 100], [0, 100]], np.float32)
    preview.show_frame(np.zeros((100, 100, 3), np.uint8), [corners], "card")
    preview.close()
    said = json.loads((tmp_path / "live" / "preview.json").read_text())
    assert said["cards"] == [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]


def test_a_full_disk_switches_the_preview_off_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def full(*_args: object) -> None:
        tried.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    preview = Preview(tmp_path, driver="test", recognizer="none")
    assert tried.wait(60)
    preview.show_frame(np.zeros((100, 100, 3), np.uint8), (), "nothing")
    preview.close()
    assert not (tmp_path / "live" / "preview.json").exists()


def test_a_silent_loop_is_made_safe_and_ended() -> None:
    did: list[str] = []
    ended = threading.Event()

    def end() -> None:
        did.append("ended")
        ended.set()

    watchdog = Watchdog(lambda: did.append("safe"), timeout_s=0.02, on_stall=end)
    watchdog.start()
    assert ended.wait(60)
    assert did == ["safe", "ended"]
    watchdog.close()


def test_a_closed_watchdog_ends_nothing() -> None:
    watchdog = Watchdog(lambda: None, timeout_s=1000, on_stall=lambda: pytest.fail("it bit"))
    watchdog.start()
    watchdog.close()
    assert not any(thread.name == "watchdog" for thread in threading.enumerate())


def test_a_thread_that_dies_ends_the_loop() -> None:
    class Loop:
        error: BaseException | None = None

        def worker_died(self, error: BaseException) -> None:
            self.error = error

        def end(self) -> None: ...

    loop: Any = Loop()
    with watched(loop):
        thread = threading.Thread(target=lambda: 1 / 0, name="doomed")
        thread.start()
        thread.join()
    assert isinstance(loop.error, ZeroDivisionError)


def test_old_crops_are_tidied_when_a_batch_ends(tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[Any] = []
    tidied = threading.Event()

    def prune(*limits: Any) -> None:
        asked.append(limits)
        tidied.set()

    monkeypatch.setattr("firmware.assembly.prune", prune)
    tidier = CropTidier(load_settings(data_dir=tmp_path, crops__keep_days=3))
    tidier.on_phase(Phase.FEEDING)
    tidier.on_phase(Phase.FINISHED)
    assert tidied.wait(60)
    assert asked == [(tmp_path, 3, 2000)]


def test_nothing_travels_while_no_motor_turns() -> None:
    mechanism = Mechanism()
    mechanism.load(range(3))
    mechanism.pick_on = True
    mechanism.advance(0.1)
    mechanism.pick_on = False
    before = mechanism.beams
    mechanism.advance(10.0)
    assert mechanism.beams == before
    assert mechanism.in_path == [0]


def test_the_same_seed_gives_the_same_faults() -> None:
    def story(seed: int) -> list[tuple[int, ...]]:
        mechanism = Mechanism(Faults(jam=0.3, double_feed=0.3, seed=seed))
        mechanism.load(range(30))
        told = []
        for _ in range(40):
            mechanism.pick_on, mechanism.eject_on = True, False
            mechanism.advance(0.5)
            told.append(tuple(mechanism.in_path))
            mechanism.pick_on, mechanism.eject_on = False, True
            mechanism.advance(0.5)
            if mechanism.in_path:
                mechanism.bin_by_hand()
        return told

    assert story(4) == story(4)
    assert story(4) != story(5)


def test_cards_taken_out_by_hand_go_back_on_top_in_their_order() -> None:
    mechanism = Mechanism(Faults(double_feed=1.0))
    mechanism.load(range(4))
    mechanism.pick_on = True
    mechanism.advance(0.05)
    assert mechanism.clear_by_hand() == [0, 1]
    assert list(mechanism.hopper) == [0, 1, 2, 3]


def test_a_pile_has_twins_reprints_sleeves_and_cards_upside_down() -> None:
    pool = [
        Printed(
            Printing(str(n), "g", str(n)),
            lambda: np.zeros((1, 1, 3), np.uint8),
            artwork=f"{n // 2}" if n < 8 else "",
        )
        for n in range(60)
    ]
    deck = draw_deck(pool, 400, seed=3)
    assert deck == draw_deck(pool, 400, seed=3)
    ids = [card.printed.printing.card_id for card in deck]
    assert any(a == b for a, b in pairwise(ids))
    assert sum(int(card_id) < 8 for card_id in ids) > 400 * 8 / 60
    assert 20 < sum(card.upside_down for card in deck) < 90
    assert 30 < sum(card.sleeved for card in deck) < 100


def scan(key: str, card: str, decision: str, sequence: int) -> Scan:
    return Scan(
        batch_id=1, sequence=sequence, feed_key=key, card_id=card, decision=decision,
        name="Ember", set_name="LF1", number="LF1-001", reasons=["it is glossy"],
    )  # fmt: skip


def test_the_report_counts_wrong_lost_and_doubled() -> None:
    report = Report("test", 7)
    rows = [
        scan("1", "a", "accepted", 1),
        scan("2", "x", "accepted", 2),
        scan("3", "x", "review", 3),
        scan("4", "c", "accepted", 4),
    ]
    for row, number in zip(rows, (0, 1, 2, 2), strict=True):
        report.add(row, number, 10.0 * row.sequence)
    summary = report.summary(rows, [0, 1, 2, 3], ["a", "b", "c", "d"], 1234.56)
    assert summary["cards"] == 4
    assert summary["scans"] == 4
    assert summary["wrong_accepted"] == 1
    assert summary["lost"] == 1
    assert summary["doubled"] == 1
    assert Counter(accepted=3, review=1, unknown=0) == Counter(
        {name: summary[name] for name in ("accepted", "review", "unknown")}
    )
    assert summary["ms_per_card_p50"] == 25.0
    assert "Lost: 1" in sentences(summary)


def test_a_clerk_reads_name_number_and_decision() -> None:
    text = line(scan("3", "x", "review", 3))
    assert "Ember" in text
    assert "LF1-001" in text
    assert "REVIEW: it is glossy" in text
    assert "LF1 LF1" not in text
