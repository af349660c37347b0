"""`python -m app [atlas.h5 ...]`: open one or several atlases in the explorer."""

import argparse
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from app.cache import default_cache_dir
from model.atlas import Atlas
from model.errors import InputError

DEMO = Path(__file__).parent / "demo"


def open_atlases(paths: list[Path]) -> list[Atlas]:
    """The atlases in `paths`, or the ones that come with the program where there are none.

    Raises
    ------
    InputError
        for a file that is not a complete atlas, or where there is none at all.
    """
    paths = paths or sorted(DEMO.glob("*.h5"))
    if not paths:
        raise InputError(f"no atlas: {DEMO} holds none; give one, for example `python -m app atlas.h5`")
    return [Atlas(path) for path in paths]


def make_explorer(atlases: list[Atlas], cache_dir: Path, n_threads: int | None = None) -> FastAPI:
    """The ASGI application; `n_threads` CPU threads decode one volume, PyTorch's choice where None."""
    # Before PyTorch is imported, which is why it is imported here: its threads must sleep while they wait for work. If they
    # spin, as they do by default, a second program on the same processor makes decoding ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from app.server import make_server

    if n_threads:
        torch.set_num_threads(n_threads)
    return make_server(atlases, cache_dir=cache_dir).server


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or InputError where the address is not to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise InputError(f"cannot listen on {host}:{port} ({error}); give another --port or --host") from None


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C. Returns 0, or 2 for bad input (one line on standard error)."""
    parser = argparse.ArgumentParser(
        prog="python -m app", description="The explorer: a page and an API on one or several atlases."
    )
    parser.add_argument(
        "atlases", nargs="*", type=Path, metavar="atlas.h5", help="default: the atlas that comes with the program"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this computer only)")
    parser.add_argument("--port", type=int, default=8050, help="0 takes any free port (default: %(default)s)")
    parser.add_argument(
        "--cache-dir",
        type=Path,
        default=default_cache_dir(),
        metavar="FOLDER",
        help="for decoded volumes (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="CPU threads that decode one volume (default: PyTorch's choice)"
    )
    arguments = parser.parse_args(argv)
    try:
        atlases = open_atlases(arguments.atlases)
        explorer = make_explorer(atlases, arguments.cache_dir, arguments.threads)
        listener = listen(arguments.host, arguments.port)
    except InputError as error:
        print(f"app: {error}", file=sys.stderr)
        return 2
    for atlas in atlases:
        print(f"{atlas.path}: {atlas.title}, {len(atlas.cells)} cells, atlas {atlas.atlas_id}")
    with listener, suppress(KeyboardInterrupt):
        print(f"Open http://{arguments.host}:{listener.getsockname()[1]} (Ctrl-C stops)", flush=True)
        uvicorn.Server(uvicorn.Config(explorer, log_level="warning")).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
