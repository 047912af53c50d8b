"""Schedule documents: the five plans, starts, ends and numbers of runs, and what is refused."""

import json
import pickle
import re
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.recurrence import ROMA_LIMITS, Limits, Misfire, PlanType, Schedule, parse

NOW = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()) * 1000


def document(kind: str, value: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "nightly", "type": kind, "value": value or {}, "timeZone": "Asia/Shanghai", **more}


def cron(text: str, **more: Any) -> dict[str, Any]:
    return document("CRON", {"cron": text}, **more)


def saved(given: dict[str, Any], **more: Any) -> Schedule:
    return parse(given, now_ms=NOW, **more)


def shown(schedule: Schedule, n: int = 4, after: int = NOW) -> list[str]:
    return [schedule.clock.shows(fire).strftime("%Y-%m-%d %H:%M") for fire in schedule.preview(after, n)]


def problems(given: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionInvalid) as refused:
        saved(given, **more)
    found: list[tuple[str, str]] = refused.value.details["problems"]  # type: ignore[assignment]  # details are objects
    return found


def test_a_plan_runs_once_at_its_start() -> None:
    assert shown(saved(document("ONCE", start="2026-12-01T08:00:00"))) == ["2026-12-01 08:00"]


def test_a_simple_plan_repeats_from_its_start() -> None:
    plan = saved(document("SIMPLE", {"interval": 90, "period": "MIN"}, start="2026-11-23 08:00:00"))
    assert shown(plan) == ["2026-11-23 21:30", "2026-11-23 23:00", "2026-11-24 00:30", "2026-11-24 02:00"]


def test_a_number_of_runs_counts_from_the_start() -> None:
    every = {"interval": 1, "period": "DAY"}
    plan = saved(document("SIMPLE", every, start="2026-11-22T08:00:00", runs=4))
    assert shown(plan) == ["2026-11-24 08:00", "2026-11-25 08:00"]
    assert plan.next_fire(NOW + 10 * 86_400_000) is None
    assert plan.explain(NOW + 10 * 86_400_000) == "the schedule has ended"


def test_the_earlier_of_end_and_number_of_runs_ends_a_plan() -> None:
    plan = saved(cron("0 0 8 * * ?", start="2026-11-24T00:00:00", end="2026-11-25T08:00:00", runs=30))
    assert shown(plan) == ["2026-11-24 08:00", "2026-11-25 08:00"]


def test_a_detailed_plan_runs_at_clock_times_on_weekdays_in_months() -> None:
    value = {"times": ["20:30", "8:00"], "weekdays": ["MON", "FRI"], "months": [12]}
    assert shown(saved(document("DETAIL", value))) == [
        "2026-12-04 08:00", "2026-12-04 20:30", "2026-12-07 08:00", "2026-12-07 20:30",
    ]  # fmt: skip


def test_a_detailed_plan_runs_on_days_of_the_month() -> None:
    value = {"times": ["00:00"], "monthDays": [1, 31, "L"]}
    assert shown(saved(document("DETAIL", value)), 5) == [
        "2026-11-30 00:00", "2026-12-01 00:00", "2026-12-31 00:00", "2027-01-01 00:00", "2027-01-31 00:00",
    ]  # fmt: skip


def test_a_detailed_plan_without_days_runs_every_day() -> None:
    assert shown(saved(document("DETAIL", {"times": ["23:59"]})), 2) == ["2026-11-23 23:59", "2026-11-24 23:59"]


def test_months_are_clipped_from_the_base_date() -> None:
    plan = saved(document("CALENDAR", {"interval": 1, "period": "MON"}, start="2027-01-31T09:00:00"))
    assert shown(plan, 5) == [
        "2027-01-31 09:00", "2027-02-28 09:00", "2027-03-31 09:00", "2027-04-30 09:00", "2027-05-31 09:00",
    ]  # fmt: skip


def test_weeks_count_from_the_base_date() -> None:
    plan = saved(document("CALENDAR", {"interval": 2, "period": "WEEK"}, start="2026-11-23T09:00:00"))
    assert shown(plan, 3) == ["2026-12-07 09:00", "2026-12-21 09:00", "2027-01-04 09:00"]


def test_the_first_fire_of_cron_is_the_first_match_at_or_after_the_start() -> None:
    assert shown(saved(cron("0 8 * * *", start="2026-12-01T08:00:00+08:00")), 1) == ["2026-12-01 08:00"]
    assert shown(saved(cron("0 8 * * *", start="2026-12-01T08:00:00.001+08:00")), 1) == ["2026-12-02 08:00"]


def test_start_and_end_are_inclusive() -> None:
    plan = saved(cron("0 8 * * *", start=NOW + 12 * 3_600_000, end="2026-11-24T08:00:00+08:00"))
    assert shown(plan) == ["2026-11-24 08:00"]
    assert plan.explain(NOW) == "the schedule has not started yet"


