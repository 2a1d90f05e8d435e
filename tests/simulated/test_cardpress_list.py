"""The card list of the demo game, before any ink flows."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from firmware.simulated.cardpress import DemoCard, plan_cards
from firmware.simulated.cardpress_art import SUBJECTS
from firmware.simulated.cardpress_palette import FACTIONS


@pytest.fixture(scope="module")
def cards() -> list[DemoCard]:
    return plan_cards()


def regular(cards: list[DemoCard]) -> list[DemoCard]:
    return [card for card in cards if card.variant == ""]


def test_the_game_has_three_sets_and_more_than_320_cards(cards: list[DemoCard]) -> None:
    assert Counter(card.set for card in regular(cards)) == {"LF1": 120, "LF2": 112, "LF3": 104}


def test_numbers_run_through_each_set_without_a_gap(cards: list[DemoCard]) -> None:
    for code, size in (("LF1", 120), ("LF2", 112), ("LF3", 104)):
        numbers = [card.number for card in regular(cards) if card.set == code]
        assert numbers == [f"{code}-{place:03d}/{size}" for place in range(1, size + 1)]


def test_the_same_seed_gives_the_same_list_and_another_seed_another(cards: list[DemoCard]) -> None:
    assert plan_cards() == cards
    assert [card.name for card in plan_cards(8)] != [card.name for card in cards]


def test_eight_pairs_are_reprints_with_the_picture_and_name_of_another_set(
    cards: list[DemoCard],
) -> None:
    groups = defaultdict(list)
    for card in regular(cards):
        groups[card.artwork].append(card)
    pairs = [group for group in groups.values() if len(group) > 1]
    assert len(pairs) == 8
    for first, second in pairs:
        assert first.name == second.name
        assert first.art == second.art
        assert first.set != second.set
        assert first.number != second.number


def test_only_reprints_and_parallels_share_a_name(cards: list[DemoCard]) -> None:
    artworks = defaultdict(set)
    for card in regular(cards):
        artworks[card.name].add(card.artwork)
    assert all(len(found) == 1 for found in artworks.values())


def test_sixteen_parallels_keep_the_number_and_have_a_picture_of_their_own(
    cards: list[DemoCard],
) -> None:
    by_id = {card.card_id: card for card in cards}
    parallels = [card for card in cards if card.variant == "parallel"]
    assert len(parallels) == 16
    for card in parallels:
        base = by_id[card.card_id.removesuffix("_p1")]
        assert (card.name, card.set, card.number) == (base.name, base.set, base.number)
        assert card.artwork != base.artwork
        assert card.art != base.art
        assert card.finish == "foil"


def test_card_ids_and_paths_are_unique(cards: list[DemoCard]) -> None:
    assert len({card.card_id for card in cards}) == len(cards)
    assert len({card.path for card in cards}) == len(cards)


def test_every_faction_kind_and_subject_is_printed(cards: list[DemoCard]) -> None:
    assert {card.faction for card in cards} == set(FACTIONS)
    wanted = {(kind, subject) for kind, names in SUBJECTS.items() for subject in names}
    assert {(card.art.kind, card.art.subject) for card in cards} == wanted


def test_commons_are_the_most_and_foils_the_fewer(cards: list[DemoCard]) -> None:
    rarities = Counter(card.rarity for card in regular(cards))
    assert rarities["Common"] > rarities["Uncommon"] > rarities["Rare"] > rarities["Fabled"] > 5
    foils = sum(card.finish == "foil" for card in cards)
    assert 16 < foils < len(cards) / 4
