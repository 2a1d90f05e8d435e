"""The finish benchmark counts what was said of what, and what an error would cost."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from firmware.bench_finish import measure, text_of
from scanner.bench_cards import draw_card
from scanner.pipeline import Recognizer
from scanner.records import Decision, Finish, Identification, Picture, View


class Says(Recognizer):
    """Stands for a recognizer that calls everything normal under two lights."""

    def __init__(self) -> None:
        self.lights: list[bool] = []

    def describe(self) -> str:
        return "stand-in"

    def identify(self, frame: Picture, other_light: Picture | None = None) -> Identification:
        self.lights.append(other_light is not None)
        assert other_light is None or (other_light != frame).any()
        finish = Finish.UNKNOWN if other_light is None else Finish.NORMAL
        return Identification(Decision.UNKNOWN, (), View.CARD, finish=finish)


def test_each_finish_is_shown_under_two_lights_and_under_one(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), draw_card(1))
    (tmp_path / "cards.csv").write_text("path,card_id,name\n1.png,B-1,One\n")
    args = argparse.Namespace(
        pictures_from=tmp_path / "cards.csv", pictures=None, difficulty="easy", count=4, seed=1,
        json=True,
    )  # fmt: skip
    says = Says()
    report = measure(says, args)
    assert says.lights == [True, False] * 4
    two = report["two_lights"]
    assert (two["told"], two["right_of_told"]) == (1.0, 0.25)
    assert (two["shiny_as_normal"], two["normal_as_shiny"]) == (3, 0)
    assert report["one_light"]["told"] == 0
    assert "shiny cards called normal: 3" in text_of(report)