def test_a_start_in_the_past_and_one_in_the_far_future_are_fine() -> None:
    assert shown(saved(cron("0 8 * * *", start="1999-01-01T00:00:00Z")), 1) == ["2026-11-24 08:00"]
    assert shown(saved(cron("0 8 * * *", start="2098-12-31T12:00:00")), 1) == ["2099-01-01 08:00"]
    assert shown(saved(cron("0 0 8 31 12 ? 2099")), 3) == ["2099-12-31 08:00"]


def test_a_document_without_a_zone_has_the_one_of_the_service() -> None:
    given = {key: value for key, value in cron("0 8 * * *").items() if key != "timeZone"}
    assert parse(given, zone="America/New_York").clock.zone.key == "America/New_York"
    assert parse(given).clock.zone.key == "UTC"


def test_everything_else_in_a_document_is_kept() -> None:
    given = cron("0 8 * * *", enabled=False, misfire="FIRE_ALL", misfireLimit=7)
    plan = saved(given)
    assert (plan.type, plan.enabled, plan.misfire, plan.misfire_limit) == (PlanType.CRON, False, Misfire.FIRE_ALL, 7)
    assert plan.document == given
    assert saved(cron("0 8 * * *")).misfire is Misfire.SKIP


@pytest.mark.parametrize(
    ("given", "key", "told"),
    [
        (cron("0 0 0 30 2 ?"), "value.cron", "never fires"),
        (cron("0 0 0 1 1 ? 2020"), "value", "the schedule never fires after 2026-11-23 20:00:00 (Asia/Shanghai)"),
        (cron("0 0 0 1 1 ? 2200"), "value.cron", "it takes 1970-2099"),
        (cron("* * * * * ?"), "value", "fires every 1 s at its densest; the shortest time between two fires is 60 s"),
        (cron("0/30 * * * * ?"), "value", "fires every 30 s"),
        (cron(""), "value.cron", ""),
        (cron("0 8 * * *", end="2026-01-01"), "end", "never fires"),
        (cron("0 8 * * *", start="2026-12-02", end="2026-12-01"), "end", "the end lies before the start"),
        (cron("0 8 * * *", runs=3), "start", "a number of runs is counted from a start"),
        (cron("0 8 * * *", runs=0, start="2026-12-02"), "runs", ""),
        (cron("0 8 * * *", runs=10_001, start="2026-12-02"), "runs", ""),
        (cron("0 8 * * *", start="2200-01-01"), "start", "is not a moment from 1970 to 2099"),
        (cron("0 8 * * *", start="9999-12-31T23:59:59-14:00"), "start", "is not a moment"),
        (cron("0 8 * * *", start="0001-01-01T00:00:00"), "start", "is not a moment"),
        (cron("0 8 * * *", start=-1), "start", "is not a moment"),
        (cron("0 8 * * *", start=10**30), "start", "is not a moment"),
        (cron("0 8 * * *", start=True), "start", "is not a moment"),
        (cron("0 8 * * *", end="yesterday"), "end", "is not a moment"),
        (cron("0 8 * * *", end={"at": 1}), "end", "is not a moment"),
        (cron("0 8 * * *", timeZone="Asia/Beijing"), "timeZone", "'Asia/Beijing' is not a time zone"),
        (cron("0 8 * * *", timeZone="../etc/passwd"), "timeZone", "is not a time zone"),
        (cron("0 8 * * *", timeZone="America"), "timeZone", "is not a time zone"),
        (cron("0 8 * * *", timeZone="\0"), "timeZone", "is not a time zone"),
        (cron("0 8 * * *", misfire="SOMETIMES"), "misfire", ""),
        (cron("0 8 * * *", misfireLimit=0), "misfireLimit", ""),
        (cron("0 8 * * *", name="a/b"), "name", "none of"),
        (cron("0 8 * * *", name=" a"), "name", "blank"),
        (cron("0 8 * * *", name=""), "name", ""),
        (cron("0 8 * * *", color="red"), "color", "Unknown field"),
        (document("CRON"), "value.cron", "Missing data"),
        (document("CRON", {"cron": 5}), "value.cron", ""),
        (document("WEEKLY"), "type", ""),
        (document("ONCE"), "start", "needs a start"),
        (document("ONCE", start=NOW), "value", "never fires"),
        (document("SIMPLE", {"interval": 1, "period": "DAY"}), "start", "needs a start"),
        (document("SIMPLE", {"interval": 1, "period": "MON"}, start=NOW), "value.period", "takes MIN, HOUR, DAY, WEEK"),
        (document("SIMPLE", {"interval": 0, "period": "DAY"}, start=NOW), "value.interval", ""),
        (document("CALENDAR", {"interval": 60, "period": "MIN"}, start=NOW), "value.interval", ""),
        (document("CALENDAR", {"interval": 1.5, "period": "MIN"}, start=NOW), "value.interval", ""),
        (document("DETAIL"), "value.times", "Missing data"),
        (document("DETAIL", {"times": ["24:00"]}), "value.times[0]", "it takes HH:MM"),
        (document("DETAIL", {"times": ["08:00"], "weekdays": ["MO"]}), "value.weekdays[0]", ""),
        (document("DETAIL", {"times": ["08:00"], "monthDays": [32]}), "value.monthDays[0]", "takes 1 to 31, or L"),
        (
            document("DETAIL", {"times": ["08:00"], "monthDays": [30], "months": [2]}),
            "value.monthDays",
            "none of these",
        ),
        (document("DETAIL", {"times": ["8:00"], "monthDays": [3], "weekdays": ["MON"]}), "value.weekdays", "not both"),
    ],
)
def test_a_mistake_in_a_document_is_refused_under_its_key(given: dict[str, Any], key: str, told: str) -> None:
    found = problems(given)
    assert [reason for at, reason in found if at == key and told in reason]


