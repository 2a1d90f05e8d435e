"""Sort rules as the Rules page and its JSON twin show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scanner.card_facts import folded
from scanner.conditions import lists_asked
from scanner.conditions_fields import FIELDS, OPS, Kind, Op
from scanner.config import Settings
from scanner.inventory_catalog import LibraryFacts
from scanner.sorting.presets import PRESETS
from scanner.sorting.rules import EACH_WORDS, REST, UNIDENTIFIED, RuleSet, write_rules
from scanner.sorting.shop_rules import NamedRules, list_rules, lookup_of
from scanner.sorting.trial import TriedCard, cards_of_batch, sets_of
from scanner.store import Store
from webui.view import Json

LATEST_BATCHES = 30

OP_WORDS = {
    Op.IS: "is",
    Op.IS_NOT: "is not",
    Op.ONE_OF: "is one of",
    Op.NONE_OF: "is none of",
    Op.CONTAINS: "contains",
    Op.BEGINS_WITH: "begins with",
    Op.LETTERS: "is filed under",
    Op.AT_LEAST: "is at least",
    Op.AT_MOST: "is at most",
    Op.ABOVE: "is more than",
    Op.BELOW: "is less than",
    Op.BETWEEN: "is between",
    Op.KNOWN: "is known",
    Op.UNKNOWN: "is not known",
}


class RulesView:
    """The shop's rules. Raises StoreError where the log can't be read."""

    def __init__(self, store: Store, facts: LibraryFacts, settings: Settings) -> None:
        self._store = store
        self._facts = facts
        self.bins = settings.sorter.bins
        self.currency = settings.decision.currency

    def listing(self) -> Json:
        """Everything that the page begins with."""
        named = list_rules(self._store)
        return {
            "bins": self.bins,
            "currency": self.currency,
            "in_force": next((each.name for each in named if each.in_force), ""),
            "rule_sets": [self.one(each) for each in named],
            "presets": [
                {
                    "key": key,
                    "title": preset.title,
                    "about": preset.about,
                    "fits": preset.least_bins <= self.bins,
                }
                for key, preset in PRESETS.items()
            ],
            "lists": [
                {"name": name, "cards": len(entries)}
                for name, entries in self._store.card_lists().items()
            ],
            "batches": self.batches(),
            "in_bins": self.in_bins(),
        }

    def in_bins(self) -> list[Json]:
        """What lies in each bin since it was last emptied, by the rules that sent it there."""
        held: dict[int, Counter[str]] = {}
        for _, routing in self._store.routes_in_bins():
            held.setdefault(routing.bin, Counter())[routing.rule] += 1
        return [
            {
                "bin": number,
                "cards": rules.total(),
                "rules": [{"name": name, "cards": cards} for name, cards in rules.most_common()],
            }
            for number, rules in sorted(held.items())
        ]

    def one(self, named: NamedRules) -> Json:
        """One rule set in words and as it is kept."""
        rules = named.rules
        return {
            "name": named.name,
            "in_force": named.in_force,
            "problem": named.problem,
            "lines": [] if rules is None else lines_of(rules),
            "missing_lists": [] if rules is None else self._missing_lists(rules),
            "too_few_bins": rules is not None and rules.highest_bin > self.bins,
            "rules": None if rules is None else write_rules(rules),
        }

    def _missing_lists(self, rules: RuleSet) -> list[str]:
        """The lists that rules ask about and that the shop does not have: no card is on them."""
        known = {folded(name) for name in self._store.card_lists()}
        asked = [name for rule in rules.rules for name in lists_asked(rule.when)]
        return [name for name in dict.fromkeys(asked) if folded(name) not in known]

    def batches(self) -> list[Json]:
        """The newest batches that hold cards, to try rules on."""
        return [
            {"id": batch.id, "name": batch.name, "cards": cards}
            for batch in self._store.latest_batches(LATEST_BATCHES)
            if (cards := self._store.batch_summary(batch.id or 0).cards)
        ]

    def cards(self, batch_id: int) -> list[TriedCard]:
        """The cards of a past batch as they are known now."""
        lookup = lookup_of(self._store, self._facts, self.currency)
        return list(cards_of_batch(self._store, lookup, batch_id))

    def sets(self, batch_id: int) -> dict[str, int]:
        """How many cards of each set a past batch holds."""
        return sets_of(self.cards(batch_id))


def lines_of(rules: RuleSet) -> list[Json]:
    """The rules in words, in their order, with where all other cards go."""
    lines = [_line(rules, rule.name, rule.words, rule.bins, rule.on) for rule in rules.rules]
    rest = rules.rest_bin or rules.unidentified_bin
    lines.append(_line(rules, REST, f"Bin {rest}.", [rest]))
    aside = rules.unidentified_bin
    lines.append(_line(rules, UNIDENTIFIED, f"Bin {aside}.", [aside]))
    return lines


def _line(rules: RuleSet, name: str, words: str, bins: Sequence[int], on: bool = True) -> Json:
    names = [rules.limits[bin_].name for bin_ in bins if bin_ in rules.limits]
    return {
        "name": name,
        "words": words,
        "on": on,
        "bins": list(bins),
        "bin_names": [name for name in names if name],
    }


def vocabulary() -> Json:
    """What the editor offers: the fields, their comparisons, and the words for both."""
    return {
        "fields": [
            {
                "name": field.name,
                "label": field.label,
                "kind": field.kind,
                "ops": list(field.ops),
                "choices": list(field.choices),
                "unit": field.unit,
            }
            for field in FIELDS.values()
        ],
        "ops": {op.value: words for op, words in OP_WORDS.items()},
        "text_ops": list(OPS[Kind.TEXT]),
        "each": {each.value: words for each, words in EACH_WORDS.items()},
    }
