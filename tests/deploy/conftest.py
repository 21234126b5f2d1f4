"""nginx, configured by the sample, in front of real servers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.support import PASSWORD, ROOT, Person, Server, free_port, until

HOST = "chat.example.org"
PUBLIC = {"PUBLIC_URL": f"https://{HOST}", "SECRET_KEY": "k" * 40, "TRUSTED_PROXIES": "1"}
# What an administrator changes besides: this machine has its own ports and folders.
MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/parley.conf;
}}
"""


def program(name: str) -> str:
    """Where a program is that the tests need, on PATH or where only root looks."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(f"{name} is needed here: install it, e.g. `apt-get install {name}`", pytrace=False)
    return found


@dataclass
class Front:
    """nginx by deploy/nginx.conf. It is asked like a server, at its own address."""

    folder: Path
    ports: list[int]
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> str:
        return str(self.folder / "cert.pem")

    @property
    def log(self) -> str:
        """Everything that nginx wrote down."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def configure(self) -> Path:
        """The sample with this machine's ports and files in it; several processes as its comments say."""
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        if len(self.ports) > 1:
            text = re.sub(r"^    server 127\.0\.0\.1:5000;\n", "", text, flags=re.MULTILINE)
            text = re.sub(r"^    # (ip_hash;|server 127\.0\.0\.1:\d+;)$", r"    \1", text, flags=re.MULTILINE)
        for sample, own in zip(
            re.findall(r"^    server 127\.0\.0\.1:(\d+);$", text, re.MULTILINE), self.ports, strict=True
        ):
            text = text.replace(f"127.0.0.1:{sample};", f"127.0.0.1:{own};")
        text = re.sub(r"^    listen \[::\].*\n", "", text, flags=re.MULTILINE)  # not every machine has IPv6
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.plain_port};")
        text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
        text = re.sub(r"/etc/letsencrypt/live/\S+/fullchain\.pem", self.certificate, text)
        text = re.sub(r"/etc/letsencrypt/live/\S+/privkey\.pem", str(self.folder / "key.pem"), text)
        text = text.replace("/var/log/nginx/parley.log", str(self.folder / "access.log"))
        text = text.replace("/var/log/nginx/parley-error.log", str(self.folder / "parley-error.log"))
        (self.folder / "parley.conf").write_text(text)
        main = self.folder / "nginx.conf"
        main.write_text(MAIN.format(folder=self.folder, user="user root;" if os.geteuid() == 0 else ""))
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(self.folder / "key.pem")]
        names = f"subjectAltName=DNS:{HOST},IP:127.0.0.1"
        command = [
            program("openssl"),
            "req",
            "-x509",
            *key,
            "-out",
            self.certificate,
            "-days",
            "2",
            "-subj",
            "/CN=test",
        ]
        subprocess.run([*command, "-addext", names], check=True, capture_output=True)
        return main

    def check(self) -> str:
        """What nginx says of its configuration."""
        command = [program("nginx"), "-t", "-p", str(self.folder), "-c", str(self.configure())]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stderr

    def start(self) -> Front:
        command = [program("nginx"), "-p", str(self.folder), "-c", str(self.configure())]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers, 30)
        return self

    def answers(self) -> bool:
        """nginx and the server behind it answer"""
        assert self.process
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        try:
            return self.get("/readyz").ok
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    def get(self, path: str, **headers: str) -> requests.Response:
        """Ask as somebody's browser would."""
        return requests.get(
            f"{self.url}{path}",
            headers={"Host": HOST, **headers},
            verify=self.certificate,
            timeout=30,
            allow_redirects=False,
        )

    def person(self, name: str, invite: str = "", **headers: str) -> Person:
        """Someone who comes this way, signed up with an invite if they have one, and signed in."""
        person = Person(self, name)  # type: ignore[arg-type]
        person.http.trust_env, person.http.verify = (
            False,
            self.certificate,
        )  # the environment may name other authorities
        person.http.headers.update({"Host": HOST, **headers})
        if invite:
            person.sign_up(invite).expect(201)
        return person.sign_in()


@pytest.fixture
def front(
    own_server: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Front]]:
    """Starts nginx in front of these servers, or of one of its own."""
    started: list[Front] = []

    def start(*servers: Server, **settings: str) -> Front:
        behind = servers or (own_server(**PUBLIC, **settings),)
        folder = tmp_path_factory.mktemp("nginx")
        started.append(Front(folder, [server.port for server in behind]).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


def first_invite(server: Server) -> str:
    """The link that the start of a public server prints."""
    return server.log().split("/invite/")[1].split()[0]


__all__ = ["HOST", "PASSWORD", "PUBLIC", "Front", "first_invite", "program"]
