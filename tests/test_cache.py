"""The cache of decoded volumes: bytes only, bounded, and never a reason to fail."""

import logging
import os

import diskcache
import pytest

from app.cache import VolumeCache
from model.errors import InputError


class Bomb:
    """What a pickle can do to whoever reads it."""

    def __reduce__(self):
        return os.mkdir, ("exploded",)


@pytest.fixture
def cache(tmp_path):
    cache = VolumeCache(tmp_path / "cache")
    yield cache
    cache.close()


@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_bytes_come_back_and_survive_a_restart(cache, tmp_path, size):
    data = os.urandom(size)
    assert cache.get("1 show=observed;shape=cell:é") is None
    cache.set("1 show=observed;shape=cell:é", data)
    cache.close()
    again = VolumeCache(tmp_path / "cache")
    assert again.get("1 show=observed;shape=cell:é") == data
    again.close()


def test_a_pickle_in_the_folder_is_not_opened(cache, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    with diskcache.Cache(str(tmp_path / "cache")) as plain:
        plain.set("key", Bomb())
        plain.set("big", [Bomb(), b"x" * 100_000])
    assert cache.get("key") is None
    assert cache.get("big") is None
    assert not (tmp_path / "exploded").exists()
    assert "decoding again" in caplog.text


def test_what_is_not_bytes_is_not_kept(cache, caplog):
    cache.set("key", {"a": 1})
    assert cache.get("key") is None
    assert "going on without" in caplog.text


def test_it_stays_near_its_size_limit(tmp_path):
    cache = VolumeCache(tmp_path / "cache", size_limit=1_000_000)
    for i in range(100):
        cache.set(str(i), os.urandom(40_000))
    kept = [i for i in range(100) if cache.get(str(i)) is not None]
    cache.close()
    assert sum(file.stat().st_size for file in (tmp_path / "cache").rglob("*.val")) < 1_100_000
    assert 5 <= len(kept) <= 27
    assert kept == list(range(100 - len(kept), 100)), "the oldest go first"


def test_a_lost_folder_is_a_warning(cache, tmp_path, caplog):
    cache.set("key", os.urandom(100_000))
    for file in (tmp_path / "cache").rglob("*.val"):
        file.unlink()
    with caplog.at_level(logging.WARNING):
        assert cache.get("key") is None


def test_only_this_user_can_read_it(cache, tmp_path):
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="give another --cache-dir"):
        VolumeCache(tmp_path / "file" / "cache")
