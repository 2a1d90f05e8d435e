"""What the tests of packs published over REST share: an archive, its upload, what comes of it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.sync.api.conftest import Asker


def packed(folder: Path, change: Callable[[tarfile.TarFile], None] | None = None) -> bytes:
    """A tar of a folder's files, as anybody would make it; `change` adds what has no place."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
        if change is not None:
            change(archive)
    return out.getvalue()


def sent(asker: Asker, content: bytes, sha256: str = "") -> str:
    """Upload an archive in parts; the upload's id."""
    promised = {
        "size_bytes": len(content), "sha256": sha256 or hashlib.sha256(content).hexdigest()
    }  # fmt: skip
    upload = asker.told("/api/v1/uploads", promised, status=201)
    while (offset := upload["received_bytes"]) < len(content):
        answer = put(asker, upload["id"], offset, content[offset : offset + upload["part_bytes"]])
        assert answer.status_code == 200, answer.get_data(as_text=True)
        upload = answer.get_json()
    return str(upload["id"])


def put(asker: Asker, upload_id: str, offset: int | str, part: bytes) -> Any:
    return asker.client.put(
        f"/api/v1/uploads/{upload_id}?offset={offset}", data=part,
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {asker.secret}"},
    )  # fmt: skip


def published(asker: Asker, content: bytes, **asked: Any) -> dict[str, Any]:
    told: dict[str, Any] = asker.told(
        "/api/v1/releases", {"upload": sent(asker, content), **asked}, status=201
    )
    return told


def refused(asker: Asker, content: bytes, status: int = 400, **asked: Any) -> str:
    """Why an upload is not announced; nothing of it stays, in no folder either."""
    before = asker.told("/api/v1/releases")
    told = asker.told("/api/v1/releases", {"upload": sent(asker, content), **asked}, status=status)
    assert asker.told("/api/v1/releases") == before
    assert asker.told("/api/v1/uploads") == {"uploads": []}
    return str(told["error"])
