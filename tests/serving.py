"""The explorer on a free port, in this process, so that a test can inject a decoder and see what it was asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI


@contextmanager
def serving(server: FastAPI) -> Iterator[str]:
    """Serve until the block ends; yields the root URL, without a slash at its end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = uvicorn.Server(uvicorn.Config(server, log_level="warning"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"  # a request that comes too early waits to be accepted
        finally:
            running.should_exit = True
            thread.join()
