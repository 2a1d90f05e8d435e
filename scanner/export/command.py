"""`counterscan export`: writes the stock to a file of another program, or shows what it would."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from scanner.config import Settings
from scanner.errors import InventoryError, UsageError
from scanner.export.desk import ExportDesk, Preview
from scanner.export.formats import FORMATS
from scanner.inventory import EVERYTHING, StockFilter, read_filter
from scanner.stock import Stock, currency_in_use
from scanner.store import Store

_WAIT_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `counterscan export`."""
    parser.add_argument("format", nargs="?", help=f"one of {', '.join(FORMATS)}")
    parser.add_argument("--out", metavar="FILE", help="where to write it; - for standard output")
    parser.add_argument("--preview", action="store_true", help="only say what would be exported")
    parser.add_argument("--only-new", action="store_true", help="leave out what went out before")
    parser.add_argument("--saved", metavar="NAME", help="only what a saved filter finds")
    parser.add_argument("--where", metavar="JSON", help='a filter, such as {"finish": "foil"}')
    parser.add_argument(
        "--learn", type=Path, metavar="FILE", help="learn SKU ids from your own TCGplayer file"
    )
    parser.add_argument("--list", action="store_true", help="list the last exports")
    parser.add_argument(
        "--take-back", type=int, metavar="NUMBER", help="an export that was never uploaded"
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked, and return the exit code."""
    settings: Settings = args.settings
    with Store.open(
        settings.data_dir, role="web", wait_s=_WAIT_S, price_order=settings.prices.order
    ) as store:
        currency = currency_in_use(store, settings.decision.currency)
        stock = Stock(store, settings.data_dir, currency)
        desk = ExportDesk(stock, settings.data_dir)
        try:
            if args.learn is not None:
                return _learn(desk, args.learn)
            if args.take_back is not None:
                store.take_export_back(args.take_back)
                print(f"Export {args.take_back} is taken back: its cards go out with the next.")
                return 0
            if args.list:
                return _list(store)
            if args.format is None:
                raise UsageError(f"Say which format to export: one of {', '.join(FORMATS)}.")
            return _export(desk, args, _filter(store, args))
        finally:
            stock.close()


def _filter(store: Store, args: argparse.Namespace) -> StockFilter:
    if args.saved is not None:
        saved = store.saved_filters()
        if args.saved not in saved:
            names = ", ".join(saved) or "none yet"
            raise UsageError(f"There is no saved filter {args.saved!r}; there are: {names}.")
        return read_filter(saved[args.saved])
    if args.where is None:
        return EVERYTHING
    try:
        values = json.loads(args.where)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--where is no JSON: {error}.") from error
    if not isinstance(values, dict):
        raise UsageError('--where is a JSON object, such as {"finish": "foil"}.')
    return read_filter(values)


def _export(desk: ExportDesk, args: argparse.Namespace, wanted: StockFilter) -> int:
    preview = desk.preview(args.format, wanted, only_new=args.only_new)
    told = sys.stderr if args.out == "-" else sys.stdout
    print(_summary(preview), file=told)
    if args.preview:
        return 0
    if preview.plan.rows:
        path = desk.file_of(desk.make(preview))
        data = path.read_bytes()
        print(f"Kept as {path}", file=told)
    else:
        data = preview.target.write(())
    if args.out == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    elif args.out is not None:
        try:
            Path(args.out).write_bytes(data)
        except OSError as error:
            raise InventoryError(
                f"{args.out} can't be written: {error.strerror}; choose another --out"
            ) from error
    return 0


def _summary(preview: Preview) -> str:
    plan = preview.plan
    lines = []
    if plan.rows:
        sent = sum(count for _, count in plan.rows if count > 0)
        lines.append(f"{preview.target.label}: {_cards(sent)} in {_rows(len(plan.rows))}")
        if plan.taken:
            lines.append(f"  {_cards(plan.taken)} taken back: they left the stock or have changed")
    elif plan.unchanged:
        lines.append(f"{preview.target.label}: Nothing has changed since the last export.")
    else:
        lines.append(f"{preview.target.label}: There is nothing to export.")
    if preview.note:
        lines.append(f"  {preview.note}")
    reasons: Counter[str] = Counter()
    for entry in plan.left_out:
        reasons[entry.reason] += entry.quantity
    for reason, count in reasons.most_common():
        lines.append(f"  {_cards(count)} left out: {reason}")
    return "\n".join(lines)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _cards(count: int) -> str:
    return f"{count:,} {'card' if count == 1 else 'cards'}"


def _learn(desk: ExportDesk, path: Path) -> int:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InventoryError(f"{path} can't be read: {error.strerror}") from error
    learned = desk.learn(data)
    print(f"Learned {learned.named:,} SKUs, {learned.news:,} of them new.")
    return 0


def _list(store: Store) -> int:
    for export, counts in store.exports(50):
        state = "" if counts else "  (taken back)"
        print(
            f"{export.id:>5}  {export.created_at:%Y-%m-%d %H:%M}  {export.format:<16}"
            f"{export.rows:>6} rows  {_cards(export.added)}{state}"
        )
    return 0
