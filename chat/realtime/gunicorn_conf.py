"""How gunicorn serves Parley; gunicorn.conf.py in the checkout and `chat run` both use it."""

import os
import warnings
from typing import Any

import gunicorn.workers

# Gunicorn dropped its eventlet worker in 26.0; ours takes its name, so that the customary
# `gunicorn -k eventlet -w 1 wsgi:app` goes on working.
gunicorn.workers.SUPPORTED_WORKERS["eventlet"] = "chat.realtime.worker.EventletWorker"

# Known and decided: docs/decisions/ tells why eventlet, and how to leave it.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

gunicorn.workers.SUPPORTED_WORKERS["gthread"] = "chat.realtime.threaded.DiscreetThreadWorker"
worker_class = "gthread" if os.environ.get("ASYNC_MODE") == "threading" else "eventlet"
threads = 200  # of the threading mode: each open connection holds one
host = os.environ.get("HOST") or "127.0.0.1"
bind = f"{f'[{host}]' if ':' in host else host}:{os.environ.get('PORT') or '5000'}"

worker_connections = 10_000  # requests at a time; websockets are let go by then, and bounded by the open files
graceful_timeout = 30  # seconds for requests to end; websockets are closed at once
keepalive = 75  # seconds; longer than the proxies in front keep theirs, else they meet closed ones

logger_class = "chat.realtime.discreet.DiscreetLogger"
accesslog = None  # the proxy in front writes one
access_log_format = '%(h)s "%(r)s" %(s)s %(B)s %(M)s ms %({x-request-id}o)s'
loglevel = "warning"
control_socket_disable = True  # else gunicorn opens one in the home of whoever runs it


def post_worker_init(worker: Any) -> None:
    """Gunicorn's hook: the application is loaded in a worker, which begins to serve (``on_worker_start``)."""
    getattr(worker.wsgi, "on_worker_start", lambda: None)()


def nworkers_changed(_server: Any, new: int, _old: int | None) -> None:
    """Gunicorn's hook: let the workers know how many they are, by WEB_CONCURRENCY, `-w`, a reload or a signal."""
    os.environ["WEB_CONCURRENCY"] = str(max(1, new))
