"""A bulk export as a job, with real processes: a process a job by default, Celery workers on Redis where REDIS_URL is set."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from app import ids
from app.jobs import OwnAddress
from tests.dash_page import DashPage, Job

ROOT = Path(__file__).parent.parent
N = 100
RESULT = ids.HOME_RESULT


@pytest.fixture(scope="module")
def big_atlas(tiny_run, tmp_path_factory):
    """An atlas of 100 analytic cells, with latents alone."""
    from model.atlas import editing, fingerprint, replace_group
    from model.cells import Cells
    from model.checkpoint import load_run
    from precompute import embed
    from tests import synthetic

    folder = tmp_path_factory.mktemp("big")
    path = folder / "big.h5"
    cells_path = synthetic.write_cells(folder / "cells.h5", N, (32, 48, 64))
    run = synthetic.write_run(folder / "run", Cells(cells_path))
    with Cells(cells_path) as cells, editing(path, create=True) as file:
        embed.embed(file, cells, load_run(run), device="cpu")
        with replace_group(file, "projection", fingerprint("first two latents")) as group:
            group.attrs.update({"n_neighbors": 0, "min_dist": 0.0, "seed": 0})
            for name in ("z_r", "z_s"):
                group.create_dataset(name, data=file["latent"][name][:, :2])
    return path


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path):
    """A process in the project's folder; stopped, if need be by force, when the block ends."""
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(condition, log: Path, limit_s: float = 90):
    end = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.1)
    return value


@contextmanager
def serving_app(atlas: Path, folder: Path, name: str, environment: dict[str, str]):
    """`python -m app` with a cache of its own; yields its address and process."""
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", "app", str(atlas), "--port", "0", "--cache-dir", str(folder / name), "--threads", "1"]
    with running(command, environment, log) as process:
        url = wait_for(lambda: re.search(r"http://\S+", log.read_text()), log).group()
        yield url, process


def ordered(page: DashPage, **values) -> dict:
    """Press "Make the zip" for all cells; what ORDER then holds."""
    state = {
        f"{ids.ATLAS}.value": page.http.get(f"{page.url}/api/health").json()["atlases"][0],
        f"{ids.HOME_WHICH}.value": "group",
        f"{ids.HOME_BULK_SHOW}.value": "reconstructed",
        f"{ids.HOME_BULK_FORMAT}.value": ".ome.tif",
        f"{ids.HOME_MAKE}.n_clicks": 1,
    }
    answer = page.call(f"{ids.HOME_MAKE}.n_clicks", state | values).json()["response"]
    return answer[ids.HOME_ORDER]["data"]


def started(page: DashPage, order: dict) -> Job:
    return Job(page, f"{ids.HOME_ORDER}.data", {f"{ids.HOME_ORDER}.data": order}, RESULT)


def link_of(job: Job) -> str:
    """The address of the zip in what the page is told at the end."""
    found = re.search(r"/api/exports/[0-9a-f]{32}\.zip", json.dumps(job.answer))
    assert found, job.answer
    return found.group()


def assert_zip_is_whole(page: DashPage, job: Job, tmp_path: Path) -> None:
    path = tmp_path / "volumes.zip"
    path.write_bytes(page.http.get(page.url + link_of(job)).content)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == N + 2
        assert archive.read("manifest.csv").decode().count("\n") == N + 1


def assert_progress_rises_to(job: Job) -> None:
    bars = [told[f"{ids.HOME_BAR}.value"] for told in job.told]
    assert len(set(bars)) > 2, "progress was seen"
    assert bars == sorted(bars)
    assert all(re.match(rf"\d+ of {N} volumes", told[f"{ids.HOME_TOLD}.children"]) for told in job.told)


def begun(job: Job) -> bool:
    return bool(job.told) and job.told[-1][f"{ids.HOME_BAR}.value"] >= 3


def cancel(page: DashPage, job: Job, order: dict) -> None:
    """What a click on Cancel does: Dash ends the job, and the order is taken back."""
    values = {f"{ids.HOME_CANCEL}.n_clicks": 1, f"{ids.HOME_ORDER}.data": order}
    for output, handles in ((f"{ids.HOME_CANCEL}.id", {"cancelJob": job.handles["job"]}), (RESULT, {})):
        answer = page.call(f"{ids.HOME_CANCEL}.n_clicks", values, output, **handles)
        assert answer.status_code in (200, 204), answer.text


