"""`counterscan cloud publish`: give a pack or models to the devices."""

from __future__ import annotations

import argparse
from pathlib import Path

from scanner.config import Settings
from scanner.errors import UsageError
from scanner.signing import read_private_key
from sync.cloud.opening import add_config_argument, config_of
from sync.cloud.releases import Releases, is_models
from sync.protocol_rows import LONGEST


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be done."""
    add_config_argument(parser)
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="FOLDER", help="a pack, or a folder of models"
    )
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="sign it with this key (`cloud key new`)"
    )
    parser.add_argument(
        "--channel", default="stable", metavar="NAME", help="which devices it is for (stable)"
    )
    parser.add_argument(
        "--rollback", action="store_true", help="go back to it, although it is older"
    )
    parser.add_argument(
        "--about", default="", metavar="TEXT", help="what is new in it, shown on devices' pages"
    )
    parser.add_argument(
        "--withdraw", metavar="TARGET", help="announce pack/GAME, or models, no longer"
    )


def run(args: argparse.Namespace) -> int:
    """Do it; a running `cloud serve` tells the devices within a second or two.

    Raises PackError, ModelError and UsageError.
    """
    settings: Settings = args.settings
    releases = Releases(settings.data_dir, config_of(args).files.url)
    if (args.folder is None) == (args.withdraw is None):
        raise UsageError("name a folder to publish, or a target to --withdraw")
    if args.withdraw is not None:
        releases.withdraw(args.withdraw, args.channel)
        print(f"{args.withdraw} is announced on {args.channel} no longer.")
        return 0
    key = None if args.key is None else read_private_key(args.key)
    publish = releases.publish_models if is_models(args.folder) else releases.publish_pack
    if len(args.about) > LONGEST:
        raise UsageError(f"--about may have {LONGEST} characters")
    release = publish(args.folder, args.channel, rollback=args.rollback, key=key, about=args.about)
    print(
        f"{release.version} is announced on {args.channel}: "
        f"{release.size_bytes / 1e6:.1f} MB at {release.url}"
    )
    return 0
