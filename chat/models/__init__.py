"""Everything that is stored. Rows of a stream are never physically deleted, so that any absence can be caught up."""

from chat.models.channels import NAMED, Channel, Membership, ReadCursor
from chat.models.connections import (
    GatewayConnection,
    GatewayLease,
    GatewaySubscription,
    GatewayTold,
    UsedTicket,
)
from chat.models.messages import FileReference, Mention, Message, NewMessage, Reaction, Revision
from chat.models.people import Invite, LoginThrottle, Session, User
from chat.models.streams import Deployment, Stream

__all__ = [
    "NAMED",
    "Channel",
    "Deployment",
    "FileReference",
    "GatewayConnection",
    "GatewayLease",
    "GatewaySubscription",
    "GatewayTold",
    "Invite",
    "LoginThrottle",
    "Membership",
    "Mention",
    "Message",
    "NewMessage",
    "Reaction",
    "ReadCursor",
    "Revision",
    "Session",
    "Stream",
    "UsedTicket",
    "User",
]
