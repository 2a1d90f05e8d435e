"""What is done on a full or read-only disk: `python -m tests.store.disk_scenarios WHAT FOLDER`."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scanner.errors import CounterscanError
from scanner.store import Store
from tests.store.cards import identified

NOBODY = 65534


def fill(disk: Path, leave_bytes: int = 0) -> None:
    """Fill the disk to the last byte but `leave_bytes`."""
    chunk = bytes(1024)
    with (disk / "ballast").open("ab", buffering=0) as file:
        try:
            while True:
                file.write(chunk)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        size = file.tell()
        os.ftruncate(file.fileno(), max(0, size - leave_bytes))


def free(disk: Path) -> None:
    (disk / "ballast").unlink()


def error_of(call: Callable[[], object]) -> list[str]:
    """The class and text of the error that a call raises; empty if none."""
    try:
        call()
    except CounterscanError as error:
        return [type(error).__name__, str(error)]
    return []


def crops_in(data: Path) -> list[str]:
    return sorted(path.name for path in data.glob("crops/**/*") if path.is_file())


def crop_does_not_fit(disk: Path) -> dict[str, Any]:
    with Store.open(disk / "data", role="feed") as store:
        batch = store.create_batch("a stack", 0, "usb")
        for key in "abc":
            store.commit_scan(batch.id, identified(), feed_key=key, driver="usb")
        store.wait_for_backup()
        fill(disk)
        found: dict[str, Any] = {}
        found["error"] = error_of(
            lambda: store.commit_scan(batch.id, identified(), feed_key="d", driver="usb")
        )
        found["scans"] = [scan.feed_key for scan in store.scans_after(0)]
        found["crops"] = crops_in(disk / "data")
        free(disk)
        again = store.commit_scan(batch.id, identified(), feed_key="d", driver="usb")
        found["again"] = [again.id, again.sequence, store.crop_file(again) is not None]
    return found


def row_does_not_fit(disk: Path) -> dict[str, Any]:
    long = identified(reasons=("x" * 1_000_000,))
    with Store.open(disk / "data", role="feed") as store:
        batch = store.create_batch("a stack", 0, "usb")
        store.commit_scan(batch.id, identified(), feed_key="a", driver="usb")
        store.wait_for_backup()
        fill(disk, leave_bytes=300_000)
        found: dict[str, Any] = {}
        found["error"] = error_of(
            lambda: store.commit_scan(batch.id, long, feed_key="b", driver="usb")
        )
        found["scans"] = [scan.feed_key for scan in store.scans_after(0)]
        found["crops"] = crops_in(disk / "data")
        small = store.commit_scan(batch.id, identified(), feed_key="c", driver="usb")
        free(disk)
        again = store.commit_scan(batch.id, long, feed_key="b", driver="usb")
        found["sequences"] = [small.sequence, again.sequence]
    return found


def until_full(disk: Path) -> dict[str, Any]:
    """Scan until nothing goes any more, open the log again in that state, make room, go on."""
    data = disk / "data"
    found: dict[str, Any] = {"acknowledged": 0, "error": []}
    with Store.open(data, role="feed") as store:
        batch = store.create_batch("a long box", 0, "usb")
        store.wait_for_backup()
        fill(disk, leave_bytes=1_000_000)
        card = identified(noise_px=40)
        while not found["error"]:
            key = str(found["acknowledged"])
            found["error"] = error_of(
                lambda key=key: store.commit_scan(batch.id, card, feed_key=key, driver="usb")
            )
            found["acknowledged"] += not found["error"]
        fill(disk)
        with Store.open(data, role="web") as web:
            found["read"] = web.batch_summary(batch.id).cards
        found["event"] = error_of(
            lambda: [store.add_event(batch.id, "paused", "x" * 9_000) for _ in range(1_000)]
        )
    fill(disk)
    found["opened_full"] = error_of(lambda: Store.open(data, role="feed").close())
    free(disk)
    with Store.open(data, role="feed") as store:
        scans = store.scans_after(0, limit=10_000)
        found["scans"] = len(scans)
        found["whole"] = sum(
            file.read_bytes().endswith(b"\xff\xd9") for file in map(store.crop_file, scans) if file
        )
        found["crops"] = len(crops_in(data))
        found["sequences"] = [scan.sequence for scan in scans] == list(range(1, len(scans) + 1))
        found["notice"] = store.notice() is not None
    return found


def backup_does_not_fit(disk: Path) -> dict[str, Any]:
    data = disk / "data"
    with Store.open(data, role="feed") as store:
        batch = store.create_batch("a stack", 0, "usb")
        store.commit_scan(batch.id, identified(), feed_key="a", driver="usb")
        store.add_event(batch.id, "stopped")
        store.wait_for_backup()
        before = sorted(path.name for path in (data / "backups").iterdir())
        batch = store.create_batch("more", 0, "usb")
        fill(disk, leave_bytes=40_000)
        store.add_event(batch.id, "finished")
        store.wait_for_backup()
        by_hand = error_of(lambda: store.backup(data / "backups" / "by-hand.db"))
        after = sorted(path.name for path in (data / "backups").iterdir())
    return {"before": before, "after": after, "by_hand": by_hand}


def _make_read_only(disk: Path) -> None:
    """Lay a read-only view of the disk over it; a plain remount is root's alone."""
    subprocess.run(["mount", "--bind", str(disk), str(disk)], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(disk)], check=True)


def _use_read_only(data: Path) -> dict[str, Any]:
    return {
        "feed": error_of(lambda: Store.open(data, role="feed")),
        "web": error_of(lambda: Store.open(data, role="web", wait_s=0).add_command("pause")),
    }


def read_only_disk(disk: Path) -> dict[str, Any]:
    with Store.open(disk / "data", role="feed") as store:
        batch = store.create_batch("a stack", 0, "usb")
        store.commit_scan(batch.id, identified(), feed_key="a", driver="usb")
    _make_read_only(disk)
    found = _use_read_only(disk / "data")
    subprocess.run(["umount", str(disk)], check=True)
    with Store.open(disk / "data", role="feed") as store:
        found["scans"] = len(store.scans_after(0))
    return found


def turns_read_only(disk: Path) -> dict[str, Any]:
    """What a failing SD card does: the kernel remounts it read-only under the running feed."""
    store = Store.open(disk / "data", role="feed")
    batch = store.create_batch("a stack", 0, "usb")
    store.wait_for_backup()
    _make_read_only(disk)
    return {
        "commit": error_of(
            lambda: store.commit_scan(batch.id, identified(), feed_key="a", driver="usb")
        )
    }


def foreign_folder(folder: Path) -> dict[str, Any]:
    """A data folder of another user's; root becomes nobody, because root may write anywhere."""
    with Store.open(folder / "data", role="feed") as store:
        store.create_batch("a stack", 0, "usb")
    new = folder / "new"
    new.mkdir()
    for path in [new, *folder.glob("data/**"), *folder.glob("data/**/*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    found = _use_read_only(folder / "data")
    found["nothing_there"] = error_of(lambda: Store.open(new, role="feed"))
    found["no_folder_there"] = error_of(lambda: Store.open(new / "data", role="feed"))
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](Path(sys.argv[2]))))
