"""`counterscan sort`: the shop's sort rules, a dry run over a past batch, a plan for many sets."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from scanner.config import Settings
from scanner.errors import ConditionError, UsageError
from scanner.inventory_catalog import LibraryFacts
from scanner.sorting.plan import instructions, plan_apart, plan_in_order, plan_json
from scanner.sorting.presets import PRESETS, make_preset
from scanner.sorting.rules import RuleSet, read_rules, write_rules
from scanner.sorting.shop_rules import SORT, list_rules, lookup_of, rules_named, save_rules
from scanner.sorting.trial import TriedCard, cards_of_batch, sets_of, trial_json, try_rules
from scanner.store import Store

MAX_FILE_BYTES = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `counterscan sort`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    rules = actions.add_parser(
        "rules",
        help="show the shop's sort rules, add to them, put some in force",
        description="Without an option: list the rule sets; * marks those in force.",
    )
    what = rules.add_mutually_exclusive_group()
    what.add_argument("--show", metavar="NAME", help="the rules in words; with --json as a file")
    what.add_argument("--add", type=Path, metavar="FILE.json", help="keep the rules in a file")
    what.add_argument("--preset", metavar="KEY", help=f"keep one of {', '.join(PRESETS)}")
    what.add_argument("--use", metavar="NAME", help="put rules in force from the next batch on")
    what.add_argument("--use-none", action="store_true", help="sort by decision alone")
    what.add_argument("--remove", metavar="NAME", help="take rules off the list")
    tried = actions.add_parser(
        "try",
        help="say where the cards of a past batch would go",
        description="A dry run: nothing moves, nothing is written.",
    )
    tried.add_argument("--rules", metavar="NAME|FILE.json", help="default: those in force")
    tried.add_argument("--batch", type=int, metavar="ID", help="default: the newest batch")
    tried.add_argument("--cards", action="store_true", help="one line for each card too")
    plan = actions.add_parser(
        "plan",
        help="say how to sort many sets with few bins in the fewest passes",
        description="The last bin is kept for unidentified cards.",
    )
    plan.add_argument("--sets", metavar="A,B,C", help="the sets in the order wanted")
    plan.add_argument("--batch", type=int, metavar="ID", help="the sets of a past batch")
    plan.add_argument(
        "--apart", action="store_true", help="each set in a pile of its own; default: in order"
    )
    plan.add_argument(
        "--feeds-from", choices=("bottom", "top"), default="bottom", help="of the hopper's stack"
    )
    for action in (rules, tried, plan):
        action.add_argument("--json", action="store_true", help="print JSON")
        action.add_argument(
            "--bins", type=int, metavar="N", help="default: the setting sorter.bins"
        )


def run(args: argparse.Namespace) -> int:
    """Run one action and return the exit code. Raises CounterscanError."""
    if args.bins is None:
        args.bins = args.settings.sorter.bins
    if not 2 <= args.bins <= 16:
        raise UsageError(f"a machine has 2 to 16 bins, not {args.bins}")
    match args.action:
        case "rules":
            return _rules(args)
        case "try":
            return _try(args)
    return _plan(args)


def _rules(args: argparse.Namespace) -> int:
    settings: Settings = args.settings
    with Store.open(settings.data_dir, role="web") as store:
        if args.show is not None:
            return _show(rules_named(store, args.show), as_json=args.json)
        if args.add is not None or args.preset is not None:
            rules = (
                read_rules(_read_json(args.add))
                if args.add is not None
                else make_preset(args.preset, args.bins, settings.decision.currency)
            )
            known = {each.name for each in list_rules(store)}
            save_rules(store, rules, was_called=rules.name if rules.name in known else "")
            text = f"Kept “{rules.name}”. Use it with: counterscan sort rules --use {rules.name!r}"
            return _say(args, text, name=rules.name)
        if args.use is not None:
            store.choose_rules(SORT, rules_named(store, args.use).name)
            return _say(args, f"“{args.use}” is in force from the next batch on.", name=args.use)
        if args.use_none:
            store.choose_rules(SORT, "")
            return _say(args, "From the next batch on cards are sorted by decision alone.")
        if args.remove is not None:
            rules_named(store, args.remove)
            store.remove_rule_set(SORT, args.remove)
            return _say(args, f"Removed “{args.remove}”.", name=args.remove)
        named = list_rules(store)
    if args.json:
        listed = [
            {"name": each.name, "in_force": each.in_force, "problem": each.problem}
            for each in named
        ]
        print(json.dumps(listed, ensure_ascii=False))
        return 0
    for each in named:
        number = len(each.rules.rules) if each.rules else 0
        about = each.problem or f"{number} {'rule' if number == 1 else 'rules'}"
        print(f"{'*' if each.in_force else ' '} {each.name}: {about}")
    if not named:
        print("There are no sort rules yet. Begin with: counterscan sort rules --preset set")
    return 0


def _show(rules: RuleSet, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(write_rules(rules), ensure_ascii=False, indent=2))
        return 0
    for place, rule in enumerate(rules.rules, 1):
        print(f"{place}. {rule.name}: {rule.words}{'' if rule.on else ' (off)'}")
    print(f"All other cards: bin {rules.rest_bin or rules.unidentified_bin}.")
    print(f"Unidentified cards: bin {rules.unidentified_bin}.")
    return 0


def _try(args: argparse.Namespace) -> int:
    settings: Settings = args.settings
    order = settings.prices.order
    with Store.open(settings.data_dir, role="reader", price_order=order) as store:
        rules = _rules_to_try(store, args.rules)
        trial = try_rules(_cards(store, settings, args.batch), rules, args.bins)
    if args.json:
        print(json.dumps(trial_json(trial), ensure_ascii=False))
        return 0
    if args.cards:
        for line in trial.lines:
            name = line.tried.card.name or "Unknown card"
            print(
                f"{line.tried.sequence:>5}  {name}: bin {line.routing.bin}, "
                f"{line.routing.rule}. {line.routing.why}"
            )
    print(f"“{rules.name}” over {len(trial.lines):,} cards:")
    for number, cards in sorted(trial.by_bin.items()):
        held = [value for (_, bin_), value in trial.values.items() if bin_ == number]
        print(f"  Bin {number}: {cards:,} cards{' of ' + ', '.join(held) if held else ''}")
    for name, cards in trial.by_rule.most_common():
        print(f"  {name}: {cards:,}")
    for number, stops in sorted(trial.stops.items()):
        print(f"  Bin {number} would have to be emptied {stops} times.")
    for name in trial.idle_rules:
        print(f"  {name} took no card.")
    return 0


def _plan(args: argparse.Namespace) -> int:
    if (args.sets is None) == (args.batch is None):
        raise UsageError("say which sets: --sets A,B,C or --batch ID")
    counts: dict[str, int] = {}
    if args.sets is not None:
        sets = [name.strip() for name in args.sets.split(",") if name.strip()]
    else:
        settings: Settings = args.settings
        with Store.open(settings.data_dir, role="reader") as store:
            counts = sets_of(_cards(store, settings, args.batch))
        sets = list(counts)
    plan = (
        plan_apart(sets, args.bins, counts)
        if args.apart
        else plan_in_order(sets, args.bins, counts, args.feeds_from)
    )
    print(
        json.dumps(plan_json(plan), ensure_ascii=False)
        if args.json
        else "\n".join(instructions(plan))
    )
    return 0


def _cards(store: Store, settings: Settings, batch_id: int | None) -> Iterable[TriedCard]:
    if batch_id is None:
        batch = store.latest_batch()
        if batch is None or batch.id is None:
            raise UsageError("no batch has been scanned yet; scan one first")
        batch_id = batch.id
    facts = LibraryFacts(settings.data_dir)
    try:
        lookup = lookup_of(store, facts, settings.decision.currency)
        return list(cards_of_batch(store, lookup, batch_id))
    finally:
        facts.close()


def _rules_to_try(store: Store, wanted: str | None) -> RuleSet:
    if wanted is None:
        row = store.chosen_rules(SORT)
        if row is None:
            raise UsageError("no sort rules are in force; name some with --rules")
        return read_rules(row.content)
    if wanted.endswith(".json"):
        return read_rules(_read_json(Path(wanted)))
    return rules_named(store, wanted)


def _read_json(path: Path) -> object:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConditionError(f"{path} is too large for a rule set")
        found: object = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConditionError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConditionError(f"{path} is no JSON: {str(error)[:80]}; write it anew") from error
    return found


def _say(args: argparse.Namespace, text: str, **fields: str) -> int:
    print(json.dumps(fields, ensure_ascii=False) if args.json else text)
    return 0
