"""A file fetched and unpacked onto a disk that is too small: a tmpfs in a namespace of its own.

`unshare -Urm python -m tests.sync.small_disk FOLDER` prints what came of it as JSON.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import threading
from pathlib import Path

import httpx

from scanner.errors import PackDiskError
from sync.fetch import Fetcher, FetchRoomError, Limits, Wanted
from sync.unpack import PACK_NAMES, unpack_archive
from tests.catalog.small_disk import mount
from tests.sync.bad_server import bad_server

_NO_CARE = Limits(tries=1, first_wait_s=0.01, longest_wait_s=0.01, reserve_bytes=0)


def archive() -> bytes:
    """A tar of one file of three megabytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        entry = tarfile.TarInfo("vectors.npy")
        entry.size = 3_000_000
        made.addfile(entry, io.BytesIO(bytes(entry.size)))
    return out.getvalue()


def main(disk: Path) -> dict[str, object]:
    """Too small to fetch; large enough for that, but not to unpack; large enough for both."""
    content, said = archive(), []
    mount(disk, "size=1m")
    with bad_server(content) as server, httpx.Client() as client:
        # The measure of what is free is wrong here, as it is where others fill the disk meanwhile.
        fetcher = Fetcher(disk / "updates", client, threading.Event(), _NO_CARE, lambda _: 10**12)
        wanted = Wanted(server.url, len(content), hashlib.sha256(content).hexdigest())
        try:
            fetcher.fetch(wanted)
        except FetchRoomError as error:
            said.append(str(error))
        left = [path.name for path in (disk / "updates").iterdir()]
        mount(disk, "remount,size=4m")
        file = fetcher.fetch(wanted)
        try:
            unpack_archive(file, disk / "unpacked", PACK_NAMES)
        except PackDiskError as error:
            said.append(str(error))
        mount(disk, "remount,size=50m")
        unpack_archive(fetcher.fetch(wanted), disk / "unpacked", PACK_NAMES)
    size = (disk / "unpacked" / "vectors.npy").stat().st_size
    return {"said": said, "left": left, "size": size}


if __name__ == "__main__":
    mount_point = Path(sys.argv[1]) / "disk"
    mount_point.mkdir()
    print(json.dumps(main(mount_point)))
