"""Packs that the cloud announces: fetched, tried and used by a device, with a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.catalog.library import Library
from scanner.catalog.manifest import read_manifest
from scanner.catalog.pack import Pack
from scanner.config import load_settings
from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.fleet_store import holdings
from sync.cloud.store import CloudStore
from sync.fleet import Fleet
from tests.sync.conftest import DEVICE, Running, pairing, service, until
from tests.sync.update_kit import IMPATIENT, Shop, make_shop, published


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def served(cloud_store: CloudStore) -> Iterator[str]:
    """The cloud's API, which serves the archives."""
    config = CloudConfig.model_validate({"http": {"port": 0}})
    with ApiServer(cloud_store, config) as server:
        yield f"http://127.0.0.1:{server.port}/files"


def in_use(data_dir: Path) -> str | None:
    return Library(data_dir).current("drawn")


def test_a_published_pack_is_in_use_on_the_device_and_the_cloud_knows(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, shop: Shop, served: str,
) -> None:  # fmt: skip
    data_dir = filled.data_dir
    settings = load_settings(data_dir=data_dir)
    paired = pairing(broker.port).model_copy(update={"trusted_keys": (shop.public,)})
    fleet = Fleet(settings, device_store, paired, limits=IMPATIENT)
    running.start(service(cloud_store, broker.port))
    running.start(Agent(device_store, paired, fleet=fleet, longest_back_off_s=0.2))
    published(shop, cloud_store.data_dir, "1", served)
    until(lambda: in_use(data_dir) == "1", 120)
    published(shop, cloud_store.data_dir, "2", served)
    until(lambda: in_use(data_dir) == "2", 120)
    until(lambda: holdings(cloud_store).get(DEVICE) is not None, 60)
    until(lambda: holdings(cloud_store)[DEVICE].packs == {"drawn": "2"}, 60)

    def told() -> list[tuple[str, str, str]]:
        updates = holdings(cloud_store)[DEVICE].updates
        return [(each.target, each.version, each.kind) for each in updates]

    until(lambda: told() == [("pack/drawn", "2", "in_use")], 60)
    assert Library(data_dir).previous("drawn") == "1"
    with_pictures = Library(data_dir).path("drawn@2")
    manifest = next(e.manifest for e in Library(data_dir).entries() if e.in_use)
    assert manifest is not None
    Pack.open(
        with_pictures, model_id=manifest.model_id, runtime=manifest.runtime, verify=True
    ).close()
    assert [path.name for path in (data_dir / "updates").iterdir()] == []


def test_the_pages_word_is_done_by_the_exchange_also_after_a_restart(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, shop: Shop, served: str,
) -> None:  # fmt: skip
    data_dir = filled.data_dir
    settings = load_settings(data_dir=data_dir, sync__auto_update=False)
    paired = pairing(broker.port).model_copy(update={"trusted_keys": (shop.public,)})
    running.start(service(cloud_store, broker.port))
    published(shop, cloud_store.data_dir, "1", served)
    first = Running()
    fleet = Fleet(settings, device_store, paired, limits=IMPATIENT)
    first.start(Agent(device_store, paired, fleet=fleet, longest_back_off_s=0.2))
    until(lambda: [row.may_take for row in device_store.announced()] == [True])
    manifest = read_manifest(shop.packs["1"])
    assert device_store.announced()[0].cards == manifest.cards > 0
    first.stop()
    with Store.open(data_dir, role="web") as page:
        asked = page.add_command("update", {"target": "pack/drawn", "version": "1"})
        fleet = Fleet(settings, device_store, paired, limits=IMPATIENT)
        running.start(Agent(device_store, paired, fleet=fleet, longest_back_off_s=0.2))
        until(lambda: page.command_outcome(asked.id or 0) == "done", 120)
    assert in_use(data_dir) == "1"
    running.stop()
