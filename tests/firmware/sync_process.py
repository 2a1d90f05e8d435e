"""The exchange's process for the kill test, forked anew for each line on stdin.

Importing everything takes a second and forking none. It prints the pid, and `ended`.
Usage: sync_process.py DATA_DIR PAIRING
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from scanner.store import Store
from sync.agent import Agent
from sync.pairing import read_pairing


def exchange(data_dir: Path, pairing: Path) -> None:
    """Exchange until killed."""
    with Store.open(data_dir, role="sync") as store:
        agent = Agent(
            store, read_pairing(pairing), behind_s=2.0, hold_s=0.2, longest_back_off_s=0.2
        )
        agent.run(lambda: False)


def main() -> None:
    """Fork a process per line."""
    data_dir, pairing = Path(sys.argv[1]), Path(sys.argv[2])
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                exchange(data_dir, pairing)
            except Exception:  # noqa: BLE001 - a forked child must not run its parent's code on
                traceback.print_exc()
            finally:
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
