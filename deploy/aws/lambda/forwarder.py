"""Brings every event of the API Gateway to the Parley service, signed. Needs the standard library alone.

(boto3, which the Lambda runtime has, reads the secret if FORWARD_SECRET_ARN names one.) It never raises: a status is
what the API Gateway understands, 200 for an action that was answered, whatever the answer was.
"""

import hashlib
import hmac
import json
import os
import time
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

TIMEOUT = 25  # seconds; the API Gateway waits for 29
_secret = None


def handler(event, context):
    """The Lambda's entry point: the status that the service answers, or 502 when it cannot be reached."""
    try:
        return {"statusCode": forward(json.dumps(event, separators=(",", ":")).encode())}
    except Exception as error:
        print(f"not forwarded: {type(error).__name__}")  # never the event: it holds tickets and what people write
        return {"statusCode": 502}


def forward(body):
    """Post an event to the service; its status."""
    timestamp = str(int(time.time()))
    signature = hmac.new(secret(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Chat-Timestamp": timestamp,
        "X-Chat-Signature": signature,
    }
    url = urlsplit(os.environ["FORWARD_URL"])
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.netloc, timeout=TIMEOUT)
    try:
        connection.request("POST", url.path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def secret():
    """What the signature is made with; read once for as long as this Lambda lives."""
    global _secret
    if _secret is None:
        _secret = (os.environ.get("FORWARD_SECRET") or from_secrets_manager(os.environ["FORWARD_SECRET_ARN"])).encode()
    return _secret


def from_secrets_manager(arn):
    """A secret's text."""
    import boto3

    return boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
