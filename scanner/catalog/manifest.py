"""`pack.toml`: what a pack is, what it was built with, and the SHA-256 of each of its files."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.catalog.disk import sha256_file
from scanner.errors import PackDamagedError, PackError, PackMismatchError

FORMAT = 1
PHASH_MODEL_ID = "phash256"
"""Model id of a pack without vectors, and of a reader that wants the hashes of any pack."""

MANIFEST = "pack.toml"
SIGNATURE = "pack.sig"
"""Beside the manifest in a signed pack; see `scanner.signing`."""

CARDS = "cards.db"
VECTORS = "vectors.npy"
ROWS = "rows.npy"
HASHES = "hashes.npy"
PICTURES = "pictures"
PICTURE_LIST = "pictures.sha256"
FILES = (CARDS, VECTORS, ROWS, HASHES, PICTURE_LIST)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = frozenset({"current"})  # the library keeps a file of this name beside the versions
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TEXTS = ("game", "version", "created_at", "model_id", "runtime", "source")
_COUNTS = ("rows", "cards", "skipped")


def is_name(name: str) -> bool:
    """Is this a game's or version's name that is safe as a folder's name?"""
    return bool(_NAME.fullmatch(name)) and name not in _RESERVED


def check_name(what: str, name: str) -> str:
    """Return a game's or version's name, or raise PackError when it is not safe."""
    if not is_name(name):
        raise PackError(
            f"{name!r} can't be a {what}; use up to 64 letters, digits, dots, dashes and "
            "underscores, starting with a letter or digit"
        )
    return name


def rebuild_hint(game: str) -> str:
    """The command that makes a pack anew."""
    return f"`counterscan catalog build --game {game} --pictures DIR --facts FILE.csv --out PACK`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `pack.toml`.

    `rows` counts reference pictures, `cards` printings, `skipped` pictures that could not be
    read. `source` is a digest of what the pack was made from. `files` maps names to SHA-256.
    """

    game: str
    version: str
    created_at: str
    model_id: str
    runtime: str
    rows: int
    cards: int
    skipped: int
    source: str
    files: dict[str, str]

    @property
    def pack_id(self) -> str:
        """Game and version, `demo@1`: what a scan remembers."""
        return f"{self.game}@{self.version}"

    @property
    def hashes_only(self) -> bool:
        """True when the pack was built without a model."""
        return self.model_id == PHASH_MODEL_ID

    def to_toml(self) -> str:
        """The text of `pack.toml`."""
        lines = [f"format = {FORMAT}"]
        lines += [f"{key} = {_quoted(getattr(self, key))}" for key in _TEXTS]
        lines += [f"{key} = {getattr(self, key)}" for key in _COUNTS]
        lines += ["", "[files]"]
        lines += [f"{_quoted(name)} = {_quoted(self.files[name])}" for name in FILES]
        return "\n".join(lines) + "\n"

    def require_fit(self, model_id: str, runtime: str) -> None:
        """Raise PackMismatchError unless a reader with this model and runtime can use the pack.

        The hashes of any pack fit a reader that works without a model.
        """
        if model_id == PHASH_MODEL_ID:
            return
        if self.hashes_only:
            why = f"holds perceptual hashes only and nothing for the model {model_id}"
        elif self.model_id != model_id:
            why = f"was built with the model {self.model_id}, but {model_id} is in use"
        elif _release(self.runtime) != _release(runtime):
            why = f"was built with {self.runtime}, but {runtime} is in use"
        else:
            return
        raise PackMismatchError(
            f"The pack {self.pack_id} {why}; rebuild it with {rebuild_hint(self.game)}"
        )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON's strings are TOML's basic strings


def _release(runtime: str) -> tuple[str, ...]:
    """`ai-edge-litert 2.3.1` → (`ai-edge-litert`, `2`, `3`): patches give the same vectors."""
    name, _, version = runtime.rpartition(" ")
    return (name, *version.split(".")[:2])


def read_manifest(pack: Path) -> Manifest:
    """Read `pack.toml`. Raises PackError when `pack` is no pack, PackDamagedError when damaged."""
    path = pack / MANIFEST
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PackError(
            f"{pack} is not a catalog pack (it has no {MANIFEST}); build one with "
            f"{rebuild_hint('GAME')}"
        ) from error
    except OSError as error:
        raise PackError(f"{path} can't be read: {error.strerror}; check who owns it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackDamagedError(
            f"{path} is damaged ({error}); install the pack again or rebuild it"
        ) from error
    if content.get("format") != FORMAT:
        raise PackError(
            f"{pack} has pack format {content.get('format')!r} and this program reads format "
            f"{FORMAT}; rebuild it with {rebuild_hint(str(content.get('game', 'GAME')))}"
        )
    return _checked(path, content)


def _checked(path: Path, content: dict[str, Any]) -> Manifest:
    for key in (*_TEXTS, *_COUNTS):
        if type(content.get(key)) is not (str if key in _TEXTS else int):
            raise PackDamagedError(f"{path} has no usable {key!r}; install the pack again")
    files = content.get("files")
    if not isinstance(files, dict) or not all(
        isinstance(files.get(name), str) and _DIGEST.fullmatch(files[name]) for name in FILES
    ):
        raise PackDamagedError(f"{path} lacks a checksum; install the pack again or rebuild it")
    check_name("game", content["game"])
    check_name("version", content["version"])
    return Manifest(
        files={name: files[name] for name in FILES},
        **{key: content[key] for key in (*_TEXTS, *_COUNTS)},
    )


def check_files(pack: Path, manifest: Manifest) -> None:
    """Compare every data file with its checksum; pictures are apart, see `check_pictures`."""
    for name in FILES:
        _check_file(pack, name, manifest.files[name], manifest.game)


def check_pictures(pack: Path, manifest: Manifest) -> None:
    """Compare every reference picture with its checksum."""
    for digest in picture_digests(pack):
        _check_file(pack, picture_name(digest), digest, manifest.game)


def picture_name(digest: str) -> str:
    """Where in a pack the picture with this SHA-256 lies: its name is its checksum."""
    return f"{PICTURES}/{digest[:2]}/{digest}.jpg"


def picture_list(digests: set[str]) -> bytes:
    """The content of `pictures.sha256`, in the form that `sha256sum --check` reads."""
    return "".join(f"{digest}  {picture_name(digest)}\n" for digest in sorted(digests)).encode()


def picture_digests(pack: Path) -> list[str]:
    """The digests in `pictures.sha256`, whose own checksum the caller has compared."""
    digests = [line[:64] for line in (pack / PICTURE_LIST).read_text("ascii").splitlines()]
    if not all(_DIGEST.fullmatch(digest) for digest in digests):
        raise PackDamagedError(f"{pack / PICTURE_LIST} is damaged; install the pack again")
    return digests


def _check_file(pack: Path, name: str, digest: str, game: str) -> None:
    way_out = f"install the pack again, or rebuild it with {rebuild_hint(game)}"
    try:
        found = sha256_file(pack / name)
    except FileNotFoundError as error:
        raise PackDamagedError(f"{pack / name} is missing; {way_out}") from error
    except OSError as error:
        raise PackDamagedError(
            f"{pack / name} can't be read: {error.strerror}; {way_out}"
        ) from error
    if found != digest:
        raise PackDamagedError(f"{pack / name} is damaged (its checksum differs); {way_out}")
