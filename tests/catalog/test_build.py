"""Building a pack from pictures and facts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner.catalog.disk import locked
from scanner.catalog.manifest import read_manifest
from scanner.catalog.pack import Pack
from scanner.errors import AlreadyRunningError, PackError
from scanner.phash import phash256
from scanner.vectors import quantize_vector
from tests.catalog.shelf import MODEL, RUNTIME, Shelf, TinyEmbedder, paint_card


def opened(path: Path) -> Pack:
    return Pack.open(path, model_id=MODEL, runtime=RUNTIME, verify=True)


def test_a_pack_holds_every_card_with_its_picture_vector_and_facts(
    shelf: Shelf, tmp_path: Path
) -> None:
    for index in range(4):
        shelf.add(f"deep/c{index}.jpg", f"c{index}", paint_card(index), artwork=f"art{index // 2}")
    report = shelf.build(tmp_path / "pack")
    assert (report.pack_id, report.cards, report.rows, report.broken) == ("demo@1", 4, 4, ())
    pack = opened(tmp_path / "pack")
    assert len(pack) == 4
    assert pack.vectors.shape == (4, 128)
    assert pack.vectors.dtype == np.int8
    assert pack.row_card.tolist() == [0, 1, 2, 3]
    assert pack.printing(2).card_id == "c2"
    assert pack.printing(2).name == "Card c2"
    assert [pack.artwork(card) for card in range(4)] == ["art0", "art0", "art1", "art1"]
    assert pack.facts(1) == {"rarity": "common", "artwork": "art0"}
    for card in range(4):
        source = cv2.imread(str(shelf.pictures / f"deep/c{card}.jpg"))
        assert source is not None
        seen = np.asarray(source, np.uint8)
        assert pack.vectors[card].tolist() == quantize_vector(TinyEmbedder().embed(seen)).tolist()
        assert pack.hashes[card].tolist() == phash256(seen).tolist()
        stored = pack.picture(card)
        assert stored.shape == (320, 224, 3)
        enlarged = cv2.resize(seen, (224, 320), interpolation=cv2.INTER_LINEAR)
        assert np.abs(stored.astype(int) - enlarged).mean() < 6


def test_several_pictures_of_one_printing_give_several_rows(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add("a.png", "fox", paint_card(1), name="Fox", number="1")
    shelf.add("b.png", "owl", paint_card(2), name="Owl", number="2")
    shelf.add("c.png", "fox", paint_card(3), name="Fox", number="1")
    report = shelf.build(tmp_path / "pack")
    pack = opened(tmp_path / "pack")
    assert (report.cards, report.rows) == (2, 3)
    assert pack.row_card.tolist() == [0, 1, 0]
    assert len(pack) == 2
    assert np.array_equal(pack.picture(0), pack.row_picture(0))
    assert not np.array_equal(pack.picture(0), pack.row_picture(2))


def test_broken_pictures_are_named_and_skipped(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add("good.png", "c1", paint_card(1))
    shelf.add("letter.png", "c2")
    (shelf.pictures / "letter.png").write_text("hello")
    shelf.add("tiny.png", "c3", paint_card(3, 1, 1))
    shelf.add("cut.jpg", "c4", paint_card(4))
    whole = (shelf.pictures / "cut.jpg").read_bytes()
    (shelf.pictures / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    shelf.add("gone.png", "c5")
    shelf.add("last.png", "c6", paint_card(6))
    report = shelf.build(tmp_path / "pack")
    assert [path for path, _ in report.broken] == ["letter.png", "tiny.png", "cut.jpg", "gone.png"]
    reasons = [why for _, why in report.broken]
    assert reasons[0] == "is not a JPEG, PNG or WebP picture"
    assert "1×1" in reasons[1]
    assert reasons[2].startswith("is cut off")
    assert reasons[3] == "does not exist"
    pack = opened(tmp_path / "pack")
    assert [pack.printing(card).card_id for card in range(len(pack))] == ["c1", "c6"]
    assert pack.skipped() == report.broken


def test_a_build_without_one_good_picture_makes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add("gone.png", "c1")
    with pytest.raises(PackError, match=r"None of the 1 pictures .* gone.png, does not exist"):
        shelf.build(tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_without_a_model_the_pack_holds_hashes_only(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(3)
    assert shelf.build(tmp_path / "pack", hashes_only=True).model_id == "phash256"
    pack = Pack.open(tmp_path / "pack", model_id="phash256", runtime="")
    assert pack.vectors.shape == (0, 128)
    assert pack.hashes.shape == (3, 32)
    with pytest.raises(PackError, match=f"hashes only and nothing for the model {MODEL}; rebuild"):
        opened(tmp_path / "pack")


def test_a_card_printed_sideways_is_stored_upright(shelf: Shelf, tmp_path: Path) -> None:
    upright = paint_card(1)
    sideways = np.asarray(cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)
    shelf.add("up.png", "c1", upright)
    shelf.add("side.png", "c2", sideways)
    shelf.build(tmp_path / "pack")
    pack = opened(tmp_path / "pack")
    assert pack.vectors[0].tolist() == pack.vectors[1].tolist()


def test_pictures_far_larger_than_a_crop_make_the_same_vector(shelf: Shelf, tmp_path: Path) -> None:
    large = np.asarray(cv2.resize(paint_card(1), (1400, 2000)), np.uint8)
    shelf.add("small.png", "c1", paint_card(1))
    shelf.add("large.jpg", "c2", large)
    shelf.build(tmp_path / "pack")
    vectors = opened(tmp_path / "pack").vectors.astype(int)
    assert vectors[0] @ vectors[1] > 0.99 * 127**2


def test_the_version_is_made_up_when_none_is_given(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(2)
    shelf.build(tmp_path / "one", version=None)
    shelf.rows[0]["name"] = "Another"
    shelf.build(tmp_path / "two", version=None)
    assert read_manifest(tmp_path / "one").version != read_manifest(tmp_path / "two").version


def test_the_same_things_are_not_built_twice(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(3)
    shelf.add("gone.png", "c9")
    first = shelf.build(tmp_path / "pack")
    embedder = TinyEmbedder()
    again = shelf.build(tmp_path / "pack", embedder=embedder)
    assert embedder.calls == 0
    assert again.resumed == 4
    assert (again.pack_id, again.rows, again.broken) == (first.pack_id, 3, first.broken)


def test_another_pack_in_the_way_is_replaced_only_by_force(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(2)
    shelf.build(tmp_path / "pack")
    shelf.add("new.png", "new", paint_card(9))
    with pytest.raises(PackError, match="another pack already; choose another --out, or add --fo"):
        shelf.build(tmp_path / "pack")
    assert len(opened(tmp_path / "pack")) == 2
    shelf.build(tmp_path / "pack", force=True)
    assert len(opened(tmp_path / "pack")) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack", "shelf"]


def test_a_folder_of_other_things_is_never_replaced(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(1)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "diary.txt").write_text("dear diary")
    with pytest.raises(PackError, match="is not a catalog pack; choose another --out"):
        shelf.build(tmp_path / "pack", force=True)
    assert (tmp_path / "pack" / "diary.txt").exists()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "current", "x" * 65, "a b"])
def test_names_that_are_no_folder_names_are_refused(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    shelf.fill(1)
    with pytest.raises(PackError, match="can't be a version; use up to 64 letters"):
        shelf.build(tmp_path / "pack", version=name)


def test_two_builds_of_one_pack_do_not_mix(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(1)
    (tmp_path / "pack.building").mkdir()
    held = locked(tmp_path / "pack.building" / "lock", "Another build")
    with held, pytest.raises(AlreadyRunningError, match="Another build is at work"):
        shelf.build(tmp_path / "pack")
    assert shelf.build(tmp_path / "pack").rows == 1


def test_a_stopped_build_goes_on_where_it_was(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(150)

    with pytest.raises(KeyboardInterrupt):
        shelf.build(tmp_path / "pack", embedder=TinyEmbedder(stop_after=100))
    assert not (tmp_path / "pack").exists()
    embedder = TinyEmbedder()
    report = shelf.build(tmp_path / "pack", embedder=embedder)
    assert report.resumed == 100
    assert embedder.calls == 50
    shelf.build(tmp_path / "whole")
    assert read_manifest(tmp_path / "pack").files == read_manifest(tmp_path / "whole").files


def test_a_stopped_build_sees_what_changed_meanwhile(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(3)
    shelf.add("late.png", "late")

    shelf.add("z.png", "z", paint_card(20))
    with pytest.raises(KeyboardInterrupt):
        shelf.build(tmp_path / "pack", embedder=TinyEmbedder(stop_after=3))
    # A picture arrives, another is replaced, every small copy is lost, a row goes away.
    assert cv2.imwrite(str(shelf.pictures / "late.png"), paint_card(10))
    assert cv2.imwrite(str(shelf.pictures / "c1.png"), paint_card(11))
    for small in (tmp_path / "pack.building").rglob("*.jpg"):
        small.write_bytes(b"half of it")
    del shelf.rows[0]
    assert shelf.build(tmp_path / "pack").broken == ()
    opened(tmp_path / "pack").close()  # which compares every picture
    shelf.build(tmp_path / "whole")
    assert read_manifest(tmp_path / "pack").files == read_manifest(tmp_path / "whole").files
    assert len(list((tmp_path / "pack").rglob("*.jpg"))) == 4


def test_a_stopped_build_with_another_model_starts_anew(shelf: Shelf, tmp_path: Path) -> None:
    shelf.fill(3)

    with pytest.raises(KeyboardInterrupt):
        shelf.build(tmp_path / "pack", embedder=TinyEmbedder("older-0", stop_after=2))
    embedder = TinyEmbedder()
    assert shelf.build(tmp_path / "pack", embedder=embedder).resumed == 0
    assert embedder.calls == 3