def test_all_mistakes_of_a_cron_text_are_told() -> None:
    assert [key for key, _ in problems(cron("0 61 25 * * *"))] == ["value.cron"] * 3


def test_mistakes_in_different_keys_are_told_together() -> None:
    found = problems(cron("0 99 * * * ?", timeZone="Mars/Phobos", start="soon", end="later"))
    assert [key for key, _ in found] == ["value.cron", "timeZone", "start", "end"]


def test_roma_takes_whole_minutes_and_no_five_fields() -> None:
    assert "second: only 0 is accepted" in problems(cron("30 0 12 * * ?"), limits=ROMA_LIMITS)[0][1]
    assert "it takes 6" in problems(cron("0 12 * * ?"), limits=ROMA_LIMITS)[0][1]
    assert shown(saved(cron("0 30 12 * * ? 2027"), limits=ROMA_LIMITS), 1) == ["2027-01-01 12:30"]


def test_a_service_may_allow_seconds() -> None:
    plan = saved(cron("*/10 * * * * ?"), limits=Limits(min_interval_s=10))
    first, second = plan.preview(NOW, 2)
    assert second - first == 10_000


def test_a_stored_schedule_that_has_expired_is_read_when_nobody_saves_it() -> None:
    assert parse(cron("0 0 0 1 1 ? 2020")).next_fire(NOW) is None


def test_the_preview_lists_a_hundred_fires() -> None:
    found = saved(cron("*/5 * * * *")).preview(NOW)
    assert len(found) == 100
    assert {later - earlier for earlier, later in pairwise(found)} == {300_000}


def test_a_schedule_is_a_value() -> None:
    plan = saved(cron("0 8 * * *", start=NOW, runs=5))
    assert plan == saved(cron("0 8 * * *", start=NOW, runs=5))
    copied = pickle.loads(pickle.dumps(plan))  # noqa: S301  # its own bytes
    assert copied.preview(NOW) == plan.preview(NOW)


@pytest.mark.parametrize("text", ["*/5 * * * *", "0 0 0 LW * ?", "0 30 2 ? * 6#3", "0 0 0 29 2 ?", "0 0 1 ? * 2-6"])
def test_the_next_fire_is_found_in_well_under_a_millisecond(text: str) -> None:
    plan = saved(cron(text, timeZone="America/New_York"))
    took = []
    for start in range(20):
        began = time.perf_counter()
        for k in range(50):
            plan.next_fire(NOW + (start * 50 + k) * 3_600_000)
        took.append((time.perf_counter() - began) / 50)
    assert min(took) < 0.000_5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["name", "enabled", "type", "value", "timeZone", "start", "end", "runs", "calendar", "misfire", "misfireLimit"]


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)), st.sampled_from(list(PlanType)))
def test_any_document_is_read_or_refused_with_its_mistakes(changes: dict[str, Any], kind: PlanType) -> None:
    values = {
        "ONCE": {}, "SIMPLE": {"interval": 1, "period": "DAY"}, "DETAIL": {"times": ["08:00"]},
        "CRON": {"cron": "0 8 * * *"}, "CALENDAR": {"interval": 1, "period": "MON"},
    }  # fmt: skip
    given = {**document(kind, dict(values[kind]), start="2026-12-01"), **changes}  # type: ignore[call-overload]
    try:
        found: object = parse(json.loads(json.dumps(given)), now_ms=NOW).preview(NOW, 1)
    except DefinitionInvalid as refused:
        found = refused.details["problems"]
    assert found


@given(st.text(alphabet="0123456789*/?,-LW#MONJA ", max_size=40))
def test_any_cron_text_is_read_or_refused(text: str) -> None:
    try:
        found: object = parse(cron(text), now_ms=NOW).preview(NOW, 3)
    except DefinitionInvalid as refused:
        found = refused.details["problems"]
    assert found


PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")


def test_the_document_and_the_calendars_on_the_page_are_read() -> None:
    example = json.loads(PAGE.split("```json")[1].split("```")[0])
    assert shown(saved(example), 1) == ["2026-12-01 08:00"]
    calendars = re.findall(r'`(\{"type": "(?:DAYS|CHINA)".*?\})`', PAGE)
    assert len(calendars) == 3
    for text in calendars:
        assert saved(cron("0 8 * * *", calendar=json.loads(text))).next_fire(NOW)


def test_the_page_names_every_key_type_and_misfire_policy() -> None:
    missing = [word for word in [*KEYS, *PlanType, *Misfire] if f"`{word}`" not in PAGE]
    assert missing == []
