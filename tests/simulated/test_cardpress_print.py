"""The printed cards of the demo game: pictures, facts and the back."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from firmware.simulated import cardpress
from firmware.simulated.cardpress import (
    COLUMNS,
    DemoCard,
    clear_stale,
    plan_cards,
    press_cards,
    press_one,
)
from firmware.simulated.cardpress_text import text_width, wrap
from scanner.phash import phash256

# Printing the whole game takes 20 s of one idle core and minutes of a busy one.
pytestmark = pytest.mark.slow

Printed = tuple[Path, list[DemoCard]]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    out = tmp_path_factory.mktemp("press")
    return out, press_cards(out)


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "facts.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def hashes(out: Path, cards: list[DemoCard]) -> np.ndarray:
    return np.array([phash256(cv2.imread(str(out / card.path))) for card in cards])


def bits_apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.unpackbits(one ^ other).sum())


def test_the_facts_name_every_picture(printed: Printed) -> None:
    out, cards = printed
    found = rows(out)
    assert tuple(found[0]) == COLUMNS
    assert [row["card_id"] for row in found[:-1]] == [card.card_id for card in cards]
    assert found[-1]["variant"] == "back"
    assert {row["finish"] for row in found} == {"normal", "foil"}
    for row in found:
        assert cv2.imread(str(out / row["path"])).shape == (640, 448, 3)


def test_the_back_is_unlike_every_face(printed: Printed) -> None:
    out, cards = printed
    back = cv2.imread(str(out / "back.jpg"))
    assert back.shape == (640, 448, 3)
    assert min(bits_apart(phash256(back), face) for face in hashes(out, cards)) > 60


def test_every_artwork_is_unlike_every_other_and_reprints_look_the_same(printed: Printed) -> None:
    out, cards = printed
    bits = np.unpackbits(hashes(out, cards), axis=1).astype(np.int32)
    apart = bits @ (1 - bits).T + (1 - bits) @ bits.T
    artworks = np.array([card.artwork for card in cards])
    same = (artworks[:, None] == artworks[None]) & ~np.eye(len(cards), dtype=bool)
    other = artworks[:, None] != artworks[None]
    assert apart[same].max() <= 12
    assert apart[other].min() >= 30


def test_printing_again_keeps_what_is_there_and_replaces_what_is_lost(printed: Printed) -> None:
    out, cards = printed
    lost, kept = out / cards[0].path, out / cards[1].path
    before, age = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    calls: list[int] = []
    press_cards(out, progress=lambda done, _total: calls.append(done))
    assert lost.read_bytes() == before
    assert kept.stat().st_mtime_ns == age
    assert calls[-1] == len(cards)


def test_no_half_written_file_is_left(printed: Printed) -> None:
    out, _ = printed
    assert not list(out.rglob(".*"))


def test_pictures_of_another_seed_are_thrown_away(tmp_path: Path) -> None:
    card = plan_cards(3)[0]
    clear_stale(tmp_path, 3)
    path = press_one(card, tmp_path)
    clear_stale(tmp_path, 3)
    assert path.exists()
    clear_stale(tmp_path, 4)
    assert not path.exists()


def test_a_print_run_touches_nobody_elses_pictures(tmp_path: Path) -> None:
    stranger = tmp_path / "holidays" / "beach.jpg"
    stranger.parent.mkdir()
    stranger.write_bytes(b"a picture")
    clear_stale(tmp_path, 3)
    assert stranger.exists()


def test_the_command_line_wants_one_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cardpress"])
    assert cardpress.main() == 2
    assert "FOLDER" in capsys.readouterr().err


def test_wrapped_lines_fit_and_lose_no_word() -> None:
    text = "While you hold the beacon, look at the top 4 cards of your deck."
    lines = wrap(text, 19, 200)
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert all(text_width(line, 19) <= 200 for line in lines)
