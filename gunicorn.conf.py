"""Read by `gunicorn wsgi:app` in this folder by itself."""

from chat.realtime.gunicorn_conf import *  # noqa: F403
