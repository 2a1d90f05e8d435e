"""The yardsticks beside the recognizer: they find what is there, and say so when it is not."""

from __future__ import annotations

import numpy as np

from scanner.baselines import rank_by_hash, rank_by_orb
from scanner.bench_cards import draw_card
from scanner.catalog.pack import Pack
from scanner.records import Picture


def _id(number: int) -> str:
    return f"B-{number:06d}"


def _turned(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[::-1, ::-1])


def test_the_hash_finds_a_clean_crop_either_way_up(pack: Pack) -> None:
    for crop in (draw_card(7), _turned(draw_card(7))):
        found = rank_by_hash(crop, [pack], 20)
        printing = found.printing([pack])
        assert printing is not None
        assert printing.card_id == _id(7)
        assert len(found.rows) == min(20, len(pack))
        assert found.ms > 0


def test_the_hash_looks_in_every_pack(pack: Pack) -> None:
    rows = rank_by_hash(draw_card(7), [pack, pack], 4).rows
    assert {row.pack for row in rows[:2]} == {0, 1}
    assert len(rows) == 4


def test_orb_picks_the_card_out_of_the_shortlist_wherever_it_stands(pack: Pack) -> None:
    shortlist = rank_by_hash(draw_card(7), [pack], 20).rows
    for crop in (draw_card(7), _turned(draw_card(7))):
        found = rank_by_orb(crop, [pack], shortlist[::-1])
        printing = found.printing([pack])
        assert printing is not None
        assert printing.card_id == _id(7)
        assert found.rows[0].score > 3 * max(found.rows[1].score, 4)


def test_a_plain_crop_keeps_the_order_of_the_shortlist_and_scores_nothing(pack: Pack) -> None:
    shortlist = rank_by_hash(draw_card(7), [pack], 5).rows
    found = rank_by_orb(np.full((640, 448, 3), 90, np.uint8), [pack], shortlist)
    assert [row.row for row in found.rows] == [row.row for row in shortlist]
    assert {row.score for row in found.rows} == {0.0}


def test_an_empty_shortlist_names_nothing(pack: Pack) -> None:
    assert rank_by_orb(draw_card(7), [pack], ()).printing([pack]) is None
