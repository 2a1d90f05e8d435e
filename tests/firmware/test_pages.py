"""Several cards laid by hand, a binder's page or side by side: each counts once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from firmware.camera import Frame, checked_frame
from firmware.clock import Inbox
from firmware.events import Event
from firmware.handsfree import HandsFree
from firmware.loop import FeedLoop
from firmware.machine import Machine
from firmware.phases import Limits, Phase
from scanner.errors import StoreFullError
from scanner.records import Candidate, Decision, Identification, Picture, Printing, View
from scanner.store import Store

HIGH, WIDE = 540, 960
CARD = (63 * 2, 88 * 2)


def face(number: int) -> Picture:
    rng = np.random.default_rng(number)
    blobs = rng.integers(0, 255, (7, 5, 3)).astype(np.uint8)
    picture = cv2.resize(blobs, CARD, interpolation=cv2.INTER_NEAREST)
    cv2.rectangle(picture, (0, 0), (CARD[0] - 1, CARD[1] - 1), (10, 10, 12), 5)
    return picture


@dataclass
class Desk:
    """A table in slots, and a hand that covers a part of it. `cards` are number by slot."""

    cards: dict[int, int] = field(default_factory=dict)
    cover: float = 0.0

    def picture(self) -> Picture:
        rng = np.random.default_rng(99)
        wood = cv2.resize(rng.integers(70, 110, (27, 48, 3)).astype(np.uint8), (WIDE, HIGH))
        picture = np.asarray(wood, np.uint8)
        for slot, number in self.cards.items():
            x, y = self.place(slot)
            picture[y : y + CARD[1], x : x + CARD[0]] = face(number)
        reach = int(self.cover * WIDE)
        if reach:
            picture[:, :reach] = (90, 120, 170)
        return picture

    def place(self, slot: int) -> tuple[int, int]:
        row, column = divmod(slot, 4)
        return 80 + column * 210, 40 + row * 250

    def answers(self) -> list[Identification]:
        return [named(number, *self.place(slot)) for slot, number in sorted(self.cards.items())]


def named(number: int, x: int, y: int) -> Identification:
    printing = Printing(str(number), "test", f"Card {number}")
    corners = np.float32([(x, y), (x + CARD[0], y), (x + CARD[0], y + CARD[1]), (x, y + CARD[1])])
    return Identification(
        Decision.ACCEPTED, (), View.CARD, printing, (Candidate(printing, 0.9),), corners
    )


class Eye:
    """Camera and recogniser: they see the desk as it is now."""

    def __init__(self, desk: Desk):
        self.name = "desk"
        self.desk = desk
        self.film: Iterator[None] = iter(())

    def start(self) -> None: ...

    def close(self) -> None: ...

    def capture(self) -> Frame:
        next(self.film, None)
        return checked_frame(self.desk.picture())

    def describe(self) -> str:
        return "knows the desk"

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        answers = self.desk.answers()
        if self.desk.cover > 0.3 or not answers:
            return Identification(Decision.UNKNOWN, (), View.NOTHING)
        if len(answers) > 1:
            return Identification(Decision.UNKNOWN, (), View.SEVERAL)
        return answers[0]

    def identify_all(self, frame: Picture) -> list[Identification]:
        return self.desk.answers()


class Clock:
    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def wait(self, inbox: Inbox, timeout_s: float) -> Event | None:
        self._now_s += timeout_s if inbox.empty() else 0.0
        return None if inbox.empty() else inbox.get()


@dataclass
class Shop:
    """A hands-free machine over a desk."""

    desk: Desk
    eye: Eye
    store: Store
    page: Store
    loop: FeedLoop

    def play(self, film: Iterator[None]) -> None:
        """Let the film pass, and a second after it."""
        self.eye.film = film
        for _ in range(60):
            self.loop.turn()

    def show(self, cards: dict[int, int], cover: float = 1.0) -> None:
        """A hand comes, changes the cards and goes."""

        def film() -> Iterator[None]:
            for share in (0.2, 0.6, 1.0, 1.0):
                self.desk.cover = share * cover
                yield
            self.desk.cards = cards
            for share in (0.9, 0.5, 0.2, 0.0):
                self.desk.cover = share * cover
                yield

        self.play(film())

    def rest(self) -> None:
        self.play(iter(()))

    def names(self) -> list[str]:
        return [scan.card_id for scan in self.store.scans_after(0, 1000)]


def make_loop(store: Store, eye: Eye) -> FeedLoop:
    hand = HandsFree()
    loop = FeedLoop(
        Machine(
            store=store,
            recognizer=eye,
            camera=eye,
            feeder=hand,
            limits=Limits(settle_s=0.0, feed_timeout_s=None),
            clock=Clock(),
        )
    )
    hand.listen(loop.inbox.put)
    return loop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    desk = Desk()
    eye = Eye(desk)
    with Store.open(tmp_path, role="feed") as store, Store.open(tmp_path, role="web") as page:
        shop = Shop(desk, eye, store, page, make_loop(store, eye))
        page.add_command("start", {})
        shop.rest()
        yield shop


def as_page(*numbers: int) -> dict[int, int]:
    return dict(enumerate(numbers))


def test_a_page_is_scanned_once_card_by_card(shop: Shop) -> None:
    shop.show(as_page(1, 2, 3, 4, 5, 6, 7, 8))
    assert shop.names() == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert [scan.sequence for scan in shop.store.scans_after(0)] == list(range(1, 9))
    shop.rest()
    shop.show(dict(shop.desk.cards), cover=0.4)
    assert len(shop.names()) == 8, "a hand that passes over brings no card"


def test_the_next_page_counts_whole_also_where_a_card_comes_again(shop: Shop) -> None:
    shop.show(as_page(1, 2, 3, 4, 5, 6))
    shop.show(as_page(7, 2, 8, 9, 10, 11))
    assert shop.names() == [*"123456", *"7289", "10", "11"]


def test_a_card_laid_beside_others_counts_alone(shop: Shop) -> None:
    shop.show({0: 1})
    shop.show({0: 1, 5: 2}, cover=0.2)
    shop.show({0: 1, 5: 2, 7: 1}, cover=0.2)
    assert shop.names() == ["1", "2", "1"]


def test_a_card_taken_from_a_page_brings_no_scan_and_a_new_one_does(shop: Shop) -> None:
    shop.show(as_page(1, 2, 3, 4))
    shop.show(as_page(1, 2, 3), cover=0.4)
    assert shop.names() == ["1", "2", "3", "4"]
    shop.show(as_page(1, 2, 3, 9), cover=0.4)
    assert shop.names() == ["1", "2", "3", "4", "9"]


def test_twins_on_one_page_count_each(shop: Shop) -> None:
    shop.show(as_page(5, 5, 5, 5))
    assert shop.names() == ["5"] * 4


def test_the_batch_ends_when_a_page_holds_the_last_expected_card(tmp_path: Path) -> None:
    desk = Desk()
    eye = Eye(desk)
    with Store.open(tmp_path, role="feed") as store, Store.open(tmp_path, role="web") as page:
        shop = Shop(desk, eye, store, page, make_loop(store, eye))
        page.add_command("start", {"expected_cards": 3})
        shop.rest()
        shop.show(as_page(1, 2, 3))
        assert shop.loop.state.phase is Phase.FINISHED
        assert shop.names() == ["1", "2", "3"]


def test_a_disk_that_fills_in_the_middle_of_a_page_loses_and_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, calls = shop.store.commit_scan, [0]

    def sometimes(*args: Any, **keywords: Any) -> Any:
        calls[0] += 1
        if calls[0] in (3, 4, 6):
            raise StoreFullError("The disk is full.")
        return commit(*args, **keywords)

    monkeypatch.setattr(shop.store, "commit_scan", sometimes)
    shop.show(as_page(1, 2, 3, 4, 5))
    shop.rest()
    shop.rest()
    assert shop.names() == ["1", "2", "3", "4", "5"]


def test_a_power_cut_in_the_middle_of_a_page_loses_and_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(Exception):
        pass

    commit = shop.store.commit_scan

    def cut(*args: Any, **keywords: Any) -> Any:
        if len(shop.names()) == 3:
            raise PowerCutError
        return commit(*args, **keywords)

    with monkeypatch.context() as broken:
        broken.setattr(shop.store, "commit_scan", cut)
        with pytest.raises(PowerCutError):
            shop.show(as_page(1, 1, 2, 3, 4))
    shop.desk.cover = 0.0
    shop.desk.cards = as_page(1, 1, 2, 3, 4)
    shop.loop = make_loop(shop.store, shop.eye)
    shop.loop.go_on_with_open_batch()
    shop.rest()
    assert shop.names() == ["1", "1", "2", "3", "4"]


def test_the_preview_outlines_every_card_of_a_page_and_follows_them(shop: Shop) -> None:
    shown: list[tuple[int, str]] = []
    shop.loop._machine.preview = SimpleNamespace(  # type: ignore[assignment]
        show_frame=lambda _picture, outlines_px, view: shown.append((len(outlines_px), view)),
        show_state=lambda _state: None,
    )
    shop.show(as_page(1, 2, 3, 4, 5, 6))
    assert shown[-1] == (6, "several")
    shop.show({0: 7})
    assert shown[-1] == (1, "card")
    shop.show({})
    assert shown[-1] == (0, "nothing")
