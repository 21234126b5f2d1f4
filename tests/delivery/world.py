"""The real dispatch, dispatcher, rooms and gateway on a real database, with chance instead of clocks and sockets.

Nothing runs by itself here: every commit, telling, frame, answer and fault is a step that the test chooses, so a
schedule can be repeated. What is asked between the reading of an answer and its arrival really happens between.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from chat import create_app, journal
from chat.actions import accounts, sessions
from chat.actors import Asker
from chat.app import Parley
from chat.database import transaction
from chat.dispatch import ACTIONS
from chat.errors import ChatError
from chat.journal import Events
from chat.models import Membership, User
from chat.realtime.dispatcher import Dispatcher
from chat.realtime.gateway import Gateway, SocketPost
from chat.realtime.rooms import Rooms
from tests.delivery.reducer import Client


class Wire:
    """Stands in for the Socket.IO server: keeps the rooms, and lays every frame into the receiver's queue."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[str]] = {}
        self.frames: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.manager = self

    def on(self, _name: str, _handler: Any) -> None: ...

    def is_connected(self, sid: str, _namespace: str) -> bool:
        return sid in self.frames

    def has_people(self, _namespace: str, room: str) -> bool:
        return bool(self.rooms.get(room))

    def enter_room(self, sid: str, room: str) -> None:
        self.rooms.setdefault(room, set()).add(sid)

    def leave_room(self, sid: str, room: str) -> None:
        self.rooms.get(room, set()).discard(sid)

    def emit(self, name: str, payload: dict[str, Any], room: str, skip_sid: list[str] | None = None) -> None:
        for sid in {room} if room in self.frames else self.rooms.get(room, set()) - set(skip_sid or ()):
            if sid in self.frames:
                self.frames[sid].append((name, payload))
                self.on_sent(sid, name, payload)

    def greet(self, sid: str, hello: dict[str, Any]) -> None:
        self.emit("hello", hello, room=sid)

    def on_sent(self, sid: str, name: str, payload: dict[str, Any]) -> None:
        """Overridden by the world, which looks whether they may hear it."""

    def hang_up(self, sid: str) -> None:
        self.frames.pop(sid, None)

    kick = hang_up


class Page:
    """One open page of someone: the client's state, and what is on its way to it."""

    def __init__(self, world: World, user_id: str, channel_id: str) -> None:
        self.world, self.user_id = world, user_id
        self.client = Client(user_id, channel_id, self.ask)
        self.sid: str | None = None
        self.asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.answers: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = []

    def ask(self, name: str, payload: dict[str, Any], mark: dict[str, Any]) -> None:
        self.asked.append((name, payload, mark))

    def connect(self) -> None:
        self.sid = uuid.uuid4().hex
        self.world.greet(self)

    def cut(self) -> None:
        if self.sid:
            self.world.gateway.on_disconnect(self.sid)
            self.world.wire.frames.pop(self.sid, None)
        self.sid, self.asked, self.answers = None, [], []
        self.client.disconnect()


