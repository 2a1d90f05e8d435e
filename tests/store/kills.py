"""Power cuts: forked processes that use the log and are killed, many in a second.

`python -m tests.store.kills WHAT FOLDER`. The parent of the killed ones loads everything once and
never opens the log itself while one of them lives.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scanner.store import Store
from scanner.store_backup import generations, problem_of
from tests.store.cards import identified

ROUNDS = 25
CARD = identified()
STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "sqlite3.connect"}


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a forked process; its id."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return process


def commit_until_killed(data: Path, acknowledge: int) -> None:
    """The feed process: go on with the open batch, card after card, telling each that is done."""
    store = Store.open(data, role="feed")
    batch = store.open_batch() or store.create_batch("a long box", 0, "usb")
    last = store.latest_scans(1)
    number = int(last[0].feed_key or 0) + 1 if last else 1
    while True:
        scan = store.commit_scan(batch.id, CARD, feed_key=str(number), driver="usb")
        os.write(acknowledge, f"{scan.feed_key}\n".encode())
        number += 1


def at_random_moments(folder: Path) -> dict[str, Any]:
    """Kill the feed process again and again, each time some milliseconds after some card."""
    data = folder / "data"
    moments = random.Random(11)
    acknowledged: list[int] = []
    for _ in range(ROUNDS):
        reading, writing = os.pipe()
        process = fork(lambda writing=writing: commit_until_killed(data, writing))
        os.close(writing)
        heard = b""
        cards = moments.randrange(6)
        while heard.count(b"\n") < cards:
            heard += os.read(reading, 4096)
        # Not a wait for anything: the moment itself, somewhere inside the next card.
        select.select([], [], [], moments.uniform(0, 0.04))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        while more := os.read(reading, 4096):
            heard += more
        os.close(reading)
        acknowledged += [int(line) for line in heard.split(b"\n")[:-1]]
    return {"acknowledged": acknowledged, **state_of(data)}


def state_of(data: Path) -> dict[str, Any]:
    """What a restart finds."""
    with Store.open(data, role="feed") as store:
        scans = store.scans_after(0, limit=100_000)
        crops = [store.crop_file(scan) for scan in scans]
        notice = store.notice()
        return {
            "keys": [int(scan.feed_key or 0) for scan in scans],
            "sequences": [scan.sequence for scan in scans],
            "whole_crops": sum(c is not None and c.read_bytes()[-2:] == b"\xff\xd9" for c in crops),
            "notice": "" if notice is None else notice.text,
            "restored": [e.kind for e in store.latest_events(1_000)].count("restored"),
        }


def die_at_step(number: int) -> None:
    """Kill this process at the `number`th file operation from here."""
    left = number

    def count(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def at_every_step(original: Path, work: Callable[[Path], None]) -> list[dict[str, Any]]:
    """Do `work` on a fresh copy, killed at its first file operation, then at its second…"""
    found = []
    for step in range(1, 500):
        copy = original.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(original, copy)

        def killed(step: int = step, copy: Path = copy) -> None:
            die_at_step(step)
            work(copy)

        _, status = os.waitpid(fork(killed), 0)
        sound = all(problem_of(backup) is None for backup in generations(copy))
        found.append({"sound_backups": sound, **state_of(copy)})
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return found
    raise AssertionError("the work never came to its end")


def prepared(folder: Path) -> Path:
    """A data folder with five scans, three of them in the backup."""
    data = folder / "data"
    with Store.open(data, role="feed") as store:
        batch = store.create_batch("a stack", 0, "usb")
        for number in range(1, 6):
            store.commit_scan(batch.id, CARD, feed_key=str(number), driver="usb")
            if number == 3:
                store.wait_for_backup()
                store.start_backup()
                store.wait_for_backup()
    return data


def during_a_restore(folder: Path) -> list[dict[str, Any]]:
    data = prepared(folder)
    shutil.copy(data / "backups" / "counterscan-000002.db", folder / "good.db")
    for backup in (data / "backups").iterdir():
        backup.unlink()
    (folder / "good.db").replace(data / "backups" / "counterscan-000001.db")
    (data / "counterscan.db").write_bytes(b"\x17" * 20_000)
    return at_every_step(data, lambda copy: Store.open(copy, role="feed").close())


def during_a_backup(folder: Path) -> list[dict[str, Any]]:
    data = prepared(folder)
    return at_every_step(data, lambda copy: Store.open(copy, role="feed").close())


def during_a_commit(folder: Path) -> list[dict[str, Any]]:
    data = prepared(folder)
    with Store.open(data, role="feed"):
        pass  # so that no backup is due, and each step is one of the commit

    def commit(copy: Path) -> None:
        with Store.open(copy, role="feed") as store:
            batch = store.open_batch()
            assert batch is not None
            store.commit_scan(batch.id or 0, CARD, feed_key="6", driver="usb")

    return at_every_step(data, commit)


def at_birth(folder: Path) -> list[dict[str, Any]]:
    data = folder / "data"
    data.mkdir()
    return at_every_step(data, lambda copy: Store.open(copy, role="feed").close())


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](Path(sys.argv[2]))))
