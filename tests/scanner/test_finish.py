"""What two lights prove about a card's surface, and what nothing may prove."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from scanner.finish import judge_finish
from scanner.finish_light import even_out
from scanner.finishes import ALL_FINISHES, read_finishes
from scanner.records import Finish, Picture

HEIGHT, WIDTH = 640, 448
Levels = NDArray[np.float64]


def printed(seed: int = 1) -> Levels:
    """Patches of ink, none of them near white or black."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(50, 190, (16, 12, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(blocks, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), float)


def falloff(towards: float) -> Levels:
    """A lamp of a faint colour on one side (-1 left, 1 right)."""
    x = np.linspace(-1, 1, WIDTH)[None, :, None]
    return np.asarray((1 + 0.25 * towards * x) * (1 + 0.03 * towards * np.array([1, 0, -1.0])))


def rainbow(phase: float, area: str) -> Levels:
    """Bands of hue over a part of the card."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    hue = (phase + 1.6 * x + 0.9 * y) % 1
    hsv = np.stack([hue * 179, np.full_like(hue, 200), np.full_like(hue, 255)], -1)
    colours = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR).astype(float)
    art = (y > 0.1) & (y < 0.56) & (x > 0.05) & (x < 0.95)
    return np.asarray(colours * {"all": art | ~art, "art": art, "frame": ~art}[area][..., None])


def under(light: Levels, seed: int) -> Picture:
    noisy = light + np.random.default_rng(seed).normal(0, 2, light.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def both_lights(left: Levels, right: Levels) -> tuple[Picture, Picture]:
    return under(left * falloff(-1), 1), under(right * falloff(1), 2)


@pytest.mark.parametrize(
    ("area", "finish"),
    [("all", Finish.FOIL), ("art", Finish.HOLO), ("frame", Finish.REVERSE)],
)
def test_a_foil_is_told_by_where_its_colours_move(area: str, finish: Finish) -> None:
    card = printed()
    left, right = both_lights(card + 0.12 * rainbow(0.1, area), card + 0.12 * rainbow(0.45, area))
    assert judge_finish(even_out(left, right)) is finish


def test_ink_under_two_uneven_lamps_is_normal() -> None:
    left, right = both_lights(printed(), printed())
    assert judge_finish(even_out(left, right)) is Finish.NORMAL


def test_white_glare_that_moves_is_no_foil() -> None:
    card = printed()
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    spots = [120 * np.exp(-(((x - at) / 0.15) ** 2 + ((y - 0.3) / 0.1) ** 2)) for at in (0.3, 0.7)]
    left, right = both_lights(card + spots[0][..., None], card + spots[1][..., None])
    assert judge_finish(even_out(left, right)) in (Finish.NORMAL, Finish.UNKNOWN)


def test_a_faint_foil_is_never_called_normal() -> None:
    for strength in (0.03, 0.05, 0.08):
        card = printed(3)
        left, right = both_lights(
            card + strength * rainbow(0.2, "all"), card + strength * rainbow(0.6, "all")
        )
        assert judge_finish(even_out(left, right)) in (Finish.UNKNOWN, Finish.FOIL)


def test_a_card_too_bright_to_judge_is_unknown() -> None:
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    assert judge_finish(even_out(white, white)) is Finish.UNKNOWN


def test_noise_that_could_hide_a_sparkle_proves_nothing() -> None:
    rng = np.random.default_rng(1)
    left, right = (
        np.asarray(np.clip(printed() + rng.normal(0, 60, (HEIGHT, WIDTH, 3)), 0, 255), np.uint8)
        for _ in range(2)
    )
    assert judge_finish(even_out(left, right)) is Finish.UNKNOWN


def test_one_light_proves_nothing_but_the_catalog_may() -> None:
    assert judge_finish(None) is Finish.UNKNOWN
    assert judge_finish(None, {Finish.NORMAL, Finish.FOIL}) is Finish.UNKNOWN
    assert judge_finish(None, {Finish.FOIL}) is Finish.FOIL


def test_the_catalog_narrows_what_a_region_alone_would_leave_open() -> None:
    card = printed()
    left, right = both_lights(card + 0.12 * rainbow(0.1, "art"), card + 0.12 * rainbow(0.45, "art"))
    for picture in (left, right):
        picture[350:] = 255  # the text is blown out
        picture[:60] = 255
    pair = even_out(left, right)
    assert judge_finish(pair) is Finish.UNKNOWN
    assert judge_finish(pair, {Finish.NORMAL, Finish.HOLO}) is Finish.HOLO


def test_a_card_the_other_way_up_keeps_its_finish() -> None:
    card = printed()
    left, right = both_lights(card + 0.12 * rainbow(0.1, "art"), card + 0.12 * rainbow(0.45, "art"))
    turned = even_out(left[::-1, ::-1], right[::-1, ::-1]).turned()
    assert judge_finish(turned) is Finish.HOLO


def test_the_finishes_of_a_table_are_read() -> None:
    assert read_finishes("normal|foil") == {Finish.NORMAL, Finish.FOIL}
    assert read_finishes(" Holo , reverse") == {Finish.HOLO, Finish.REVERSE}
    assert read_finishes("") == ALL_FINISHES
    assert read_finishes("normal|etched") == ALL_FINISHES
