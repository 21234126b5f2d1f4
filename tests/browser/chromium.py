"""Finds the browser that the tests drive, or installs one; standard library only, dev.py asks too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

APPLICATIONS = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]

# Where Playwright keeps what it downloads, and what the programs are called in there.
DOWNLOADS = [
    os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""),
    os.path.expanduser("~/.cache/ms-playwright"),
    os.path.expanduser("~/Library/Caches/ms-playwright"),
]
DOWNLOADED = [
    "chromium-*/*/chrome",
    "chromium-*/*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/*/*headless*shell",
]


def find_chromium():
    """The path of a Chromium or Chrome that starts, or None. $CHROMIUM goes before all others."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen if starts(chosen) else None
    return next(filter(starts, candidates()), None)


def candidates():
    """Every place worth a look, the likeliest first."""
    yield from filter(None, map(shutil.which, COMMANDS))
    yield from filter(os.path.exists, APPLICATIONS)
    for folder in filter(os.path.isdir, DOWNLOADS):
        for pattern in DOWNLOADED:
            yield from map(str, sorted(Path(folder).glob(pattern), reverse=True))


def starts(path):
    """Whether the program really runs: Ubuntu's `chromium-browser` may only tell you to get a snap."""
    try:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return version.returncode == 0 and "Chrom" in version.stdout


def ways_to_install(python=sys.executable):
    """What may bring a browser here, best first; each way is its commands, by what they bring."""
    playwright = [python, "-m", "playwright", "install", "--only-shell", "chromium"]
    if is_root() and is_debian():
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
        yield {
            "Debian's list of packages": [*apt, "update"],
            "Debian's Chromium": [*apt, "install", "-y", "--no-install-recommends", "chromium"],
        }
    if is_root():
        yield {"Playwright's Chromium and its libraries": [*playwright, "--with-deps"]}
    yield {"Playwright's Chromium": playwright}


def how_to_install():
    """One command for a person, where none of the ways led to a browser."""
    if is_debian():
        return "sudo apt-get install chromium"
    return ".venv/bin/python -m playwright install --with-deps --only-shell chromium"


def is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0


def is_debian():
    """Debian itself: on its children `chromium` is often a stub for something else."""
    try:
        return "\nID=debian\n" in "\n" + Path("/etc/os-release").read_text() and bool(shutil.which("apt-get"))
    except OSError:
        return False
