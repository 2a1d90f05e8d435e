"""Which bin a card goes to, and which rule says so: `route(card, rules, state)`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.card_facts import CardFacts, first_letters
from scanner.conditions_judge import fields_asked, judge, open_questions
from scanner.conditions_words import describe
from scanner.routing import Routing
from scanner.sorting.rules import EACH_WORDS, REST, UNCLEAR, UNIDENTIFIED, Each, Rule, RuleSet

_ABOUT_THE_ANSWER = frozenset({"decision", "confidence"})

CopyKey = tuple[str, str, str]


@dataclass(slots=True)
class SortState:
    """What lies in the bins: counted by `put`, forgotten by `emptied`; `route` only reads it.

    `taken` says which value has which bin, by rule and bin. `full` are the bins whose sensor says
    that they are full, `bins` how many the machine has.
    """

    bins: int
    full: frozenset[int] = frozenset()
    cards: dict[int, int] = field(default_factory=dict)
    copies: dict[tuple[int, CopyKey], int] = field(default_factory=dict)
    taken: dict[tuple[str, int], str] = field(default_factory=dict)

    def put(self, card: CardFacts, rules: RuleSet, routing: Routing) -> None:
        """A card lies in its bin now."""
        self.count(card, routing)
        self.keep_value(card, rules, routing)

    def count(self, card: CardFacts, routing: Routing) -> None:
        """Count a card that lies in a bin."""
        number = routing.bin
        self.cards[number] = self.cards.get(number, 0) + 1
        if card.card_id:
            key = (number, card.copy_key)
            self.copies[key] = self.copies.get(key, 0) + 1

    def keep_value(self, card: CardFacts, rules: RuleSet, routing: Routing) -> None:
        """Keep the bin for what the card came there for, where its rule has dynamic bins."""
        rule = next((rule for rule in rules.rules if rule.name == routing.rule), None)
        if rule is not None and rule.each is not None and routing.bin in rule.bins:
            value = value_of(card, rule.each)
            if value is not None:
                self.taken.setdefault((rule.name, routing.bin), value)

    def emptied(self, number: int) -> None:
        """A person has emptied this bin; the set that it is for keeps it."""
        self.cards.pop(number, None)
        self.copies = {key: count for key, count in self.copies.items() if key[0] != number}


@dataclass(frozen=True, slots=True)
class _Choice:
    """A rule's bin for a card; `must_wait` where it has no room, 0 and `why` where it has none."""

    bin: int
    must_wait: bool = False
    why: str = ""
    is_open: bool = False


def route(card: CardFacts, rules: RuleSet, state: SortState) -> Routing:
    """The first rule that holds takes the card; the routing names it and says why. Never raises."""
    identified = card.decision == "accepted" or (
        card.decision == "review" and rules.review == "sort"
    )
    unclear: list[tuple[Rule, str]] = []
    passed: list[str] = []
    for rule in rules.rules:
        if not rule.on or not (identified or fields_asked(rule.when) & _ABOUT_THE_ANSWER):
            continue
        answer = judge(rule.when, card)
        if answer is False:
            continue
        if answer is None:
            unclear.append((rule, _nobody_knows(open_questions(rule.when, card))))
            continue
        choice = _choose(rule, rules, card, state)
        if choice.is_open:
            unclear.append((rule, choice.why))
        elif not choice.bin:
            passed.append(choice.why)
        else:
            doubt = _doubt(unclear, choice.bin) if identified else ""
            if doubt and rules.unclear == "unidentified":
                return _unclear(rules, state, doubt)
            return Routing(choice.bin, rule.name, _sentence(describe(rule.when), choice, passed))
    if not identified:
        return _unidentified(card, rules, state)
    if unclear and rules.unclear == "unidentified":
        return _unclear(rules, state, unclear[0][1])
    why = passed[0] if passed else "No rule asks for this card."
    return Routing(_there(rules.rest_bin or rules.unidentified_bin, state), REST, why)


def value_of(card: CardFacts, each: Each) -> str | None:
    """What a rule with dynamic bins sorts this card by; None where nobody knows."""
    match each:
        case Each.SET:
            return card.set
        case Each.GAME:
            return card.game
        case Each.LETTER:
            return None if card.name is None else first_letters(card.name)[:1].upper() or "?"
        case Each.RARITY:
            return card.rarity
        case Each.TYPE:
            return None if card.types is None else card.types[0] if card.types else "none"
        case Each.COLOUR:
            return None if card.colours is None else " and ".join(card.colours) or "none"
        case Each.FINISH:
            return card.finish
        case Each.LANGUAGE:
            return card.language


