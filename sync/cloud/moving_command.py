"""`counterscan cloud export|import|verify FOLDER`: from one database to another."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from sync.cloud.moving import (
    Contents,
    MovingError,
    compared,
    contents_of,
    export,
    import_all,
    read_manifest,
)
from sync.cloud.opening import add_config_argument, config_of, open_store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="the folder that holds the export, or shall"
    )
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises MovingError where the two are not the same."""
    with open_store(args, config_of(args)) as store:
        if args.action == "export":
            _say("exported", export(store, args.folder))
        elif args.action == "import":
            _say("imported", import_all(store, args.folder))
        else:
            found = contents_of(store)
            wrong = compared(read_manifest(args.folder), found)
            for each in wrong:
                print(each)
            if wrong:
                raise MovingError("The database and the export are not the same.")
            _say("the same on both sides:", found)
    return 0


def _say(what: str, tables: Mapping[str, Contents]) -> None:
    for name, each in tables.items():
        if each.rows:
            print(f"{each.rows:>10} {name}")
    print(f"{what} {sum(each.rows for each in tables.values())} rows of {len(tables)} tables")
