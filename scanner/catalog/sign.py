"""Signing packs, and checking the signature of one that came over the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanner.catalog.disk import disk_errors
from scanner.catalog.manifest import MANIFEST, SIGNATURE, check_files, check_pictures, read_manifest
from scanner.signing import (
    MOST_BYTES,
    SignatureError,
    check_signature,
    read_private_key,
    sign_file,
)

_WHAT = "pack"


def sign_pack(pack: Path, key_file: Path) -> tuple[str, str]:
    """Sign the pack in a folder; return its id and the public key.

    Every file is compared with its checksum first: a damaged pack is not worth a signature. Raises
    PackError and UsageError.
    """
    key = read_private_key(key_file)
    manifest = read_manifest(pack)
    check_files(pack, manifest)
    check_pictures(pack, manifest)
    with disk_errors(pack, "sign it again"):
        public = sign_file(pack / MANIFEST, pack / SIGNATURE, _WHAT, key)
    return manifest.pack_id, public


def check_pack_signature(pack: Path, trusted: Sequence[str] | None) -> str:
    """Return the trusted key that signed the pack in a folder, or any with None.

    Raises SignatureError.

    Only the manifest is looked at: the files that it names are compared with it elsewhere.
    """
    try:
        manifest = (pack / MANIFEST).read_bytes()
        signature = _short(pack / SIGNATURE)
    except FileNotFoundError:
        raise SignatureError(
            "The pack is not signed; sign it with `counterscan catalog sign PACK --key FILE`"
        ) from None
    except OSError as error:
        raise SignatureError(f"The pack's signature can't be read: {error.strerror}") from None
    return check_signature(manifest, signature, _WHAT, trusted)


def _short(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES)
