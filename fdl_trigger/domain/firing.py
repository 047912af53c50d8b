"""What becomes of the fires of a schedule at a moment: which run, which are skipped, and when it is due again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from .recurrence import Misfire, Occurrence, Schedule

GRACE_MS = 60_000
"""A fire that is seen later than this was missed; what becomes of it is the schedule's misfire policy."""

COUNTED = 1_000  # missed fires are counted up to here; a longer outage is told as "1,000 or more"
MISSED = "missed: the service did not run at that time, or its clock jumped over it"


class SkipCause(StrEnum):
    """Why a fire made no instance."""

    MISFIRE = "MISFIRE"  # seen too late, and the policy is not to make it up
    PAUSED = "PAUSED"  # the schedule, its task or all schedules were paused
    REFUSED = "REFUSED"  # the task could not be triggered: disabled, not published, already running, queue full
    BROKEN = "BROKEN"  # the schedule can no longer be read


@dataclass(frozen=True, slots=True)
class Skip:
    """The fires from one moment to another, both included, that make no instance; `count` stops at COUNTED."""

    first_ms: int
    last_ms: int
    count: int
    cause: SkipCause
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`fires` run now, oldest first; `skips` are recorded; `next_ms` is the next fire, None for never again."""

    fires: tuple[int, ...]
    skips: tuple[Skip, ...]
    next_ms: int | None


def decide(schedule: Schedule, due_ms: int, now_ms: int, grace_ms: int = GRACE_MS) -> Decision:
    """Decide about every fire from the one that is due up to now, by the schedule's misfire policy."""
    late_until = now_ms - grace_ms
    on_time = _between(schedule, max(due_ms, late_until + 1), now_ms)
    made_up, skips = _missed(schedule, due_ms, late_until) if due_ms <= late_until else ((), ())
    return Decision((*made_up, *on_time), skips, schedule.next_fire(now_ms))


def skip_all(schedule: Schedule, due_ms: int, now_ms: int, cause: SkipCause, reason: str) -> Decision:
    """Decide that no fire up to now runs."""
    return Decision((), _skips(schedule, due_ms, now_ms, cause, reason), schedule.next_fire(now_ms))


def _missed(schedule: Schedule, first: int, last: int) -> tuple[tuple[int, ...], tuple[Skip, ...]]:
    if schedule.misfire is Misfire.FIRE_ALL:
        fires = _between(schedule, first, last, schedule.misfire_limit)
        if not fires:
            return (), ()
        reason = f"{MISSED}; {schedule.misfire_limit} missed fires are made up at most"
        return fires, _skips(schedule, fires[-1] + 1, last, SkipCause.MISFIRE, reason)
    if schedule.misfire is Misfire.FIRE_ONCE:
        newest = last_fire(schedule, first, last)
        if newest is None:
            return (), ()
        reason = f"{MISSED}; made up by one run for the last of them"
        return (newest,), _skips(schedule, first, newest - 1, SkipCause.MISFIRE, reason)
    return (), _skips(schedule, first, last, SkipCause.MISFIRE, MISSED)


def _between(schedule: Schedule, first: int, last: int, limit: int | None = None) -> tuple[int, ...]:
    return tuple(islice(takewhile(lambda fire: fire <= last, schedule.fires_after(first - 1)), limit))


def _skips(schedule: Schedule, first: int, last: int, cause: SkipCause, reason: str) -> tuple[Skip, ...]:
    skipped = _between(schedule, first, last, COUNTED)
    return (Skip(skipped[0], last, len(skipped), cause, reason),) if skipped else ()


def last_fire(schedule: Schedule, first_ms: int, last_ms: int) -> int | None:
    """Return the last fire of a span, both ends included: found by looking back ever further, not by walking."""
    reach = 60_000
    while True:
        start = max(first_ms, last_ms - reach)
        fires = _between(schedule, start, last_ms)
        if fires:
            return fires[-1]
        if start == first_ms:
            return None
        reach *= 2


@dataclass(frozen=True, slots=True)
class Outage:
    """A time the service is down, in epoch milliseconds; the end is when it is back."""

    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """One wall time of a simulation: when it was due, when it runs (None: never), and why."""

    occurrence: Occurrence
    runs_at_ms: int | None
    text: str


def simulate(schedule: Schedule, first_ms: int, last_ms: int, outages: Sequence[Outage] = ()) -> Iterator[Simulated]:
    """Yield what becomes of every wall time of a span, both ends included, with the service down at some times."""
    decisions = {outage: _after(schedule, outage) for outage in outages}
    for occurrence in schedule.occurrences(first_ms - 1, last_ms):
        if not occurrence.fires:
            yield Simulated(occurrence, None, occurrence.text)
            continue
        outage = next((one for one in outages if one.first_ms <= occurrence.at_ms < one.last_ms), None)
        if outage is None:
            yield Simulated(occurrence, occurrence.at_ms, occurrence.text)
        else:
            yield _told(schedule, occurrence, outage, decisions[outage])


def _after(schedule: Schedule, outage: Outage) -> Decision:
    due = schedule.next_fire(outage.first_ms - 1)
    return Decision((), (), None) if due is None else decide(schedule, due, outage.last_ms)


def _told(schedule: Schedule, occurrence: Occurrence, outage: Outage, decision: Decision) -> Simulated:
    if occurrence.at_ms in decision.fires:
        return Simulated(occurrence, outage.last_ms, f"{occurrence.text}; made up after an outage ({schedule.misfire})")
    why = next((one.reason for one in decision.skips if one.first_ms <= occurrence.at_ms <= one.last_ms), MISSED)
    return Simulated(occurrence, None, f"does not run: {why} ({schedule.misfire})")
