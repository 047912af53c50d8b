"""What callers who wait want to know: why it waits, and what has happened since."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..domain.clock import Clock
from ..domain.records import LOCAL, Event, Instance, InstanceFilter, LogLine, Principal
from ..domain.states import State
from ..store.store import Store
from .instances import InstanceService

SAMPLE = 10  # finished runs an estimate is taken from
POLL_S = 0.3


@dataclass(frozen=True, slots=True)
class Since:
    """How far a watcher has seen: the number of the last log line, how many transitions, the last change."""

    log: int = 0
    events: int = 0
    modified_at: int = 0

    @classmethod
    def parse(cls, text: str) -> "Since":
        """Read what `str` wrote; anything else starts from the beginning."""
        parts = text.split("-")
        if len(parts) == 3 and all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts):
            return cls(*map(int, parts))
        return cls()

    def __str__(self) -> str:
        return f"{self.log}-{self.events}-{self.modified_at}"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an instance since a watcher last looked; `since` is where to go on from."""

    instance: Instance
    events: list[Event]
    log: list[LogLine]
    since: Since


class WatchService:
    """The use cases around watching instances."""

    def __init__(self, store: Store, clock: Clock, instances: InstanceService) -> None:
        self._store = store
        self._clock = clock
        self._instances = instances

    def changes(
        self, uid: str, since: Since, timeout_s: float, principal: Principal = LOCAL
    ) -> Iterator[Change | None]:
        """Yield what happens to an instance until it has ended or the time is up; None is a sign of life.

        The first look is taken before anything is waited for, so that a refusal is raised by the first `next`.
        Raises PermissionDenied, InstanceNotFound.
        """
        deadline = time.monotonic() + timeout_s
        ending = None
        try:
            while True:
                change = self._look(uid, since, principal)
                ending = ending or self._store.endings.expect(change.instance.id)
                is_new = change.since != since
                since = change.since
                yield change if is_new else None
                if change.instance.state.is_final or time.monotonic() >= deadline:
                    return
                ending.wait(POLL_S)
        finally:
            if ending is not None:
                self._store.endings.forget(change.instance.id, ending)

    def now(self, uid: str, principal: Principal = LOCAL) -> tuple[Instance, Since]:
        """Return an instance and where a watcher who starts now goes on from; cheaper than looking at all of it."""
        instance = self._instances.get(uid, principal)
        return instance, Since(*self._store.journal.position(instance.id), instance.modified_at)

    def next_change(self, uid: str, since: Since, timeout_s: float, principal: Principal = LOCAL) -> Change:
        """Return the next thing that happens, or after `timeout_s` seconds the instance as it is (a long poll)."""
        for change in self.changes(uid, since, timeout_s, principal):
            if change is not None:
                return change
        return self._look(uid, since, principal)

    def _look(self, uid: str, since: Since, principal: Principal) -> Change:
        instance = self._instances.get(uid, principal)
        log = self._store.journal.log(instance.id, since.log)
        events = self._store.journal.events(instance.id)
        now = Since(log[-1].seq if log else since.log, len(events), instance.modified_at)
        return Change(instance, events[since.events :], log, now)

    def why_waiting(self, instance: Instance) -> str | None:
        """Say in one sentence what a waiting instance waits for, or None when it does not wait."""
        if instance.state is not State.WAITING:
            return None
        now = self._clock()
        if instance.due_at > now:
            return f"not due yet, it starts in {_span(instance.due_at - now)}"
        running, ahead, limit = self._store.records.queue_position(instance.id)
        if running >= limit:
            estimate = self._estimate(instance, ahead, limit)
            return f"limit {limit} of its task reached, {ahead} ahead{estimate}"
        return f"waits for a free thread, {ahead} of its task ahead"

    def _estimate(self, instance: Instance, ahead: int, limit: int) -> str:
        where = InstanceFilter(task_id=instance.task_id, outcomes=((State.SUCCEEDED, None),), limit=SAMPLE)
        spans = [
            one.finished_at - one.started_at
            for one in self._store.records.matching(where)
            if one.finished_at is not None and one.started_at is not None
        ]
        if not spans:
            return ""
        return f", about {_span(sum(spans) // len(spans) * (ahead + 1) // limit)}"


def _span(ms: int) -> str:
    seconds = max(1, round(ms / 1000))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
