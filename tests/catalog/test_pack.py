"""Opening packs: whole ones, damaged ones, and those made for another reader."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from scanner.catalog.manifest import FILES
from scanner.catalog.pack import Pack
from scanner.errors import PackDamagedError, PackError, PackMismatchError
from tests.catalog.shelf import MODEL, RUNTIME, Shelf, paint_card


def opened(path: Path, *, verify: bool = False) -> Pack:
    return Pack.open(path, model_id=MODEL, runtime=RUNTIME, verify=verify)


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", FILES)
def test_one_changed_bit_in_a_data_file_is_refused(demo_pack: Path, name: str) -> None:
    flip_a_bit(demo_pack / name)
    with pytest.raises(PackDamagedError, match=f"{name} is damaged .*install the pack again, or"):
        opened(demo_pack)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_data_file_is_refused(demo_pack: Path, name: str) -> None:
    (demo_pack / name).unlink()
    with pytest.raises(PackDamagedError, match=f"{name} is missing"):
        opened(demo_pack)


def test_a_changed_picture_is_found_by_verify_and_when_it_is_read(demo_pack: Path) -> None:
    pack = opened(demo_pack, verify=True)
    for path in (demo_pack / "pictures").rglob("*.jpg"):
        flip_a_bit(path)
    with pytest.raises(PackDamagedError, match="jpg is damaged"):
        opened(demo_pack, verify=True)
    with pytest.raises(PackDamagedError, match="jpg is damaged; install the pack again"):
        pack.picture(0)


def test_a_missing_picture_is_found_by_verify_and_when_it_is_read(demo_pack: Path) -> None:
    pack = opened(demo_pack)
    for path in (demo_pack / "pictures").rglob("*.jpg"):
        path.unlink()
    with pytest.raises(PackDamagedError, match="is missing"):
        opened(demo_pack, verify=True)
    with pytest.raises(PackDamagedError, match="can't be read"):
        pack.picture(0)


@pytest.mark.parametrize(
    ("model_id", "runtime", "why"),
    [
        ("big-2", RUNTIME, "built with the model tiny-1, but big-2 is in use"),
        (MODEL, "ai-edge-litert 2.4.0", "built with ai-edge-litert 2.3.0, but ai-edge-litert 2.4"),
        (MODEL, "ai-edge-litert 3.3.0", "built with ai-edge-litert 2.3.0, but ai-edge-litert 3.3"),
        (MODEL, "tflite-runtime 2.3.0", "built with ai-edge-litert 2.3.0, but tflite-runtime 2.3"),
    ],
)
def test_a_pack_for_another_reader_is_refused_with_a_way_out(
    demo_pack: Path, model_id: str, runtime: str, why: str
) -> None:
    with pytest.raises(PackMismatchError, match=why) as raised:
        Pack.open(demo_pack, model_id=model_id, runtime=runtime)
    assert "rebuild it with `counterscan catalog build --game demo" in str(raised.value)


def test_a_patch_of_the_runtime_makes_no_difference(demo_pack: Path) -> None:
    assert len(Pack.open(demo_pack, model_id=MODEL, runtime="ai-edge-litert 2.3.9")) == 5


def test_a_reader_without_a_model_reads_the_hashes_of_any_pack(demo_pack: Path) -> None:
    pack = Pack.open(demo_pack, model_id="phash256", runtime="")
    assert pack.hashes.shape == (5, 32)
    assert pack.model_id == MODEL


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("format = 1", "format = 2"), "has pack format 2 and this program reads format 1"),
        (("rows = 5", "rows = 6"), "install"),
        (("cards = 5", "cards = 4"), "install it again"),
        (("rows = 5", 'rows = "5"'), "no usable 'rows'"),
        (('game = "demo"', 'game = "../../etc"'), "can't be a game"),
        (('"rows.npy" = ', '"other.npy" = '), "lacks a checksum"),
        (("[files]", "[files"), "is damaged"),
    ],
)
def test_a_changed_manifest_is_refused(demo_pack: Path, change: tuple[str, str], said: str) -> None:
    path = demo_pack / "pack.toml"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(PackError, match=said):
        opened(demo_pack)


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(PackError, match="is not a catalog pack .* build one with"):
            opened(path)


def test_printings_are_found_by_words_of_their_name(shelf: Shelf, tmp_path: Path) -> None:
    for index, name in enumerate(["Pokémon Trainer", "Ember Fox", 'Fox "the Red"', "Foxglove"]):
        shelf.add(f"{index}.png", f"c{index}", paint_card(index), name=name, number=f"00{index}")
    shelf.build(tmp_path / "pack")
    pack = opened(tmp_path / "pack")

    def ids(words: str) -> set[str]:
        return {printing.card_id for printing in pack.find(words)}

    assert ids("fox") == {"c1", "c2", "c3"}
    assert ids("fox EMB") == {"c1"}
    assert ids("pokemon") == {"c0"}
    assert ids("003") == {"c3"}
    assert ids('"the') == {"c2"}
    assert ids("  ") == ids("zebra") == ids('AND ( * "') == set()
    assert len(pack.find("fox", limit=2)) == 2


def test_an_index_that_no_card_has_is_an_index_error(demo_pack: Path) -> None:
    pack = opened(demo_pack)
    for card in (-1, 5):
        with pytest.raises(IndexError):
            pack.printing(card)


def test_many_threads_may_read_one_pack(demo_pack: Path) -> None:
    pack = opened(demo_pack)
    want = [(pack.printing(card), pack.picture(card)) for card in range(5)]

    def read(turn: int) -> bool:
        card = turn % 5
        same = np.array_equal(pack.picture(card), want[card][1])
        return same and pack.printing(card) == want[card][0]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))
