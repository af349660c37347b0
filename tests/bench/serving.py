"""The volume service under load: `python -m tests.bench.serving [minutes]`. Not part of `make bench`: it takes its time.

A server in a process of its own on the demo atlas; clients ask for volumes nobody asked for before. Beside it, in the same run,
the plain network decodes the same recipes one after the other.
"""

import json
import multiprocessing
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

N_CLIENTS = 32
DEMO = Path(__file__).parents[2] / "app" / "demo" / "demo.h5"


def serve(port, cache: str, decoded) -> None:
    """Serve the demo atlas; count the images that are decoded, and the recipes."""
    import socket

    import torch
    import uvicorn

    from app import decoding
    from app.server import make_server
    from model.atlas import Atlas

    torch.set_num_threads(2)
    decode = decoding.decode

    def counted(atlas, decoder, recipes, boxes):
        with decoded.get_lock():
            decoded.value += len(recipes)
        return decode(atlas, decoder, recipes, boxes)

    decoding.decode = counted
    app = make_server([Atlas(DEMO)], cache_dir=cache)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port.value = listener.getsockname()[1]
        uvicorn.Server(uvicorn.Config(app.server, log_level="warning")).run(sockets=[listener])


def rss_mib(pid: int) -> float:
    """Resident memory."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def ask(url: str, recipe: str) -> tuple[int, float]:
    """Status and seconds of one volume."""
    begun = time.perf_counter()
    while True:
        response = httpx.get(f"{url}/api/volumes/{recipe}.bin", timeout=60)
        if response.status_code != 503:
            return response.status_code, time.perf_counter() - begun
        time.sleep(float(response.headers["retry-after"]))


def plain_loop(recipes: list[str], seconds: float) -> float:
    """Volumes a second of the plain networks, one recipe after the other, in this process."""
    import torch

    from app.recipe import parse
    from app.resolve import settle, z_r
    from model.aae import IntegratedCell, to_volumes
    from model.atlas import Atlas

    torch.set_num_threads(2)
    atlas = Atlas(DEMO)
    weights = {n: {k: torch.as_tensor(v) for k, v in p.items()} for n, p in atlas.weights().items()}
    model = IntegratedCell.from_weights(atlas.config, weights)
    genes = [s.gene for s in atlas.structures]
    begun, n = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        recipe = settle(atlas, parse(recipes[n]))
        z = torch.from_numpy(z_r(atlas, recipe.shape)[None].astype(np.float32))
        x_r, x_rs = model.decode_r(z), model.predict(z, torch.tensor([genes.index(recipe.structures[0])]))
        to_volumes(torch.cat([x_r, x_rs[:, 1:2]], 1))
        n += 1
    return n / (time.perf_counter() - begun)


def main() -> None:
    """Print what was measured, as JSON."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    spawn, cache = multiprocessing.get_context("spawn"), tempfile.mkdtemp()
    port, decoded = spawn.Value("i", 0), spawn.Value("i", 0)
    server = spawn.Process(target=serve, args=(port, cache, decoded), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.1)
    url, results = f"http://127.0.0.1:{port.value}", {}
    ask(url, "show=predicted;shape=prior:1;structures=TOMM20")  # loads the model
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        before = decoded.value
        answers = list(pool.map(lambda _: ask(url, "show=predicted;shape=prior:2;structures=FBL"), range(N_CLIENTS)))
        results["one_recipe"] = {
            "clients": N_CLIENTS,
            "ok": sum(s == 200 for s, _ in answers),
            "decoded": decoded.value - before,
        }

        def load(seconds: float, first_seed: int) -> dict:
            seeds, lock, taken = iter(range(first_seed, 2**32)), threading.Lock(), []
            before, end = decoded.value, time.perf_counter() + seconds

            def client(_):
                while time.perf_counter() < end:
                    with lock:
                        seed = next(seeds)
                    taken.append(ask(url, f"show=predicted;shape=prior:{seed};structures=TOMM20"))

            list(pool.map(client, range(N_CLIENTS)))
            times = np.array([s for _, s in taken])
            return {
                "n": len(taken),
                "not_ok": sum(status != 200 for status, _ in taken),
                "decoded": decoded.value - before,
                "a_second": round(len(taken) / seconds, 1),
                "p50_ms": round(1e3 * float(np.median(times))),
                "p95_ms": round(1e3 * float(np.percentile(times, 95))),
            }

        results["different_recipes_60_s"] = load(60, 10_000)
        memory, rest = [], 60 * minutes - 60
        for i in range(max(1, int(rest // 30))):
            memory.append(round(rss_mib(server.pid)))
            load(30, 1_000_000 * (i + 1))
        results["rss_mib_every_30_s"] = memory
    server.terminate()
    server.join()
    results["plain_loop_a_second"] = round(
        plain_loop([f"show=predicted;shape=prior:{i};structures=TOMM20" for i in range(10**4)], 20), 1
    )
    shutil.rmtree(cache, ignore_errors=True)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
