"""What a device does about announced packs: no broker, real files, a real server."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from scanner.catalog.manifest import MANIFEST, SIGNATURE, VECTORS
from scanner.catalog.trial import Asked, TrialCutShortError, try_out
from scanner.errors import PackError, UsageError
from scanner.signing import new_key, read_private_key
from sync.cloud.releases import Releases
from sync.protocol_fleet import PackRelease
from tests.sync.bad_server import BadServer, bad_server, cut_after, status
from tests.sync.conftest import until
from tests.sync.update_kit import Device, Shop, make_shop, published

DRAWN = "pack/drawn"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"))


class Cloud:
    """A cloud's folder, and servers that give out its archives, well or not."""

    def __init__(self, folder: Path, shop: Shop, stack: ExitStack) -> None:
        self._folder = folder
        self._shop = shop
        self._stack = stack

    def release(self, version: str, **how: bool) -> tuple[PackRelease, BadServer]:
        """Announce one of the shop's packs at a server of its own."""
        release = published(self._shop, self._folder, version, "http://127.0.0.1:1", **how)
        return self.serve(release, self.archive(release))

    def archive(self, release: PackRelease) -> bytes:
        name = f"{release.sha256}.tar"
        return (Releases(self._folder, "").files / name).read_bytes()

    def serve(self, release: PackRelease, content: bytes) -> tuple[PackRelease, BadServer]:
        """Announce other bytes, truly described."""
        server = self._stack.enter_context(bad_server(content))
        digest = hashlib.sha256(content).hexdigest()
        update = {"url": server.url, "sha256": digest, "size_bytes": len(content)}
        return release.model_copy(update=update), server


@pytest.fixture
def cloud(tmp_path: Path, shop: Shop) -> Iterator[Cloud]:
    with ExitStack() as stack:
        yield Cloud(tmp_path / "cloud", shop, stack)


