"""`counterscan catalog`: build, check, install and switch the packs of reference printings."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from scanner.catalog.build import build_pack
from scanner.catalog.finish import BuildReport
from scanner.catalog.library import Entry, Library
from scanner.catalog.manifest import MANIFEST
from scanner.catalog.model import load_embedder, reader_of
from scanner.catalog.pack import Pack
from scanner.catalog.sign import sign_pack
from scanner.errors import PackError, UsageError
from scanner.models_library import models_in_use

SKIPPED_SOME = 3
"""Exit code of a build that made its pack but had to skip pictures."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `counterscan catalog`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    build = actions.add_parser(
        "build",
        help="make a pack from a folder of pictures and a table of facts",
        description=(
            "Make a pack. The table's columns are path (below --pictures), card_id, name, set, "
            "number and variant; others are kept. A build that was stopped goes on from where it "
            f"was. Exit code {SKIPPED_SOME}: the pack was made, but some pictures were skipped."
        ),
    )
    build.add_argument("--game", required=True, help="short name of the game, as in demo@1")
    build.add_argument("--pictures", required=True, type=Path, metavar="DIR")
    build.add_argument("--facts", required=True, type=Path, metavar="FILE.csv")
    build.add_argument("--out", required=True, type=Path, metavar="PACK", help="folder to make")
    build.add_argument("--version", help="name of this version (default: date and checksum)")
    build.add_argument("--force", action="store_true", help="replace another pack at --out")

    sign = actions.add_parser("sign", help="sign a pack, so that devices take it over the network")
    sign.add_argument("pack", type=Path, metavar="PACK", help="a pack's folder")
    sign.add_argument(
        "--key", required=True, type=Path, metavar="FILE",
        help="the private key that `counterscan cloud key new` made",
    )  # fmt: skip
    verify = actions.add_parser("verify", help="compare every file of packs with its checksum")
    verify.add_argument(
        "packs", nargs="*", metavar="PACK", help="folder or GAME@VERSION (default: all installed)"
    )
    listed = actions.add_parser("list", help="show the installed packs")
    install = actions.add_parser("install", help="copy a pack onto this device, not yet used")
    install.add_argument("pack", type=Path, metavar="PACK", help="a pack's folder")
    use = actions.add_parser("use", help="put a pack in use; a folder is installed first")
    use.add_argument("pack", metavar="PACK", help="a pack's folder, or GAME@VERSION")
    rollback = actions.add_parser("rollback", help="go back to the pack used before")
    rollback.add_argument("game", nargs="?", help="may be left out when there is one game only")
    remove = actions.add_parser("remove", help="delete an installed pack that is not in use")
    remove.add_argument("pack", metavar="GAME@VERSION")
    for action in (build, sign, verify, listed, install, use, rollback, remove):
        action.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run one action and return the exit code. Raises CounterscanError."""
    library = Library(args.settings.data_dir)
    match args.action:
        case "build":
            return _build(args)
        case "sign":
            pack_id, public = sign_pack(args.pack, args.key)
            text = f"Signed {pack_id}. Devices need this in trusted_keys: {public}"
        case "verify":
            return _verify(args, library)
        case "list":
            return _list(args, library)
        case "install":
            pack_id = library.install(args.pack)
            text = f"Installed {pack_id}. Use it with: counterscan catalog use {pack_id}"
        case "use":
            pack_id = _use(args, library)
            text = f"{pack_id} is in use. A scanner that runs takes it up once it is idle."
        case "rollback":
            pack_id = _rollback(args, library)
            text = f"{pack_id} is in use again. A scanner that runs takes it up once it is idle."
        case "remove":
            library.remove(args.pack)
            pack_id, text = args.pack, f"Removed {args.pack}."
    print(json.dumps({"action": args.action, "pack": pack_id}) if args.json else text)
    return 0


def _build(args: argparse.Namespace) -> int:
    report = build_pack(
        game=args.game,
        pictures=args.pictures,
        facts=args.facts,
        out=args.out,
        embedder=load_embedder(models_in_use(args.settings.data_dir)),
        version=args.version,
        progress=not args.json,
        force=args.force,
    )
    if args.json:
        print(json.dumps(_report_as_json(report), ensure_ascii=False))
    else:
        _print_report(report)
    return SKIPPED_SOME if report.broken else 0


def _report_as_json(report: BuildReport) -> dict[str, object]:
    return {
        "pack": report.pack_id,
        "out": str(report.out),
        "cards": report.cards,
        "rows": report.rows,
        "skipped": [{"path": path, "why": why} for path, why in report.broken],
        "model_id": report.model_id,
        "resumed": report.resumed,
    }


def _print_report(report: BuildReport) -> None:
    for path, why in report.broken:
        print(f"counterscan: skipped {path}: it {why}", file=sys.stderr)
    print(
        f"Built {report.pack_id} in {report.out}: {report.cards} printings, "
        f"{report.rows} reference pictures, model {report.model_id}."
    )
    if report.resumed:
        print(f"{report.resumed} pictures were done already by an earlier build.")
    if report.broken:
        print(f"SKIPPED {len(report.broken)} pictures, named above; mend them and build again.")
    print(f"Use it with: counterscan catalog use {report.out}")


def _verify(args: argparse.Namespace, library: Library) -> int:
    paths = [_pack_folder(library, name) for name in args.packs] or [
        entry.path for entry in library.entries()
    ]
    if not paths:
        raise PackError(f"No pack is installed in {library.folder}; name a pack's folder")
    model_id, runtime = _reader(library)
    good = True
    for path in paths:
        problem = ""
        try:
            pack = Pack.open(path, model_id=model_id, runtime=runtime, verify=True)
        except PackError as error:
            good, problem = False, str(error)
        else:
            pack.close()
        if args.json:
            print(json.dumps({"path": str(path), "ok": not problem, "problem": problem}))
        elif problem:
            print(f"counterscan: {problem}.", file=sys.stderr)
        else:
            print(
                f"{pack.pack_id} in {path}: every file is as it was built ({len(pack)} printings)."
            )
    return 0 if good else PackError.exit_code


def _list(args: argparse.Namespace, library: Library) -> int:
    entries = library.entries()
    if args.json:
        print(json.dumps([_entry_as_json(entry) for entry in entries], ensure_ascii=False))
        return 0
    if not entries:
        print(f"No pack is installed in {library.folder}.")
    for entry in entries:
        state = "in use" if entry.in_use else "previous" if entry.previous else ""
        manifest = entry.manifest
        about = (
            f"{manifest.cards:>7} printings  {manifest.created_at[:10]}  {manifest.model_id}"
            if manifest
            else f"DAMAGED: {entry.problem}"
        )
        print(f"{entry.pack_id:<32} {state:<9} {about}")
    return 0


def _entry_as_json(entry: Entry) -> dict[str, object]:
    manifest = entry.manifest
    return {
        "pack": entry.pack_id,
        "path": str(entry.path),
        "in_use": entry.in_use,
        "previous": entry.previous,
        "cards": manifest.cards if manifest else None,
        "rows": manifest.rows if manifest else None,
        "created_at": manifest.created_at if manifest else None,
        "model_id": manifest.model_id if manifest else None,
        "runtime": manifest.runtime if manifest else None,
        "problem": entry.problem,
    }


def _use(args: argparse.Namespace, library: Library) -> str:
    model_id, runtime = _reader(library)
    folder = Path(args.pack)
    if (folder / MANIFEST).is_file():
        # Refused before it is copied: a pack that does not fit is of no use in the library.
        Pack.open(folder, model_id=model_id, runtime=runtime).close()
        pack_id = library.install(folder)
    else:
        pack_id = args.pack
        _pack_folder(library, pack_id)
    library.use(pack_id, model_id=model_id, runtime=runtime)
    return pack_id


def _rollback(args: argparse.Namespace, library: Library) -> str:
    games = library.games()
    if args.game is None and len(games) != 1:
        raise UsageError(
            f"Say which game to roll back: {', '.join(games)}"
            if games
            else f"No pack is installed in {library.folder}; there is nothing to go back to"
        )
    model_id, runtime = _reader(library)
    return library.rollback(args.game or games[0], model_id=model_id, runtime=runtime)


def _reader(library: Library) -> tuple[str, str]:
    return reader_of(load_embedder(models_in_use(library.folder.parent)))


def _pack_folder(library: Library, name: str) -> Path:
    folder = Path(name)
    if folder.is_dir():
        return folder
    if "@" not in name:
        raise PackError(
            f"{name} is neither a pack's folder nor GAME@VERSION; "
            "`counterscan catalog list` shows what is installed"
        )
    return library.path(name)
