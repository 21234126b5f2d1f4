"""Our Engine.IO transport: bounded for every client, and cheap for thousands that listen to the same.

engine.py    the server of connections: who may come, who has to go, pings
sockets.py   one client's engine: long-polling, and websockets with a thread each, by the library
live.py      the same with a line for its websocket
line.py      a websocket on the event loop, without a green thread of its own
workers.py   the green threads that take what arrived
frames.py    what is on the wire (RFC 6455)
rooms.py     who is in which Socket.IO room, and one frame for all of them
"""

from chat.realtime.transport.engine import Engine
from chat.realtime.transport.rooms import RoomManager

__all__ = ["Engine", "RoomManager"]
