#!/usr/bin/env python3
"""Packs what the Lambdas need into one zip: `python3 deploy/aws/build.py [parley-aws.zip]`."""

import os
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = {
    "forwarder.py": os.path.join(HERE, "lambda", "forwarder.py"),
    "authorizer.py": os.path.join(HERE, "lambda", "authorizer.py"),
    "appsync_authorizer.py": os.path.join(HERE, "lambda", "appsync_authorizer.py"),
    "tickets.py": os.path.join(HERE, "..", "..", "chat", "tickets.py"),
}


def build(path):
    """Write the zip; the same sources make the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in SOURCES.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            with open(source, "rb") as file:
                archive.writestr(entry, file.read())


if __name__ == "__main__":
    build(sys.argv[1] if len(sys.argv) > 1 else "parley-aws.zip")
