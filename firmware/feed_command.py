"""`counterscan feed`: the feed process of the appliance."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from firmware.assembly import assemble, watched
from firmware.drivers import Drivers, is_simulated, make_drivers
from firmware.recognition import open_packs, open_recognizer
from firmware.retry_thread import RetryThread
from firmware.upload_thread import UploadThread
from firmware.upload_worker import WorkerReader
from scanner.catalog.pack import Pack
from scanner.config import Settings
from scanner.price_log import LoggedPrices
from scanner.set_limit import LimitInHand
from scanner.store import Store
from scanner.supervisor import AGAIN

PILE_CARDS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: everything is in the settings."""
    parser.epilog = "Start, pause, resume and stop are on the page."


def run(args: argparse.Namespace) -> int:
    """Feed, name and log cards until told to end; `AGAIN` where the page asked for a restart.

    Raises CounterscanError with what to do.
    """
    settings: Settings = args.settings
    with Store.open(
        settings.data_dir,
        role="feed",
        crop_quality=settings.crops.jpeg_quality,
        price_order=settings.prices.order,
    ) as store:
        packs = open_packs(settings)
        prices = LoggedPrices(store, settings.decision.currency)
        limit = LimitInHand()
        recognizer = open_recognizer(settings, packs, prices, limit)
        drivers = (
            simulated_drivers(settings, packs) if is_simulated(settings) else make_drivers(settings)
        )
        try:
            machine, loop = assemble(settings, store, recognizer, drivers, limit.take)
            reopen = partial(open_recognizer, prices=prices, limit=limit)
            retries = RetryThread(settings, machine, packs, open_packs, reopen)
            uploads = UploadThread(store, settings.data_dir, WorkerReader(settings))
            uploads.follow(machine)
            with watched(loop), uploads:
                retries.start(recognizer)
                try:
                    loop.run()
                finally:
                    retries.close()
        finally:
            drivers.close()
    return AGAIN if loop.restarts else 0


def simulated_drivers(settings: Settings, packs: Sequence[Pack]) -> Drivers:
    """The simulated machine; each batch gets a fresh pile of the catalog's own cards."""
    # Imported only here: an appliance never loads the renderer.
    from firmware.simulated.deck import Printed, draw_deck
    from firmware.simulated.parts import make_machine

    pool = [
        Printed(pack.printing(card), partial(pack.picture, card), artwork=pack.artwork(card))
        for pack in packs
        for card in range(len(pack))
    ]
    machine, drivers = make_machine(settings)

    def fresh_pile(expected: int) -> int:
        deck = draw_deck(pool, expected or PILE_CARDS, seed=len(machine.cards))
        machine.load(deck)
        return len(deck)

    return replace(drivers, before_batch=fresh_pile)
