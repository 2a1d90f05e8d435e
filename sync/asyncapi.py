"""The protocol as an AsyncAPI 3 document, made from `sync.protocol` and `sync.protocol_fleet`.

`python -m sync.asyncapi` prints it; docs/asyncapi.json is its output, and a test holds that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sync.protocol import (
    ROOT,
    SHOP_RULES,
    VERSION,
    AlertRules,
    Alerts,
    Counters,
    DeviceState,
    PriceDelta,
    PriceSnapshot,
    Received,
    RuleChanges,
    ShopRules,
)
from sync.protocol_fleet import (
    CommandAnswers,
    DeviceCommand,
    Holdings,
    LogLines,
    ModelsRelease,
    PackRelease,
)
from sync.protocol_rows import UP, rows_model

_ZLIB = "application/json; compressed with zlib (RFC 1950)"
_JSON = "application/json"
_PARAMETERS = {
    "device": "The device's name, which is its user name at the broker; percent-encoded.",
    "game": "The game's name; percent-encoded.",
    "channel": "What a device follows (its setting sync.channel); percent-encoded.",
    "set": "The set's name; percent-encoded, % where it has none.",
}


@dataclass(frozen=True, slots=True)
class _Channel:
    name: str
    address: str
    model: type[BaseModel]
    content: str
    sender: str
    retained: bool


def _channels() -> list[_Channel]:
    device, prices = f"{ROOT}/device/{{device}}", f"{ROOT}/prices/{{game}}/{{set}}"
    up = [
        _Channel(
            f"{stream}Rows", f"{device}/up/{stream}", rows_model(stream), _ZLIB, "device", False
        )
        for stream in UP
    ]
    return [
        *up,
        _Channel("alertRules", f"{device}/up/rules", AlertRules, _ZLIB, "device", True),
        _Channel("ruleChanges", f"{device}/up/shared_rules", RuleChanges, _ZLIB, "device", True),
        _Channel("shopRules", SHOP_RULES, ShopRules, _ZLIB, "cloud", True),
        _Channel("counters", f"{device}/up/counters", Counters, _JSON, "device", True),
        _Channel("state", f"{device}/state", DeviceState, _JSON, "device", True),
        _Channel("received", f"{device}/down/received", Received, _JSON, "cloud", True),
        _Channel("alerts", f"{device}/down/alerts", Alerts, _ZLIB, "cloud", True),
        _Channel("command", f"{device}/down/command", DeviceCommand, _JSON, "cloud", False),
        _Channel("answers", f"{device}/up/answers", CommandAnswers, _JSON, "device", True),
        _Channel("log", f"{device}/up/log", LogLines, _ZLIB, "device", False),
        _Channel("holdings", f"{device}/up/holdings", Holdings, _JSON, "device", True),
        _Channel(
            "packRelease", f"{ROOT}/pack/{{game}}/{{channel}}", PackRelease, _JSON, "cloud", True
        ),
        _Channel(
            "modelsRelease", f"{ROOT}/models/{{channel}}", ModelsRelease, _JSON, "cloud", True
        ),
        _Channel("priceSnapshot", f"{prices}/snapshot", PriceSnapshot, _ZLIB, "cloud", True),
        _Channel("priceDelta", f"{prices}/delta", PriceDelta, _ZLIB, "cloud", True),
    ]


def document() -> dict[str, Any]:
    """The whole document, for the side of the cloud: it receives what devices send."""
    channels = _channels()
    models = [(channel.model, "validation") for channel in channels]
    _, schemas = models_json_schema(
        models,  # type: ignore[arg-type]
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Counterscan: device and cloud",
            "version": str(VERSION),
            "description": "MQTT 5, QoS 1. docs/SYNC.md says what each end does with it.",
        },
        "defaultContentType": _JSON,
        "channels": {channel.name: _channel(channel) for channel in channels},
        "operations": {
            f"{'receive' if channel.sender == 'device' else 'send'}{channel.name[0].upper()}"
            f"{channel.name[1:]}": {
                "action": "receive" if channel.sender == "device" else "send",
                "channel": {"$ref": f"#/channels/{channel.name}"},
                "bindings": {"mqtt": {"qos": 1, "retain": channel.retained}},
            }
            for channel in channels
        },
        "components": {
            "messages": {channel.model.__name__: _message(channel) for channel in channels},
            "schemas": schemas["$defs"],
        },
    }


def _channel(channel: _Channel) -> Mapping[str, Any]:
    return {
        "address": channel.address,
        "messages": {
            channel.model.__name__: {"$ref": f"#/components/messages/{channel.model.__name__}"}
        },
        "parameters": {
            name: {"description": text}
            for name, text in _PARAMETERS.items()
            if f"{{{name}}}" in channel.address
        },
    }


def _message(channel: _Channel) -> Mapping[str, Any]:
    return {
        "summary": (channel.model.__doc__ or "").splitlines()[0],
        "contentType": channel.content,
        "payload": {"$ref": f"#/components/schemas/{channel.model.__name__}"},
    }


def text() -> str:
    """The document as the file in docs/ has it."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
