"""Uploaded pictures beside the feed loop: each settled once, clients in turn, by a real worker."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest

from firmware.machine import Machine
from firmware.phases import Phase
from firmware.upload_thread import UploadThread
from firmware.upload_worker import Read, WorkerReader
from scanner.batches import BatchPlan
from scanner.bench_cards import draw_frame, write_cards
from scanner.catalog.build import build_pack
from scanner.catalog.library import Library
from scanner.config import Settings, load_settings
from scanner.embed import Embedder
from scanner.errors import CounterscanError, PictureError, StoreFullError
from scanner.records import Decision, Identification, Picture, View
from scanner.retry import TriedWith
from scanner.set_limit import NO_LIMIT, SetLimit
from scanner.store import Store
from scanner.tables_uploads import UploadPicture
from scanner.upload_files import keep_picture, sweep
from scanner.uploads import Waiting, next_in_turn
from tests.store.cards import identified


class Desk:
    """The page's side: takes pictures in as it does."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.store = Store.open(data_dir, role="web")

    def pile(self, *pictures: bytes, client: str = "anna", plan: BatchPlan | None = None) -> int:
        number = self.store.add_upload(f"Of {client}", "page", client, plan or BatchPlan()).id or 0
        for place, data in enumerate(pictures):
            self.add(number, data, f"{place}.jpg")
        return number

    def add(self, upload_id: int, data: bytes, name: str = "a.jpg") -> None:
        digest = hashlib.sha256(data).hexdigest()
        file = keep_picture(self.data_dir, data)
        self.store.add_picture(
            UploadPicture(
                upload_id=upload_id, name=name, sha256=digest, size_bytes=len(data), file=file
            )
        )


