"""A catalog pack on disk, open for reading: the reference printings of one game."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.catalog.cards import CardsReader
from scanner.catalog.manifest import (
    CARDS,
    HASHES,
    ROWS,
    VECTORS,
    Manifest,
    check_files,
    check_pictures,
    picture_name,
    read_manifest,
)
from scanner.errors import PackDamagedError
from scanner.phash import HASH_BYTES
from scanner.records import Picture, Printing
from scanner.search import VectorIndex
from scanner.vectors import DIMENSIONS

PICTURE_WIDTH_PX = 224
PICTURE_HEIGHT_PX = 320


class Pack:
    """One open pack; any number of threads may read from it.

    `vectors` is `(N, 128) int8`, mapped from the file (`(0, 128)` in a pack of hashes only);
    `row_card` is `(N,) int32`, the card index of each row; `hashes` is `(N, 32) uint8`.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        """Use `Pack.open`, which checks the files first."""
        self.path = path
        self.manifest = manifest
        self._cards = CardsReader(path / CARDS, manifest.game)
        rows = manifest.rows
        vector_rows = 0 if manifest.hashes_only else rows
        try:
            self.vectors: NDArray[np.int8] = _load(
                path / VECTORS, np.dtype(np.int8), (vector_rows, DIMENSIONS)
            )
            self.row_card: NDArray[np.int32] = _load(path / ROWS, np.dtype("<i4"), (rows,))
            self.hashes: NDArray[np.uint8] = _load(
                path / HASHES, np.dtype(np.uint8), (rows, HASH_BYTES)
            )
            if self._cards.counts() != (manifest.cards, rows):
                raise PackDamagedError(f"{path / CARDS} does not fit the pack; install it again")
        except BaseException:
            self._cards.close()
            raise

    @classmethod
    def open(cls, path: Path, *, model_id: str, runtime: str, verify: bool = False) -> Self:
        """Open the pack in the folder `path` for a reader with this model and runtime.

        `model_id` "phash256" opens any pack, for its hashes. The data files are always compared
        with their checksums (a few milliseconds for 10,000 cards); `verify` compares every
        picture too. Raises PackError when it is no pack, PackDamagedError when a file is missing
        or changed, PackMismatchError when the model or the runtime differs.
        """
        manifest = read_manifest(path)
        manifest.require_fit(model_id, runtime)
        check_files(path, manifest)
        if verify:
            check_pictures(path, manifest)
        return cls(path, manifest)

    def close(self) -> None:
        """Close the database; the arrays live on for as long as somebody holds them."""
        self._cards.close()

    def __len__(self) -> int:
        """How many printings there are; card indexes run from 0 to here."""
        return self.manifest.cards

    @property
    def pack_id(self) -> str:
        """Game and version, `demo@1`."""
        return self.manifest.pack_id

    @property
    def game(self) -> str:
        """The game whose printings these are."""
        return self.manifest.game

    @property
    def version(self) -> str:
        """The version within the game."""
        return self.manifest.version

    @property
    def model_id(self) -> str:
        """The model that made the vectors; "phash256" when there are none."""
        return self.manifest.model_id

    @cached_property
    def index(self) -> VectorIndex:
        """The vectors made ready for searching, once, when first asked for."""
        return VectorIndex(self.vectors)

    def printing(self, card: int) -> Printing:
        """The printing with this card index. Raises IndexError when there is none."""
        return self._cards.printing(card)

    def artwork(self, card: int) -> str:
        """The id that printings with the same artwork share (CSV column `artwork`), or ""."""
        return self._cards.artwork(card)

    def facts(self, card: int) -> dict[str, str]:
        """Every column of the table of facts beyond those of the printing itself."""
        return self._cards.facts(card)

    def facts_of(self, card_id: str) -> dict[str, str]:
        """As `facts`, by the printing's card_id; empty for a card that the pack doesn't hold."""
        return self._cards.facts_of(card_id)

    def printing_of(self, card_id: str) -> Printing | None:
        """The printing of this card_id; None for one that is not here."""
        return self._cards.printing_of(card_id)

    def find(self, words: str, limit: int = 20) -> list[Printing]:
        """Printings by name, set or number, best first; the last word may be unfinished."""
        return self._cards.find(words, limit)

    def skipped(self) -> tuple[tuple[str, str], ...]:
        """Path and reason of each picture that could not be read when the pack was built."""
        return self._cards.skipped()

    def picture(self, card: int) -> Picture:
        """The printing's first reference picture, `(320, 224, 3) uint8`.

        Raises PackDamagedError when the file is missing or changed.
        """
        return self._read_picture(self._cards.picture_of_card(card))

    def row_picture(self, row: int) -> Picture:
        """The reference picture behind one row of `vectors`, `(320, 224, 3) uint8`."""
        return self._read_picture(self._cards.picture_of_row(row))

    def row_grey(self, row: int, *, halved: bool = True) -> NDArray[np.uint8]:
        """The reference picture behind one row in grey, for comparing: `(160, 112) uint8` when
        `halved`, which decodes several times faster, else `(320, 224)`.

        Read several times for each card, so the file's checksum is left to `verify`; a file that
        can't be decoded still raises PackDamagedError.
        """
        path = self.path / picture_name(self._cards.picture_of_row(row))
        flag = cv2.IMREAD_REDUCED_GRAYSCALE_2 if halved else cv2.IMREAD_GRAYSCALE
        grey = cv2.imread(str(path), flag)
        if grey is None:
            raise PackDamagedError(f"{path} is missing or damaged; install the pack again")
        return np.asarray(grey, np.uint8)

    def _read_picture(self, digest: str) -> Picture:
        path = self.path / picture_name(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PackDamagedError(
                f"{path} can't be read: {error.strerror}; install the pack again"
            ) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise PackDamagedError(f"{path} is damaged; install the pack again")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return np.asarray(picture, np.uint8)


def _load(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Map one array from its file, read-only."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise PackDamagedError(f"{path} is damaged ({error}); install the pack again") from error
    if array.dtype != dtype or array.shape != shape:
        raise PackDamagedError(
            f"{path} holds {array.dtype}{array.shape} and not {dtype}{shape}; "
            "install the pack again or rebuild it"
        )
    return array
