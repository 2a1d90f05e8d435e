"""One game's printings, and which of them a source's product is. Pure.

An id that somebody has told counts first; else set and number must agree, and the name with what
it says of the variant is the check. Nothing is guessed: what fits several printings, or none, is
left out with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from scanner.card_words import LANGUAGES
from scanner.catalog.cards import Card
from scanner.export import tcgplayer_words
from scanner.export.format import bare_number
from scanner.export.tcgplayer_words import letters, split_edition
from scanner.finishes import read_finishes
from scanner.records import BACK_VARIANT, Finish, Printing
from sync.cloud.sources.records import Kind, Link, Product, Why

_LANGUAGE_COLUMNS = ("language", "lang")
_PLAIN_EDITIONS = ("", "Unlimited")
_TONGUES = {name.lower(): code.lower() for code, name in LANGUAGES.items()} | {"jp": "ja"}
_USUAL = "en"
"""The language of a product whose source names none: another one's name is no proof of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One printing with what matching goes by."""

    printing: Printing
    finishes: frozenset[Finish]
    language: str
    edition: str
    name: str
    extra: str
    sets: frozenset[str]
    numbers: frozenset[str]


class Shelf:
    """Finds printings. `key` changes where the printings or the ids that are known change."""

    def __init__(self, game: str, cards: Iterable[Card], links: Iterable[Link], key: str) -> None:
        """Sort the cards by id and by number; backs of cards have no price."""
        self.game = game
        self.key = key
        self._their_sets: dict[str, set[str]] = defaultdict(set)
        by_hand = list(links)
        for link in by_hand:
            if link.kind == Kind.SET:
                self._their_sets[link.card_id].add(link.their_id)
        self._by_id: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._in_set: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._sets_of_form: dict[str, set[str]] = defaultdict(set)
        self._by_card: dict[str, Entry] = {}
        self._ids: dict[str, dict[str, str]] = defaultdict(dict)
        self._forms_of: dict[str, frozenset[str]] = {}
        self._names: set[str] = set()
        for card in cards:
            if card.printing.variant != BACK_VARIANT:
                self._add(card)
        for link in by_hand:
            if link.kind != Kind.SET and link.card_id in self._by_card:
                self._know(link.kind, link.their_id, self._by_card[link.card_id])

    def __len__(self) -> int:
        return len(self._by_card)

    @property
    def sets(self) -> list[str]:
        """The sets of ours."""
        return sorted(self._forms_of)

    def card(self, card_id: str) -> Entry | None:
        """A printing by our own id."""
        return self._by_card.get(card_id)

    def ids_of(self, card_id: str, kind: Kind) -> str:
        """What they call a printing of ours; "" where nobody has told."""
        return self._ids[card_id].get(kind, "")

    def ids(self, kind: Kind) -> dict[str, str]:
        """All ids of a kind that are known, by our own."""
        return {card: ids[kind] for card, ids in self._ids.items() if kind in ids}

    def sets_named(self, *names: str) -> list[str]:
        """The sets of ours that bear any of these names or codes."""
        found: set[str] = set()
        return sorted(found.union(*(self._sets_of_form.get(form, ()) for form in _forms(names))))

    def has_name(self, name: str) -> bool:
        """Whether any printing bears this name."""
        return _product_name(name, "")[0] in self._names

    def of_number(self, printing: Printing) -> list[Entry]:
        """All printings of the game that bear this number, in any set."""
        own = self._by_card[printing.card_id]
        found = {
            entry.printing.card_id: entry for number in own.numbers for name in self._forms_of
            for entry in self._in_set.get((number, name), ())
        }  # fmt: skip
        return list(found.values())

    def find(self, product: Product, edition: str = "") -> Entry | Why:
        """The printing that a product is, in an edition in TCGplayer's words, or why none is."""
        for kind, their_id in ((product.kind, product.their_id), *product.ids.items()):
            named = self._by_id.get((kind, their_id)) if their_id else None
            if named:
                return _contradiction(product, _one(product, named, edition))
        return self._by_words(product, edition)

    def _by_words(self, product: Product, edition: str) -> Entry | Why:
        if not product.number.strip():
            return Why.NO_NUMBER
        sets, forms = self.sets_named(*product.sets), _forms(product.sets)
        of_set = {
            id(entry): entry for number in _numbers(product.number, "") for name in sets
            for entry in self._in_set.get((number, name), ()) if entry.sets & forms
        }  # fmt: skip
        if not of_set:
            return Why.NO_CARD if sets else Why.NO_SET
        name, extra = _product_name(product.name, product.number)
        named = [entry for entry in of_set.values() if (entry.name, entry.extra) == (name, extra)]
        if not product.language:
            product = replace(product, language=_USUAL)
        return _one(product, named, edition) if named else Why.NAME

    def _add(self, card: Card) -> None:
        printing, facts = card.printing, card.facts
        edition, variant = split_edition(printing.variant)
        name, extra = _product_name(printing.name, printing.number)
        set_words = [printing.set, facts.get("set_name", ""), facts.get("set_code", "")]
        said = self._their_sets.get(printing.set, set())
        codes = {printing.set, facts.get("set_code", "")}
        language = next((facts[key] for key in _LANGUAGE_COLUMNS if facts.get(key)), "")
        entry = Entry(
            printing=printing,
            finishes=read_finishes(facts.get("finishes", "")),
            language=_TONGUES.get(language.strip().lower(), language.strip().lower()),
            edition=edition,
            name=name,
            extra=extra + letters(variant),
            sets=_forms((*set_words, *said)),
            numbers=frozenset(n for code in codes for n in _numbers(printing.number, code)),
        )
        self._names.add(name)
        known = self._forms_of.get(printing.set, frozenset())
        if not entry.sets <= known:
            self._forms_of[printing.set] = known | entry.sets
            for form in entry.sets:
                self._sets_of_form[form].add(printing.set)
        self._by_card[printing.card_id] = entry
        for number in entry.numbers:
            self._in_set[number, printing.set].append(entry)
        for kind in Kind:
            if kind is not Kind.SET and facts.get(kind, "").strip():
                self._know(kind, facts[kind].strip(), entry)

    def _know(self, kind: str, their_id: str, entry: Entry) -> None:
        entries = self._by_id[(kind, their_id)]
        if entry not in entries:
            entries.append(entry)
        self._ids[entry.printing.card_id].setdefault(kind, their_id)


