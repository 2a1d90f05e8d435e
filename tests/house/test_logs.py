from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from scanner.logs import setup_logging


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def test_lines_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    setup_logging("warning", stream)
    logging.getLogger("feed").info("a card")
    logging.getLogger("feed").warning("a jam")
    assert stream.getvalue().endswith("WARNING feed: a jam\n")
    assert "a card" not in stream.getvalue()


def test_under_systemd_every_line_carries_its_priority(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    setup_logging("info")
    logging.getLogger("feed").error("a jam\nin the belt")
    assert capsys.readouterr().err == "<3>feed: a jam\n<3>in the belt\n"


@pytest.mark.parametrize(("level", "heard"), [("info", False), ("debug", True)])
def test_what_libraries_do_step_by_step_is_told_to_programmers_alone(
    level: str, heard: bool
) -> None:
    stream = io.StringIO()
    setup_logging(level, stream)
    logging.getLogger("alembic.runtime.migration").info("a step")
    assert ("a step" in stream.getvalue()) == heard
