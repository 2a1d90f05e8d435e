"""What the locator sees in a frame, with the model that is shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from scanner.errors import PictureError
from scanner.locate import Locator
from scanner.models import MODELS_DIR
from scanner.records import View
from tests.scanner.drawn_scene import (
    card_corners,
    drawn_card,
    drawn_surface,
    place,
    worst_error,
)

SIZE = (1536, 864)


@pytest.fixture(scope="module")
def locator() -> Locator:
    return Locator.load()


@pytest.fixture(scope="module")
def by_contour(tmp_path_factory: pytest.TempPathFactory) -> Locator:
    return Locator.load(tmp_path_factory.mktemp("no-models"))


def test_the_shipped_model_is_in_use(locator: Locator) -> None:
    assert locator.kind == "net"


@pytest.mark.parametrize("turned_deg", [0, 8, 30, 44, 46, 75, 90, 135, 180, 200, 270, 330])
def test_a_card_is_found_at_any_angle(locator: Locator, turned_deg: float) -> None:
    truth = card_corners((740, 430), 560, turned_deg)
    frame = place(drawn_surface(*SIZE), drawn_card(), truth)
    located = locator.locate(frame)
    assert located.view is View.CARD
    assert worst_error(located.corners_px[0], truth) < 1.0


@pytest.mark.parametrize("turned_deg", [0, 40, 89, 91, 140])
def test_the_first_edge_is_short_and_upright(locator: Locator, turned_deg: float) -> None:
    truth = card_corners((760, 440), 600, turned_deg)
    frame = place(drawn_surface(*SIZE), drawn_card(), truth)
    quad = locator.locate(frame).corners_px[0]
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    assert max(sides[0], sides[2]) < min(sides[1], sides[3])
    area = 0.5 * np.sum(quad[:, 0] * np.roll(quad[:, 1], -1) - np.roll(quad[:, 0], -1) * quad[:, 1])
    assert area > 0, "clockwise on the screen, where y grows downwards"
    assert quad[:2, 1].mean() <= quad[2:, 1].mean() + 1


@pytest.mark.parametrize(
    ("size", "tall"),
    [((864, 1536), 900), ((1000, 1000), 700), ((640, 480), 330), ((3000, 2000), 1500)],
)
def test_frames_of_any_shape_are_read(locator: Locator, size: tuple[int, int], tall: float) -> None:
    truth = card_corners((size[0] * 0.48, size[1] * 0.52), tall, 12, skew=0.06)
    located = locator.locate(place(drawn_surface(*size), drawn_card(), truth))
    assert located.view is View.CARD
    assert worst_error(located.corners_px[0], truth) < 1.2


def test_a_small_card_is_looked_at_again_and_found_exactly(locator: Locator) -> None:
    truth = card_corners((1000, 300), 250, 15)
    located = locator.locate(place(drawn_surface(*SIZE), drawn_card(), truth))
    assert located.view is View.CARD
    assert worst_error(located.corners_px[0], truth) < 1.5


@pytest.mark.parametrize("shade", [12, 70, 150, 225])
def test_an_empty_table_shows_nothing(locator: Locator, shade: int) -> None:
    located = locator.locate(drawn_surface(*SIZE, shade=shade))
    assert located.view is View.NOTHING
    assert located.corners_px == ()


def test_two_cards_are_several_and_both_are_outlined(locator: Locator) -> None:
    truths = [card_corners((470, 430), 520, 6), card_corners((1060, 440), 520, -10)]
    frame = drawn_surface(*SIZE)
    for seed, truth in enumerate(truths):
        frame = place(frame, drawn_card(seed), truth)
    located = locator.locate(frame)
    assert located.view is View.SEVERAL
    assert len(located.corners_px) == 2
    for truth in truths:
        assert min(worst_error(quad, truth) for quad in located.corners_px) < 1.5


@pytest.mark.parametrize("colour", [0, 127, 255])
@pytest.mark.parametrize("size", [(32, 32), (64, 4000), (1536, 864), (6000, 4000)])
def test_blank_frames_show_nothing(locator: Locator, size: tuple[int, int], colour: int) -> None:
    frame = np.full((size[1], size[0], 3), colour, np.uint8)
    assert locator.locate(frame).view is View.NOTHING


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((400, 20, 3), np.uint8),
        np.zeros((480, 640), np.uint8),
        np.zeros((480, 640, 4), np.uint8),
        np.zeros((480, 640, 3), np.float32),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused_with_a_way_out(
    locator: Locator, by_contour: Locator, frame: np.ndarray
) -> None:
    for one in (locator, by_contour):
        with pytest.raises(PictureError, match="needed|decode"):
            one.locate(frame)


def test_without_its_model_it_says_so_and_finds_plain_cards(by_contour: Locator) -> None:
    assert by_contour.kind == "contour"
    assert "manifest.toml can't be read" in by_contour.reason
    truth = card_corners((740, 430), 560, 20)
    located = by_contour.locate(place(drawn_surface(*SIZE, shade=25), drawn_card(), truth))
    assert located.view is View.CARD
    assert worst_error(located.corners_px[0], truth) < 3


def test_a_damaged_model_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copy(MODELS_DIR / "manifest.toml", tmp_path)
    (tmp_path / "locator.tflite").write_bytes(b"TFL3" + bytes(200))
    locator = Locator.load(tmp_path)
    assert locator.kind == "contour"
    assert "contours" in caplog.text
    assert "not the file the manifest describes" in locator.reason
    assert locator.locate(drawn_surface(640, 480)).view is View.NOTHING
