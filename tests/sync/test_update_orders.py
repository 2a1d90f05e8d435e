"""A person's word on an announced version: what it does, how long it holds, what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.sync.bad_server import status
from tests.sync.conftest import until
from tests.sync.test_updater import DRAWN, Cloud
from tests.sync.update_kit import Device, Shop, make_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def cloud(tmp_path: Path, shop: Shop) -> Iterator[Cloud]:
    with ExitStack() as stack:
        yield Cloud(tmp_path / "cloud", shop, stack)


def order(device: Device, version: str) -> str:
    """What came of the page's word on a version."""
    settled = [each for each in device.updater.orders.settled() if each.version == version]
    return settled[0].outcome if settled else ""


def test_without_a_word_an_announcement_is_told_and_with_one_it_is_taken_in_spite_of_a_bad_line(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    with Device(tmp_path / "device", shop.public, sync__auto_update=False) as device:
        release, server = cloud.release("1")
        device.updater.announced(DRAWN, release)
        assert "person's word" in device.settles("1", "waiting")
        [row] = device.store.announced()
        assert (row.target, row.version, row.size_bytes) == (DRAWN, "1", release.size_bytes)
        assert row.may_take
        assert server.asked == []
        # So many failures that it is put off: the word still holds for the next try.
        server.answers.extend([status(500)] * 3)
        device.updater.take(DRAWN, "1")
        device.settles("1", "in_use")
        until(lambda: order(device, "1") == "done")
        assert len(server.asked) == 4


def test_a_word_on_what_is_announced_no_longer_is_answered(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    with Device(tmp_path / "device", shop.public, sync__auto_update=False) as device:
        device.updater.announced(DRAWN, cloud.release("2")[0])
        device.settles("2", "waiting")
        device.updater.take(DRAWN, "1")
        until(lambda: "announces version 2" in order(device, "1"))
        device.updater.take("pack/other", "5")
        device.updater.heard_all()
        until(lambda: "announces it no longer" in order(device, "5"))
        assert device.library.current("drawn") is None


def test_a_word_makes_it_try_again_what_was_refused(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    whys = ["It does not know a card.", ""]
    with Device(tmp_path / "device", shop.public, trial=lambda _packs, _models: whys[0]) as device:
        release, _ = cloud.release("1")
        device.updater.announced(DRAWN, release)
        assert "does not know a card" in device.settles("1", "refused")
        until(lambda: device.store.announced()[0].may_take)
        whys.pop(0)
        device.updater.take(DRAWN, "1")
        device.settles("1", "in_use")
        until(lambda: order(device, "1") == "done")