def altered(content: bytes, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> bytes:
    """An archive with some of its files changed, renamed or left out."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=out, mode="w") as new,
    ):
        for member in old:
            source = old.extractfile(member)
            assert source is not None
            changed = change(member.name, source.read())
            if changed is not None:
                entry = tarfile.TarInfo(changed[0])
                entry.size = len(changed[1])
                new.addfile(entry, io.BytesIO(changed[1]))
    return out.getvalue()


def test_a_new_version_takes_the_place_of_the_old_which_stays(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    release, server = cloud.release("2")
    server.answers.extend([status(500), cut_after(10_000)])
    with Device(tmp_path / "device", shop.public) as device:
        by_hand = shutil.copytree(shop.packs["1"], tmp_path / "stick")
        (by_hand / SIGNATURE).unlink()
        device.use(by_hand)
        device.updater.announced(DRAWN, release)
        assert device.settles("2", "in_use") == "In the place of 1."
        assert (device.library.current("drawn"), device.library.previous("drawn")) == ("2", "1")
        asked = len(server.asked)
        device.updater.announced(DRAWN, release)
        device.updater.update_now()
        third, _ = cloud.release("3")
        device.updater.announced(DRAWN, third)
        device.settles("3", "in_use")
        assert len(server.asked) == asked
        assert {entry.version for entry in device.library.entries()} == {"2", "3", "1"}
    assert not [path for path in (tmp_path / "device" / "updates").iterdir() if path.is_dir()]


def test_an_old_version_from_the_network_is_deleted_once_it_is_no_way_back(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    with Device(tmp_path / "device", shop.public) as device:
        for version in ("1", "2", "3"):
            device.updater.announced(DRAWN, cloud.release(version)[0])
            device.settles(version, "in_use")
        until(lambda: {entry.version for entry in device.library.entries()} == {"2", "3"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda name, data: None if name == SIGNATURE else (name, data), "not signed"),
        (lambda name, data: (name, b"x" * len(data) if name == SIGNATURE else data), "damaged"),
        (
            lambda name, data: (
                name, data.replace(b'model_id = "', b'model_id = "x') if name == MANIFEST else data
            ),
            "changed after it was signed",
        ),
        (
            lambda name, data: (name, data[:-1] + b"\0" if name == VECTORS else data),
            "damaged",
        ),
        (lambda name, data: (f"../{name}" if name == VECTORS else name, data), "no place in it"),
        (lambda name, data: (f"/tmp/{name}" if name == VECTORS else name, data), "no place in it"),
        (lambda name, data: ("hidden.py" if name == VECTORS else name, data), "no place in it"),
        (lambda name, data: None if name == VECTORS else (name, data), "missing"),
        (lambda name, data: None if name == MANIFEST else (name, data), "not signed"),
    ],
)  # fmt: skip
def test_an_altered_pack_is_refused_and_leaves_nothing(
    tmp_path: Path, shop: Shop, cloud: Cloud, words: str,
    change: Callable[[str, bytes], tuple[str, bytes] | None],
) -> None:  # fmt: skip
    good, _ = cloud.release("2")
    release, server = cloud.serve(good, altered(cloud.archive(good), change))
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["1"])
        device.updater.announced(DRAWN, release)
        assert words in device.settles("2", "refused")
        assert device.library.current("drawn") == "1"
        assert [entry.version for entry in device.library.entries()] == ["1"]
        assert len(server.asked) == 1
    left = {path.name for path in (tmp_path / "device" / "updates").iterdir()}
    assert left == {"refused.json"}
    with Device(tmp_path / "device", shop.public) as again:  # it is not fetched for ever
        again.updater.announced(DRAWN, release)
        fine, _ = cloud.release("2")
        again.updater.announced(DRAWN, fine)
        again.settles("2", "in_use")
        assert len(server.asked) == 1


def linked(content: bytes, kind: bytes) -> bytes:
    out = io.BytesIO(content)
    with tarfile.open(fileobj=out, mode="a") as archive:
        entry = tarfile.TarInfo(VECTORS)
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    return out.getvalue()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(
    tmp_path: Path, shop: Shop, cloud: Cloud, kind: bytes
) -> None:
    good, _ = cloud.release("2")
    content = altered(
        cloud.archive(good), lambda name, data: None if name == VECTORS else (name, data)
    )
    release, _ = cloud.serve(good, linked(content, kind))
    with Device(tmp_path / "device", shop.public) as device:
        device.updater.announced(DRAWN, release)
        assert "no place in it" in device.settles("2", "refused")


@pytest.mark.parametrize("content", [b"no archive at all", bytes(20_000)])
def test_what_is_no_archive_is_refused(
    tmp_path: Path, shop: Shop, cloud: Cloud, content: bytes
) -> None:
    release, _ = cloud.serve(cloud.release("2")[0], content)
    with Device(tmp_path / "device", shop.public) as device:
        device.updater.announced(DRAWN, release)
        device.settles("2", "refused")


def test_a_strangers_signature_is_refused_and_no_key_means_no_packs(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    stranger = new_key(tmp_path / "stranger.key")
    release, _ = cloud.release("2")
    with Device(tmp_path / "a", stranger) as device:
        device.updater.announced(DRAWN, release)
        assert "does not trust" in device.settles("2", "refused")
    with Device(tmp_path / "b", "") as device:
        device.updater.announced(DRAWN, release)
        assert "trusted_keys" in device.settles("2", "refused")


def test_another_pack_than_announced_is_refused(tmp_path: Path, shop: Shop, cloud: Cloud) -> None:
    release, server = cloud.release("3")
    with Device(tmp_path / "device", shop.public) as device:
        device.updater.announced(DRAWN, release.model_copy(update={"version": "4"}))
        assert "was not announced" in device.settles("4", "refused")
        later = release.created_at.replace(year=2027)
        device.updater.announced(DRAWN, release.model_copy(update={"created_at": later}))
        assert "was announced" in device.settles("3", "refused")
    assert server.asked


def test_an_older_version_comes_only_as_a_rollback(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    older, server = cloud.release("1")
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["2"])
        device.updater.announced(DRAWN, older)
        assert "older than version 2" in device.settles("1", "refused")
        assert server.asked == []
        device.updater.announced(DRAWN, older.model_copy(update={"rollback": True}))
        assert device.settles("1", "in_use") == "Back from 2, as the cloud asked."
        again = published(shop, tmp_path / "cloud", "2", "http://127.0.0.1:1")
        device.updater.announced(DRAWN, again)  # it is here still: nothing is fetched
        device.settles("2", "in_use")


def test_a_pack_that_fails_its_trial_is_never_used_or_taken_back(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    verdicts = ["It finds nothing.", "", "It is worse in use.", "", ""]

    def trial(_packs: Mapping[str, str], _models: Path | None) -> str:
        return verdicts.pop(0)

    with Device(tmp_path / "device", shop.public, trial) as device:
        device.use(shop.packs["1"])
        release, _ = cloud.release("2")
        device.updater.announced(DRAWN, release)
        assert "It finds nothing." in device.settles("2", "refused")
        assert device.library.current("drawn") == "1"
        third, _ = cloud.release("3")
        device.updater.announced(DRAWN, third)
        assert "It is worse in use." in device.settles("3", "rolled_back")
        assert device.library.current("drawn") == "1"
        device.updater.update_now()
        device.settles("3", "in_use")
        assert verdicts == []


def test_a_trial_that_is_cut_short_says_nothing_of_the_pack(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    verdicts: list[str | None] = [None, "", None, "", ""]

    def trial(_packs: Mapping[str, str], _models: Path | None) -> str:
        verdict = verdicts.pop(0)
        if verdict is None:
            raise TrialCutShortError("Trying it out was cut short")
        return verdict

    with Device(tmp_path / "device", shop.public, trial) as device:
        device.use(shop.packs["1"])
        device.updater.announced(DRAWN, cloud.release("2")[0])
        device.settles("2", "in_use")
        kinds = [event.kind for event in device.store.newest_update_events(20)]
        assert kinds.count("failed") == 2
        assert "refused" not in kinds
        assert verdicts == []


def test_a_trial_is_made_in_a_process_of_its_own(tmp_path: Path, shop: Shop) -> None:
    with Device(tmp_path / "device", shop.public) as device:
        device.use(shop.packs["1"])
        assert try_out(device.settings, Asked({})) == ""
        assert "not installed" in try_out(device.settings, Asked({"drawn": "2"}))
        with pytest.raises(TrialCutShortError, match="longer than"):
            try_out(device.settings, Asked({}), within_s=0.0)


def test_the_first_pack_of_all_is_taken_back_to_none(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    verdicts = ["", "It is worse in use."]
    with Device(tmp_path / "device", shop.public, lambda _p, _m: verdicts.pop(0)) as device:
        device.updater.announced(DRAWN, cloud.release("1")[0])
        device.settles("1", "rolled_back")
        assert device.library.current("drawn") is None


def test_trouble_passes_and_is_said_meanwhile(tmp_path: Path, shop: Shop, cloud: Cloud) -> None:
    release, server = cloud.release("1")
    server.otherwise = status(404)
    with Device(tmp_path / "device", shop.public) as device:
        device.updater.announced(DRAWN, release)
        assert "404" in device.settles("1", "failed")
        del server.otherwise
        server.otherwise = cut_after(10**9)
        device.settles("1", "in_use")


def test_no_room_is_said_and_waited_for(tmp_path: Path, shop: Shop, cloud: Cloud) -> None:
    room = [0]
    release, _ = cloud.release("1")
    with Device(tmp_path / "device", shop.public, free=lambda _: room[0]) as device:
        device.updater.announced(DRAWN, release)
        assert "too little room" in device.settles("1", "failed")
        room[0] = 10**12
        device.settles("1", "in_use")


def test_a_withdrawn_announcement_takes_its_complaint_along(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    release, server = cloud.release("1")
    server.otherwise = status(404)
    with Device(tmp_path / "device", shop.public) as device:
        device.updater.announced(DRAWN, release)
        device.settles("1", "failed")
        device.updater.announced(DRAWN, None)
        device.settles("1", "withdrawn")


def test_the_shop_decides_whether_and_which(tmp_path: Path, shop: Shop, cloud: Cloud) -> None:
    release, server = cloud.release("2")
    data_dir = tmp_path / "device"
    with Device(data_dir, shop.public, sync__auto_update=False) as device:
        device.updater.announced(DRAWN, release)
        assert "sync.auto_update" in device.settles("2", "waiting")
        device.updater.update_now()
        device.settles("2", "in_use")
    with Device(tmp_path / "pinned", shop.public, catalog__packs="drawn@1") as device:
        device.use(shop.packs["1"])
        device.updater.announced(DRAWN, release)
        assert "catalog.packs" in device.settles("2", "waiting")
    with Device(tmp_path / "other", shop.public) as device:
        device.use(shop.packs["1"])
        device.updater.announced("pack/other", release.model_copy(update={"game": "other"}))
        strange = release.model_copy(update={"model_id": "embedder-00000000"})
        device.updater.announced(DRAWN, strange)
        assert "embedder-00000000" in device.settles("2", "waiting")
        assert device.event("pack/other") == ("", "", "")
    assert len(server.asked) == 1


def test_packs_are_signed_before_they_are_published(
    tmp_path: Path, shop: Shop, cloud: Cloud
) -> None:
    unsigned = tmp_path / "unsigned"
    shutil.copytree(shop.packs["1"], unsigned)
    (unsigned / SIGNATURE).unlink()
    releases = Releases(tmp_path / "cloud", "https://cloud.example/files/")
    with pytest.raises(UsageError, match="is not signed"):
        releases.publish_pack(unsigned, "stable", rollback=False, key=None)
    with pytest.raises(UsageError, match=r"files\.url"):
        Releases(tmp_path / "cloud", "").publish_pack(
            shop.packs["1"], "stable", rollback=False, key=None
        )
    manifest = (unsigned / MANIFEST).read_bytes()
    (unsigned / SIGNATURE).write_bytes((shop.packs["1"] / SIGNATURE).read_bytes())
    (unsigned / MANIFEST).write_bytes(manifest + b"# a line more\n")
    with pytest.raises(PackError, match="changed after it was signed"):
        releases.publish_pack(unsigned, "stable", rollback=False, key=None)
    assert releases.announcements() == []
    release = releases.publish_pack(
        unsigned, "beta", rollback=False, key=read_private_key(shop.key)
    )
    assert release.url == f"https://cloud.example/files/{release.sha256}.tar"
    [told] = releases.announcements()
    assert told.topic.endswith("/pack/drawn/beta")
    assert json.loads(told.payload)["version"] == "1"
    with pytest.raises(UsageError, match="not announced"):
        releases.withdraw(DRAWN, "stable")
    releases.withdraw(DRAWN, "beta")
    assert [one.payload for one in releases.announcements()] == [b""]
