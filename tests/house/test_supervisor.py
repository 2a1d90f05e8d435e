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

from scanner.supervisor import AGAIN, Child, Supervisor, is_kept_alive

LIVES = "import time; time.sleep(3600)"


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


def test_a_child_that_is_not_needed_stays_away_with_a_wrong_setting_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stays, gives_up = tmp_path / "stays", tmp_path / "gives_up"
    optional = Child("sync", diary(gives_up, "raise SystemExit(2)"), needed=False)
    supervisor = Supervisor(
        [Child("stays", diary(stays, LIVES)), optional],
        until(lambda: optional.gave_up and len(lives(stays)) == 1),
    )
    assert supervisor.run() == 0
    assert len(lives(gives_up)) == 1
    assert "sync has ended because of what it says above" in caplog.text


def test_a_child_that_is_not_needed_and_crashes_while_it_starts_is_started_again(
    tmp_path: Path,
) -> None:
    crashes = tmp_path / "crashes"
    child = Child("sync", diary(crashes, "raise SystemExit(1)"), needed=False, back_off_s=0.01)
    assert Supervisor([child], until(lambda: len(lives(crashes)) >= 2)).run() == 0


def test_a_child_that_asks_to_be_started_again_is_so_at_once_however_often(tmp_path: Path) -> None:
    asks = tmp_path / "asks"
    child = Child("asks", diary(asks, f"raise SystemExit({AGAIN})"), back_off_s=3600.0)
    assert Supervisor([child], until(lambda: len(lives(asks)) >= 3)).run() == 0
    assert child.back_off_s == 3600.0


def test_a_child_knows_that_it_is_kept_alive_and_nobody_else_does(tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    asks = """
        import sys
        from pathlib import Path
        from scanner.supervisor import is_kept_alive
        Path(sys.argv[1]).write_text(str(is_kept_alive()))
    """
    finished = until(lambda: answer.exists() and answer.read_text() != "")
    Supervisor([Child("asks", python(asks, answer), back_off_s=3600.0)], finished).run()
    assert answer.read_text() == "True"
    assert not is_kept_alive()


def test_a_service_of_systemd_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
    assert is_kept_alive()
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getppid()))
    assert not is_kept_alive(), "a terminal hands its own on"


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
    parent.wait(60)
    wait_for(lambda: not is_alive(lives(file)[0]))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
