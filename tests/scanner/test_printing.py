"""Two printings of one artwork are told apart where they differ, and only there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.bench_cards import draw_card
from scanner.printing import Reading, Siding, read
from scanner.printing_group import join, plate
from tests.scanner.drawn_printings import FIRST, SECOND, photographed, reference, stamped


def reading(crop: np.ndarray, *cards: np.ndarray) -> Reading:
    found = read(crop, join([plate(reference(card)) for card in cards]))
    assert found is not None
    return found


def siding(crop: np.ndarray, one: np.ndarray, other: np.ndarray) -> Siding:
    return reading(crop, one, other).side(0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_the_printed_number_decides_between_two_reprints(seed: int) -> None:
    assert siding(photographed(FIRST, seed), FIRST, SECOND).certain
    assert siding(photographed(SECOND, seed), SECOND, FIRST).certain


def test_it_does_not_matter_which_of_them_the_crop_is_laid_on() -> None:
    found = reading(photographed(SECOND), FIRST, SECOND)
    assert found.side(1, 0).certain
    assert not found.side(0, 1).certain
    assert found.side(0, 1).evidence < 0


@pytest.mark.parametrize("seed", range(3))
def test_a_small_stamp_decides(seed: int) -> None:
    plain, promo = FIRST, stamped(FIRST)
    assert siding(photographed(plain, seed), plain, promo).certain
    assert siding(photographed(promo, seed), promo, plain).certain


def test_colour_alone_decides_where_grey_is_the_same() -> None:
    tinted = cv2.cvtColor(FIRST, cv2.COLOR_BGR2YCrCb)
    tinted[380:480, 30:418, 1:] = (150, 90)
    other = cv2.cvtColor(tinted, cv2.COLOR_YCrCb2BGR)
    assert siding(photographed(other), other, FIRST).evidence > 0
    assert siding(photographed(FIRST), FIRST, other).evidence > 0


def test_identical_pictures_are_never_certain() -> None:
    assert not siding(photographed(FIRST), FIRST, FIRST).certain


def test_a_picture_that_was_saved_again_is_not_told_from_itself() -> None:
    _, data = cv2.imencode(".jpg", reference(FIRST), [cv2.IMWRITE_JPEG_QUALITY, 60])
    again = cv2.imdecode(data, cv2.IMREAD_COLOR)
    found = read(photographed(FIRST), join([plate(reference(FIRST)), plate(again)]))
    assert found is not None
    assert not found.side(0, 1).certain


def test_glare_over_the_number_leaves_it_open() -> None:
    hidden = photographed(FIRST)
    hidden[480:640, 190:] = 255
    assert not siding(hidden, FIRST, SECOND).certain
    assert not siding(hidden, SECOND, FIRST).certain


def test_a_finger_on_the_number_leaves_it_open() -> None:
    hidden = photographed(FIRST)
    cv2.ellipse(hidden, (320, 600), (150, 130), 0, 0, 360, (120, 150, 200), -1, cv2.LINE_AA)
    assert not siding(hidden, FIRST, SECOND).certain
    assert not siding(hidden, SECOND, FIRST).certain


def test_a_crop_of_which_hardly_anything_is_left_is_never_certain() -> None:
    washed = cv2.GaussianBlur(photographed(FIRST), (0, 0), 14)
    found = read(washed, join([plate(reference(FIRST)), plate(reference(SECOND))]))
    assert found is None or not (found.side(0, 1).certain or found.side(1, 0).certain)


def test_cards_of_different_artworks_are_none_of_its_business() -> None:
    group = join([plate(reference(FIRST)), plate(reference(draw_card(8)))])
    assert group.lumas[1] is None


def test_an_empty_picture_is_none_of_its_business() -> None:
    nothing = np.full((640, 448, 3), 128, np.uint8)
    assert read(nothing, join([plate(reference(FIRST)), plate(reference(SECOND))])) is None
