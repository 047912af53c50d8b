"""The document of a schedule, read and checked (finedatalink-tasks.md section 10; docs/schedules.md has every key)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

from ..definition import flatten, invalid
from .calendars import CalendarSchema
from .cron import Cron, CronError
from .fields import FIRST_YEAR, LAST_YEAR
from .plan_values import (
    CalendarValueSchema,
    CronValueSchema,
    DetailValueSchema,
    Interval,
    OnceValueSchema,
    Period,
    SimpleValueSchema,
)
from .rules import EveryDays, EveryElapsed, EveryMonths, Once, OnDays, Rule
from .schedule import Misfire, PlanType, Schedule
from .work_days import EveryDay
from .zones import UnknownZone, WallClock, zone_named

T = TypeVar("T")
MAX_RUNS = 10_000
MAX_MISFIRES = 1_000
NAME_LENGTH = 128
NAME_RULES = (
    validate.Length(1, NAME_LENGTH),
    validate.Regexp(r'^[^?*:<>|"\\/]*$', error='none of ?*:<>|"\\/ may stand in the name'),
    validate.Regexp(r"^\S(.*\S)?\Z", error="the name may not begin or end with a blank"),
)
_LATEST_MS = int(datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp()) * 1000
_MOMENTS = "epoch milliseconds, or a time such as 2026-12-01T08:00:00+08:00 (without an offset: time of the zone)"
_ELAPSED_S = {Period.MIN: 60, Period.HOUR: 3_600}
_DAYS = {Period.DAY: 1, Period.WEEK: 7}
_VALUES: Mapping[PlanType, type[Schema]] = {
    PlanType.ONCE: OnceValueSchema,
    PlanType.SIMPLE: SimpleValueSchema,
    PlanType.DETAIL: DetailValueSchema,
    PlanType.CRON: CronValueSchema,
    PlanType.CALENDAR: CalendarValueSchema,
}
_FROM_A_START = (PlanType.ONCE, PlanType.SIMPLE, PlanType.CALENDAR)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one product accepts: the shortest time between two fires in seconds (0: any), the numbers of cron fields,
    and whether the second of a cron expression must be 0.
    """

    min_interval_s: int = 60
    cron_fields: tuple[int, ...] = (5, 6, 7)
    second_zero: bool = False


ROMA_LIMITS = Limits(cron_fields=(6, 7), second_zero=True)
"""roma-scheduled-calls.md section 3; `roma_cron_seconds` lifts the second."""


def parse(
    document: Mapping[str, Any], *, now_ms: int | None = None, limits: Limits = Limits(), zone: str = "UTC"
) -> Schedule:
    """Read a schedule document; `zone` counts where the document names none.

    Give `now_ms` when saving: a schedule that never fires after it is refused. Without it a stored, by now expired
    schedule reads as well. Raises DefinitionInvalid with every mistake as (key, reason).
    """
    try:
        loaded = _ScheduleSchema().load(document)
        schedule = _Building(loaded, limits, zone).schedule(document)
    except ValidationError as error:
        raise invalid(flatten(error.messages)) from None
    if now_ms is not None and schedule.next_fire(now_ms) is None:
        raise invalid([("value" if schedule.end_ms is None else "end", _never(schedule, now_ms))])
    return schedule


def _never(schedule: Schedule, now_ms: int) -> str:
    return f"the schedule never fires after {schedule.clock.shows(now_ms)} ({schedule.clock.zone.key})"


class _ScheduleSchema(Schema):
    name = fields.Str(required=True, validate=NAME_RULES)
    enabled = fields.Bool(load_default=True)
    type = fields.Enum(PlanType, required=True)
    value = fields.Dict(keys=fields.Str(), load_default=dict)
    zone = fields.Str(data_key="timeZone", load_default=None, allow_none=True)
    start = fields.Raw(load_default=None, allow_none=True)
    end = fields.Raw(load_default=None, allow_none=True)
    runs = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, MAX_RUNS))
    days = fields.Nested(CalendarSchema, data_key="calendar", load_default=None, allow_none=True)
    misfire = fields.Enum(Misfire, load_default=Misfire.SKIP)
    misfire_limit = fields.Int(
        data_key="misfireLimit", load_default=100, strict=True, validate=validate.Range(1, MAX_MISFIRES)
    )


