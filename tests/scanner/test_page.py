"""A binder's page: every card in view is named once, from the top left."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.locate import Locator
from scanner.page import identify_all
from scanner.records import Decision, Identification, Located, Picture, Printing, View
from scanner.rectify import rectify
from scanner.shrink import Levels

FRAME_PX = (864, 1536)


def face(number: int) -> Picture:
    """A made-up card: a frame, a picture of blobs and lines of text."""
    rng = np.random.default_rng(number)
    picture = np.full((320, 229, 3), rng.integers(120, 230, 3), np.uint8)
    small = rng.integers(0, 255, (9, 9, 3)).astype(np.uint8)
    picture[40:170, 16:213] = cv2.resize(small, (197, 130), interpolation=cv2.INTER_CUBIC)
    for row in range(190, 300, 12):
        cv2.line(picture, (20, row), (int(rng.integers(60, 205)), row), (20, 20, 20), 4)
    cv2.rectangle(picture, (0, 0), (228, 319), (15, 15, 20), 8)
    return picture


def page(rows: int, columns: int, *, without: int = -1) -> tuple[Picture, list[int]]:
    """A dark sheet with cards in its pockets, each a little askew; the numbers, row by row."""
    rng = np.random.default_rng(rows * 10 + columns)
    frame = rng.integers(30, 42, (*FRAME_PX, 3)).astype(np.uint8)
    high = int(FRAME_PX[0] * 0.88 / rows)
    wide = int(high * 63 / 88)
    top = (FRAME_PX[0] - rows * (high + 16)) // 2
    left = (FRAME_PX[1] - columns * (wide + 16)) // 2
    numbers = []
    for place in range(rows * columns):
        if place == without:
            continue
        row, column = divmod(place, columns)
        corner = np.array([left + column * (wide + 16), top + row * (high + 16)])
        corner = corner + rng.integers(-3, 4, 2)
        outline = corner + np.array([(0, 0), (wide, 0), (wide, high), (0, high)])
        outline = np.float32(outline + rng.integers(-2, 3, (4, 2)))
        source = np.float32([(0, 0), (228, 0), (228, 319), (0, 319)])
        warp = cv2.getPerspectiveTransform(source, outline)
        shown = cv2.warpPerspective(face(place), warp, FRAME_PX[::-1], flags=cv2.INTER_AREA)
        mask = cv2.fillConvexPoly(np.zeros(FRAME_PX, np.uint8), outline.astype(np.int32), 1)
        frame[mask > 0] = shown[mask > 0]
        numbers.append(place)
    return frame, numbers


class Reader:
    """Finds cards with the real locator, and knows the made-up ones by their look."""

    def __init__(self, known: int = 16):
        self._locator = Locator.load()
        # The middle of their artwork: a crop may be off by some pixels.
        small = [cv2.resize(face(number), (112, 160)) for number in range(known)]
        self._faces = [picture[26:80, 18:94] for picture in small]

    def glance(self, frame: Picture) -> Located:
        return self._locator.glance(Levels(frame))

    def identify(self, frame: Picture) -> Identification:
        located = self._locator.locate(frame)
        if located.view is not View.CARD:
            return Identification(Decision.UNKNOWN, (), located.view)
        corners = located.corners_px[0]
        crop = cv2.resize(rectify(frame, corners), (112, 160))
        alike = [
            max(
                float(cv2.matchTemplate(turned, known, cv2.TM_CCOEFF_NORMED).max())
                for turned in (crop, crop[::-1, ::-1].copy())
            )
            for known in self._faces
        ]
        number = int(np.argmax(alike))
        if alike[number] < 0.6:
            return Identification(Decision.UNKNOWN, (), View.CARD, corners_px=corners)
        printing = Printing(str(number), "test", f"Card {number}")
        return Identification(Decision.ACCEPTED, (), View.CARD, printing, (), corners)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 2), (3, 3), (2, 4)])
def test_every_card_of_a_page_is_named_once_row_by_row(
    reader: Reader, rows: int, columns: int
) -> None:
    frame, numbers = page(rows, columns)
    answers = identify_all(reader, frame)
    assert [answer.printing and answer.printing.card_id for answer in answers] == [
        str(number) for number in numbers
    ]


def test_an_empty_pocket_is_no_card_and_corners_are_those_of_the_frame(reader: Reader) -> None:
    frame, numbers = page(2, 3, without=4)
    answers = identify_all(reader, frame)
    assert [answer.printing and answer.printing.card_id for answer in answers] == [
        str(number) for number in numbers
    ]
    last = answers[-1].corners_px
    assert last is not None
    assert last[:, 0].mean() > FRAME_PX[1] / 2
    assert last[:, 1].mean() > FRAME_PX[0] / 2


def test_a_card_that_is_not_in_the_catalog_is_there_all_the_same(reader: Reader) -> None:
    frame, _ = page(2, 2)
    short_of_one = Reader(known=3)
    answers = identify_all(short_of_one, frame)
    assert [answer.decision for answer in answers].count(Decision.UNKNOWN) == 1
    assert len(answers) == 4


def test_an_empty_table_holds_nothing(reader: Reader) -> None:
    frame = np.full((*FRAME_PX, 3), 40, np.uint8)
    assert identify_all(reader, frame) == []


class Stacked:
    """Sees one card that lies half on another."""

    def glance(self, frame: Picture) -> Located:
        if frame.shape[:2] != FRAME_PX:
            return Located(View.NOTHING)
        quads = tuple(
            np.float32([(x, 100), (x + 300, 100), (x + 300, 520), (x, 520)]) for x in (400, 540)
        )
        return Located(View.SEVERAL, quads, 0.9, (0.9, 0.9), 0.9)

    def identify(self, frame: Picture) -> Identification:
        height_px, width_px = frame.shape[:2]
        inset = np.float32(
            [(54, 54), (width_px - 54, 54), (width_px - 54, height_px - 54), (54, height_px - 54)]
        )
        printing = Printing(str(width_px), "test", "Card")
        return Identification(Decision.ACCEPTED, (), View.CARD, printing, (), inset)


def test_cards_that_lie_on_one_another_are_nobodys_guess() -> None:
    assert identify_all(Stacked(), np.zeros((*FRAME_PX, 3), np.uint8)) == []
