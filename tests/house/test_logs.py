from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from scanner.logs import fields, setup_logging


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
    assert capsys.readouterr().err == "<3>feed: a jam\n<3>    in the belt\n"


@pytest.mark.parametrize("journal", [True, False])
def test_nobody_writes_lines_of_their_own_or_steers_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], journal: bool
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    if not journal:
        monkeypatch.delenv("JOURNAL_STREAM")
    setup_logging("info")
    forged = "x\n12:00:00 ERROR feed: forged\r\x1b[2J\x9b0m\u2028\u202egnp.exe\tend"
    try:
        raise ValueError(forged)
    except ValueError:
        logging.getLogger("cloud").exception("a device called %s", forged)
    said = capsys.readouterr().err
    assert said.replace("\t", "").replace("\n", "").isprintable()
    assert "\\x1b[2J" in said
    assert "    12:00:00 ERROR feed: forged" in said.partition("Traceback")[0]
    assert not any(line.startswith("12:00:00 ERROR feed") for line in
                   said.partition("Traceback")[0].splitlines())  # fmt: skip


@pytest.mark.parametrize(("level", "heard"), [("info", False), ("debug", True)])
def test_what_libraries_do_step_by_step_is_told_to_programmers_alone(
    level: str, heard: bool
) -> None:
    stream = io.StringIO()
    setup_logging(level, stream)
    logging.getLogger("alembic.runtime.migration").info("a step")
    assert ("a step" in stream.getvalue()) == heard


def test_programs_get_one_object_a_line_with_what_it_is_about() -> None:
    stream = io.StringIO()
    setup_logging("info", stream, as_json=True)
    log = logging.getLogger("feed")
    log.info("scan %d is on disk\nnow", 7, extra=fields(scan_id=7, device="counter-1"))
    try:
        raise ValueError("jammed")
    except ValueError:
        log.exception("a jam")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["message"], first["level"], first["logger"]) == (
        "scan 7 is on disk\nnow", "info", "feed"
    )  # fmt: skip
    assert (first["scan_id"], first["device"]) == (7, "counter-1")
    assert first["time"].endswith("+00:00")
    assert "ValueError: jammed" in second["exception"]