class _Building:
    """Puts a schedule together from its loaded parts and collects the mistakes in them."""

    def __init__(self, loaded: Mapping[str, Any], limits: Limits, zone: str) -> None:
        self._loaded, self._limits = loaded, limits
        self._type: PlanType = loaded["type"]
        self._problems: dict[str, Any] = {}
        self._value = self._checked(self._read_value)
        self._clock = self._checked(lambda: _clock(loaded["zone"] or zone)) or _clock("UTC")
        start = self._checked(lambda: self._read_moment("start"))
        self._start = None if start is None else -(-start // 1000) * 1000
        self._end = self._checked(lambda: self._read_moment("end"))

    def schedule(self, document: Mapping[str, Any]) -> Schedule:
        """Return the schedule; raises ValidationError with the mistakes."""
        self._checked(self._check_span)
        if self._problems:
            raise ValidationError(self._problems)
        rule = self._rule()
        _check_gap(rule, self._limits.min_interval_s)
        kept = {key: self._loaded[key] for key in ("name", "enabled", "runs", "misfire", "misfire_limit")}
        return Schedule(
            type=self._type,
            rule=rule,
            clock=self._clock,
            start_ms=self._start,
            end_ms=self._end,
            days=self._loaded["days"] or EveryDay(),
            steps_from_start=isinstance(rule, EveryDays | EveryMonths),
            document=document,
            **kept,
        )

    def _checked(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ValidationError as error:
            self._problems.update(error.messages_dict)
            return None

    def _read_value(self) -> OnDays | Interval | None:
        try:
            value = _VALUES[self._type]().load(self._loaded["value"])
        except ValidationError as error:
            raise ValidationError({"value": error.messages}) from None
        if self._type is PlanType.CRON:
            return _cron(value["cron"], self._limits)
        return value or None

    def _read_moment(self, key: str) -> int | None:
        value = self._loaded[key]
        if value is None or value == "":
            return None
        moment = _moment(value, self._clock)
        if moment is None:
            reason = f"'{str(value)[:64]}' is not a moment from {FIRST_YEAR} to {LAST_YEAR}; it takes {_MOMENTS}"
            raise ValidationError({key: [reason]})
        return moment

    def _check_span(self) -> None:
        if self._start is None and "start" not in self._problems:
            if self._type in _FROM_A_START:
                raise ValidationError({"start": [f"a plan of type {self._type} needs a start"]})
            if self._loaded["runs"] is not None:
                raise ValidationError({"start": ["a number of runs is counted from a start, which is missing"]})
        if self._start is not None and self._end is not None and self._end < self._start:
            raise ValidationError({"end": ["the end lies before the start"]})

    def _rule(self) -> Rule:
        start = self._start or 0
        if not isinstance(self._value, Interval):
            return self._value or Once(start)
        count, period = self._value.count, self._value.period
        if period in _ELAPSED_S:
            return EveryElapsed(start, count * _ELAPSED_S[period])
        base = self._clock.shows(start)
        return EveryMonths(base, count) if period is Period.MON else EveryDays(base, count * _DAYS[period])


def _clock(name: str) -> WallClock:
    try:
        return WallClock(zone_named(name))
    except UnknownZone as error:
        raise ValidationError({"timeZone": [str(error)]}) from None


def _cron(text: str, limits: Limits) -> OnDays:
    try:
        cron = Cron.parse(text, limits.cron_fields)
    except CronError as error:
        raise _cron_problems(*error.problems) from None
    if limits.second_zero and cron.times.seconds != (0,):
        raise _cron_problems("second: only 0 is accepted here, schedules count in whole minutes")
    return OnDays(cron.days, cron.times)


def _check_gap(rule: Rule, shortest_s: int) -> None:
    gap = rule.smallest_gap()
    if gap is not None and gap < shortest_s:
        reason = f"fires every {gap} s at its densest; the shortest time between two fires is {shortest_s} s"
        raise ValidationError({"value": [reason]})


def _cron_problems(*problems: str) -> ValidationError:
    return ValidationError({"value": {"cron": list(problems)}})


def _moment(value: object, clock: WallClock) -> int | None:
    """Return the moment in epoch milliseconds, None for what is not a moment of the accepted years."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= _LATEST_MS else None
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        if parsed.tzinfo is None and FIRST_YEAR <= parsed.year <= LAST_YEAR:
            moment = clock.moment(parsed.replace(microsecond=0)) + parsed.microsecond // 1000
        else:
            moment = round(parsed.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return moment if 0 <= moment <= _LATEST_MS else None
