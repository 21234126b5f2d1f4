"""Fixtures: the browsers of people, whose servers and networks break here too."""

from tests.browser.conftest import chromium, fragile, network, screen

__all__ = ["chromium", "fragile", "network", "screen"]