class World:
    """A private channel, three people, four pages, and every fault that one process can have."""

    def __init__(self, folder: Path, *, healing: bool) -> None:
        self.healing = healing  # without heads and poll, nothing may be needed that only they would mend
        self.app = create_app({"DATA_DIR": str(folder), "ASYNC_MODE": "threading", "RATE_LIMITS": "off"})
        self.parley: Parley = self.app.extensions["chat"]
        self.told_while_out: list[tuple[str, int, str, dict[str, Any]]] = []
        self.between = lambda: None
        with self.app.app_context():
            upgrade()
            self.people = [self.sign_up(name) for name in ("ana", "bo", "cleo")]
        self.boot()
        ana, bo, cleo = self.people
        self.channel_id = self.does(ana, "create_channel", name="den", kind="private")["channel"]["id"]
        for other in (bo, cleo):
            self.does(ana, "add_member", channel_id=self.channel_id, user_id=other.session_user)
        who = (ana, bo, bo, cleo)
        self.pages = [Page(self, asker.session_user, self.channel_id) for asker in who]
        self.askers = {asker.session_user: asker for asker in self.people}

    def sign_up(self, name: str) -> Any:
        with transaction(writes=True) as session:
            journal.begin()
            user: User = accounts.make_account(name, name.title(), "correct horse")
            opened, _ = sessions.open_session(Asker(), user, "token", name)
            asker = Person(opened.id, user.id)
            session.commit()
        return asker

    def boot(self) -> None:
        """Start the process: nothing is followed, nobody is connected. Its background work is done step by step."""
        self.wire = Wire()
        self.wire.on_sent = self.note_who_is_out
        self.dispatcher = Dispatcher(self.parley.reader)
        self.dispatcher._running = True
        self.rooms = Rooms(
            self.dispatcher, SocketPost(self.wire), self.parley.reader.members_among, self.parley.reader.place_of
        )
        self.dispatcher.publishers.append(self.rooms)
        self.dispatch = self.parley.dispatch
        self.dispatch.wake = self.wake
        self.gateway = Gateway(
            self.wire,
            Between(self),
            self.dispatcher,
            self.rooms,
            self.app.app_context,
            lambda *_: Asker(),
            self.parley.reader.channels_of,
        )

    def wake(self, told: Events) -> None:
        """Each stream is a task of its own: where telling has to read, others come between those of one commit."""
        for stream_id, events in told.items():
            self.dispatcher.wake({stream_id: events})

    def note_who_is_out(self, sid: str, name: str, payload: dict[str, Any]) -> None:
        """Remember what of the private channel is sent to someone who is out of it by the database."""
        about = payload.get("stream") or payload.get("channel_id")
        connection = self.rooms.connections.get(sid)
        if connection is None or about != self.channel_id or name == "typing":
            return
        with self.app.app_context(), transaction(writes=False) as session:
            membership = session.get(Membership, (self.channel_id, connection.user_id))
            if membership and membership.left_at:
                self.told_while_out.append((connection.user_id, membership.changed_seq, name, payload))

    def does(self, person: Person, action: str, **payload: Any) -> dict[str, Any]:
        """Someone acts, over whichever door; committed on return, told later."""
        with self.app.app_context():
            return self.dispatch.perform(Asker(person.session_id), action, payload).data

    def tries(self, person: Person, action: str, **payload: Any) -> str:
        try:
            self.does(person, action, **payload)
        except ChatError as refusal:
            return refusal.code
        return "ok"

    def greet(self, page: Page) -> None:
        person = self.askers[page.user_id]
        self.wire.frames[page.sid] = []
        self.gateway.askers[page.sid] = Asker(person.session_id)
        self.rooms.connect(page.sid, page.user_id, person.session_id)
        self.gateway.greet(page.sid)

    # Steps -----------------------------------------------------------------------------------------

    def tell_one(self) -> bool:
        """The background does one piece of its work."""
        if self.dispatcher._work.empty():
            return False
        self.dispatcher._work.get()()
        return True

    def lose_wake(self) -> None:
        """A process dies between commit and telling, or a hint is lost: the poll has to find it."""
        if not self.dispatcher._work.empty():
            self.dispatcher._work.get()

    def serve(self, page: Page) -> bool:
        """The server takes the page's next question and reads its answer."""
        if not page.asked or page.sid not in self.wire.frames:
            return False
        name, payload, mark = page.asked.pop(0)
        if name == "count":
            person = self.askers[page.user_id]
            try:
                answer = {"ok": True, "data": self.does(person, "show_channel", **payload)}
            except ChatError as refusal:
                answer = {"ok": False, "error": refusal.as_dict()}
            page.answers.append((name, mark, answer, None))
        else:
            action = "sync" if name == "own sync" else name
            answer, after = self.gateway.on_action(page.sid, action, [payload])
            self.wire.frames[page.sid].append(("answer", (name, mark, answer)))
            if after:
                after()
        return True

    def deliver(self, page: Page, position: int) -> bool:
        """A frame arrives: the first, or any other when the order is not kept."""
        frames = self.wire.frames.get(page.sid)
        if page.answers:
            name, mark, answer, _ = page.answers.pop(0)
            page.client.on_answer(name, mark, answer)
            return True
        if not frames:
            return False
        name, payload = frames.pop(position % len(frames))
        if name == "answer":
            page.client.on_answer(*payload)
        else:
            page.client.on_event(name, payload)
        return True

    def kill(self) -> None:
        """The process dies, with everything it had not told yet; another one takes its place."""
        for page in self.pages:
            page.cut()
        self.boot()

    def settle(self) -> None:
        """The faults are over: let everything that heals do so, until nothing moves any more."""
        for page in self.pages:
            if page.sid is None or page.sid not in self.wire.frames:
                page.cut()
                page.connect()
        for _ in range(30):
            if not self.heal_once():
                return
        raise AssertionError("it never came to rest")

    def heal_once(self) -> bool:
        """Tell, poll, send the heads, and let every page ask; whether anything still moved."""
        moved = False
        while self.tell_one():
            moved = True
        if self.healing:
            self.dispatcher.poll()
            for connection in list(self.rooms.connections.values()):
                self.wire.emit("heads", self.rooms.heads(connection), room=connection.sid)
        for page in self.pages:
            page.client.backing_off = False
            while page.client.step() or self.serve(page) or self.deliver(page, 0):
                moved = moved or not self.is_only_heads(page)
        return moved

    def is_only_heads(self, page: Page) -> bool:
        """Whether nothing but heads that tell nothing new is left for the page."""
        return not page.asked and not page.answers and all(name == "heads" for name, _ in self.wire.frames[page.sid])


class Person:
    """A session, and whose it is."""

    def __init__(self, session_id: str, session_user: str) -> None:
        self.session_id, self.session_user = session_id, session_user


class Between:
    """The dispatch as the gateway asks it, with other people acting right before and after an answer is read."""

    def __init__(self, world: World) -> None:
        self.world = world

    def perform(self, asker: Asker, name: str, payload: dict[str, Any]) -> Any:
        assert name in ACTIONS
        self.world.between()
        answer = self.world.dispatch.perform(asker, name, payload)
        self.world.between()
        return answer
