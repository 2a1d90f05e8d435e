"""What makes a shop's own Home Assistant show this device, without anything to set up there.

The format is Home Assistant's MQTT device discovery (2024.11 and later):
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. Pure.
"""

from __future__ import annotations

import json
from typing import Any

from sync.protocol import device_topic, part

PREFIX = "homeassistant"
_COUNTERS = {
    "accepted": ("Cards accepted", "mdi:cards", "total_increasing"),
    "review": ("Cards for review", "mdi:eye-check", "total_increasing"),
    "unknown": ("Cards unknown", "mdi:help-box", "total_increasing"),
    "waiting": ("Rows waiting for the cloud", "mdi:cloud-upload", "measurement"),
}


def discovery_topic(device: str) -> str:
    """Where Home Assistant looks for a device."""
    return f"{PREFIX}/device/{part(device)}/config"


def discovery(device: str, release: str, page: str) -> bytes:
    """The device and its entities; `page` is the address of its page."""
    components: dict[str, Any] = {
        "online": {
            "platform": "binary_sensor",
            "name": "Connection",
            "unique_id": f"counterscan_{device}_online",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": device_topic(device, "state"),
            "value_template": "{{ 'ON' if value_json.online else 'OFF' }}",
        }
    }
    for key, (name, icon, kind) in _COUNTERS.items():
        components[key] = {
            "platform": "sensor",
            "name": name,
            "unique_id": f"counterscan_{device}_{key}",
            "icon": icon,
            "state_class": kind,
            "state_topic": device_topic(device, "up", "counters"),
            "value_template": f"{{{{ value_json.{key} }}}}",
        }
    what = {
        "device": {
            "identifiers": [f"counterscan_{device}"],
            "name": f"Counterscan {device}",
            "model": "Counterscan",
            "sw_version": release,
            "configuration_url": page,
        },
        "origin": {"name": "Counterscan", "sw_version": release},
        "components": components,
        "qos": 1,
    }
    return json.dumps(what, separators=(",", ":")).encode()
