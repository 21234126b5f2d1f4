"""A client for bots, scripts and tests. It loses nothing, says nothing twice, and keeps the order (docs/bots.md).

It follows the client rules of docs/protocol.md, and needs python-socketio, websocket-client and requests, nothing else.
"""

from __future__ import annotations

from chat.client.client import Client
from chat.client.errors import ClientError, Refused, SessionEnded, StillWaiting, WrongOutbox
from chat.client.events import (
    Changed,
    Channel,
    ChannelChanged,
    Event,
    Joined,
    Left,
    Member,
    MemberChanged,
    Message,
    Missed,
    Posted,
    Reaction,
    User,
)
from chat.client.outbox import Sending
from chat.client.shelf import Item

__all__ = [
    "Changed",
    "Channel",
    "ChannelChanged",
    "Client",
    "ClientError",
    "Event",
    "Item",
    "Joined",
    "Left",
    "Member",
    "MemberChanged",
    "Message",
    "Missed",
    "Posted",
    "Reaction",
    "Refused",
    "Sending",
    "SessionEnded",
    "StillWaiting",
    "User",
    "WrongOutbox",
]
