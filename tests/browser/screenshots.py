"""Shoots every screen of the table, wide and on a phone, light and dark; see --help."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.screens import SCREENS, SIZES, Town, names_at, shown
from tests.support import Server


def main() -> None:
    """Seed a server of its own, and take the pictures."""
    parser = argparse.ArgumentParser("python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="screens, by what their names begin with; all without")
    parser.add_argument("--folder", type=Path, default=Path("test-results/screens"))
    parser.add_argument("--size", nargs="*", choices=SIZES, default=["wide", "phone"])
    parser.add_argument("--theme", nargs="*", choices=["light", "dark"], default=["light", "dark"])
    asked = parser.parse_args()
    wanted = [name for name in SCREENS if not asked.names or name.startswith(tuple(asked.names))]
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        town = Town.planted(Server(Path(data), {"HEADS_SECONDS": "2"}))
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        try:
            for size in asked.size:
                for name in [name for name in wanted if name in names_at(size)]:
                    for theme in asked.theme:
                        file = asked.folder / f"{name.replace(' ', '-').replace(',', '')}.{size}.{theme}.png"
                        with shown(chromium, town, name, size, theme) as page:
                            page.screenshot(path=file)
                        print(file)
        finally:
            town.server.stop()


if __name__ == "__main__":
    main()
