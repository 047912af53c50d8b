"""On what occasions a task gives notice."""

import re
import tomllib
from pathlib import Path

import pytest

from fdl_trigger.domain.definition import Definition
from fdl_trigger.domain.errors import DefinitionInvalid
from fdl_trigger.domain.notices import Ending, NoticeRule, NoticeSchema, Occasion, document_of
from fdl_trigger.domain.records import Counts
from fdl_trigger.domain.states import Reason, State
from fdl_trigger.nodes.channels.schemas import CHANNEL_SCHEMAS


def ending(state: State, reason: Reason | None = None, dirty: int = 0) -> Ending:
    counts = Counts(read=10, inserted=3, dirty=dirty)
    return Ending(1, "t", "orders", "i", state, reason, "m" * 5000, 1, "api", "app", 0, None, 1_700_000_000_123, counts)


def rule(*on: str, dirty_rows: int = 1) -> NoticeRule:
    return NoticeRule(frozenset(map(Occasion, on)), ("ops",), dirty_rows)


ALL = tuple(Occasion)


@pytest.mark.parametrize(
    ("on", "end", "occasion"),
    [
        (ALL, ending(State.SUCCEEDED), "success"),
        (ALL, ending(State.SUCCEEDED, dirty=1), "dirty"),
        (["success"], ending(State.SUCCEEDED, dirty=1), "success"),
        (["dirty"], ending(State.SUCCEEDED), None),
        (ALL, ending(State.FAILED, Reason.ERROR), "failure"),
        (ALL, ending(State.FAILED, Reason.TIMEOUT), "timeout"),
        (["failure"], ending(State.FAILED, Reason.TIMEOUT), "failure"),
        (ALL, ending(State.FAILED, Reason.DIRTY), "dirty"),
        (["failure"], ending(State.FAILED, Reason.DIRTY), "failure"),
        (["dirty"], ending(State.FAILED, Reason.ERROR, dirty=5), "dirty"),
        (ALL, ending(State.FAILED, Reason.BUILD), "build"),
        (["failure"], ending(State.FAILED, Reason.BUILD), None),
        (["failure"], ending(State.TERMINATED, Reason.LOST), "failure"),
        (ALL, ending(State.TERMINATED, Reason.USER), None),
        (ALL, ending(State.TERMINATED, Reason.REPLACED, dirty=9), None),
        (ALL, ending(State.TERMINATED, Reason.SHUTDOWN), None),
        (["success"], ending(State.FAILED, Reason.ERROR), None),
        (["failure"], ending(State.SUCCEEDED, dirty=9), None),
    ],
)
def test_an_ending_is_the_most_telling_occasion_that_is_asked_for(on, end, occasion):
    assert rule(*on).occasion(end) == occasion


def test_dirty_rows_below_the_threshold_are_no_occasion():
    assert rule("dirty", dirty_rows=3).occasion(ending(State.SUCCEEDED, dirty=2)) is None
    assert rule("dirty", dirty_rows=3).occasion(ending(State.SUCCEEDED, dirty=3)) == "dirty"


def test_the_document_of_a_notice_says_what_ended_and_how():
    document = document_of(Occasion.FAILURE, ending(State.FAILED, Reason.ERROR, dirty=2))
    assert (document["type"], document["timestamp"]) == ("instance.failure", "2023-11-14T22:13:20.123Z")
    assert document["data"]["rows"] == {"read": 10, "written": 3, "dirty": 2}
    assert (document["data"]["reason"], document["data"]["startedAt"]) == ("error", None)
    assert len(document["data"]["message"]) == 2000


def parsed(notice: object) -> NoticeRule | None:
    node = {"id": "a", "type": "QUICK"}
    return Definition.parse({"workName": "orders", "nodes": [node], "control": {"notice": notice}}).control.notice


def test_notices_are_off_unless_they_are_enabled():
    assert Definition.parse({"workName": "orders", "nodes": [{"id": "a", "type": "QUICK"}]}).control.notice is None
    assert parsed(None) is None
    assert parsed({"enabled": False}) is None
    assert parsed({"enabled": False, "channels": ["ops"]}) is None


def test_by_default_failures_and_build_failures_are_told():
    assert parsed({"enabled": True, "channels": ["ops", "erp", "ops"]}) == NoticeRule(
        frozenset({Occasion.FAILURE, Occasion.BUILD}), ("ops", "erp"), 1
    )


def test_the_example_of_the_documentation_is_what_it_says():
    page = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parsed(tomllib.loads(example)["control"]["notice"]) == NoticeRule(
        frozenset({Occasion.FAILURE, Occasion.BUILD}), ("ops-robot", "erp"), 1
    )


def test_the_documentation_explains_every_setting_and_occasion():
    page = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
    keys = [*NoticeSchema().fields, *Occasion, *(key for schema in CHANNEL_SCHEMAS.values() for key in schema().fields)]
    assert [key for key in keys if not re.search(rf"^\|.*`{key}`", page, re.MULTILINE)] == []


@pytest.mark.parametrize(
    ("notice", "key"),
    [
        ({"enabled": True}, "control.notice.channels"),
        ({"enabled": True, "channels": []}, "control.notice.channels"),
        ({"enabled": True, "channels": ["x"] * 21}, "control.notice.channels"),
        ({"enabled": True, "channels": [""]}, "control.notice.channels[0]"),
        ({"enabled": True, "channels": ["x"], "on": []}, "control.notice.on"),
        ({"enabled": True, "channels": ["x"], "on": ["never"]}, "control.notice.on[0]"),
        ({"enabled": True, "channels": ["x"], "dirtyThreshold": 0}, "control.notice.dirtyThreshold"),
        ({"enabled": True, "channels": ["x"], "mail": "y"}, "control.notice.mail"),
    ],
)
def test_a_mistake_in_a_notice_is_named_by_its_key(notice, key):
    with pytest.raises(DefinitionInvalid) as caught:
        parsed(notice)
    assert [found for found, _ in caught.value.details["problems"]] == [key]
