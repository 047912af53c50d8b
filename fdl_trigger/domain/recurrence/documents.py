"""The document of a schedule, read and checked (finedatalink-tasks.md section 10; docs/schedules.md has every key)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

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

MAX_RUNS = 10_000
MAX_MISFIRES = 1_000
NAME_LENGTH = 128
_LATEST_MS = int(datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp()) * 1000
_MOMENTS = "epoch milliseconds, or a time such as 2026-12-01T08:00:00+08:00 (without an offset: time of the zone)"
_ELAPSED_S = {Period.MIN: 60, Period.HOUR: 3_600}
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
    name = fields.Str(
        required=True,
        validate=[
            validate.Length(1, NAME_LENGTH),
            validate.Regexp(r'^[^?*:<>|"\\/]*$', error='none of ?*:<>|"\\/ may stand in the name'),
            validate.Regexp(r"^\S(.*\S)?\Z", error="the name may not begin or end with a blank"),
        ],
    )
    enabled = fields.Bool(load_default=True)
    type = fields.Enum(PlanType, required=True)
    value = fields.Dict(keys=fields.Str(), load_default=dict)
    zone = fields.Str(data_key="timeZone", load_default=None, allow_none=True)
    start = fields.Raw(load_default=None, allow_none=True)
    end = fields.Raw(load_default=None, allow_none=True)
    runs = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, MAX_RUNS))
    days = fields.Nested(CalendarSchema, data_key="calendar", load_default=EveryDay(), allow_none=True)
    misfire = fields.Enum(Misfire, load_default=Misfire.SKIP)
    misfire_limit = fields.Int(
        data_key="misfireLimit", load_default=100, strict=True, validate=validate.Range(1, MAX_MISFIRES)
    )

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        try:
            data["value"] = _VALUES[data["type"]]().load(data["value"])
        except ValidationError as error:
            raise ValidationError({"value": error.messages}) from None
        return {**data, "days": data["days"] or EveryDay()}


class _Building:
    """Puts a schedule together from its checked parts; the mistakes left are those between the parts."""

    def __init__(self, loaded: Mapping[str, Any], limits: Limits, zone: str) -> None:
        self._loaded, self._limits = loaded, limits
        self._type: PlanType = loaded["type"]
        self._clock = self._read_clock(loaded["zone"] or zone)
        self._start = self._read_moment("start", round_up=True)
        self._end = self._read_moment("end")

    def schedule(self, document: Mapping[str, Any]) -> Schedule:
        self._check_span()
        rule = self._rule()
        self._check_gap(rule)
        kept = {key: self._loaded[key] for key in ("name", "enabled", "runs", "days", "misfire", "misfire_limit")}
        return Schedule(
            type=self._type,
            rule=rule,
            clock=self._clock,
            start_ms=self._start,
            end_ms=self._end,
            steps_from_start=isinstance(rule, EveryDays | EveryMonths),
            document=document,
            **kept,
        )

    def _read_clock(self, name: str) -> WallClock:
        try:
            return WallClock(zone_named(name))
        except UnknownZone as error:
            raise ValidationError({"timeZone": [str(error)]}) from None

    def _read_moment(self, key: str, *, round_up: bool = False) -> int | None:
        value = self._loaded[key]
        if value is None or value == "":
            return None
        moment = _moment(value, self._clock)
        if moment is None:
            reason = f"'{str(value)[:64]}' is not a moment from {FIRST_YEAR} to {LAST_YEAR}; it takes {_MOMENTS}"
            raise ValidationError({key: [reason]})
        return -(-moment // 1000) * 1000 if round_up else moment

    def _check_span(self) -> None:
        if self._start is None and self._type in _FROM_A_START:
            raise ValidationError({"start": [f"a plan of type {self._type} needs a start"]})
        if self._start is None and self._loaded["runs"] is not None:
            raise ValidationError({"start": ["a number of runs is counted from a start, which is missing"]})
        if self._start is not None and self._end is not None and self._end < self._start:
            raise ValidationError({"end": ["the end lies before the start"]})

    def _rule(self) -> Rule:
        value = self._loaded["value"]
        if isinstance(value, OnDays):
            return value
        if isinstance(value, Interval):
            return self._stepping(value)
        return Once(self._start or 0) if self._type is PlanType.ONCE else self._cron(value["cron"])

    def _stepping(self, interval: Interval) -> Rule:
        start = self._start or 0
        if interval.period in _ELAPSED_S:
            return EveryElapsed(start, interval.count * _ELAPSED_S[interval.period])
        base = self._clock.shows(start)
        if interval.period is Period.MON:
            return EveryMonths(base, interval.count)
        return EveryDays(base, interval.count * (7 if interval.period is Period.WEEK else 1))

    def _cron(self, text: str) -> Rule:
        try:
            cron = Cron.parse(text, self._limits.cron_fields)
        except CronError as error:
            raise _cron_problems(*error.problems) from None
        if self._limits.second_zero and cron.times.seconds != (0,):
            raise _cron_problems("second: only 0 is accepted here, schedules count in whole minutes")
        return OnDays(cron.days, cron.times)

    def _check_gap(self, rule: Rule) -> None:
        gap, shortest = rule.smallest_gap(), self._limits.min_interval_s
        if gap is not None and gap < shortest:
            reason = f"fires every {gap} s at its densest; the shortest time between two fires is {shortest} s"
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
