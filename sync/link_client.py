"""The paho client as a link uses it: how it is made, connected, waited on."""

from __future__ import annotations

import select
from typing import Protocol

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from sync.pairing import Pairing
from sync.tls import tls_context
from sync.wire import LARGEST_PACKET_BYTES

KEEPALIVE_S = 30
CONNECT_WITHIN_S = 10.0


class Socket(Protocol):
    """What can be waited on."""

    def fileno(self) -> int:
        """The operating system's number for it."""


def make_client(pairing: Pairing, client_id: str, will: tuple[str, bytes] | None) -> mqtt.Client:
    """A client that is not connected. Raises `ConfigError` for a certificate of no use."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_WITHIN_S
    client.username_pw_set(pairing.user, pairing.password or None)
    if pairing.encrypted:
        client.tls_set_context(tls_context(pairing))
    if will is not None:
        client.will_set(will[0], will[1], qos=1, retain=True)
    return client


def connect(client: mqtt.Client, pairing: Pairing, session_s: int, keepalive_s: int) -> None:
    """Ask for a connection to the session that the broker may have. Raises OSError, ValueError."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = session_s
    properties.MaximumPacketSize = LARGEST_PACKET_BYTES
    client.connect(
        pairing.host,
        pairing.port,
        keepalive=keepalive_s,
        clean_start=False,
        properties=properties,
    )


def leave(client: mqtt.Client, *, forget: bool) -> None:
    """Say goodbye; `forget`: the broker need not keep the session."""
    properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
    if forget:
        properties.SessionExpiryInterval = 0
    client.disconnect(properties=properties)


def loop_by_select(client: mqtt.Client, timeout_s: float) -> MQTTErrorCode:
    """Do what the network asks for; paho's own loop."""
    return client.loop(timeout_s)


def loop_by_poll(client: mqtt.Client, timeout_s: float) -> MQTTErrorCode:
    """Paho's loop by its parts; the socket's number may be as high as it likes."""
    connection = client.socket()
    if connection is None:
        return MQTTErrorCode.MQTT_ERR_NO_CONN
    waiting = select.poll()
    wants = select.POLLOUT if client.want_write() else 0
    waiting.register(connection, select.POLLIN | wants)
    found = waiting.poll(timeout_s * 1000)
    code = MQTTErrorCode.MQTT_ERR_SUCCESS
    if found and found[0][1] & ~select.POLLOUT:
        code = client.loop_read()
    if wants and code == MQTTErrorCode.MQTT_ERR_SUCCESS:
        code = client.loop_write()
    return code if code != MQTTErrorCode.MQTT_ERR_SUCCESS else client.loop_misc()


def subscribe(client: mqtt.Client, topic_filter: str, *, again: bool) -> None:
    """Ask for a filter's messages; `again`: for the retained ones once more."""
    options = SubscribeOptions(
        qos=1,
        retainAsPublished=True,
        retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
        if again
        else SubscribeOptions.RETAIN_SEND_IF_NEW_SUB,
    )
    client.subscribe(topic_filter, options=options)
