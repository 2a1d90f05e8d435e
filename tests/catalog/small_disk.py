"""Work on packs on a disk that is too small, or read-only: a tmpfs in a namespace of its own.

`unshare -Urm python -m tests.catalog.small_disk WORK FOLDER` prints what came of it as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scanner.catalog.library import Library
from scanner.catalog.pack import Pack
from scanner.errors import PackError
from tests.catalog.shelf import MODEL, RUNTIME, Shelf

FULL = "size=1m"
ROOMY = "size=50m"


def mount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)


def refusal(work: Callable[[], object]) -> str:
    """What the work said when it was refused."""
    try:
        work()
    except PackError as error:
        return str(error)
    return ""


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def build(folder: Path, disk: Path) -> dict[str, object]:
    """A build runs out of space, and goes on once there is some."""
    shelf = Shelf(folder / "shelf")
    shelf.fill(250)
    mount(disk, FULL)
    said = refusal(lambda: shelf.build(disk / "pack"))
    left = sorted(path.name for path in disk.iterdir())
    mount(disk, f"remount,{ROOMY}")
    report = shelf.build(disk / "pack")
    Pack.open(disk / "pack", model_id=MODEL, runtime=RUNTIME, verify=True).close()
    return {"said": said, "left": left, "resumed": report.resumed, "rows": report.rows}


def install(folder: Path, disk: Path) -> dict[str, object]:
    """A pack is too large for the disk, then the disk is full to the brim, then read-only."""
    shelf = Shelf(folder / "shelf")
    shelf.fill(1)
    shelf.build(folder / "small", version="1")
    shelf.build(folder / "other", version="2")
    large = Shelf(folder / "large-shelf")
    large.fill(250)
    large.build(folder / "large", version="3")
    mount(disk, FULL)
    library = Library(disk)

    def use(version: str) -> None:
        library.use(f"demo@{version}", model_id=MODEL, runtime=RUNTIME)

    library.install(folder / "small")
    library.install(folder / "other")
    use("1")
    before = everything_in(disk)
    said = [refusal(lambda: library.install(folder / "large"))]
    with (disk / "filler").open("wb", buffering=0) as filler:
        while not refusal_of_space(filler.write):
            pass
    said.append(refusal(lambda: use("2")))
    (disk / "filler").unlink()
    mount(disk, "remount,ro")
    said.append(refusal(lambda: library.install(folder / "large")))
    same = everything_in(disk) == before and library.current("demo") == "1"
    mount(disk, f"remount,rw,{ROOMY}")
    library.install(folder / "large")
    use("3")
    return {"said": said, "same": same, "current": library.current("demo")}


def refusal_of_space(write: Callable[[bytes], object]) -> bool:
    try:
        write(bytes(1024))
    except OSError:
        return True
    return False


if __name__ == "__main__":
    work, place = sys.argv[1:]
    mount_point = Path(place) / "disk"
    mount_point.mkdir()
    works = {"build": build, "install": install}
    print(json.dumps(works[work](Path(place), mount_point)))
