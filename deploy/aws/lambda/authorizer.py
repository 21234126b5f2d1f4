"""Lets nobody connect without a ticket of Parley's. Needs the standard library alone, and tickets.py beside it.

It knows no database: whether the ticket was used and its session still holds, the service finds out right after.
(boto3, which the Lambda runtime has, reads the keys if TICKET_KEYS_ARN names a secret.)
"""

import os
import time

from tickets import BadTicket, parse_keys, verify

REFRESH = 300  # seconds after which the keys are read again, so that new ones are known soon
_keys = (0.0, {})


def handler(event, context):
    """The Lambda's entry point: a policy that allows this one connect, or denies it."""
    try:
        ticket = verify(keys(), (event.get("queryStringParameters") or {}).get("ticket") or "")
        allowed = is_welcome(event.get("headers") or {})
    except BadTicket as error:
        print(f"refused: {error}")  # its reason, never the ticket
        return policy("Deny", event, "nobody", {})
    if not allowed:
        print("refused: a page of another origin")
        return policy("Deny", event, "nobody", {})
    about = {"sid": ticket.session_id, "sv": str(ticket.version), "jti": ticket.id}
    return policy("Allow", event, ticket.user_id, about)


def policy(effect, event, principal, about):
    """What the API Gateway wants to hear. All of ``about`` comes along with every later event, as strings."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": about}


def is_welcome(headers):
    """Whether the page may connect: its origin is named in ALLOWED_ORIGINS. Programs send none."""
    origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
    return origin is None or origin in os.environ.get("ALLOWED_ORIGINS", "").split(",")


def keys():
    """The keys that tickets may be signed with."""
    global _keys
    if "TICKET_KEYS" in os.environ:
        return parse_keys(os.environ["TICKET_KEYS"])
    read_at, found = _keys
    if not found or time.monotonic() - read_at > REFRESH:
        import boto3

        answer = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["TICKET_KEYS_ARN"])
        _keys = (time.monotonic(), parse_keys(answer["SecretString"]))
    return _keys[1]
