"""A switch to another pack in a process of its own that is killed at a chosen moment.

As `tests.catalog.killed`, from which this has its way of dying.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sync.update_switch import Change, Switch
from tests.catalog.killed import run_until


def switch(data_dir: Path) -> None:
    """Use drawn@2 in the place of drawn@1."""
    made = Switch(data_dir, data_dir / "updates", lambda _packs, _models: "")
    made.make(Change({"drawn": "2"}))


if __name__ == "__main__":
    for line in sys.stdin:
        place, at = line.rsplit(maxsplit=1)
        print(json.dumps(run_until(switch, Path(place), int(at))), flush=True)
