"""app.flights: once for all, the urgent first, alike together, nothing for nobody, never too much."""

import threading
import time
from concurrent.futures import CancelledError

import pytest

from app.flights import MAX_TOGETHER, Busy, Flights, Work


class Worker:
    """Does nothing, when it is let; remembers in what groups."""

    def __init__(self):
        self.done: list[list] = []
        self.gate, self.at_gate = threading.Event(), threading.Event()

    def run(self, whats, pause):
        self.at_gate.set()
        assert self.gate.wait(10)
        self.done.append(whats)
        return [f"did {what}" for what in whats]

    def work(self, what, kind="", urgency=0, size=1):
        return Work(self.run, what, kind, urgency, size)


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.gate.set()


@pytest.fixture
def held(worker):
    """Flights whose thread is held up by a first work."""
    flights = Flights("test")
    with flights.asked("first", worker.work("first", kind="alone")):
        worker.at_gate.wait(10)
        yield flights


def ask(flights, *works):
    """Ask for works by their `what`; the contexts stay open as long as the list lives."""
    asked = [flights.asked(work.what, work) for work in works]
    return asked, [context.__enter__() for context in asked]


def test_many_who_ask_get_one_result(worker, held):
    _, futures = ask(held, *[worker.work("a")] * 5)
    worker.gate.set()
    assert [future.result(10) for future in futures] == ["did a"] * 5
    assert worker.done == [["first"], ["a"]]


def test_what_is_being_done_is_joined(worker, held):
    _, (future,) = ask(held, worker.work("first", kind="alone"))
    worker.gate.set()
    assert future.result(10) == "did first"
    assert worker.done == [["first"]]


def test_the_urgent_go_first_then_who_asked_longest(worker, held):
    works = [worker.work(what, kind=what, urgency=u) for what, u in (("late", 2), ("b", 1), ("a", 1), ("now", 0))]
    _, futures = ask(held, *works)
    worker.gate.set()
    for future in futures:
        future.result(10)
    assert worker.done == [["first"], ["now"], ["b"], ["a"], ["late"]]


def test_alike_things_are_done_together_up_to_a_size(worker, held):
    sizes = [3, 3, 3, 2, 1]
    works = [worker.work(i, kind="alike", size=size) for i, size in enumerate(sizes)] + [worker.work("other", kind="other")]
    _, futures = ask(held, *works)
    worker.gate.set()
    for future in futures:
        future.result(10)
    assert worker.done == [["first"], [0, 1, 3], [2, 4], ["other"]]
    assert max(sum(sizes[i] for i in group) for group in ([0, 1, 3], [2, 4])) <= MAX_TOGETHER


def test_what_nobody_waits_for_is_not_done(worker, held):
    contexts, (gone, kept) = ask(held, worker.work("gone"), worker.work("kept"))
    contexts[0].__exit__(None, None, None)
    assert gone.cancelled()
    worker.gate.set()
    assert kept.result(10) == "did kept"
    assert worker.done == [["first"], ["kept"]]


def test_it_is_done_while_one_still_waits(worker, held):
    contexts, (_, second) = ask(held, worker.work("a"), worker.work("a"))
    contexts[0].__exit__(None, None, None)
    worker.gate.set()
    assert second.result(10) == "did a"


def test_too_much_is_refused_with_a_time_and_joining_is_not(worker):
    flights = Flights("test", max_waiting=2)
    with flights.asked("first", worker.work("first")):
        worker.at_gate.wait(10)
        contexts, _ = ask(flights, worker.work("a"), worker.work("b"))
        with pytest.raises(Busy) as caught, flights.asked("c", worker.work("c")):
            pass
        assert caught.value.retry_after_s >= 1
        ask(flights, worker.work("a"))  # is waiting already
        contexts[1].__exit__(None, None, None)  # makes room
        ask(flights, worker.work("c"))


def test_long_work_lets_the_urgent_pass_between_portions(worker):
    flights, order, begun, go_on = Flights("test"), [], threading.Event(), threading.Event()

    def long(whats, pause):
        for portion in range(3):
            order.append(portion)
            begun.set()
            assert go_on.wait(10)
            pause()
        return whats

    def quick(whats, _pause):
        order.append("quick")
        return whats

    with flights.asked("long", Work(long, "long", "long", urgency=2)) as slow:
        begun.wait(10)
        with flights.asked("quick", Work(quick, "quick", "quick", urgency=0)) as fast:
            go_on.set()
            assert fast.result(10) == "quick"
        assert slow.result(10) == "long"
    assert order == [0, "quick", 1, 2]


def test_long_work_that_nobody_waits_for_stops_and_can_be_asked_for_again():
    flights, portions, begun, go_on = Flights("test"), [], threading.Event(), threading.Event()

    def long(whats, pause):
        for portion in range(50):
            portions.append(portion)
            begun.set()
            assert go_on.wait(10)
            pause()
        return whats

    with flights.asked("long", Work(long, "long", "long")) as future:
        begun.wait(10)
    go_on.set()
    with pytest.raises(CancelledError):
        future.result(10)
    assert portions == [0]
    with flights.asked("long", Work(long, "long", "long")) as again:
        assert again.result(10) == "long"


def test_an_error_reaches_all_and_is_forgotten():
    flights, broken = Flights("test"), [True]

    def run(whats, _pause):
        if broken:
            broken.clear()
            raise RuntimeError("out of memory")
        return whats

    with flights.asked("a", Work(run, "a", "")) as future, pytest.raises(RuntimeError, match="out of memory"):
        future.result(10)
    with flights.asked("a", Work(run, "a", "")) as future:
        assert future.result(10) == "a"


def test_32_threads_asking_for_200_things_at_random_get_each_what_they_asked(worker):
    worker.gate.set()
    flights, wrong = Flights("test"), []

    def client(seed):
        for i in range(40):
            what = (seed * 7 + i * 13) % 200
            with flights.asked(what, worker.work(what, kind=what % 3, urgency=what % 2, size=1 + what % 4)) as future:
                if future.result(10) != f"did {what}":
                    wrong.append(what)

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not wrong
    assert not flights._waiting
    deadline = time.monotonic() + 5
    while flights._flying and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not flights._flying