def _one(product: Product, entries: Sequence[Entry], edition: str) -> Entry | Why:
    """The one of them that has the edition and the language."""
    editions = (edition,) if edition not in _PLAIN_EDITIONS else _PLAIN_EDITIONS
    of_edition = [entry for entry in entries if entry.edition in editions]
    if not of_edition:
        return Why.EDITION
    if len(of_edition) > 1 and len({entry.edition for entry in of_edition}) > 1:
        of_edition = [entry for entry in of_edition if entry.edition == edition]
    tongue = product.language.lower()
    spoken = [entry for entry in of_edition if not (tongue and entry.language not in ("", tongue))]
    if not spoken:
        return Why.LANGUAGE
    return spoken[0] if len(spoken) == 1 else Why.SEVERAL


def _contradiction(product: Product, found: Entry | Why) -> Entry | Why:
    """An id that was mistyped must not price another card: the number is the check."""
    if isinstance(found, Why) or not product.number or not found.printing.number:
        return found
    return found if found.numbers & _numbers(product.number, "") else Why.CONTRADICTS


def _forms(names: Iterable[str]) -> frozenset[str]:
    return frozenset(form for name in names for form in _set_forms(name))


def _numbers(number: str, code: str) -> frozenset[str]:
    """How a number may be written: `042/120`, `42`, and with its set's code, `OP08-042`."""
    own = number.partition("/")[0].strip()
    bare, printed = bare_number(number), _plain(own) or own  # some numbers are `!` and `?`
    ways = {_plain(bare), printed}
    if code and bare.isdecimal():
        ways.add(_plain(code) + printed)
    return frozenset(way for way in ways if way)


# Bulk files write the same few sets, numbers and names over and over.
_set_forms = lru_cache(maxsize=8192)(tcgplayer_words.set_forms)
_plain = lru_cache(maxsize=65536)(letters)


def _product_name(name: str, number: str) -> tuple[str, str]:
    if "(" not in name and " - " not in name:
        return _plain(name), ""
    return tcgplayer_words.product_name(name, number)
