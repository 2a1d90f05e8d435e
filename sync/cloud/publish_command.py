"""`counterscan cloud publish`: give a pack or models to the devices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scanner.config import Settings
from scanner.errors import UsageError
from scanner.signing import read_private_key
from sync.cloud.api.audit import Trail, from_the_shell
from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.publish_remote import RemoteCloud, read_secret
from sync.cloud.release_names import is_models
from sync.cloud.releases import Releases
from sync.protocol_fleet import Release
from sync.protocol_words import LONGEST


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
        "--at", metavar="URL", help="publish to the cloud there over its API; --key stays here"
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="with --at: an owner's API key"
    )
    parser.add_argument(
        "--withdraw", metavar="TARGET", help="announce pack/GAME, or models, no longer"
    )


def run(args: argparse.Namespace) -> int:
    """Do it; a running `cloud serve` tells the devices within a second or two.

    Raises PackError, ModelError, UsageError, StoreError and RemoteCloudError.
    """
    if (args.folder is None) == (args.withdraw is None):
        raise UsageError("name a folder to publish, or a target to --withdraw")
    if (args.at is None) != (args.token_file is None):
        raise UsageError("--at URL and --token-file FILE go together")
    if args.at is not None:
        with RemoteCloud(args.at, read_secret(args.token_file)) as cloud:
            return _do(args, cloud.withdraw, partial(cloud.publish, tell=_tell))
    settings: Settings = args.settings
    config = config_of(args)
    releases = Releases(settings.data_dir, config.files.url)
    is_pack = args.folder is None or not is_models(args.folder)
    publish = releases.publish_pack if is_pack else releases.publish_models
    what, target = ("withdraw", args.withdraw) if args.withdraw else ("publish", str(args.folder))
    about = {"channel": args.channel, "rollback": args.rollback}
    with (
        open_store(args, config) as store,
        from_the_shell(Trail(store), f"shell.{what}", target, **about),
    ):
        return _do(args, releases.withdraw, publish)


def _do(
    args: argparse.Namespace,
    withdraw: Callable[[str, str], None],
    publish: Callable[..., Release],
) -> int:
    if args.withdraw is not None:
        withdraw(args.withdraw, args.channel)
        print(f"{args.withdraw} is announced on {args.channel} no longer.")
        return 0
    key = None if args.key is None else read_private_key(args.key)
    if len(args.about) > LONGEST:
        raise UsageError(f"--about may have {LONGEST} characters")
    release = publish(args.folder, args.channel, rollback=args.rollback, key=key, about=args.about)
    print(
        f"{release.version} is announced on {args.channel}: "
        f"{release.size_bytes / 1e6:.1f} MB at {release.url}"
    )
    return 0


def _tell(sent_bytes: int, size_bytes: int) -> None:
    """Show how far the upload is, where somebody looks."""
    if sys.stderr.isatty():
        end = "\n" if sent_bytes == size_bytes else ""
        said = f"\r{sent_bytes / 1e6:.0f} of {size_bytes / 1e6:.0f} MB"
        print(said, end=end, file=sys.stderr, flush=True)
