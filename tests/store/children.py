"""What other processes do to the log: `python -m tests.store.children WHAT FOLDER …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scanner.store import Store


def hold(data_dir: Path) -> None:
    """Have the log open until the end."""
    with Store.open(data_dir, role="feed"):
        print("open", flush=True)
        sys.stdin.read()


def add_commands(data_dir: Path, count: str) -> None:
    """The page's part: ask the machine, and read along."""
    torn = 0
    with Store.open(data_dir, role="web") as web:
        commands = [web.add_command("pause").id for _ in range(int(count))]
        for _ in range(50):
            batch = web.latest_batch()
            assert batch is not None
            summary = web.batch_summary(batch.id)
            scans = web.latest_scans(1000, batch.id)
            torn += summary.cards > len(scans)
            torn += [scan.sequence for scan in scans] != list(range(len(scans), 0, -1))
    print(json.dumps({"commands": commands, "torn": torn}))


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
