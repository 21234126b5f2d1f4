"""The gunicorn worker of ASYNC_MODE=threading: gunicorn's own, discreet."""

from gunicorn.workers.gthread import ThreadWorker

from chat.realtime.discreet import Discreet


class DiscreetThreadWorker(Discreet, ThreadWorker):
    """A thread for each open connection."""
