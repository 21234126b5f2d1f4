"""A second emulator, which hands frames on side by side as AWS does: only `python3 dev.py aws` runs this."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.aws import test_contract as contract
from tests.aws.little_gateway import KEYS, SECRET, built_zip
from tests.aws.phone import GatewayPhone, refused
from tests.support import PATIENCE, ROOT, Person, Server, free_port, until

HOME = ROOT / "tests" / "aws" / "serverless"

if not os.environ.get("PARLEY_SERVERLESS"):
    pytest.skip("the second emulator is run by `python3 dev.py aws` alone", allow_module_level=True)

# The same script, through this gateway.
test_every_action_is_done_and_told = contract.test_every_action_is_done_and_told
test_a_removed_member_hears_no_more = contract.test_a_removed_member_hears_no_more
test_people_of_both_doors_see_each_others_messages_in_one_order = (
    contract.test_people_of_both_doors_see_each_others_messages_in_one_order
)


class Offline:
    """serverless-offline with the shipped Lambdas."""

    def __init__(self, folder: Path) -> None:
        zipfile.ZipFile(built_zip(folder)).extractall(folder)
        shutil.copy(HOME / "serverless.yml", folder)
        (folder / "node_modules").symlink_to(HOME / "node_modules")
        self.service_port, self.port = free_port(), free_port()
        ports = {"HTTP_PORT": free_port(), "WEBSOCKET_PORT": self.port, "LAMBDA_PORT": free_port()}
        environ = {
            **os.environ,
            **{name: str(port) for name, port in ports.items()},
            "FORWARD_URL": f"http://127.0.0.1:{self.service_port}/internal/aws/ws",
            "FORWARD_SECRET": SECRET,
            "TICKET_KEYS": KEYS,
            "ALLOWED_ORIGINS": "https://chat.example.org",
            "SLS_TELEMETRY_DISABLED": "1",
            "SLS_NOTIFICATIONS_MODE": "off",
        }
        self.log_file = folder / "serverless.log"
        program = str(HOME / "node_modules" / ".bin" / "serverless")
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [program, "offline", "start"], cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True
            )
        until(self.is_ready, 90)

    def is_ready(self) -> bool:
        """the emulator listens"""
        assert self.process.poll() is None, self.log_file.read_text()[-3000:]
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AWS_GATEWAY_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "AWS_FORWARD_SECRET": SECRET,
            "TICKET_KEYS": KEYS,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)  # it starts a Python for each call that is under way
        self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offline]:
    gateway = Offline(tmp_path_factory.mktemp("offline"))
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def service(gateway: Offline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("service"), gateway.settings, port=gateway.service_port).start()
    yield server
    server.stop()


def test_a_ticket_that_is_none_is_refused_and_a_used_one_too(gateway: Offline, ana: Person) -> None:
    ticket = ana.post("/tickets").data["ticket"]
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket[:-4] + "AAAA")) == 403
    GatewayPhone(ana, gateway.url, ticket).hangs_up()
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403


def test_signing_out_closes_the_connection(dial: Any, service: Server, ana: Person) -> None:
    phone = dial(ana)
    ana.delete("/session").expect(200)
    until(phone.disconnected.is_set)


def test_frames_that_overtake_each_other_are_each_answered_and_stored_once(dial: Any, ana: Person) -> None:
    town = ana.opens("public")
    phone = dial(ana)
    bodies = {f"p{number}": str(number) for number in range(12)}
    for request_id, text in bodies.items():
        phone.socket.send(
            f'{{"action":"message","request_id":"{request_id}","channel_id":"{town}","text":"{text}",'
            f'"client_msg_id":"00000000-0000-4000-8000-{int(text):012d}"}}'
        )
    until(lambda: set(bodies) <= set(phone.answers), 30)
    texts = [message["text"] for message in ana.get(f"/channels/{town}/messages").data["messages"]]
    assert sorted(texts, key=int) == sorted(bodies.values(), key=int)


def test_after_a_close_for_silence_one_comes_back_and_catches_up(dial: Any, ana: Person, bo: Person) -> None:
    town = ana.opens("public", bo)
    phone = dial(bo)
    since = phone.looks_at(town)["seq"]
    until(phone.disconnected.is_set, 30)  # ten minutes with AWS, eight seconds here
    missed = ana.says(town, "meanwhile")
    again = dial(bo)
    assert again.looks_at(town, since=since, epoch=again.hello["epoch"])["messages"][0]["id"] == missed["id"]
