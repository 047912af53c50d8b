"""Work calendars: allowed days, Chinese public holidays with shifted working days, tables of one's own."""

import sys
from datetime import UTC, date, datetime
from typing import Any

import chinese_calendar
import pytest

from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.recurrence import Cause, Schedule, parse
from fdl_trigger.domain.recurrence.work_days import chinese_table


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


NOW = moment("2026-01-01T00:00:00")


def daily(calendar: dict[str, Any], **more: Any) -> Schedule:
    document = {"name": "daily", "type": "CRON", "value": {"cron": "0 8 * * *"}, "timeZone": "Asia/Shanghai"}
    return parse({**document, "calendar": calendar, **more}, now_ms=NOW)


def days(schedule: Schedule, start: str, n: int) -> list[str]:
    return [schedule.clock.shows(fire).date().isoformat() for fire in schedule.preview(moment(start), n)]


def test_a_plan_runs_only_on_its_allowed_days() -> None:
    schedule = daily({"type": "DAYS", "days": ["2026-03-05", "2026-03-01", "2026-03-05"]})
    assert days(schedule, "2026-01-01", 9) == ["2026-03-01", "2026-03-05"]
    assert schedule.warnings(moment("2026-01-01")) == []
    assert "will not run again" in schedule.warnings(moment("2026-04-01"))[0]


def test_the_week_round_the_spring_festival_has_its_days_off_and_shifted_working_days() -> None:
    work = daily({"type": "CHINA"})
    assert days(work, "2026-02-12T12:00", 4) == ["2026-02-13", "2026-02-14", "2026-02-24", "2026-02-25"]
    assert days(work, "2026-02-26T12:00", 2) == ["2026-02-27", "2026-02-28"]
    off = daily({"type": "CHINA", "run": "HOLIDAYS"})
    assert days(off, "2026-02-12T12:00", 3) == ["2026-02-15", "2026-02-16", "2026-02-17"]


def test_every_day_of_the_table_is_what_the_library_says() -> None:
    work = daily({"type": "CHINA"}).days
    for ordinal in range(date(2004, 1, 1).toordinal(), date(2026, 12, 31).toordinal() + 1):
        day = date.fromordinal(ordinal)
        assert work.allows(day) == chinese_calendar.is_workday(day), day


def test_a_missing_table_of_the_next_year_is_warned_of_and_monday_to_friday_count() -> None:
    schedule = daily({"type": "CHINA"})
    assert schedule.warnings(moment("2025-06-01")) == []
    assert schedule.warnings(moment("2026-06-01"))[0].startswith("there is no holiday table for 2027")
    assert days(schedule, "2027-10-01T12:00", 1) == ["2027-10-04"]
    assert "there is no holiday table for 2027" in schedule.explain(moment("2027-10-02T00:00"))


def test_a_table_of_ones_own_wins_and_ends_the_warning() -> None:
    own = {"type": "CHINA", "holidays": ["2027-10-04", "2026-02-14"], "workdays": ["2027-10-02"]}
    schedule = daily(own)
    assert schedule.warnings(moment("2026-06-01")) == []
    assert days(schedule, "2027-10-01T12:00", 2) == ["2027-10-02", "2027-10-05"]
    assert days(schedule, "2026-02-13T12:00", 1) == ["2026-02-24"]


def test_a_day_off_is_told_as_the_reason() -> None:
    schedule = daily({"type": "CHINA"})
    told = list(schedule.occurrences(moment("2026-02-14T12:00"), moment("2026-02-15T12:00")))
    assert [(o.fires, o.cause) for o in told] == [(False, Cause.CALENDAR)]
    assert "2026-02-15 is a day off by the holiday table" in told[0].text
    assert told[0].text == schedule.explain(told[0].at_ms)


def test_intervals_keep_to_the_calendar_as_well() -> None:
    document = {
        "name": "hourly", "type": "CALENDAR", "value": {"interval": 7, "period": "HOUR"}, "timeZone": "Asia/Shanghai",
        "start": "2026-02-13T20:00:00", "calendar": {"type": "CHINA"},
    }  # fmt: skip
    schedule = parse(document, now_ms=NOW)
    found = [schedule.clock.shows(fire).strftime("%m-%d %H") for fire in schedule.preview(NOW, 6)]
    assert found == ["02-13 20", "02-14 03", "02-14 10", "02-14 17", "02-24 01", "02-24 08"]


def test_a_step_that_starts_on_a_day_off_begins_later() -> None:
    document = {
        "name": "weekly", "type": "SIMPLE", "value": {"interval": 1, "period": "WEEK"}, "timeZone": "Asia/Shanghai",
        "start": "2026-02-16T20:00:00", "calendar": {"type": "CHINA"}, "runs": 2,
    }  # fmt: skip
    assert days(parse(document, now_ms=NOW), "2026-01-01", 5) == ["2026-03-02", "2026-03-09"]


def test_a_calendar_beside_a_day_the_clock_leaves_out_does_not_hang() -> None:
    document = {
        "name": "apia", "type": "CRON", "value": {"cron": "0 9 * * *"}, "timeZone": "Pacific/Apia",
        "calendar": {"type": "DAYS", "days": ["2011-12-29", "2011-12-31"]},
    }  # fmt: skip
    assert days(parse(document), "2011-12-01", 5) == ["2011-12-29", "2011-12-31"]


@pytest.mark.parametrize(
    ("calendar", "key", "told"),
    [
        ({"type": "DAYS"}, "calendar.days", "needs the days"),
        ({"type": "DAYS", "days": []}, "calendar.days", ""),
        ({"type": "DAYS", "days": ["2026-02-30"]}, "calendar.days[0]", "Not a valid date"),
        ({"type": "DAYS", "days": ["2026-03-01"], "run": "WORKDAYS"}, "calendar.run", "does not belong"),
        ({"type": "DAYS", "days": ["2020-03-01"]}, "value", "never fires"),
        ({"type": "CHINA", "days": ["2026-03-01"]}, "calendar.days", "does not belong"),
        ({"type": "CHINA", "holidays": ["2027-01-01"], "workdays": ["2027-01-01"]}, "calendar.workdays", "2027-01-01"),
        ({"type": "LUNAR"}, "calendar.type", ""),
    ],
)
def test_a_wrong_calendar_is_refused(calendar: dict[str, Any], key: str, told: str) -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        daily(calendar)
    found = refused.value.details["problems"]
    assert isinstance(found, list)
    assert [reason for at, reason in found if at == key and told in reason]


def test_without_the_library_a_table_of_ones_own_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("chinese_calendar")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NoChineseCalendar(), *sys.meta_path])
    chinese_table.cache_clear()
    try:
        with pytest.raises(DefinitionInvalid, match=r"install fdl-trigger\[holidays\]"):
            daily({"type": "CHINA"})
        own = daily({"type": "CHINA", "holidays": ["2026-01-05"]})
        assert days(own, "2026-01-02T12:00", 1) == ["2026-01-06"]
    finally:
        chinese_table.cache_clear()


class _NoChineseCalendar:
    """Stands in for an installation without the extra."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.startswith("chinese_calendar"):
            raise ModuleNotFoundError(name)
