"""`python -m sync.bench_ends device|cloud|worker-N FOLDER PAIRING [URL]`: one end, to be killed.

All are impatient. With the URL of a PostgreSQL database the cloud leaves rows to the workers.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from scanner.logs import setup_logging
from scanner.store import Store
from sync.agent import Agent
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.postgres import Patience
from sync.cloud.service import CloudService
from sync.cloud.store import CloudStore
from sync.pairing import Pairing, read_pairing

ROWS_PER_MESSAGE = 50
BEHIND_S = 2.0
HOLD_S = 1.0
LONGEST_BACK_OFF_S = 0.5
KEEPALIVE_S = 5
IMPATIENT = Patience("counterscan-ingest", idle_s=5.0, locked_s=2.0)


def main(end: str, folder: Path, pairing: Path, url: str = "") -> None:
    """Run one end until it is told to stop."""
    setup_logging("warning")
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: signals.append(number))
    if end != "device":
        with CloudStore(folder, url, IMPATIENT) as cloud:
            _cloud(end, cloud, read_pairing(pairing), bool(url)).run(lambda: bool(signals))
        return
    with Store.open(folder, role="sync") as store:
        Agent(
            store,
            read_pairing(pairing),
            rows_per_message=ROWS_PER_MESSAGE,
            behind_s=BEHIND_S,
            hold_s=HOLD_S,
            longest_back_off_s=LONGEST_BACK_OFF_S,
            keepalive_s=KEEPALIVE_S,
        ).run(lambda: bool(signals))


def _cloud(
    end: str, cloud: CloudStore, pairing: Pairing, shares: bool
) -> CloudService | IngestWorker:
    if end.startswith("worker-"):
        number = int(end.removeprefix("worker-"))
        return IngestWorker(
            cloud,
            pairing,
            number,
            longest_back_off_s=LONGEST_BACK_OFF_S,
            keepalive_s=KEEPALIVE_S,
        )
    return CloudService(
        cloud, pairing, takes_rows=not shares, longest_back_off_s=LONGEST_BACK_OFF_S
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
