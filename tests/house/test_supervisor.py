from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.supervisor import Child, Supervisor

LIVES = "import time; time.sleep(60)"


def python(code: str, *words: str | Path) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, words)]


def diary(file: Path, then: str) -> list[str]:
    """A child that adds its process id to `file` and goes on with `then`."""
    return python(
        "import os, sys\nopen(sys.argv[1], 'a').write(f'{os.getpid()}\\n')\nexec(sys.argv[2])",
        file,
        then,
    )


def lives(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def until(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Stop when `condition` holds; a supervisor that never gets there fails the test."""
    deadline = time.monotonic() + 60

    def stop() -> bool:
        assert time.monotonic() < deadline, "the supervisor did not get there"
        return condition()

    return stop


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_dies_is_started_again_alone(tmp_path: Path) -> None:
    dies, stays = tmp_path / "dies", tmp_path / "stays"
    supervisor = Supervisor(
        [
            Child("dies", diary(dies, "raise SystemExit(3)"), back_off_s=0.01),
            Child("stays", diary(stays, LIVES)),
        ],
        until(lambda: len(lives(dies)) >= 3 and len(lives(stays)) >= 1),
        started_after_s=0,
        first_back_off_s=0.01,
    )
    assert supervisor.run() == 0
    assert len(lives(stays)) == 1


def test_a_child_that_never_starts_ends_everything_with_its_code(tmp_path: Path) -> None:
    stays = tmp_path / "stays"
    code = Supervisor(
        [Child("stays", diary(stays, LIVES)), Child("broken", python("raise SystemExit(2)"))],
        until(lambda: False),
    ).run()
    assert code == 2
    assert not any(is_alive(pid) for pid in lives(stays))


def test_a_child_that_is_killed_while_it_starts_is_started_again(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    supervisor = Supervisor(
        [Child("killed", diary(killed, "os.kill(os.getpid(), 9)"), back_off_s=0.01)],
        until(lambda: len(lives(killed)) >= 2),
    )
    assert supervisor.run() == 0


def test_the_back_off_grows(tmp_path: Path) -> None:
    child = Child("dies", diary(tmp_path / "dies", "raise SystemExit(3)"), back_off_s=0.01)
    Supervisor(
        [child],
        until(lambda: child.starts >= 3),
        started_after_s=0.0,
        first_back_off_s=0.01,
    ).run()
    grown = Child("dies", diary(tmp_path / "more", "raise SystemExit(3)"), back_off_s=0.01)
    grown.starts = 1  # it has lived before: now every life is short
    Supervisor([grown], until(lambda: grown.starts >= 4), started_after_s=60).run()
    assert child.back_off_s <= 0.02
    assert grown.back_off_s >= 0.04


def test_all_children_are_told_to_stop_and_given_time(tmp_path: Path) -> None:
    file, goodbye = tmp_path / "child", tmp_path / "goodbye"
    polite = f"""
import signal, sys
def leave(*_):
    open({str(goodbye)!r}, 'w').write('safe')
    sys.exit()
signal.signal(signal.SIGTERM, leave)
open({str(file)!r} + '.ready', 'w').close()
signal.pause()
"""
    Supervisor(
        [Child("polite", diary(file, polite))], until((tmp_path / "child.ready").exists)
    ).run()
    assert goodbye.read_text() == "safe"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_the_supervisor(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "child"
    parent = subprocess.Popen(
        python(
            """
            import signal, sys
            from scanner.supervisor import Child, Supervisor
            signals = []
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, frame: signals.append(number))
            child = Child("child", sys.argv[1:])
            sys.exit(Supervisor([child], lambda: bool(signals)).run())
            """,
            *diary(file, LIVES),
        )
    )
    wait_for(lambda: len(lives(file)) == 1)
    parent.send_signal(number)
    parent.wait(30)
    wait_for(lambda: not is_alive(lives(file)[0]))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
