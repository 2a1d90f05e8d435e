"""Cards laid by hand: each counts once, whatever hand, light and finger do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from firmware.camera import Frame, checked_frame
from firmware.clock import Inbox
from firmware.events import Event
from firmware.handsfree import HandsFree
from firmware.loop import FeedLoop
from firmware.machine import Machine
from firmware.phases import Limits, Phase
from firmware.trigger import Ask, Trigger
from scanner.records import Candidate, Decision, Identification, Picture, Printing, View
from scanner.store import Store

Film = Iterator[tuple[Picture, Any]]


@pytest.fixture(scope="module")
def show() -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location("table_show", Path(__file__).parent / "table_show.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(number: int, corners: Any) -> Identification:
    printing = Printing(str(number), "test", f"Card {number}")
    return Identification(
        Decision.ACCEPTED, (), View.CARD, printing, (Candidate(printing, 0.9),), corners
    )


def counted(table: Any, acts: Iterable[Film], *, nameless: bool = False) -> list[int]:
    """Play the acts to the hands-free feeder and answer it as a recogniser would."""
    hand, news, cards, now_s = HandsFree(), [], [], 0.0
    hand.listen(news.append)
    hand.feed()
    for act in acts:
        for picture, corners in act:
            now_s += 1 / 15
            hand.see(picture, now_s)
            if not news:
                continue
            news.clear()
            if corners is None:
                hand.saw_nothing()
            elif hand.saw_card(
                Identification(Decision.UNKNOWN, (), View.CARD, corners_px=corners)
                if nameless
                else named(table.number, corners)
            ):
                cards.append(table.number)
            hand.feed()
    return cards


Acts = Callable[[Any], Iterator[Film]]


def left_lying(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(3.0))


def two_copies_taken_in_between(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(), table.take(), table.rest(0.5))
    yield from (table.lay(1), table.rest())


def two_copies_in_one_sweep(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(), table.swap(1), table.rest())


def another_card_on_top(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(), table.swap(2), table.rest())


def hand_passes_over(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(), table.pass_over(1.0), table.rest())
    yield from (table.pass_over(0.5), table.rest())


def hand_rests_on_it(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(), table.hand_comes(0.6))
    yield from ((table.frame(0.6) for _ in range(12)), table.hand_goes(0.6), table.rest())


def dragged(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest())
    yield from (table.drag(0.08, 0.02, 8.0, cover=0.3), table.rest())


def nudged(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest())
    yield from (table.drag(0.01, 0.015, 2.0, cover=0.25, seconds=0.2), table.rest())


def light_switched(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.lay(1), table.rest(), table.switch_light(0.5), table.rest())
    yield from (table.switch_light(2.0), table.rest(), table.switch_light(0.03), table.rest())
    yield from (table.switch_light(1 / 0.03), table.rest())


def nothing_but_light_and_hand(table: Any) -> Iterator[Film]:
    yield from (table.rest(), table.switch_light(0.5), table.rest(), table.switch_light(2.0))
    yield from (table.rest(), table.pass_over(), table.rest())


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize(
    ("acts", "cards"),
    [
        (left_lying, [1]),
        (two_copies_taken_in_between, [1, 1]),
        (two_copies_in_one_sweep, [1, 1]),
        (another_card_on_top, [1, 2]),
        (hand_passes_over, [1]),
        (hand_rests_on_it, [1]),
        (dragged, [1]),
        (nudged, [1]),
        (light_switched, [1]),
        (nothing_but_light_and_hand, []),
    ],
)
def test_each_card_laid_counts_once(
    show: ModuleType, acts: Acts, cards: list[int], seed: int
) -> None:
    table = show.Table(seed)
    assert counted(table, acts(table)) == cards


@pytest.mark.parametrize(
    ("acts", "cards"),
    [(hand_passes_over, [1]), (nudged, [1]), (two_copies_in_one_sweep, [1, 1])],
)
def test_a_card_that_nobody_can_name_counts_once_too(
    show: ModuleType, acts: Acts, cards: list[int]
) -> None:
    table = show.Table(6)
    assert counted(table, acts(table), nameless=True) == cards


def test_the_trigger_waits_until_all_is_still() -> None:
    trigger, now_s = Trigger(), 0.0
    rng = np.random.default_rng(0)
    table = np.full((90, 160), 90, np.uint8)
    for _ in range(30):
        now_s += 1 / 15
        waving = table.copy()
        waving[20:60, 20:80] = rng.integers(0, 255, (40, 60))
        assert trigger.feed(waving, now_s) is Ask.NOTHING
    asked = []
    for _ in range(10):
        now_s += 1 / 15
        asked.append(trigger.feed(table, now_s))
    assert asked.count(Ask.SCAN) == 1
    trigger.learn_nothing()
    assert all(trigger.feed(table, now_s + n) is Ask.NOTHING for n in range(1, 5))


class FilmCamera:
    """Shows a film, a frame per look, and lets the film's time pass; the last frame stays."""

    def __init__(self, film: Film):
        self.name = "film"
        self._film = film
        self.now_s = 0.0
        self.corners: Any = None
        self._picture: Picture | None = None

    def start(self) -> None: ...

    def close(self) -> None: ...

    def capture(self) -> Frame:
        shown = next(self._film, None)
        if shown is not None:
            self._picture, self.corners = shown
        return checked_frame(self._picture)


