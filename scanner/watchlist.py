"""The printings whose prices the shop keeps an eye on: one of its lists of cards, by a fixed name.

So that alerts, sort rules and filters may ask for it like for any other list.
"""

from __future__ import annotations

from scanner.card_facts import folded
from scanner.errors import ConditionError
from scanner.store import Store

WATCHLIST = "Watchlist"
MOST_WATCHED = 500


def watched(store: Store) -> list[str]:
    """The entries: catalog ids, as long as nobody has written names into the list by hand."""
    return store.card_lists().get(WATCHLIST, [])


def watch(store: Store, card_id: str, *, on: bool) -> bool:
    """Put a printing on the list or take it off; whether that changed anything.

    Raises ConditionError when the list is full.
    """
    entries = watched(store)
    is_on = any(folded(entry) == folded(card_id) for entry in entries)
    if is_on == on:
        return False
    if on and len(entries) >= MOST_WATCHED:
        raise ConditionError(f"The watchlist has {MOST_WATCHED} cards; take one off first.")
    kept = [entry for entry in entries if folded(entry) != folded(card_id)]
    store.set_card_list(WATCHLIST, [*kept, card_id] if on else kept)
    return True
