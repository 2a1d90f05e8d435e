"""A dry run: where the cards of a past batch would go by some rules, without moving any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from scanner.card_facts import CardFacts
from scanner.card_lookup import CardLookup
from scanner.errors import StoreError
from scanner.routing import Routing
from scanner.sorting.route import CopyKey, SortState, bins_at_their_limit, route
from scanner.sorting.rules import RuleSet
from scanner.store import Store


@dataclass(frozen=True, slots=True)
class TriedCard:
    """One card of the batch: what is known of it, and where it went when it was scanned."""

    scan_id: int
    sequence: int
    card: CardFacts
    went: Routing | None = None


@dataclass(frozen=True, slots=True)
class TrialLine:
    """Where one card would go."""

    tried: TriedCard
    routing: Routing


@dataclass(slots=True)
class Trial:
    """The dry run's outcome: counts by bin and by rule, and how often a full bin would stop it."""

    lines: list[TrialLine] = field(default_factory=list)
    by_bin: Counter[int] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    stops: Counter[int] = field(default_factory=Counter)
    values: dict[tuple[str, int], str] = field(default_factory=dict)
    idle_rules: tuple[str, ...] = ()

    @property
    def moved(self) -> int:
        """How many cards would go to another bin than they went."""
        return sum(
            line.tried.went is not None and line.tried.went.bin != line.routing.bin
            for line in self.lines
        )


def try_rules(cards: Iterable[TriedCard], rules: RuleSet, bins: int) -> Trial:
    """Route the cards one after another on a machine with `bins` empty bins. Pure.

    A bin at its limit is emptied as a clerk would, and that is counted as a stop.
    """
    trial = Trial()
    state = SortState(bins)
    seen: Counter[CopyKey] = Counter()
    for tried in cards:
        card = tried.card
        if card.card_id:
            card = replace(card, copies_seen=seen[card.copy_key])
            seen[card.copy_key] += 1
        routing = route(card, rules, state)
        if routing.bin in bins_at_their_limit(rules, state):
            trial.stops[routing.bin] += 1
            state.emptied(routing.bin)
        state.put(card, rules, routing)
        trial.lines.append(TrialLine(replace(tried, card=card), routing))
        trial.by_bin[routing.bin] += 1
        trial.by_rule[routing.rule] += 1
    trial.values = dict(state.taken)
    trial.idle_rules = tuple(
        rule.name for rule in rules.rules if rule.on and not trial.by_rule[rule.name]
    )
    return trial


def cards_of_batch(store: Store, lookup: CardLookup, batch_id: int) -> Iterator[TriedCard]:
    """The batch's cards in their order, by their present answers.

    Raises StoreError when there is no such batch.
    """
    batch = store.batch(batch_id)
    if batch is None:
        raise StoreError(f"There is no batch {batch_id}: choose one from the list.")
    scan_ids = store.scan_ids_of_batch(batch_id)
    answers = store.present_answers(scan_ids)
    routes = store.routes_of_batch(batch_id)
    lookup.read_ahead((answer.game, answer.card_id) for answer in answers.values())
    for sequence, scan_id in enumerate(scan_ids, 1):
        card = lookup.of_present(answers[scan_id], batch=batch.name)
        yield TriedCard(scan_id, sequence, card, routes.get(scan_id))


def sets_of(cards: Iterable[TriedCard]) -> dict[str, int]:
    """How many cards there are of each set, by the sets' names in order."""
    counted = Counter(tried.card.set for tried in cards if tried.card.set)
    return dict(sorted(counted.items()))


def trial_json(trial: Trial) -> dict[str, Any]:
    """A dry run as JSON."""
    return {
        "cards": len(trial.lines),
        "moved": trial.moved,
        "bins": [
            {
                "bin": number,
                "cards": cards,
                "stops": trial.stops[number],
                "values": [value for (_, bin_), value in trial.values.items() if bin_ == number],
            }
            for number, cards in sorted(trial.by_bin.items())
        ],
        "rules": [{"name": name, "cards": cards} for name, cards in trial.by_rule.most_common()],
        "idle_rules": list(trial.idle_rules),
        "lines": [
            {
                "scan": line.tried.scan_id,
                "sequence": line.tried.sequence,
                "name": line.tried.card.name or "",
                "set": line.tried.card.set or "",
                "bin": line.routing.bin,
                "rule": line.routing.rule,
                "why": line.routing.why,
                "went": None if line.tried.went is None else line.tried.went.bin,
            }
            for line in trial.lines
        ],
    }
