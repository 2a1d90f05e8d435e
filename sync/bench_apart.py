"""`counterscan bench sync --namespaces`: device and cloud on networks of their own, and silence.

The device is in one network namespace, broker and cloud in the other. The way between them is cut
so that neither end is told: shortly, so that TCP itself makes up for it, and for so long that the
device finds out by its own keep-alive and connects anew. Between the cuts either end is killed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scanner.errors import CounterscanError
from scanner.store import Store
from scanner.store_sync import LinkKind
from sync.bench_broker import CLOUD, Broker
from sync.bench_log import FilledLog, differences, rows_in, scans_in
from sync.bench_namespaces import CLOUD_ADDRESS, Namespaces, NoNamespacesError, why_not
from sync.bench_partition import DEVICE, End
from sync.cloud.store import CloudStore

_SHORT_S = 1.0
_NOTICED_WITHIN_S = 120.0


def run_apart(
    folder: Path, *, scans: int, faults: int, seed: int, within_s: float
) -> dict[str, Any]:
    """Make scans and faults, wait until both ends agree, and report.

    Raises NoNamespacesError where this process may not make networks.
    """
    if why := why_not():
        raise NoNamespacesError(why)
    began_mono_s = time.monotonic()
    chance = random.Random(seed)
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        networks = stack.enter_context(Namespaces())
        broker = stack.enter_context(
            Broker(folder / "broker", (DEVICE,), address="0.0.0.0", prefix=networks.cloud)
        )
        log = FilledLog(folder / "device", seed)
        stack.callback(log.close)
        page = stack.enter_context(Store.open(folder / "device", role="reader"))
        device = End(
            "device", folder / "device", broker.port, DEVICE,
            host=CLOUD_ADDRESS, prefix=networks.device,
        )  # fmt: skip
        cloud = End("cloud", folder / "cloud", broker.port, CLOUD, prefix=networks.cloud)
        for end in (device, cloud):
            stack.callback(end.kill)
            end.start()
        _await(lambda: _state(page) == LinkKind.CONNECTED, "the device connects")

        def short() -> None:
            networks.cut()
            log.add_scans(10)
            time.sleep(_SHORT_S)
            networks.join()

        def until_noticed() -> None:
            networks.cut()
            log.add_scans(10)
            _await(lambda: _state(page) == LinkKind.LOST, "the device notices the silence")
            networks.join()
            _await(lambda: _state(page) == LinkKind.CONNECTED, "the device is back")

        mischief: dict[str, Callable[[], None]] = {
            "silence until noticed": until_noticed,
            "short silence": short,
            "device killed": device.restart,
            "cloud killed": cloud.restart,
            "broker killed": broker.crash,
        }
        order = list(mischief)
        steps = max(faults, 1)
        for step in range(steps):
            log.add_scans(scans * (step + 1) // steps - scans * step // steps)
            log.add_corrections(5)
            time.sleep(chance.uniform(0.1, 0.6))
            if faults:
                name = order[step] if step < len(order) else chance.choice(order)
                counts[name] = counts.get(name, 0) + 1
                mischief[name]()
        made_s = time.monotonic() - began_mono_s
        store = stack.enter_context(CloudStore(folder / "cloud"))
        wanted = rows_in(folder / "device")
        end_mono_s = time.monotonic() + within_s
        while scans_in(store) < wanted and time.monotonic() < end_mono_s:
            time.sleep(0.1)
        return {
            "scans": log.scans,
            "cut_by": networks.how,
            "faults": counts,
            "differences": differences(folder / "device", store, DEVICE),
            "healed_s": round(time.monotonic() - began_mono_s - made_s, 1),
        }


def _state(page: Store) -> str:
    event = page.sync_event()
    return "" if event is None else event.kind


def _await(so: Callable[[], bool], what: str) -> None:
    end_mono_s = time.monotonic() + _NOTICED_WITHIN_S
    while not so():
        if time.monotonic() > end_mono_s:
            raise CounterscanError(f"It takes too long until {what}.")
        time.sleep(0.05)
