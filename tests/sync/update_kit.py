"""What the tests of updates share: signed packs of drawn cards, a cloud's folder, a device."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from scanner.bench_cards import write_cards
from scanner.catalog.build import build_pack
from scanner.catalog.library import Library
from scanner.catalog.manifest import MANIFEST
from scanner.catalog.sign import sign_pack
from scanner.config import Settings, load_settings
from scanner.embed import Embedder
from scanner.signing import new_key, read_private_key
from scanner.store import Store
from sync.cloud.releases import Releases
from sync.fetch import Fetcher, Limits
from sync.protocol_fleet import PackRelease
from sync.updater import Updater
from tests.sync.conftest import until

IMPATIENT = Limits(
    connect_s=20, read_s=20, slow_for_s=20, tries=3, first_wait_s=0.01, longest_wait_s=0.05,
    reserve_bytes=0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """Three signed packs of one game, oldest first, by version; the key, and its public half."""

    packs: Mapping[str, Path]
    key: Path
    public: str


def make_shop(folder: Path) -> Shop:
    """Build the packs; each holds what the one before it held, and more."""
    embedder = Embedder.load()
    folder.mkdir(exist_ok=True)
    key = folder / "cloud.key"
    public = new_key(key)
    packs = {}
    for at, version in enumerate(("1", "2", "3")):
        table = write_cards(folder / f"pictures-{version}", 4 + at)
        packs[version] = folder / f"pack-{version}"
        build_pack(
            game="drawn", version=version, pictures=table.parent, facts=table,
            out=packs[version], embedder=embedder,
        )  # fmt: skip
        manifest = packs[version] / MANIFEST
        text = manifest.read_text()
        start = text.index('created_at = "')
        end = text.index("\n", start)
        manifest.write_text(f'{text[:start]}created_at = "2026-0{at + 1}-01T06:00:00Z"{text[end:]}')
        sign_pack(packs[version], key)
    return Shop(packs, key, public)


class Device:
    """A device's data folder, its log, and the updates of it without an exchange."""

    def __init__(
        self, data_dir: Path, trusted: str,
        trial: Callable[[Mapping[str, str], Path | None], str] = lambda _packs, _models: "",
        limits: Limits = IMPATIENT, free: Callable[[Path], int] | None = None,
        **settings: object,
    ) -> None:  # fmt: skip
        self.settings: Settings = load_settings(data_dir=data_dir, **settings)
        self.data_dir = data_dir
        Store.open(data_dir, role="feed").close()
        self.store = Store.open(data_dir, role="sync")
        self.client = httpx.Client(timeout=httpx.Timeout(limits.read_s))
        stopping = threading.Event()
        more = {} if free is None else {"free": free}
        self.updater = Updater(
            self.settings, self.store,
            lambda folder: Fetcher(folder, self.client, stopping, limits, **more),
            (trusted,) if trusted else (), trial, stopping, first_wait_s=0.05,
        )  # fmt: skip
        self.library = Library(data_dir)

    def __enter__(self) -> Device:
        self.updater.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.updater.close()
        self.client.close()
        self.store.close()
        assert self.updater.died is None

    def use(self, pack: Path) -> None:
        """Install a pack by hand, as from a stick."""
        pack_id = self.library.install(pack)
        manifest = next(entry for entry in self.library.entries() if entry.pack_id == pack_id)
        assert manifest.manifest is not None
        found = manifest.manifest
        self.library.use(pack_id, model_id=found.model_id, runtime=found.runtime)

    def event(self, target: str = "pack/drawn") -> tuple[str, str, str]:
        """The last step of an update: version, kind and text."""
        for event in self.store.update_events():
            if event.target == target:
                return event.version, event.kind, event.detail
        return "", "", ""

    def settles(self, version: str, kind: str, target: str = "pack/drawn") -> str:
        """Wait for a step; its text."""
        until(lambda: self.event(target)[:2] == (version, kind), 60)
        return self.event(target)[2]


def published(
    shop: Shop, folder: Path, version: str, url: str, *, rollback: bool = False
) -> PackRelease:
    """The announcement of one of the shop's packs, its archive in the cloud's folder."""
    copy = folder / f"copy-{version}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(shop.packs[version], copy)
    return Releases(folder, url).publish_pack(
        copy, "stable", rollback=rollback, key=read_private_key(shop.key)
    )
