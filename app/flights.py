"""Who asks for what, and when it is done: each thing once, the urgent first, alike things together, nothing for nobody.

One thread does all the work: PyTorch keeps a team of workers for every thread that calls it, and two teams on the same
processor are slower than one.
"""

import math
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

MAX_WAITING = 64  # things asked for and not begun; past it, come back later
MAX_TOGETHER = 8  # units of work done at once: bounds memory


class Busy(Exception):
    """Too much is waiting already. `retry_after_s`: whole seconds after which there should be room."""

    def __init__(self, retry_after_s: int):
        super().__init__(f"the server has more to decode than it can; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class _Abandoned(Exception):
    """Nobody waits for this any more."""


@dataclass(frozen=True)
class Work:
    """Something to be done once for all who ask for it.

    run : does one or several works of the same `kind`, given their `what` and a function to call between portions, and returns
        a result for each.
    urgency : lower is sooner; what asked longest goes first among equals.
    size : in units of decoded images.
    """

    run: Callable[[list[Any], Callable[[], None]], list[Any]]
    what: Any
    kind: Hashable
    urgency: int = 0
    size: int = 1


@dataclass(eq=False)
class _Flight:
    work: Work
    n_asking: int = 0
    future: Future = field(default_factory=Future)


class Flights:
    """A queue with one thread behind it. Safe to use from many."""

    def __init__(self, name: str, max_waiting: int = MAX_WAITING):
        self._name, self._max_waiting = name, max_waiting
        self._waiting: dict[Hashable, _Flight] = {}  # in the order they were asked for
        self._flying: dict[Hashable, _Flight] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._s_per_unit = 0.1  # of late

    @contextmanager
    def asked(self, key: Hashable, work: Work) -> Iterator[Future]:
        """The future result of `work`, shared with all who ask for `key` now. Who leaves the block asks no longer.

        Raises
        ------
        Busy
            where `max_waiting` other things are waiting.
        """
        flight = self._join(key, work)
        try:
            yield flight.future
        finally:
            self._leave(key, flight)

    def _join(self, key: Hashable, work: Work) -> _Flight:
        with self._changed:
            flight = self._waiting.get(key) or self._flying.get(key)
            if flight is None:
                if len(self._waiting) >= self._max_waiting:
                    units = sum(waiting.work.size for waiting in self._waiting.values())
                    raise Busy(max(1, math.ceil(units * self._s_per_unit / 2)))
                flight = self._waiting[key] = _Flight(work)
                self._changed.notify()
            flight.n_asking += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            return flight

    def _leave(self, key: Hashable, flight: _Flight) -> None:
        with self._changed:
            flight.n_asking -= 1
            if flight.n_asking == 0 and self._waiting.get(key) is flight:
                del self._waiting[key]
                flight.future.cancel()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            self._fly(self._take())

    def _take(self, sooner_than: float = math.inf) -> dict[Hashable, _Flight]:
        """The most urgent flight, with those of its kind that there is room for beside it."""
        with self._changed:
            candidates = {key: f for key, f in self._waiting.items() if f.work.urgency < sooner_than}
            if not candidates:
                return {}
            first = min(candidates, key=lambda key: candidates[key].work.urgency)
            taken, size = {first: candidates[first]}, candidates[first].work.size
            for key, flight in candidates.items():
                fits = size + flight.work.size <= MAX_TOGETHER
                if key != first and flight.work.kind == candidates[first].work.kind and fits:
                    taken[key] = flight
                    size += flight.work.size
            for key in taken:
                self._flying[key] = self._waiting.pop(key)
                self._flying[key].future.set_running_or_notify_cancel()  # from here on nobody who waits can cancel it for all
            return taken

    def _fly(self, flights: dict[Hashable, _Flight]) -> None:
        works, begun = [flight.work for flight in flights.values()], monotonic()
        if not works:
            return
        elsewhere = 0.0  # seconds spent on what was more urgent

        def pause() -> None:
            nonlocal elsewhere
            with self._changed:
                if not any(flight.n_asking for flight in flights.values()):
                    for key in flights:
                        del self._flying[key]  # whoever asks now begins anew
                    raise _Abandoned
            left = monotonic()
            while urgent := self._take(works[0].urgency):
                self._fly(urgent)
            elsewhere += monotonic() - left

        try:
            results = works[0].run([work.what for work in works], pause)
        except _Abandoned:
            for flight in flights.values():
                flight.future.set_exception(CancelledError("nobody waited"))
            return
        except BaseException as error:
            self._land(flights)
            for flight in flights.values():
                flight.future.set_exception(error)
            return
        self._land(flights)
        for flight, result in zip(flights.values(), results, strict=True):
            flight.future.set_result(result)
        units = sum(work.size for work in works)
        self._s_per_unit += 0.2 * ((monotonic() - begun - elsewhere) / units - self._s_per_unit)

    def _land(self, flights: dict[Hashable, _Flight]) -> None:
        with self._changed:
            for key in flights:
                del self._flying[key]
