"""Steps that run at the same time: while calls of one are on their way, the others read, match and commit.

Each step works as it does alone, over the ledger; it only does not end where nothing waits, but when those that feed
it have ended as well (`Work.more_to_come`). A backlog then takes as long as its slowest step and not as all of them.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from ml_connector.flows.core.integration import Integration, RunScope, StepReport, StopSignal

Step = Callable[[Integration, RunScope], StepReport]

#: How often a waiting step looks whether it is to stop.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Member:
    """A step among others. after: names of those that feed it; what is not running counts as ended.

    streams: it takes what comes while they run; otherwise it begins when they have ended.
    """

    name: str
    step: Step
    after: tuple[str, ...] = ()
    streams: bool = False


class _Stopped(StopSignal):
    """Set with the run's own signal, or when the steps are told to end."""

    def __init__(self, outer: StopSignal | None) -> None:
        super().__init__()
        self._outer = outer

    def is_set(self) -> bool:
        return super().is_set() or (self._outer is not None and self._outer.is_set())


class _Place:
    """A running step among the others: what it has handed over, and what it has seen of those before it."""

    def __init__(self, news: threading.Condition, stop: StopSignal) -> None:
        self._news = news
        self._before: Sequence[_Place] = ()
        self._others: Sequence[_Place] = ()
        self._stop = stop
        self._handed = 0
        self._seen = 0
        self._ended = False

    def stand_among(self, before: Sequence["_Place"], all_: Iterable["_Place"]) -> None:
        self._before = before
        self._others = [place for place in all_ if place is not self]

    def hand_over(self) -> None:
        with self._news:
            self._handed += 1
            self._news.notify_all()

    def more_to_come(self) -> bool:
        with self._news:
            while not self._stop.is_set():
                handed = sum(place._handed for place in self._before)
                if handed != self._seen:
                    self._seen = handed
                    return True
                if all(place._ended for place in self._before):
                    return False
                self._news.wait(LOOK_SECONDS)
        return False

    def wait_for_the_end(self) -> None:
        with self._news:
            while not self._stop.is_set() and not all(place._ended for place in self._before):
                self._news.wait(LOOK_SECONDS)

    def nothing_more(self) -> None:
        with self._news:
            self._ended = True
            self._news.notify_all()

    def others_work(self) -> bool:
        with self._news:
            return not self._stop.is_set() and not all(place._ended for place in self._others)


class SideBySide:
    """Runs members at the same time. Use as a context manager: leaving it stops and waits for what still runs.

    work: each member's identity, by name; a member without one does not run.
    """

    def __init__(self, integration: Integration, members: Sequence[Member], work: Mapping[str, RunScope]) -> None:
        running = [member for member in members if member.name in work]
        self._integration = integration
        self._news = threading.Condition()
        self._stops: dict[str, _Stopped] = {}
        self._places: dict[str, _Place] = {}
        self._pool = ThreadPoolExecutor(max(1, len(running)), thread_name_prefix="step")
        self._results: dict[str, Future[StepReport]] = {}
        for member in running:
            self._stops[member.name] = _Stopped(work[member.name].stop)
            self._places[member.name] = _Place(self._news, self._stops[member.name])
        for member in running:
            before = [self._places[name] for name in member.after if name in self._places]
            self._places[member.name].stand_among(before, self._places.values())
        for member in running:
            own = replace(work[member.name], stop=self._stops[member.name], feed=self._places[member.name])
            self._results[member.name] = self._pool.submit(self._run, member, own)

    def __enter__(self) -> "SideBySide":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what still runs, after the batch it has in hand, and wait for it."""
        for stop in self._stops.values():
            stop.set()
        self._pool.shutdown()

    def __contains__(self, name: str) -> bool:
        return name in self._results

    def wait(self) -> None:
        """Until all have ended, however they ended."""
        wait(self._results.values())

    def result(self, name: str) -> StepReport:
        """A member's report when it has ended; raises what it raised."""
        return self._results[name].result()

    def _run(self, member: Member, work: RunScope) -> StepReport:
        place = self._places[member.name]
        try:
            if member.streams:
                place.more_to_come()
            else:
                place.wait_for_the_end()
            return member.step(self._integration, work)
        finally:
            place.nothing_more()
