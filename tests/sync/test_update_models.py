"""Models that the cloud announces, alone and with packs made for them; and what a trial finds."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from scanner.catalog.cards import CardsReader
from scanner.catalog.manifest import MANIFEST, VECTORS
from scanner.catalog.manifest import read_manifest as read_pack
from scanner.catalog.trial import Asked, check
from scanner.config import load_settings
from scanner.errors import CounterscanError, ModelError, PackError, UsageError
from scanner.models import MODELS_DIR, read_manifest
from scanner.models_library import (
    BUNDLE,
    ModelLibrary,
    check_bundle,
    models_in_use,
    read_bundle,
    write_bundle,
)
from scanner.signing import new_key, read_private_key
from scanner.store_updates import MODELS
from sync.cloud.releases import Releases
from sync.protocol_fleet import ModelsRelease
from tests.sync.bad_server import bad_server
from tests.sync.update_kit import Device, Shop, make_shop

DRAWN = "pack/drawn"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as running:
        yield running


def models_folder(folder: Path, embedder: str = "") -> Path:
    """The program's models, with a few bytes more in the embedder where it is to be another."""
    shutil.copytree(MODELS_DIR, folder, ignore=shutil.ignore_patterns("train", "*.py", "*.md"))
    if embedder:
        old = (folder / "embedder.tflite").read_bytes()
        (folder / "embedder.tflite").write_bytes(old + embedder.encode())
        manifest = folder / "manifest.toml"
        text = manifest.read_text()
        digests = [hashlib.sha256(each).hexdigest() for each in (old, old + embedder.encode())]
        manifest.write_text(text.replace(*digests))
    return folder


def released(
    shop: Shop, cloud: Path, models: Path, stack: ExitStack, *, rollback: bool = False
) -> ModelsRelease:
    releases = Releases(cloud, "http://127.0.0.1:1")
    key = read_private_key(shop.key)
    release = releases.publish_models(models, "stable", rollback=rollback, key=key)
    content = (releases.files / f"{release.sha256}.tar").read_bytes()
    server = stack.enter_context(bad_server(content))
    return release.model_copy(update={"url": server.url})


def test_models_with_the_same_embedder_are_used_at_once(
    tmp_path: Path, shop: Shop, stack: ExitStack
) -> None:
    models = models_folder(tmp_path / "models")
    release = released(shop, tmp_path / "cloud", models, stack)
    assert release.model_id == read_manifest("embedder").model_id
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["1"])
        assert models_in_use(device.data_dir) is None
        device.updater.announced(MODELS, release)
        device.settles(release.version, "in_use", MODELS)
        folder = models_in_use(device.data_dir)
        assert folder is not None
        assert check_bundle(folder).version == release.version
    check(load_settings(data_dir=tmp_path / "device"), Asked({}))


def test_another_embedder_waits_for_its_packs_and_all_switch_together(
    tmp_path: Path, shop: Shop, stack: ExitStack
) -> None:
    models = models_folder(tmp_path / "models", "other")
    release = released(shop, tmp_path / "cloud", models, stack)
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["1"])
        device.updater.announced(MODELS, release)
        assert "drawn" in device.settles(release.version, "waiting", MODELS)
        assert models_in_use(device.data_dir) is None
        made_for_it = tmp_path / "made-for-it"
        shutil.copytree(shop.packs["2"], made_for_it)
        manifest = made_for_it / "pack.toml"
        now = read_manifest("embedder").model_id
        manifest.write_text(manifest.read_text().replace(now, release.model_id))
        other = Shop({"2": made_for_it}, shop.key, shop.public)
        cloud = Releases(tmp_path / "cloud", "http://127.0.0.1:1")
        pack = cloud.publish_pack(
            made_for_it, "stable", rollback=False, key=read_private_key(other.key)
        )
        content = (cloud.files / f"{pack.sha256}.tar").read_bytes()
        server = stack.enter_context(bad_server(content))
        device.updater.announced(DRAWN, pack.model_copy(update={"url": server.url}))
        device.settles("2", "in_use")
        device.settles(release.version, "in_use", MODELS)
        assert ModelLibrary(device.data_dir).current() == release.version
        assert device.library.current("drawn") == "2"


