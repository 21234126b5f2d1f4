"""Whose an address is: bounds are counted by networks, since who has one IPv6 address has as many as they like."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")


def network_of(address: str) -> str:
    """The network that an address counts as: itself for IPv4, its /64 for IPv6; a port is dropped.

    What is no address counts as itself, so that all of it shares one bound.
    """
    found = _WITH_PORT.fullmatch(address)
    bare = (found[1] or found[2]) if found else address
    try:
        parsed: IPv4Address | IPv6Address = ip_address(bare.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ip_network((parsed, 64), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)
