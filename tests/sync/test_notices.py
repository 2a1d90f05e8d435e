from __future__ import annotations

from pathlib import Path

import pytest

from scanner.store import Store
from scanner.store_sync import LinkKind
from webui.log_view import _cloud_problem


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ([], False),
        ([LinkKind.LOST], False),
        ([LinkKind.REFUSED], True),
        ([LinkKind.UNHEARD], True),
        ([LinkKind.REFUSED, LinkKind.CONNECTED], False),
    ],
)
def test_the_page_says_what_only_a_person_can_mend(
    tmp_path: Path, kinds: list[LinkKind], told: bool
) -> None:
    Store.open(tmp_path, role="feed").close()
    with Store.open(tmp_path, role="sync") as store:
        for kind in kinds:
            store.add_sync_event(kind, "Pair the device again.")
        said = _cloud_problem(store)
    assert said == ("Pair the device again. Scanning goes on; nothing is lost." if told else "")
