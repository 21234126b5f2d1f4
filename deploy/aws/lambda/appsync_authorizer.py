"""Decides who may connect to AppSync Events, and listen to which channel. Needs the standard library alone.

A ticket opens the connection. For each channel the service is asked, signed like everything the forwarder brings: it
alone knows whether the person's session holds and may read it now. Nobody publishes but the service, which AWS knows
by its role and does not ask here about.
"""

import json
import os

from authorizer import keys
from forwarder import forward
from tickets import BadTicket, verify


def handler(event, context):
    """The Lambda's entry point. Nothing is remembered (ttlOverride): every subscription is asked anew."""
    try:
        allowed = may(event["requestContext"], event.get("authorizationToken") or "")
    except BadTicket as error:
        print(f"refused: {error}")  # its reason, never the ticket
        allowed = False
    except Exception as error:
        print(f"refused: {type(error).__name__}")
        allowed = False
    return {"isAuthorized": allowed, "ttlOverride": 0}


def may(asked, token):
    """Whether the bearer of this ticket may do what is asked."""
    ticket = verify(keys(), token)
    if asked["operation"] == "EVENT_CONNECT":
        return True
    if asked["operation"] != "EVENT_SUBSCRIBE":
        return False
    start, _, channel_id = asked["channel"].rpartition("/")
    if start != f"/{os.environ['NAMESPACE']}" or not (channel_id.isascii() and channel_id.isalnum()):
        return False
    question = {"user_id": ticket.user_id, "session_id": ticket.session_id, "channel_id": channel_id}
    return forward(json.dumps(question).encode()) == 200