def _choose(rule: Rule, rules: RuleSet, card: CardFacts, state: SortState) -> _Choice:
    there = [number for number in rule.bins if number <= state.bins]
    if not there:
        return _Choice(0, why=f"“{rule.name}” has no bin on a machine with {state.bins}.")
    if rule.each is not None:
        return _choose_dynamic(rule, rule.each, there, rules, card, state)
    room = next((number for number in there if _has_room(number, rules, card, state)), None)
    if room is not None:
        return _Choice(room)
    if all(_has_enough_copies(number, rules, card, state) for number in there):
        return _Choice(0, why=f"“{rule.name}” has enough copies of this card.")
    return _no_room(rule, there)


def _choose_dynamic(
    rule: Rule, each: Each, there: list[int], rules: RuleSet, card: CardFacts, state: SortState
) -> _Choice:
    value = value_of(card, each)
    if value is None:
        return _Choice(0, why=_nobody_knows((EACH_WORDS[each],)), is_open=True)
    label = f"{EACH_WORDS[each]} {value}"
    mine = [number for number in there if state.taken.get((rule.name, number)) == value]
    for number in mine:
        if _has_room(number, rules, card, state):
            return _Choice(number, why=label)
        if _has_enough_copies(number, rules, card, state):
            return _Choice(0, why=f"“{rule.name}” has enough copies of this card.")
    if mine:
        return _no_room(rule, mine)
    free = [number for number in there if (rule.name, number) not in state.taken]
    room = next((number for number in free if _has_room(number, rules, card, state)), None)
    if room is not None:
        return _Choice(room, why=label)
    if free:
        return _no_room(rule, free)
    return _Choice(0, why=f"“{rule.name}” has no bin left for {label}.")


def _no_room(rule: Rule, bins: list[int]) -> _Choice:
    if rule.when_full == "wait":
        return _Choice(bins[0], must_wait=True)
    return _Choice(0, why=f"The bins of “{rule.name}” are full.")


def bins_at_their_limit(rules: RuleSet, state: SortState) -> frozenset[int]:
    """The bins that hold as many cards as the rules let them."""
    return frozenset(
        number
        for number, limit in rules.limits.items()
        if limit.most_cards and state.cards.get(number, 0) >= limit.most_cards
    )


def _has_room(number: int, rules: RuleSet, card: CardFacts, state: SortState) -> bool:
    return not (
        number in state.full
        or number in bins_at_their_limit(rules, state)
        or _has_enough_copies(number, rules, card, state)
    )


def _has_enough_copies(number: int, rules: RuleSet, card: CardFacts, state: SortState) -> bool:
    limit = rules.limits.get(number)
    if limit is None or not limit.most_copies:
        return False
    return state.copies.get((number, card.copy_key), 0) >= limit.most_copies


def _doubt(unclear: list[tuple[Rule, str]], number: int) -> str:
    """Why an earlier rule might have taken the card elsewhere; empty where it would not have."""
    return next((why for rule, why in unclear if rule.each or set(rule.bins) != {number}), "")


def _unclear(rules: RuleSet, state: SortState, why: str) -> Routing:
    return Routing(_there(rules.unidentified_bin, state), UNCLEAR, why)


def _unidentified(card: CardFacts, rules: RuleSet, state: SortState) -> Routing:
    why = (
        "A person must look at this card."
        if card.decision == "review"
        else "The card is not in the catalog."
    )
    return Routing(_there(rules.unidentified_bin, state), UNIDENTIFIED, why)


def _there(number: int, state: SortState) -> int:
    """The bin, or the machine's last one where it has fewer."""
    return min(number, state.bins)


def _nobody_knows(labels: tuple[str, ...]) -> str:
    subject = " and ".join(labels)
    return f"{subject[:1].upper()}{subject[1:]} not known: a person must look."


def _sentence(words: str, choice: _Choice, passed: list[str]) -> str:
    said = f"{words[:1].upper()}{words[1:]}"
    value = f"; {choice.why}" if choice.why else ""
    waits = f" Bin {choice.bin} is full: it waits." if choice.must_wait else ""
    before = f" {passed[-1]}" if passed else ""
    return f"{said}{value}.{before}{waits}"