def test_a_hundred_volumes_show_progress_and_a_cancelled_export_leaves_nothing(big_atlas, tmp_path):
    exports = tmp_path / "exports"
    with serving_app(big_atlas, tmp_path, "server", {"EXPORT_DIR": str(exports)}) as (url, process):
        page = DashPage(url)
        order = ordered(page)
        job = started(page, order)
        job.follow(until=begun)
        assert job.answer is None
        assert (exports / order["id"] / "volumes.zip.partial").exists()
        server = psutil.Process(process.pid)
        assert len(server.children(recursive=True)) == 1
        cancel(page, job, order)
        assert list(exports.iterdir()) == []
        wait_for(lambda: server.children(recursive=True) == [], tmp_path / "server.log", 10)
        assert page.http.get(f"{url}/api/exports/{order['id']}.zip").status_code == 404

        again = started(page, ordered(page))
        again.follow()
        assert_progress_rises_to(again)
        assert_zip_is_whole(page, again, tmp_path)
        page.close()


def test_a_server_that_is_stopped_takes_its_jobs_with_it(big_atlas, tmp_path):
    exports = tmp_path / "exports"
    with serving_app(big_atlas, tmp_path, "server", {"EXPORT_DIR": str(exports)}) as (url, process):
        page = DashPage(url)
        job = started(page, ordered(page))
        job.follow(until=begun)
        (work,) = psutil.Process(process.pid).children(recursive=True)
        page.close()
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        wait_for(lambda: not work.is_running() or work.status() == psutil.STATUS_ZOMBIE, tmp_path / "server.log", 20)
        assert list(exports.iterdir()) == []


def test_the_same_export_through_celery_and_redis_with_two_servers(big_atlas, tmp_path):
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    exports = tmp_path / "exports"
    environment = {"REDIS_URL": f"redis://127.0.0.1:{port}/0", "EXPORT_DIR": str(exports)}
    redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    worker = [sys.executable, "-m", "celery", "-A", "app.worker", "worker", "--concurrency", "1", "--loglevel", "INFO"]
    worker += ["--without-gossip", "--without-mingle"]
    with ExitStack() as stack:
        stack.enter_context(running(redis, {}, tmp_path / "redis.log"))
        wait_for(lambda: "Ready to accept" in (tmp_path / "redis.log").read_text(), tmp_path / "redis.log")
        stack.enter_context(running(worker, environment, tmp_path / "worker.log"))
        (one, _), (two, _) = (
            stack.enter_context(serving_app(big_atlas, tmp_path, name, environment)) for name in ("one", "two")
        )
        wait_for(lambda: "ready." in (tmp_path / "worker.log").read_text(), tmp_path / "worker.log")
        page = DashPage(one)
        stack.callback(page.close)
        job = started(page, ordered(page))
        job.follow(vias=(one, two))
        assert_progress_rises_to(job)
        assert_zip_is_whole(page, job, tmp_path)
        wait_for(lambda: "succeeded in" in (tmp_path / "worker.log").read_text(), tmp_path / "worker.log")  # it did the work
        (done,) = exports.iterdir()

        order = ordered(page)
        job = started(page, order)
        job.follow(until=begun, vias=(two, one))
        assert job.answer is None
        cancel(page, job, order)
        assert list(exports.iterdir()) == [done]

        after = started(page, ordered(page))
        after.follow(vias=(two,))
        assert_zip_is_whole(page, after, tmp_path)


def test_a_worker_needs_redis_and_says_so():
    environment = {key: value for key, value in os.environ.items() if key != "REDIS_URL"}
    command = [sys.executable, "-c", "import app.worker"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("app.worker: REDIS_URL is not set")


def test_a_worker_reads_no_model():
    code = "import app.bulk, app.home, sys; assert not {'torch', 'app.volumes'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize(("server", "url"), [(("127.0.0.1", 80), "http://127.0.0.1:80"), (("::1", 8050), "http://[::1]:8050")])
def test_the_own_address_is_the_sockets_whatever_the_request_says(server, url, monkeypatch):
    monkeypatch.delenv("EXPLORER_URL", raising=False)
    address = OwnAddress()

    async def application(_scope, _receive, _send):
        pass

    scope = {"type": "http", "server": server, "headers": [(b"host", b"evil")]}
    with ThreadPoolExecutor(1) as pool:  # the browser tests have a loop running in this thread
        pool.submit(lambda: asyncio.run(address(application)(scope, None, None))).result()
    assert str(address) == url
    monkeypatch.setenv("EXPLORER_URL", "https://cells.example/")
    assert str(address) == "https://cells.example"
