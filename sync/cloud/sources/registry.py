"""Makes the sources that the shop's settings allow, each with its client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sync.cloud.sources import cardmarket, ebay, pokemontcg, scryfall, tcgcsv, tcgplayer
from sync.cloud.sources.asking import Manners
from sync.cloud.sources.book import Book
from sync.cloud.sources.breaker import BreakerState
from sync.cloud.sources.clock import Clock
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.records import PriceSource
from sync.cloud.sources.settings import SourcesSettings

_Make = Callable[[SourceClient, int], PriceSource]

MISSING_KEYS: Mapping[str, str] = {
    "tcgplayer": "set tcgplayer_public_key and tcgplayer_private_key",
    "ebay": "set ebay_client_id and ebay_client_secret",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One source ready to be asked. `key` is its name in the settings."""

    key: str
    source: PriceSource
    client: SourceClient

    @property
    def state(self) -> BreakerState:
        """Its circuit breaker."""
        return self.client.breaker.state


def make_sources(
    settings: SourcesSettings, book: Book, clock: Clock, *, attempts: int | None = None
) -> list[Source]:
    """The sources in the order of use; those whose keys are not set are left out.

    `attempts` at each request in the place of what the source's own manners say.
    """
    found = []
    for name in settings.wanted:
        made = _kind(name, settings)
        if made is None:
            continue
        base_url, manners, make = made
        if attempts is not None:
            manners = replace(manners, attempts=attempts)
        address = f"{settings.mirror}/{name}" if settings.mirror else base_url
        client = SourceClient(name, address, manners, book, clock, contact=settings.contact)
        found.append(Source(name, make(client, manners.per_day), client))
    return found


def requests_per_day(settings: SourcesSettings) -> dict[str, int]:
    """How many requests a day each source that can be asked allows."""
    found = {name: _kind(name, settings) for name in settings.wanted}
    return {name: kind[1].per_day for name, kind in found.items() if kind is not None}


def without_keys(settings: SourcesSettings) -> list[str]:
    """The sources that are wanted and have no keys."""
    return [name for name in settings.wanted if _kind(name, settings) is None]


def _kind(name: str, settings: SourcesSettings) -> tuple[str, Manners, _Make] | None:
    """Address, manners and maker of a source; None where it needs keys that are not set."""
    if name == "tcgcsv":
        return tcgcsv.BASE_URL, tcgcsv.MANNERS, tcgcsv.Tcgcsv
    if name == "scryfall":
        return scryfall.BASE_URL, scryfall.MANNERS, scryfall.Scryfall
    if name == "cardmarket":
        return cardmarket.BASE_URL, cardmarket.MANNERS, cardmarket.Cardmarket
    with_keys = {"pokemontcg": _pokemontcg, "tcgplayer": _tcgplayer, "ebay": _ebay}
    return with_keys[name](settings)


def _pokemontcg(settings: SourcesSettings) -> tuple[str, Manners, _Make] | None:
    key = settings.pokemontcg_key
    per_day = pokemontcg.PER_DAY_WITH_KEY if key else pokemontcg.MANNERS.per_day
    manners = replace(pokemontcg.MANNERS, per_day=per_day)
    return (
        pokemontcg.BASE_URL,
        manners,
        lambda client, most: pokemontcg.PokemonTcg(client, key, most),
    )


def _tcgplayer(settings: SourcesSettings) -> tuple[str, Manners, _Make] | None:
    public, private = settings.tcgplayer_public_key, settings.tcgplayer_private_key
    if not public or not private:
        return None
    return (
        tcgplayer.BASE_URL,
        tcgplayer.MANNERS,
        lambda client, most: tcgplayer.TcgplayerApi(client, public, private, most),
    )


def _ebay(settings: SourcesSettings) -> tuple[str, Manners, _Make] | None:
    client_id, secret = settings.ebay_client_id, settings.ebay_client_secret
    if not client_id or not secret:
        return None
    place, currency = settings.ebay_marketplace, settings.ebay_currency
    return (
        ebay.BASE_URL,
        ebay.MANNERS,
        lambda client, most: ebay.Ebay(client, client_id, secret, place, currency, most),
    )