def test_altered_or_strange_models_are_refused(
    tmp_path: Path, shop: Shop, stack: ExitStack
) -> None:
    bundle = tmp_path / "bundle"
    write_bundle(models_folder(tmp_path / "models"), bundle)
    with pytest.raises(UsageError, match="--key"):
        Releases(tmp_path / "cloud", "http://x").publish_models(
            tmp_path / "models", "stable", rollback=False, key=None
        )
    (bundle / "reader.tflite").write_bytes(b"x")
    with pytest.raises(ModelError, match="checksum differs"):
        check_bundle(bundle)
    text = (bundle / BUNDLE).read_text()
    for old, new, words in (
        ("format = 1", "format = 9", "format 9"),
        ('"reader.tflite"', '"../x"', "can't be in it"),
        ("version = ", "version = 3 #", "damaged"),
        ("created_at", "made_at", "damaged"),
    ):
        (bundle / BUNDLE).write_text(text.replace(old, new))
        with pytest.raises(ModelError, match=words):
            read_bundle(bundle)
    release = released(shop, tmp_path / "cloud", tmp_path / "models", stack)
    stranger = make_key(tmp_path)
    with Device(tmp_path / "device", stranger) as device:
        device.updater.announced(MODELS, release)
        assert "does not trust" in device.settles(release.version, "refused", MODELS)
        assert ModelLibrary(device.data_dir).versions() == []


def make_key(folder: Path) -> str:
    return new_key(folder / "stranger.key")


def test_a_set_of_another_format_is_passed_over(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    write_bundle(models_folder(tmp_path / "models"), bundle)
    library = ModelLibrary(tmp_path / "data")
    library.folder.mkdir(parents=True)
    version = library.install(bundle)
    library.use(version)
    assert models_in_use(tmp_path / "data") == library.path(version)
    file = library.path(version) / BUNDLE
    file.write_text(file.read_text().replace("format = 1", "format = 2"))
    assert models_in_use(tmp_path / "data") is None
    library.use(None)
    assert (library.current(), library.previous()) == (None, version)


def test_a_trial_finds_a_pack_that_does_not_work_here(tmp_path: Path, shop: Shop) -> None:
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["1"])
        device.library.install(shop.packs["2"])
        settings = device.settings
        check(settings, Asked({"drawn": "2"}))
        other = models_folder(tmp_path / "models", "other")
        with pytest.raises(PackError, match="was built with the model"):
            check(settings, Asked({"drawn": "2"}, other))
        (other / "embedder.tflite").write_bytes(b"nothing")
        with pytest.raises(CounterscanError, match="can't be loaded"):
            check(settings, Asked({"drawn": "2"}, other))
        deck = device.data_dir / "selftest" / "shop.json"
        deck.parent.mkdir()
        cards = {entry.version: entry.path for entry in device.library.entries()}
        assert set(cards) == {"1", "2"}
        deck.write_text('{"cards": [{"card_id": "none such"}]}')
        check(settings, Asked({"drawn": "2"}))
        device.library.use(
            "drawn@2",
            model_id=read_manifest("embedder").model_id,
            runtime=next(e.manifest for e in device.library.entries() if e.manifest).runtime,
        )
        reader = CardsReader(cards["2"] / "cards.db", "drawn")
        newest = reader.printing(len(shop.packs) + 1).card_id
        reader.close()
        deck.write_text(f'{{"cards": [{{"card_id": "{newest}"}}]}}')
        with pytest.raises(PackError, match="golden deck 'shop'"):
            check(settings, Asked({"drawn": "1"}))


def test_a_trial_finds_a_pack_whose_vectors_are_not_its_pictures(
    tmp_path: Path, shop: Shop
) -> None:
    bad = shutil.copytree(shop.packs["2"], tmp_path / "bad")
    vectors = np.load(bad / VECTORS)
    np.save(bad / VECTORS, np.random.default_rng(3).integers(-40, 40, vectors.shape, np.int8))
    digest = hashlib.sha256((bad / VECTORS).read_bytes()).hexdigest()
    text = (bad / MANIFEST).read_text()
    (bad / MANIFEST).write_text(text.replace(read_pack(bad).files[VECTORS], digest))
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["1"])
        device.library.install(bad)
        with pytest.raises(PackError, match="not made with this device's model"):
            check(device.settings, Asked({"drawn": "2"}))
