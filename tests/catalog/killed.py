"""Work on packs in a process of its own that is killed at a chosen moment.

Python announces every file it opens, renames, makes or deletes (PEP 578). The child counts these
and sends itself SIGKILL at the one asked for, so that every step of the work gets its turn.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from scanner.catalog.library import Library
from tests.catalog.shelf import MODEL, RUNTIME, Shelf

_EVENTS = frozenset(
    {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "sqlite3.connect"}
)


def build(folder: Path) -> None:
    """Build demo@1 from the shelf in `folder`."""
    shelf = Shelf.__new__(Shelf)
    shelf.folder, shelf.rows = folder / "shelf", json.loads((folder / "rows.json").read_text())
    shelf.build(folder / "pack")


def switch(folder: Path) -> None:
    """Install demo@2 and use it, then go back to demo@1."""
    library = Library(folder / "data")
    library.use(library.install(folder / "v2"), model_id=MODEL, runtime=RUNTIME)
    library.rollback("demo", model_id=MODEL, runtime=RUNTIME)


def run_until(work: Callable[[Path], None], folder: Path, moment: int) -> bool:
    """Do the work in a child that dies at its `moment`-th step; True when it was killed."""
    child = os.fork()
    if child == 0:
        left = moment

        def count(event: str, _arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in _EVENTS:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work(folder)
        except BaseException as error:  # noqa: BLE001 - it must not run on as a second test
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"the work failed at moment {moment}")
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    # One line in, `build FOLDER MOMENT`; one line out, whether the work was killed. This process
    # itself starts no thread, so that its children may be forked.
    works = {"build": build, "switch": switch}
    for line in sys.stdin:
        name, place, at = line.split()
        print(json.dumps(run_until(works[name], Path(place), int(at))), flush=True)
