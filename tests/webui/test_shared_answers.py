"""Answers that many clients share: never an old one, worked out once for all who ask at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask, Response, jsonify

from tests.webui.shop import Shop
from webui.describe import describe
from webui.log_view import LogView
from webui.shared_answers import SharedAnswers


class Counted:
    """An app with one shared route that counts how often it works."""

    def __init__(self, data_dir: Path) -> None:
        self.times = 0
        self.may_go = threading.Event()
        self.may_go.set()
        self.app = Flask(__name__)
        self.view = LogView(data_dir, self.app.jinja_env)

        @self.app.get("/api/cards")
        @describe("Cards", follows_log=True)
        def cards() -> Response:
            self.times += 1
            self.may_go.wait(60)
            return jsonify(cards=len(self.view.scans()))

        SharedAnswers(self.view).share(self.app)

    def ask(self, query: str = "") -> int:
        told = self.app.test_client().get(f"/api/cards{query}").json
        assert told is not None
        return int(told["cards"])


@pytest.fixture
def counted(shop: Shop, tmp_path: Path) -> Iterator[Counted]:
    shop.start()
    counted = Counted(tmp_path / "data")
    yield counted
    counted.view.close()


def test_the_same_question_is_worked_out_once(counted: Counted) -> None:
    assert [counted.ask() for _ in range(3)] == [0, 0, 0]
    assert counted.times == 1
    counted.ask("?limit=3")
    assert counted.times == 2, "another question has another answer"


def test_what_was_committed_is_in_the_next_answer(counted: Counted, shop: Shop) -> None:
    for number in range(1, 6):
        shop.scan(cut_crop=None)
        assert counted.ask() == number


def test_who_asks_at_once_waits_for_one_answer(counted: Counted, shop: Shop) -> None:
    counted.ask()
    shop.scan(cut_crop=None)
    counted.may_go.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(counted.ask) for _ in range(8)]
        while counted.times < 2:
            threading.Event().wait(0.01)
        counted.may_go.set()
        assert [answer.result(60) for answer in answers] == [1] * 8
    assert counted.times <= 3


def test_a_refusal_is_not_kept(tmp_path: Path) -> None:
    counted = Counted(tmp_path / "data")
    for _ in range(2):
        assert counted.app.test_client().get("/api/cards").status_code == 500
    assert counted.times == 2