class FilmClock:
    """A frame's time passes with each wait."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def wait(self, inbox: Inbox, timeout_s: float) -> Event | None:
        self._now_s += timeout_s if inbox.empty() else 0.0
        return None if inbox.empty() else inbox.get()


class FilmRecognizer:
    """Knows what the film shows."""

    def __init__(self, table: Any, camera: FilmCamera):
        self._table, self._camera = table, camera

    def describe(self) -> str:
        return "knows the film"

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        if self._camera.corners is None:
            return Identification(Decision.UNKNOWN, (), View.NOTHING)
        return named(self._table.number, self._camera.corners)


def loop_over(table: Any, film: Film, store: Store) -> FeedLoop:
    camera = FilmCamera(film)
    hand = HandsFree()
    loop = FeedLoop(
        Machine(
            store=store,
            recognizer=FilmRecognizer(table, camera),
            camera=camera,
            feeder=hand,
            limits=Limits(settle_s=0.0, feed_timeout_s=None),
            clock=FilmClock(),
        )
    )
    hand.listen(loop.inbox.put)
    return loop


def test_by_hand_the_loop_logs_each_card_and_ends_at_the_expected_number(
    show: ModuleType, tmp_path: Any
) -> None:
    table = show.Table(2)
    film = (frame for act in two_copies_taken_in_between(table) for frame in act)
    with Store.open(tmp_path, role="feed") as store, Store.open(tmp_path, role="web") as page:
        loop = loop_over(table, film, store)
        page.add_command("start", {"expected_cards": 2})
        for _ in range(400):
            loop.turn()
        assert loop.state.phase is Phase.FINISHED
        assert [scan.card_id for scan in store.scans_after(0)] == ["1", "1"]
        assert [scan.feed_key for scan in store.scans_after(0)] == [None, None]


def test_a_card_that_lies_there_since_before_a_power_cut_is_not_logged_again(
    show: ModuleType, tmp_path: Any
) -> None:
    table = show.Table(3)
    with Store.open(tmp_path, role="feed") as store, Store.open(tmp_path, role="web") as page:
        film = (frame for act in (table.rest(), table.lay(1), table.rest()) for frame in act)
        loop = loop_over(table, film, store)
        page.add_command("start")
        for _ in range(60):
            loop.turn()
        assert len(store.scans_after(0)) == 1
        again = (frame for act in (table.rest(), table.swap(2), table.rest()) for frame in act)
        restarted = loop_over(table, again, store)
        restarted.go_on_with_open_batch()
        for _ in range(60):
            restarted.turn()
        assert [scan.card_id for scan in store.scans_after(0)] == ["1", "2"]


def test_the_outline_follows_the_card(show: ModuleType) -> None:
    table, hand, news, now_s = show.Table(1), HandsFree(), [], 0.0
    hand.listen(news.append)
    hand.feed()
    acts = (table.rest(), table.lay(1), table.rest(), table.drag(0.08, 0.02, 4.0), table.rest())
    corners = None
    for act in acts:
        for picture, corners in act:
            now_s += 1 / 15
            hand.see(picture, now_s)
            if news:
                news.clear()
                _ = hand.saw_nothing() if corners is None else hand.saw_card(named(1, corners))
                hand.feed()
    assert len(hand.outlines_px) == 1
    assert np.abs(hand.outlines_px[0] - corners).max() < 4
    for picture, _ in (*table.take(), *table.rest()):
        now_s += 1 / 15
        hand.see(picture, now_s)
    assert hand.outlines_px == ()
