"""The `calendar` of a schedule document: allowed days, or Chinese working days and days off."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from .work_days import ChineseDays, HolidaysMissing, HolidayTable, ListedDays, WorkDays, chinese_table

MAX_DAYS = 3_660
_DAYS, _CHINA = "DAYS", "CHINA"
_WORKDAYS, _HOLIDAYS = "WORKDAYS", "HOLIDAYS"


class CalendarSchema(Schema):
    """`{"type": "DAYS", "days": [...]}`, or `{"type": "CHINA", "run": "WORKDAYS"}` with dates of one's own."""

    type = fields.Str(required=True, validate=validate.OneOf((_DAYS, _CHINA)))
    days = fields.List(fields.Date(), validate=validate.Length(1, MAX_DAYS))
    run = fields.Str(validate=validate.OneOf((_WORKDAYS, _HOLIDAYS)))
    holidays = fields.List(fields.Date(), validate=validate.Length(max=MAX_DAYS))
    workdays = fields.List(fields.Date(), validate=validate.Length(max=MAX_DAYS))

    @post_load
    def build(self, data: dict[str, Any], **_: object) -> WorkDays:
        if data.pop("type") == _DAYS:
            _refuse_others(data, "days")
            if "days" not in data:
                raise ValidationError("a calendar of type DAYS needs the days the schedule may run on", "days")
            return ListedDays(tuple(sorted(set(data["days"]))))
        _refuse_others(data, "run", "holidays", "workdays")
        table = _table(data.get("holidays", ()), data.get("workdays", ()))
        return ChineseDays(table, off=data.get("run") == _HOLIDAYS)


def _refuse_others(data: dict[str, Any], *known: str) -> None:
    others = [key for key in data if key not in known]
    if others:
        raise ValidationError({key: ["does not belong to this type of calendar"] for key in others})


def _table(holidays: Sequence[date], workdays: Sequence[date]) -> HolidayTable:
    both = sorted(set(holidays) & set(workdays))
    if both:
        raise ValidationError(f"{both[0]} is given as a holiday and as a working day", "workdays")
    own = HolidayTable.of(holidays, workdays)
    try:
        return chinese_table().overlaid(own)
    except HolidaysMissing as error:
        if own.years:
            return own
        raise ValidationError(str(error), "type") from None
