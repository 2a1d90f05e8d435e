"""An archive that came from elsewhere: taken apart, checked in full, and only then announced.

It is checked as a device would (`sync/update_intake.py`), and published as `cloud publish` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from scanner.catalog.manifest import MANIFEST, read_manifest
from scanner.catalog.sign import check_pack_signature
from scanner.errors import CounterscanError, ModelError, PackError, UsageError
from scanner.models_library import BUNDLE, NAMES, read_bundle
from scanner.signing import UntrustedKeyError
from sync.cloud.release_names import MODELS, PACKS, check_channel
from sync.cloud.releases import Releases, Standing
from sync.protocol_fleet import Release
from sync.unpack import PACK_NAMES, ArchiveError, unpack_archive
from sync.update_intake import check_models_signature

_EITHER = re.compile(f"{PACK_NAMES.pattern}|{NAMES.pattern}")


class OlderReleaseError(CounterscanError, ValueError):
    """Something newer is announced, and no devices would take this."""


def publish_archive(
    releases: Releases, archive: Path, unpacked: Path, channel: str, keys: Sequence[str],
    *, rollback: bool, about: str = "",
) -> Release:  # fmt: skip
    """Announce the pack, or the models, in an archive; `unpacked` is a folder for the checks.

    Raises:
        UsageError, PackError, ModelError: it is refused; the message says why.
        OlderReleaseError: it would have to be a rollback.
        PackDiskError, AlreadyRunningError: not now.
    """
    check_channel(channel)
    if not keys:
        raise UsageError(
            "This cloud trusts no key that packs and models are signed with: put the public key "
            "into [files] keys in cloud.toml (`counterscan cloud key new` prints it)."
        )
    try:
        unpack_archive(archive, unpacked, _EITHER)
        is_pack = (unpacked / MANIFEST).exists()
        _refuse_what_does_not_belong(unpacked, PACK_NAMES if is_pack else NAMES)
        if is_pack:
            check_pack_signature(unpacked, keys)
            manifest = read_manifest(unpacked)
            target = PACKS + manifest.game
            created_at = manifest.created_at
        elif (unpacked / BUNDLE).exists():
            check_models_signature(unpacked, keys)
            target, created_at = MODELS, read_bundle(unpacked).created_at.isoformat()
        else:
            raise ArchiveError(f"It holds neither a pack ({MANIFEST}) nor models ({BUNDLE}).")
        if not rollback:
            _refuse_older(standing_of(releases, target, channel), created_at)
        publish = releases.publish_pack if is_pack else releases.publish_models
        return publish(unpacked, channel, rollback=rollback, key=None, about=about)
    except UntrustedKeyError as error:
        raise PackError(
            f"It is signed with the key {error.key}, which is none of [files] keys in cloud.toml."
        ) from None
    except (PackError, ModelError, UsageError) as error:
        if error.retryable or str(unpacked) not in str(error):
            raise
        # Where it was unpacked for the checks is nobody's business.
        inside = str(error).replace(f"{unpacked}/", "").replace(str(unpacked), "It")
        raise type(error)(inside) from error


def standing_of(releases: Releases, target: str, channel: str) -> Standing | None:
    """What is, or was, announced of a target on a channel."""
    return next(
        (each for each in releases.standing() if (each.target, each.channel) == (target, channel)),
        None,
    )


def _refuse_what_does_not_belong(unpacked: Path, names: re.Pattern[str]) -> None:
    for path in unpacked.rglob("*"):
        name = path.relative_to(unpacked).as_posix()
        if path.is_file() and not names.fullmatch(name):
            raise ArchiveError(f"The archive holds {name!r}, which has no place in it.")


def _refuse_older(standing: Standing | None, created_at: str) -> None:
    present = None if standing is None else standing.release
    if present is None:
        return
    try:
        is_older = datetime.fromisoformat(created_at) < present.created_at
    except (ValueError, TypeError):
        return  # what tells no time is refused when it is announced
    if is_older:
        raise OlderReleaseError(
            f"It is older than {present.version}, which is announced: devices go back to it only "
            "with “rollback”: true."
        )
