"""The `value` of a schedule document, one shape for each type of plan."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from .cron import MAX_LENGTH
from .days import ALL_MONTHS, ALL_YEARS, Days, Pick, any_of, every_day, from_end, month_days, weekdays
from .rules import OnDays
from .times import Listed

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_EARLIEST = date(ALL_YEARS[0], 1, 1)
_CLOCK_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class Period(StrEnum):
    """The unit of an interval (names of roma-scheduled-calls.md section 2)."""

    MIN = "MIN"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MON = "MON"


@dataclass(frozen=True, slots=True)
class Interval:
    """Every `count` periods from the start."""

    count: int
    period: Period


class OnceValueSchema(Schema):
    """A plan that runs once, at its start, has nothing to say."""


class CronValueSchema(Schema):
    """A cron expression: `{"cron": "0 0 8 * * ?"}`."""

    cron = fields.Str(required=True, validate=validate.Length(1, MAX_LENGTH))


class _IntervalSchema(Schema):
    period = fields.Enum(Period, required=True)

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> Interval:
        return Interval(data["interval"], data["period"])


class CalendarValueSchema(_IntervalSchema):
    """ROMA's interval: 1 to 59 of a period."""

    interval = fields.Int(required=True, strict=True, validate=validate.Range(1, 59))


class SimpleValueSchema(_IntervalSchema):
    """FineDataLink's simple repeat: every N minutes, hours, days or weeks."""

    interval = fields.Int(required=True, strict=True, validate=validate.Range(1, 9_999))
    period = fields.Enum(
        Period, required=True, validate=validate.NoneOf([Period.MON], error="takes MIN, HOUR, DAY, WEEK")
    )


class DetailValueSchema(Schema):
    """FineDataLink's detailed plan: clock times on every day, on weekdays or on days of the month, in some months."""

    times = fields.List(fields.Str(), required=True, validate=validate.Length(1, 1_440))
    weekdays = fields.List(fields.Str(validate=validate.OneOf(_WEEKDAYS)), validate=validate.Length(1))
    month_days = fields.List(fields.Raw(), data_key="monthDays", validate=validate.Length(1))
    months = fields.List(fields.Int(strict=True, validate=validate.Range(1, 12)), validate=validate.Length(1))

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> OnDays:
        if "weekdays" in data and "month_days" in data:
            raise ValidationError("either weekdays or monthDays, not both", "weekdays")
        times = [_second(text, index) for index, text in enumerate(data["times"])]
        days = Days.of(_days(data), data.get("months", ALL_MONTHS))
        if days.following(_EARLIEST) is None:
            raise ValidationError("none of these days exists in these months", "monthDays")
        return OnDays(days, Listed(tuple(sorted(set(times)))))


def _days(data: dict[str, Any]) -> Pick:
    if "weekdays" in data:
        return weekdays(_WEEKDAYS.index(name) for name in data["weekdays"])
    if "month_days" in data:
        return any_of([_month_day(value, index) for index, value in enumerate(data["month_days"])])
    return every_day


def _month_day(value: object, index: int) -> Pick:
    if value == "L":
        return from_end(0)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 31:
        return month_days([value])
    raise ValidationError({"monthDays": {index: ["takes 1 to 31, or L for the last day"]}})


def _second(text: str, index: int) -> int:
    match = _CLOCK_TIME.fullmatch(text)
    if not match:
        raise ValidationError({"times": {index: [f"'{text[:32]}' is not a time; it takes HH:MM from 00:00 to 23:59"]}})
    return int(match[1]) * 3600 + int(match[2]) * 60
