"""The server's entry point: `gunicorn wsgi:app`, as `chat run` does; or `python wsgi.py` where gunicorn cannot run."""

from __future__ import annotations

import gc
import os

gc.disable()  # nothing of what is made from here on is garbage: looking for it takes a seventh of the start
if __name__ == "__main__":
    os.environ["ASYNC_MODE"] = "threading"  # green threads need our gunicorn worker
if os.environ.get("ASYNC_MODE", "auto") != "threading":
    import eventlet

    eventlet.monkey_patch()  # before anything else is imported: what was imported earlier would stay blocking

from chat import create_app  # noqa: E402

app = create_app(migrates=False)  # `chat run` and `chat db upgrade` have done it

# What is there now stays for good, and next to nothing of it is garbage: to look for that now would take a tenth of the
# start, and full garbage collections need not go through it, which held up everybody for 60 ms.
gc.freeze()
# So many new objects before a look at them. With Python's 700, looking takes a twentieth of what a send does; with
# 10,000 one look holds up everybody for milliseconds.
gc.set_threshold(2_000)
gc.enable()

if __name__ == "__main__":
    from chat.realtime.standalone import serve

    serve(app)
