"""Scans tried again from their crops: real log, real packs, the shipped models."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sqlmodel import select

from firmware.machine import Machine
from firmware.phases import Phase
from firmware.retry import Retrier, in_use
from firmware.retry_thread import RetryThread
from scanner.bench_cards import draw_frame, write_cards
from scanner.catalog.build import build_pack
from scanner.catalog.library import Library
from scanner.catalog.pack import Pack
from scanner.config import Settings, load_settings
from scanner.embed import Embedder
from scanner.errors import StoreFullError
from scanner.pipeline import Recognizer
from scanner.records import Decision, Identification, Printing, View
from scanner.retry import TWO_PRINTINGS, Outcome
from scanner.store import Store
from scanner.tables import Retry

OLD_CARDS, NEW_CARDS = 6, 12


@dataclasses.dataclass
class Packs:
    """Two versions of one game's pack: the new one knows six more cards."""

    paths: dict[str, Path]
    embedder: Embedder

    def install(self, data_dir: Path, version: str) -> None:
        library = Library(data_dir)
        library.use(
            library.install(self.paths[version]),
            model_id=self.embedder.model_id,
            runtime=self.embedder.runtime,
        )

    def open(self, version: str) -> list[Pack]:
        model_id, runtime = self.embedder.model_id, self.embedder.runtime
        return [Pack.open(self.paths[version], model_id=model_id, runtime=runtime)]


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Packs:
    folder = tmp_path_factory.mktemp("retry")
    embedder = Embedder.load()
    paths = {}
    for version, cards in (("1", OLD_CARDS), ("2", NEW_CARDS)):
        table = write_cards(folder / f"pictures-{version}", cards)
        paths[version] = folder / f"pack-{version}"
        build_pack(
            game="drawn",
            version=version,
            pictures=table.parent,
            facts=table,
            out=paths[version],
            embedder=embedder,
        )
    return Packs(paths, embedder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def log_of(settings: Settings, packs: Packs) -> Iterator[Callable[..., Store]]:
    """A log with a batch of these cards, made with the old pack; it is closed by the test."""
    opened: list[Store] = []

    def make(*cards: int) -> Store:
        packs.install(settings.data_dir, "1")
        store = Store.open(settings.data_dir, role="feed")
        opened.append(store)
        old = packs.open("1")
        recognizer = Recognizer.open(old)
        store.note_packs(in_use(old, recognizer, settings.data_dir))
        batch = store.create_batch("a box", 0, "usb")
        for number in cards:
            answer = recognizer.identify(draw_frame(number, 5)[0])
            store.commit_scan(batch.id or 0, answer, feed_key=str(number), driver="usb")
        store.add_event(batch.id, "finished")
        return store

    yield make
    for store in opened:
        store.close()


def retrier(store: Store, settings: Settings, packs: Packs, version: str, **how: Any) -> Retrier:
    opened = packs.open(version)
    recognizer = Recognizer.open(opened)
    now = in_use(opened, recognizer, settings.data_dir)
    return Retrier(store, settings.data_dir, recognizer, now, **how)


def work(retrier: Retrier) -> None:
    while retrier.step():
        pass


def rows(store: Store) -> list[tuple[int, str]]:
    with store._log.read() as session:
        found = session.exec(select(Retry).order_by(Retry.id))  # type: ignore[arg-type]
        return [(row.scan_id, row.outcome) for row in found]


def present(store: Store) -> list[tuple[str, str]]:
    scans = store.scans_after(0)
    answers = store.present_answers([scan.id or 0 for scan in scans])
    return [(answers[s.id or 0].decision, answers[s.id or 0].card_id) for s in scans]


def test_a_card_that_a_new_pack_knows_is_accepted_later_and_tried_once(
    log_of: Callable[..., Store], settings: Settings, packs: Packs
) -> None:
    store = log_of(2, 8, 1000)
    first = present(store)
    assert [decision == "accepted" for decision, _ in first] == [True, False, False]
    unchanged = retrier(store, settings, packs, "1")
    assert unchanged.count_due() == 0

    work(retrier(store, settings, packs, "2"))
    assert present(store)[:2] == [("accepted", "B-000002"), ("accepted", "B-000008")]
    assert present(store)[2][0] != "accepted"
    assert [scan_id for scan_id, _ in sorted(rows(store))] == [2, 3]
    later = store.present_answers([2])[2]
    assert (later.source, later.pack_id) == ("retry", "drawn@2")
    assert later.model_id == packs.embedder.model_id
    batch = store.latest_batch()
    assert batch is not None
    assert store.batch_summary(batch.id or 0).accepted == 2

    again = retrier(store, settings, packs, "2")
    work(again)
    assert again.report.due == 0
    assert len(rows(store)) == 2


def test_a_picture_that_is_damaged_or_gone_is_passed_over_with_a_word(
    log_of: Callable[..., Store], settings: Settings, packs: Packs, caplog: Any
) -> None:
    store = log_of(7, 8, 9)
    crops = [store.crop_file(scan) for scan in store.scans_after(0)]
    assert crops[0] is not None
    assert crops[1] is not None
    crops[0].write_bytes(crops[0].read_bytes()[:200])
    crops[1].unlink()
    trying = retrier(store, settings, packs, "2")
    with caplog.at_level(logging.INFO):
        work(trying)
    assert "scan 1 is not tried again" in caplog.text
    assert "scan 2 can't be tried again: its picture is gone" in caplog.text
    assert [decision == "accepted" for decision, _ in present(store)] == [False, False, True]
    assert (trying.report.unreadable, trying.report.missing, trying.report.accepted) == (1, 1, 1)
    assert sorted(rows(store)) == [(1, "unreadable"), (3, "accepted")]


def test_a_persons_word_stays(
    log_of: Callable[..., Store], settings: Settings, packs: Packs
) -> None:
    store = log_of(8, 9)
    with Store.open(settings.data_dir, role="web") as page:
        page.add_correction(1, Printing("mine", "drawn", "What the clerk said"))
        work(retrier(store, settings, packs, "2"))
        assert present(store) == [("accepted", "mine"), ("accepted", "B-000009")]
        page.undo_correction(1)
        work(retrier(store, settings, packs, "2"))
    assert present(store) == [("accepted", "B-000008"), ("accepted", "B-000009")]


def test_a_full_disk_loses_nothing(
    log_of: Callable[..., Store],
    settings: Settings,
    packs: Packs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = log_of(7, 8)
    trying = retrier(store, settings, packs, "2")
    assert trying.count_due() == 2
    with monkeypatch.context() as full:

        def refuse(*_args: object) -> bool:
            raise StoreFullError("the disk is full")

        full.setattr(store, "add_retry", refuse)
        with pytest.raises(StoreFullError):
            trying.step()
    work(trying)
    assert trying.report.accepted == 2
    assert sorted(rows(store)) == [(1, "accepted"), (2, "accepted")]


def test_two_frames_that_disagreed_are_left_to_a_person(
    log_of: Callable[..., Store], settings: Settings, packs: Packs
) -> None:
    store = log_of()
    batch = store.create_batch("one card", 0, "usb")
    frame = draw_frame(8, 5)[0]
    answer = Recognizer.open(packs.open("2")).identify(frame)
    doubted = dataclasses.replace(answer, decision=Decision.REVIEW, reasons=(TWO_PRINTINGS,))
    store.commit_scan(batch.id or 0, doubted, feed_key="1", driver="usb")
    # Something else is in use now, so that the scan is due.
    trying = retrier(store, settings, packs, "2")
    work(trying)
    assert trying.report.due == 1
    assert present(store) == [("review", "B-000008")]


def test_a_kill_in_the_middle_doubles_nothing(
    log_of: Callable[..., Store], settings: Settings, packs: Packs
) -> None:
    log_of(*range(OLD_CARDS, NEW_CARDS), *range(900, 910)).close()
    packs.install(settings.data_dir, "2")
    command = [
        *(sys.executable, "-m", "scanner.cli", "retry", "--json"),
        *("--data", str(settings.data_dir)),
    ]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with Store.open(settings.data_dir, role="reader") as reader:
        deadline_mono_s = time.monotonic() + 120
        while not rows(reader):
            assert first.poll() is None, "it ended before the first row"
            assert time.monotonic() < deadline_mono_s
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        before = rows(reader)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["due"] == 16 - len(before)
    with Store.open(settings.data_dir, role="reader") as reader:
        tried = [scan_id for scan_id, _ in rows(reader)]
        assert sorted(tried) == list(range(1, 17))
        assert [outcome for _, outcome in rows(reader)].count("accepted") == NEW_CARDS - OLD_CARDS


def test_the_command_says_what_would_become_of_the_scans_and_respects_the_feed_process(
    log_of: Callable[..., Store], settings: Settings, packs: Packs, counterscan: Any
) -> None:
    store = log_of(8, 1000)
    packs.install(settings.data_dir, "2")
    refused = counterscan("retry", "--data", settings.data_dir)
    assert refused.returncode == 1
    assert "Another feed process" in refused.stderr
    store.close()
    dry = counterscan("retry", "--dry-run", "--data", settings.data_dir)
    assert "2 scans were due with drawn@2" in dry.stdout
    assert "1 would be accepted" in dry.stdout
    assert "Nothing was written" in dry.stdout
    with Store.open(settings.data_dir, role="reader") as reader:
        assert rows(reader) == []


class Careful:
    """A recognizer that a batch interrupts: notes in which phase it was asked."""

    recognizer = "embedder"
    model_id = "m"

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.phases: list[Phase] = []
        self.phase = Phase.IDLE

    def tell(self, phase: Phase) -> None:
        self.phase = phase
        assert self._machine.on_phase is not None
        self._machine.on_phase(phase)

    def describe(self) -> str:
        return "careful"

    def identify_crop(self, _crop: np.ndarray) -> Identification:
        self.phases.append(self.phase)
        if len(self.phases) == 1:
            self.tell(Phase.FEEDING)
        return Identification(Decision.UNKNOWN, (), View.CARD)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_mono_s = time.monotonic() + 60
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline_mono_s, "it never came"
        pause.wait(0.01)


def test_a_batch_that_starts_stops_it_at_once_and_it_goes_on_afterwards(
    log_of: Callable[..., Store], settings: Settings, packs: Packs
) -> None:
    store = log_of(7, 8, 9)
    machine = cast(Machine, SimpleNamespace(store=store, on_phase=None, preview=None))
    careful = Careful(machine)
    recognizer = cast(Recognizer, careful)
    thread = RetryThread(
        settings, machine, packs.open("2"), lambda _s: [], lambda _s, _p: recognizer
    )
    thread.start(recognizer)
    try:
        wait_until(lambda: len(rows(store)) == 1)
        assert careful.phases == [Phase.IDLE]
        careful.tell(Phase.FINISHED)
        wait_until(lambda: len(rows(store)) == 3)
    finally:
        thread.close()
    assert Phase.FEEDING not in careful.phases


def test_a_pack_put_in_use_while_idle_is_taken_up_by_the_machine_too(
    log_of: Callable[..., Store],
    settings: Settings,
    packs: Packs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("firmware.retry_thread.LOOK_EVERY_S", 0.02)
    store = log_of(8)
    old = packs.open("1")
    first = Recognizer.open(old)
    machine = cast(
        Machine, SimpleNamespace(store=store, on_phase=None, preview=None, recognizer=first)
    )
    thread = RetryThread(
        settings, machine, old, lambda _s: packs.open("2"), lambda _s, p: Recognizer.open(p)
    )
    thread.start(first)
    try:
        packs.install(settings.data_dir, "2")
        wait_until(lambda: present(store) == [("accepted", "B-000008")])
    finally:
        thread.close()
    assert machine.recognizer is not first
    assert "drawn@2" in machine.recognizer.describe()
    # What is scanned from now on is not due with these packs.
    assert retrier(store, settings, packs, "2").count_due() == 0
    assert rows(store) == [(1, Outcome.ACCEPTED)]
