"""What the broker must enforce, as Mosquitto's access list: a device sees its own topics only."""

from __future__ import annotations

from sync.home_assistant import PREFIX
from sync.protocol import ROOT, SHOP_RULES
from sync.protocol_fleet import FLEET_UP
from sync.protocol_rows import UP


def access_list(cloud_user: str = "cloud") -> str:
    """The access list (`acl_file`): a device's user name is its name in the topics."""
    up = "\n".join(
        f"pattern write {ROOT}/device/%u/up/{stream}"
        for stream in (*UP, "counters", "rules", "shared_rules", *FLEET_UP)
    )
    return f"""\
# Made by `counterscan cloud broker-acl`. What is not allowed here is refused.

user {cloud_user}
topic readwrite {ROOT}/#

# Every device: its own rows up, its own messages down; what is for everybody.
# (Of the last, Mosquitto warns that they hold no %u: they are meant for everybody.)
{up}
pattern write {ROOT}/device/%u/state
pattern read {ROOT}/device/%u/down/+
pattern read {SHOP_RULES}
pattern read {ROOT}/prices/+/+/+
pattern read {ROOT}/pack/+/+
pattern read {ROOT}/models/+
pattern write {PREFIX}/device/%u/config
"""
