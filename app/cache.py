"""Decoded volumes on disk: raw bytes by key, shared by workers, kept over restarts, bounded in size."""

import logging
import os
import sqlite3
from pathlib import Path

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW, UNKNOWN

from model.errors import InputError

_LOG = logging.getLogger(__name__)
_TROUBLE = (OSError, sqlite3.Error, diskcache.Timeout, TypeError)


def default_cache_dir() -> Path:
    """Where decoded volumes are kept from one run to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "integrated-cell"


class BytesDisk(diskcache.Disk):
    """Bytes in, bytes out. What diskcache would pickle is refused both ways, so nothing in the folder can run code."""

    def put(self, key):
        return self._only(key, str), True

    def get(self, key, raw):
        return self._only(key if raw else None, str)

    def store(self, value, read, key=UNKNOWN):
        return super().store(self._only(value, bytes), read, key)

    def fetch(self, mode, filename, value, read):
        if mode not in (MODE_RAW, MODE_BINARY):
            raise TypeError(f"the cache holds something other than bytes (mode {mode})")
        return super().fetch(mode, filename, value, read)

    @staticmethod
    def _only(value, kind: type):
        if type(value) is not kind:
            raise TypeError(f"the cache takes {kind.__name__}, got {type(value).__name__}")
        return value


class VolumeCache:
    """`get` and `set` of bytes by a string. A cache in trouble (full disk, lost folder) is a slow cache, not an error.

    Parameters
    ----------
    folder : made if need be, for this user only.
    size_limit : bytes on disk; the least recently used go first.

    Raises
    ------
    InputError
        where the folder cannot be made or written.
    """

    def __init__(self, folder: str | Path, size_limit: int = 2 * 2**30):
        try:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._cache = diskcache.Cache(
                str(folder), disk=BytesDisk, size_limit=size_limit, eviction_policy="least-recently-used"
            )
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{folder}: cannot keep decoded volumes there ({error}); give another --cache-dir") from None

    def get(self, key: str) -> bytes | None:
        """The bytes of `key`, or None."""
        try:
            return self._cache.get(key)
        except _TROUBLE as error:
            _LOG.warning("volume cache: cannot read (%s); decoding again", error)
            return None

    def set(self, key: str, value: bytes) -> None:
        """Keep `value` as `key`, if that is possible."""
        try:
            self._cache.set(key, value)
        except _TROUBLE as error:
            _LOG.warning("volume cache: cannot write (%s); going on without", error)

    def close(self) -> None:
        """Let go of the files."""
        self._cache.close()