class ReadsNames:
    """A reader of pictures whose bytes are a card's name."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.limits: list[SetLimit] = []
        self.closed = 0
        self.trouble: Exception | None = None

    def read(self, path: Path, limit: SetLimit) -> Read:
        if self.trouble is not None:
            raise self.trouble
        name = path.read_bytes().decode()
        self.seen.append(name)
        self.limits.append(limit)
        if name.startswith("broken"):
            raise PictureError("is damaged; copy it again from where it came")
        answer = identified(name)
        if name.startswith("empty"):
            answer = Identification(Decision.UNKNOWN, ("no card in view",), View.NOTHING)
        if name.startswith("page"):
            return Read((answer, identified("Beside It"), identified("Below It")), "packs-1")
        return Read((answer,), "packs-1")

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path, role="feed") as opened:
        opened.note_packs(TriedWith("packs-1", ("demo@1",), "m"))
        yield opened


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def settle_all(thread: UploadThread) -> None:
    while thread.step():
        pass


def test_clients_take_turns_each_with_the_oldest_pile_first() -> None:
    waiting = [Waiting(1, 1, "anna"), Waiting(9, 4, "anna"), Waiting(5, 2, "ben")]
    order = []
    last = ""
    for _ in range(4):
        turn = next_in_turn(waiting, last)
        assert turn is not None
        last = turn.client
        order.append((turn.client, turn.upload_id))
    assert order == [("anna", 1), ("ben", 2), ("anna", 1), ("ben", 2)]
    assert next_in_turn([], "anna") is None


def test_a_hundred_pictures_of_one_keep_nobody_elses_one_waiting(
    store: Store, desk: Desk, tmp_path: Path
) -> None:
    desk.pile(*(f"anna {number}".encode() for number in range(100)))
    reader = ReadsNames()
    thread = UploadThread(store, tmp_path, reader)
    for _ in range(3):
        assert thread.step()
    desk.pile(b"ben 1", client="ben")
    for _ in range(2):
        assert thread.step()
    assert "ben 1" in reader.seen
    settle_all(thread)
    assert len(reader.seen) == 101
    assert store.waiting_uploads() == []
    assert store.waiting_of(None) == 0


def test_a_pile_becomes_a_batch_of_its_own_and_leaves_the_machines_alone(
    store: Store, desk: Desk, tmp_path: Path
) -> None:
    machines = store.create_batch("a long box", 0, "usb")
    store.add_event(machines.id, "started")
    plan = BatchPlan("Main street", "Shelf 2", "demo", ("Dawn",), "LP", "de")
    pile = desk.pile(b"Ember Drake", b"empty", b"broken", b"Moss Golem", plan=plan)
    reader = ReadsNames()
    settle_all(UploadThread(store, tmp_path, reader))
    batch = store.batch_of_upload(pile)
    assert batch is not None
    assert (batch.kind, batch.condition, batch.sets) == ("upload", "LP", ["Dawn"])
    assert reader.limits[0] == SetLimit("demo", frozenset({"Dawn"}))
    assert store.open_batch() == store.latest_batch() == machines
    rows = desk.store.pictures_of(pile)
    assert [(row.state.value, row.problem) for row in rows] == [
        ("done", ""),
        ("failed", "no card was found in this picture"),
        ("failed", "is damaged; copy it again from where it came"),
        ("done", ""),
    ]
    [first, second] = store.latest_scans(5, batch.id)
    assert [first.name, second.name] == ["Moss Golem", "Ember Drake"]
    assert store.present_answers([first.id or 0])[first.id or 0].language == "de"
    assert list((tmp_path / "uploads").iterdir()) == [], "what was read is needed no more"
    counts = desk.store.upload_counts([pile])[pile]
    assert (counts.done, counts.failed, counts.waiting, counts.total) == (2, 2, 0, 4)


def test_the_same_bytes_are_not_read_twice_with_the_same_packs(
    store: Store, desk: Desk, tmp_path: Path
) -> None:
    reader = ReadsNames()
    thread = UploadThread(store, tmp_path, reader)
    first = desk.pile(b"Ember Drake")
    settle_all(thread)
    again = desk.pile(b"Ember Drake", client="ben")
    settle_all(thread)
    assert reader.seen == ["Ember Drake"]
    [one], [other] = desk.store.pictures_of(first), desk.store.pictures_of(again)
    assert (one.is_cached, other.is_cached) == (False, True)
    assert one.scan_ids != other.scan_ids
    scan, copy = store.scan(one.scan_ids[0]), store.scan(other.scan_ids[0])
    assert scan is not None
    assert copy is not None
    assert (copy.card_id, copy.candidates, copy.decision) == (
        scan.card_id, scan.candidates, scan.decision,
    )  # fmt: skip
    assert store.crop_file(copy) is not None
    stats = store.upload_stats()
    assert (stats.waiting, stats.read, stats.cached, stats.failed) == (0, 2, 1, 0)
    store.note_packs(TriedWith("packs-2", ("demo@2",), "m"))
    desk.pile(b"Ember Drake", client="carl")
    settle_all(thread)
    assert len(reader.seen) == 2, "with other packs it may be another card"
    assert reader.closed > 0


def test_a_page_with_several_cards_becomes_a_scan_for_each(
    store: Store, desk: Desk, tmp_path: Path
) -> None:
    pile = desk.pile(b"page one", b"Moss Golem")
    settle_all(UploadThread(store, tmp_path, ReadsNames()))
    page, single = desk.store.pictures_of(pile)
    assert (len(page.scan_ids), len(single.scan_ids)) == (3, 1)
    names = [scan.name for scan in store.scans_after(0)]
    assert names == ["page one", "Beside It", "Below It", "Moss Golem"]
    reader = ReadsNames()
    desk.pile(b"page one", client="ben")
    settle_all(UploadThread(store, tmp_path, reader))
    assert reader.seen == ["page one"], "only an answer of one card is kept"


def test_a_kill_between_scan_and_result_doubles_nothing(
    store: Store, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pile = desk.pile(b"Ember Drake", b"Moss Golem")

    def killed(_result: object) -> None:
        raise StoreFullError("as if the power went")

    monkeypatch.setattr(store, "add_upload_result", killed)
    thread = UploadThread(store, tmp_path, ReadsNames())
    with pytest.raises(StoreFullError):
        thread.step()
    monkeypatch.undo()
    assert len(store.scans_after(0)) == 1
    settle_all(UploadThread(store, tmp_path, ReadsNames()))
    assert [scan.name for scan in store.scans_after(0)] == ["Ember Drake", "Moss Golem"]
    assert desk.store.upload_counts([pile])[pile].done == 2


def test_nothing_is_lost_while_nothing_can_be_read_and_a_stopped_pile_stays_unread(
    store: Store, desk: Desk, tmp_path: Path
) -> None:
    reader = ReadsNames()
    reader.trouble = CounterscanError("No catalog pack is in use.")
    thread = UploadThread(store, tmp_path, reader)
    stopped, other = desk.pile(b"Ember Drake"), desk.pile(b"Moss Golem")
    with pytest.raises(CounterscanError):
        thread.step()
    reader.trouble = None
    desk.store.stop_upload(stopped)
    desk.store.stop_upload(stopped)
    settle_all(thread)
    assert reader.seen == ["Moss Golem"]
    assert desk.store.upload_counts([stopped])[stopped].stopped == 1
    assert desk.store.upload_counts([other])[other].done == 1


def test_pictures_give_way_while_the_machine_works_and_phases_are_handed_on(
    store: Store, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Phase] = []
    machine = SimpleNamespace(on_phase=told.append)
    reader = ReadsNames()
    thread = UploadThread(store, tmp_path, reader)
    thread.follow(cast(Machine, machine))
    monkeypatch.setattr("firmware.upload_thread.RESTS_FOR", 1e9)
    machine.on_phase(Phase.FEEDING)
    desk.pile(b"Ember Drake", b"Moss Golem", b"Quiet Thunder")
    with thread:
        await_true(lambda: len(reader.seen) == 1)
        time.sleep(0.3)  # it would have read them all by now
    assert reader.seen == ["Ember Drake"]
    machine.on_phase(Phase.FINISHED)
    assert told == [Phase.FEEDING, Phase.FINISHED]
    again = UploadThread(store, tmp_path, reader)
    again.follow(cast(Machine, machine))
    machine.on_phase(Phase.FINISHED)
    with again:
        await_true(lambda: len(reader.seen) == 3)


def test_a_file_that_no_row_waits_for_is_swept_once_it_is_old(desk: Desk, tmp_path: Path) -> None:
    desk.pile(b"Ember Drake")
    for name, age_s in (("orphan", 7200), ("fresh", 0)):
        path = tmp_path / "uploads" / name
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age_s,) * 2)
    [needed] = desk.store.waiting_files()
    os.utime(tmp_path / needed, (0, 0))
    sweep(tmp_path, [needed])
    left = {path.name for path in (tmp_path / "uploads").iterdir()}
    assert left == {Path(needed).name, "fresh"}


@pytest.fixture(scope="module")
def drawn_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uploads")
    table = write_cards(folder / "pictures", 4)
    build_pack(
        game="drawn", version="1", pictures=table.parent, facts=table, out=folder / "pack",
        embedder=Embedder.load(),
    )  # fmt: skip
    return folder / "pack"


@pytest.fixture
def settings(tmp_path: Path, store: Store, drawn_pack: Path) -> Settings:
    embedder, library = Embedder.load(), Library(tmp_path)
    library.use(library.install(drawn_pack), model_id=embedder.model_id, runtime=embedder.runtime)
    return load_settings(data_dir=tmp_path)


def jpeg(picture: Picture) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def await_true(condition: Callable[[], bool]) -> None:
    deadline_mono_s = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline_mono_s, "it never came"
        time.sleep(0.05)


def test_a_worker_of_its_own_reads_the_pictures(
    store: Store, desk: Desk, settings: Settings
) -> None:
    frames = [jpeg(draw_frame(number, 5)[0]) for number in range(2)]
    table = jpeg(np.full((720, 960, 3), 60, np.uint8))
    pile = desk.pile(*frames, table, b"\xff\xd8 no picture")
    with UploadThread(store, settings.data_dir, WorkerReader(settings)):
        await_true(lambda: desk.store.upload_counts([pile])[pile].waiting == 0)
    rows = desk.store.pictures_of(pile)
    assert [row.state.value for row in rows] == ["done", "done", "failed", "failed"]
    names = [store.present_answers(row.scan_ids)[row.scan_ids[0]].card_id for row in rows[:2]]
    assert len(set(names)) == 2
    assert all(names)
    assert "no card" in rows[2].problem
    assert "picture" in rows[3].problem


def test_a_picture_that_kills_the_worker_is_refused_and_the_next_is_read(
    settings: Settings, tmp_path: Path
) -> None:
    good = tmp_path / "good.jpg"
    good.write_bytes(jpeg(draw_frame(1, 5)[0]))
    reader = WorkerReader(settings)
    try:
        assert reader.read(good, NO_LIMIT).answers[0].view is View.CARD
        assert reader._process is not None
        assert reader._process.pid is not None
        os.kill(reader._process.pid, signal.SIGKILL)
        with pytest.raises(PictureError, match="take the picture anew"):
            reader.read(good, NO_LIMIT)
        assert reader.read(good, NO_LIMIT).answers[0].view is View.CARD
        limited = reader.read(good, SetLimit("drawn", frozenset({"no such set"}))).answers[0]
        assert limited.decision is not Decision.ACCEPTED
    finally:
        reader.close()


def test_without_a_pack_the_worker_says_what_to_do(store: Store, tmp_path: Path) -> None:
    reader = WorkerReader(load_settings(data_dir=tmp_path))
    with pytest.raises(CounterscanError, match="counterscan catalog"):
        reader.read(tmp_path / "x", NO_LIMIT)
