"""Who does what takes long: a process a job on this machine, or Celery workers where REDIS_URL is set.

REDIS_URL     for example redis://127.0.0.1:6379/0: jobs wait there for workers, and their progress is read from there
EXPORT_DIR    where exports are put together; servers and workers must see the same folder
EXPLORER_URL  where workers find the server; default: where the page was asked for, which does for workers on one machine

`celery -A app.worker worker` starts a worker. It imports neither PyTorch nor an atlas.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import diskcache
import multiprocess
from dash import CeleryManager, DiskcacheManager
from dash.background_callback.managers import BaseBackgroundCallbackManager
from starlette.types import ASGIApp, Receive, Scope, Send

JOBS_BYTES = 2**24  # of progress and results: a few hundred bytes a job, the oldest go
RESULT_KEPT_S = 3600


def make_manager(folder: Path) -> BaseBackgroundCallbackManager:
    """Celery on Redis where REDIS_URL is set; else a process a job, whose progress is kept in `folder`."""
    if url := os.environ.get("REDIS_URL"):
        return CeleryManager(celery_app(url))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return DiskcacheManager(diskcache.Cache(str(folder), size_limit=JOBS_BYTES))


def celery_app(url: str):
    """A Celery application whose queue and results are in Redis. It speaks JSON alone: no pickle."""
    from celery import Celery  # only where it is used: it takes as long to import as all of Dash

    app = Celery("integrated-cell", broker=url, backend=url)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_serializer="json",
        result_expires=RESULT_KEPT_S,
        worker_prefetch_multiplier=1,  # a job is minutes: let it wait where any worker can take it
        broker_connection_retry_on_startup=True,
    )
    return app


def end_jobs() -> None:
    """End the jobs that are processes of this server: it goes, and they would wait for it."""
    for job in multiprocess.active_children():
        job.terminate()


@contextmanager
def interruptible() -> Iterator[None]:
    """In this block a request to end is a KeyboardInterrupt, so that what was begun is cleared away.

    A job begins as a copy of the server, whose own answer to such requests would do nothing in it.
    """

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {which: signal.signal(which, interrupt) for which in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


class OwnAddress:
    """ASGI middleware that learns where this server can be reached from its own machine.

    From the socket that a request came in by, not from what the request says: nobody can send jobs elsewhere.
    """

    url = ""  # without a slash at its end

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """The application, listened in to."""

        async def listening(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope.get("server") and scope["server"][1] is not None:
                host, port = scope["server"]
                self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            await app(scope, receive, send)

        return listening

    def __str__(self) -> str:
        return os.environ.get("EXPLORER_URL", "").rstrip("/") or self.url
