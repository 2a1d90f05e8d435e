"""The golden deck: what drifted is found and named, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from firmware.camera import Frame, checked_frame
from firmware.drivers import Drivers
from firmware.events import CardLeft, CardSeated
from firmware.feeder import Listener
from firmware.phases import Limits as Times
from firmware.selftest import CardMeasure, compare
from firmware.selftest_record import RecordError, read_record, record_names, write_record
from firmware.selftest_run import run_deck
from scanner.bench_cards import draw_frame, write_cards
from scanner.catalog.build import build_pack
from scanner.catalog.pack import Pack
from scanner.embed import Embedder
from scanner.errors import UsageError
from scanner.pipeline import Recognizer
from scanner.records import Picture

CARDS = 6
CARD = CardMeasure("c1", "Card 1", 0.98, 0.04, 0.2, 1.0, 1.0, 0.5, 0.28, 0.3, 12.0)
GOLDEN = [replace(CARD, card_id=f"c{n}", name=f"Card {n}") for n in range(10)]


def changed(**values: float) -> list[str]:
    """The names of the findings that are beyond their limit after such a change of every card."""
    verdict = compare(GOLDEN, [replace(card, **cast(Any, values)) for card in reversed(GOLDEN)])
    return [finding.name for finding in verdict.findings if not finding.good]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, []),
        ({"sharpness": 0.024}, ["focus"]),
        ({"light": 0.12}, ["light"]),
        ({"light": 0.3}, ["light"]),
        ({"blue": 1.2}, ["colour"]),
        ({"red": 0.85}, ["colour"]),
        ({"center_x": 0.57}, ["place"]),
        ({"width": 0.32}, ["place"]),
        ({"total_ms": 24.0}, ["time"]),
        ({"sharpness": 0.035, "light": 0.18, "total_ms": 14.0, "center_x": 0.52}, []),
    ],
)
def test_each_drift_is_named_and_only_that(values: dict[str, float], expected: list[str]) -> None:
    assert changed(**values) == expected


def test_the_words_say_what_to_do() -> None:
    blurred = compare(GOLDEN, [replace(card, sharpness=0.0244) for card in GOLDEN])
    focus = next(finding for finding in blurred.findings if finding.name == "focus")
    assert "sharpness is 61% of what it was" in focus.sentence
    assert "focus ring" in focus.sentence
    dark = compare(GOLDEN, [replace(card, light=0.2 / 2**0.7) for card in GOLDEN])
    light = next(finding for finding in dark.findings if finding.name == "light")
    assert "0.7 stops darker: check the lamps" in light.sentence


def test_cards_that_are_missing_or_wrong_spoil_the_accuracy() -> None:
    assert compare(GOLDEN, GOLDEN[1:]).good
    few = compare(GOLDEN, GOLDEN[2:])
    assert not few.good
    assert few.missing == ("Card 0", "Card 1")
    assert not compare(GOLDEN, [*GOLDEN, replace(CARD, card_id="other", name="Other")]).good
    nothing = compare(GOLDEN, [])
    assert (nothing.good, nothing.cards) == (False, 0)


def test_one_odd_card_says_nothing_about_the_lens() -> None:
    assert compare(GOLDEN, [replace(GOLDEN[0], sharpness=0.001), *GOLDEN[1:]]).good


def test_a_record_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    write_record(tmp_path, "shop", GOLDEN, "usb, hands-free", "a model")
    assert read_record(tmp_path, "shop") == GOLDEN
    assert record_names(tmp_path) == ["shop"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 1, "cards": []}', b"\xff\x00", b"[]"])
def test_a_damaged_record_is_refused_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    write_record(tmp_path, "shop", GOLDEN, "usb", "a model").write_bytes(content)
    with pytest.raises(RecordError, match="selftest --record shop"):
        read_record(tmp_path, "shop")


def test_a_name_can_not_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_record(tmp_path, "../counterscan")
    with pytest.raises(RecordError, match="no golden deck 'mine'"):
        read_record(tmp_path, "mine")


class Deck:
    """A camera over a pile of drawn cards, and the feeder that goes through it."""

    name = "deck"
    has_bay_sensor = True
    wants_frames = False

    def __init__(self, cards: list[int], seen_through: Callable[[Picture], Picture]) -> None:
        self._cards = cards
        self._through = seen_through
        self._tell: Listener | None = None
        self.safe = 0

    def listen(self, listener: Listener) -> None:
        self._tell = listener

    def feed(self) -> None:
        if self._cards and self._tell is not None:
            self._tell(CardSeated())

    def eject(self) -> None:
        self._cards.pop(0)
        assert self._tell is not None
        self._tell(CardLeft())

    def start(self) -> None:
        pass

    def capture(self) -> Frame:
        return checked_frame(self._through(draw_frame(self._cards[0], 5)[0]))

    def stop_safe(self) -> None:
        self.safe += 1

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    folder = tmp_path_factory.mktemp("selftest")
    table = write_cards(folder / "pictures", CARDS)
    embedder = Embedder.load()
    out = folder / "pack"
    build_pack(game="drawn", pictures=table.parent, facts=table, out=out, embedder=embedder)
    pack = Pack.open(out, model_id=embedder.model_id, runtime=embedder.runtime)
    return Recognizer.open([pack])


def seen(
    recognizer: Recognizer, cards: list[int], through: Callable[[Picture], Picture]
) -> list[CardMeasure]:
    deck = cast(Any, Deck(cards, through))
    drivers = Drivers(deck, deck, Times(settle_s=0.0), lambda: None)
    found = list(run_deck(drivers, recognizer, CARDS, 0.05))
    assert deck.safe == 1
    return found


def test_a_camera_that_blurs_or_darkens_is_found_out_on_the_same_cards(
    recognizer: Recognizer,
) -> None:
    cards = list(range(CARDS))
    golden = seen(recognizer, cards.copy(), lambda frame: frame)
    assert len([card for card in golden if card.card_id]) == CARDS

    def beyond(through: Callable[[Picture], Picture]) -> set[str]:
        verdict = compare(golden, seen(recognizer, cards[::-1], through))
        return {f.name for f in verdict.findings if not f.good} - {"time"}

    assert beyond(lambda frame: frame) == set()
    assert "focus" in beyond(lambda frame: cast(Picture, cv2.GaussianBlur(frame, (0, 0), 2.5)))
    assert "light" in beyond(lambda frame: np.asarray(frame * 0.75, np.uint8))


def test_a_deck_that_ends_early_ends_the_run(recognizer: Recognizer) -> None:
    assert len(seen(recognizer, [1, 2], lambda frame: frame)) == 2
