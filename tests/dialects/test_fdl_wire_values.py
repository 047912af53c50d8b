"""What the FineDataLink wire says and understands, without a server."""

import dataclasses
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdl_trigger.dialects.bodies import MAX_DEPTH, read_body, read_query
from fdl_trigger.dialects.finedatalink import answers
from fdl_trigger.dialects.finedatalink.errors import ERRORS
from fdl_trigger.dialects.finedatalink.operations import OPERATIONS
from fdl_trigger.dialects.finedatalink.requests import merge, read_operator
from fdl_trigger.dialects.finedatalink.schemas import argument_schema, load
from fdl_trigger.dialects.finedatalink.times import read_time
from fdl_trigger.dialects.finedatalink.words import STATUS_FILTERS, TRIGGER_FILTERS, status_word, trigger_word
from fdl_trigger.domain.errors import InvalidParameter, InvalidRequest, TriggerError, error_codes
from fdl_trigger.domain.records import Counts, Instance
from fdl_trigger.domain.states import Reason, State, Trigger

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENT = 1_760_584_080_000
PLATFORM_CODES = {"21300001", "21300007", "21300014", "21300019", "11300015"}


def an_instance(**changes):
    values = {
        "id": 1,
        "uid": "e10f1f1a-d567-4058-98bb-b71204154f8b",
        "task_id": 2,
        "task_uid": "9cd75924-f2dc-4fb9-9ca0-441c1943157d",
        "task_name": "01数据同步",
        "version": 1,
        "state": State.WAITING,
        "reason": None,
        "message": None,
        "attempt": 0,
        "priority": 2,
        "trigger": Trigger.API,
        "trigger_by": "reports",
        "params": {},
        "created_at": MOMENT,
        "due_at": MOMENT,
        "started_at": None,
        "finished_at": None,
        "modified_at": MOMENT,
        "terminate_requested_at": None,
        "source_uid": None,
        "counts": Counts(),
        "is_latest": True,
    }
    return Instance(**{**values, **changes})


@pytest.mark.parametrize(
    ("state", "reason", "word"),
    [
        (State.WAITING, None, "QUEUING"),
        (State.RUNNING, None, "RUNNING"),
        (State.SUCCEEDED, None, "SUCCESS"),
        (State.FAILED, Reason.BUILD, "BUILD_FAIL"),
        *[(State.FAILED, reason, "ERROR") for reason in (Reason.ERROR, Reason.TIMEOUT, Reason.DIRTY)],
        *[
            (State.TERMINATED, reason, "INTERRUPT")
            for reason in (Reason.USER, Reason.LOST, Reason.REPLACED, Reason.SHUTDOWN)
        ],
    ],
)
def test_a_state_is_told_in_a_word_whose_filter_finds_it(state, reason, word):
    assert status_word(an_instance(state=state, reason=reason)) == word
    matching = [
        name
        for name, outcomes in STATUS_FILTERS.items()
        if any(state is one and (reasons is None or reason in reasons) for one, reasons in outcomes)
    ]
    assert matching == ([word, "FAIL"] if word == "ERROR" else [word])


def test_a_run_whose_stop_was_requested_is_told_as_interrupted_with_the_time_of_the_request():
    told = answers.instance(an_instance(state=State.RUNNING, started_at=MOMENT + 1, terminate_requested_at=MOMENT + 5))
    assert (told["taskStatus"], told["finishTime"]) == ("INTERRUPT", MOMENT + 5)
    ended = an_instance(state=State.TERMINATED, terminate_requested_at=MOMENT + 5, finished_at=MOMENT + 900)
    assert answers.instance(ended)["finishTime"] == MOMENT + 5
    lost = an_instance(state=State.TERMINATED, reason=Reason.LOST, finished_at=MOMENT + 900)
    assert answers.instance(lost)["finishTime"] == MOMENT + 900


def test_eleven_status_words_are_understood_and_five_of_them_are_of_the_past():
    assert len(STATUS_FILTERS) == 11
    assert {word for word, outcomes in STATUS_FILTERS.items() if not outcomes} == {
        "BUILDING",
        "INITIAL",
        "DUPLICATE",
        "INVALID",
    }


def test_every_trigger_has_a_word_whose_filter_finds_it():
    for trigger in Trigger:
        assert trigger in TRIGGER_FILTERS[trigger_word(trigger)]
    assert trigger_word(Trigger.API) == "MANUAL"
    assert trigger_word(Trigger.SCHEDULE) == "FIX_TIME"


def test_the_instance_object_has_the_product_columns_the_aliases_and_the_counts():
    counts = Counts(pages=3, read=10, inserted=4, updated=3, deleted=0, skipped=2, dirty=1)
    told = answers.instance(
        an_instance(state=State.SUCCEEDED, counts=counts, started_at=MOMENT + 2, finished_at=MOMENT + 9)
    )
    assert told == {
        "id": "e10f1f1a-d567-4058-98bb-b71204154f8b",
        "recordId": "e10f1f1a-d567-4058-98bb-b71204154f8b",
        "taskId": "9cd75924-f2dc-4fb9-9ca0-441c1943157d",
        "workId": "9cd75924-f2dc-4fb9-9ca0-441c1943157d",
        "workName": "01数据同步",
        "taskStatus": "SUCCESS",
        "triggerMethod": "MANUAL",
        "triggerBy": "reports",
        "triggerTime": MOMENT,
        "startTime": MOMENT,
        "runStartTime": MOMENT + 2,
        "finishTime": MOMENT + 9,
        "lastModifiedTime": MOMENT,
        "lastRecord": True,
        "sourceExecuteId": None,
        "path": None,
        "message": None,
        "reason": None,
        "dirtyDataNum": 1,
        "readRows": 10,
        "writtenRows": 7,
        "insertedRows": 4,
        "updatedRows": 3,
        "deletedRows": 0,
        "skippedRows": 2,
        "pages": 3,
    }


def test_success_and_failure_have_the_same_six_keys():
    good = answers.success({"name": "数据"})
    bad = answers.failure(TriggerError("no"))
    assert "数据" in good.get_data(as_text=True)
    assert list(json.loads(good.data)) == ["success", "code", "message", "data", "errorCode", "errorMsg"]
    assert list(json.loads(bad.data)) == list(json.loads(good.data))


def test_every_domain_error_has_a_number_and_a_status_of_its_own():
    assert set(ERRORS) == set(error_codes())
    numbers = [wire.error_code for wire in ERRORS.values()]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 8 and number.isdecimal() for number in numbers)
    assert {number for number in numbers if not number.startswith("62")} == PLATFORM_CODES


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_an_error_is_told_with_its_number_and_message(code):
    wire, error = ERRORS[code], error_codes()[code]("what is wrong")
    response = answers.failure(error)
    told = json.loads(response.data)
    assert (told["errorCode"], told["code"]) == (wire.error_code, wire.error_code)
    assert (told["errorMsg"], told["message"]) == ("what is wrong", "what is wrong")
    assert (told["success"], told["data"]) == (False, None)
    assert response.status_code == (200 if wire.is_business else wire.status)
    assert answers.failure(error, business_http_status=True).status_code == wire.status


def test_text_that_is_no_unicode_does_not_break_an_answer():
    assert json.loads(answers.success({"message": "half \ud800"}).data)["data"] == {"message": "half ?"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-10-16 11:08:00", MOMENT),
        ("2025-10-16T11:08:00", MOMENT),
        ("2025-10-16T03:08:00Z", MOMENT),
        ("2025-10-16T05:08:00+02:00", MOMENT),
        (" 2025-10-16 11:08:00.000 ", MOMENT),
        ("1760584080000", MOMENT),
        (1760584080000, MOMENT),
        ("1760584080", MOMENT),
        (1760584080, MOMENT),
        ("2025-10-16", MOMENT - (11 * 60 + 8) * 60_000),
    ],
)
def test_documented_and_plausible_times_are_read(value, expected):
    assert read_time(value, SHANGHAI) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-10-16 11:08:00", MOMENT + 999),
        ("2025-10-16 11:08:00.250", MOMENT + 250),
        ("1760584080", MOMENT + 999),
        (1760584080000, MOMENT),
        ("2025-10-16", MOMENT - (11 * 60 + 8) * 60_000 + 86_400_000 - 1),
    ],
)
def test_an_upper_limit_includes_the_whole_day_or_second_that_was_written(value, expected):
    assert read_time(value, SHANGHAI, upper=True) == expected


def test_without_a_zone_the_systems_own_counts():
    assert read_time("2025-10-16 11:08:00", None) == int(datetime(2025, 10, 16, 11, 8).astimezone().timestamp()) * 1000


@pytest.mark.parametrize(
    "value",
    ["tomorrow", "2025-13-01", "2025-02-30", "16/10/2025", "123", 5, -1, 1.5, True, None, [], {}, "9" * 40,
     "9999-12-31", "0001-01-01", "１７６０５８４０８０"],
)  # fmt: skip
def test_what_is_no_time_is_refused_and_the_edges_do_not_break(value):
    if value in ("9999-12-31", "0001-01-01"):
        for zone in (SHANGHAI, UTC, None):
            for upper in (False, True):
                try:
                    assert isinstance(read_time(value, zone, upper=upper), int)
                except ValueError as error:
                    assert "not a time" in str(error)  # noqa: PT017 - either outcome is right at the edge
        return
    with pytest.raises(ValueError, match="is not a time; write yyyy-MM-dd"):
        read_time(value, SHANGHAI)


@pytest.mark.parametrize("body", [b"", b"{}", b'""', b"  \r\n", b"null", b"\xef\xbb\xbf{}"])
def test_nothing_an_empty_text_and_an_empty_object_are_alike(body):
    assert read_body(body) == {}


def nested(depth):
    return b'{"params":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"workId": ', "not valid JSON"),
        (b"workId=1", "not valid JSON"),
        (b"<xml/>", "not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"5", "must be a JSON object"),
        (b"false", "must be a JSON object"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON value"),
        (b'{"a": 1e999}', "number is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"a": "\xff"}', "not valid UTF-8"),
        ('{"workId": "a"}'.encode("utf-16"), "not valid UTF-8"),
        (b'{"a": "\x00"}', "not valid JSON"),
        (nested(MAX_DEPTH + 1), "levels deep"),
        (nested(100), "levels deep"),
        (nested(100_000), "levels deep"),
        (b'{"a":' * 100_000, "levels deep"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_cause(body, reason):
    with pytest.raises(InvalidRequest, match=reason):
        read_body(body)


def test_the_deepest_allowed_nesting_is_read():
    assert read_body(nested(MAX_DEPTH))
    assert len(read_body(b'{"params": [' + b"[]," * 1000 + b"[]]}")["params"]) == 1001


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"workId": "a", "workId": "a"}', "workId: is given twice"),
        (b'{"params": {"day": 1, "day": 2}}', "day: is given twice"),
        (b'{"workId": "a\\u0000"}', "workId: holds a NUL"),
        (b'{"params": {"day": ["\\u0000"]}}', r"params.day\[0\]: holds a NUL"),
        (b'{"params": {"\\u0000": 1}}', "a name in params: holds a NUL"),
        (b'{"workName": "\\ud800"}', "workName: holds half of a surrogate pair"),
    ],
)
def test_text_no_field_can_take_is_refused_by_field(body, reason):
    with pytest.raises(InvalidParameter, match=reason):
        read_body(body)


def test_a_whole_surrogate_pair_is_one_character():
    assert read_body(b'{"workName": "\\ud83d\\ude00"}') == {"workName": "😀"}


def test_an_identifier_comes_from_the_path_before_the_body_before_the_query():
    path, body, query = {"workId": "p"}, {"workId": "b"}, {"workId": ["q"]}
    assert merge(["workId"], path, body, query) == {"workId": "p"}
    assert merge(["workId"], {}, body, query) == {"workId": "b"}
    assert merge(["workId"], {}, {"workId": ""}, query) == {"workId": "q"}
    assert merge(["workId"], {}, {}, {"workId": [""]}) == {}


def test_a_parameter_given_twice_in_the_query_is_refused_by_name():
    with pytest.raises(InvalidParameter, match="workId: is given 2 times"):
        merge(["workId"], {}, {}, read_query("workId=a&workId=b"))
    assert merge(["workId"], {}, {}, read_query("workId=a&other=1&other=2")) == {"workId": "a"}


@pytest.mark.parametrize("text", ["workName=%FF", "workName=%ED%A0%80", "a=\xff"])
def test_a_query_that_is_not_utf_8_is_refused(text):
    with pytest.raises(InvalidRequest, match="UTF-8"):
        read_query(text)


def test_a_query_may_hold_raw_or_encoded_chinese():
    raw = "workName=数据".encode().decode("latin-1")
    assert read_query(raw) == read_query("workName=%E6%95%B0%E6%8D%AE") == {"workName": ["数据"]}


def test_a_query_of_too_many_fields_is_refused():
    with pytest.raises(InvalidRequest, match="100 fields"):
        read_query("&".join("a=1" for _ in range(101)))


@pytest.mark.parametrize(
    ("header", "query", "name"),
    [
        (None, "", None),
        ("ann", "", "ann"),
        (None, "decUser=ann", "ann"),
        ("ann", "decUser=ann", "ann"),
        ("王芳".encode().decode("latin-1"), "", "王芳"),
    ],
)
def test_the_operating_user_is_taken_from_header_or_query(header, query, name):
    assert read_operator(header, read_query(query)) == name


@pytest.mark.parametrize(
    ("header", "query"),
    [("", ""), (None, "decUser="), (None, "decUser=%00"), ("a", "decUser=b"), (None, "decUser=a&decUser=b"),
     (None, "decUser=" + "x" * 129), (None, "decUser=a%0Ab"), ("\xff", "")],
)  # fmt: skip
def test_an_operating_user_that_cannot_be_one_is_refused(header, query):
    with pytest.raises(InvalidParameter, match="decUser"):
        read_operator(header, read_query(query))


SCHEMAS = {wire.name: argument_schema(wire, SHANGHAI, 100, 60.0) for wire in OPERATIONS}


def test_a_list_call_has_documented_defaults():
    assert load(SCHEMAS["records_by_id"], {"workId": "a"}) == {
        "workId": "a",
        "latest": False,
        "startTime": None,
        "finishTime": None,
        "taskStatus": None,
        "triggerMethod": None,
        "pageNum": 1,
        "pageSize": 100,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latest", "perhaps"), ("latest", []), ("latest", {}), ("latest", 7),
        ("startTime", "yesterday"), ("finishTime", {}), ("startTime", True),
        ("taskStatus", "success"), ("taskStatus", "DONE"), ("taskStatus", 1), ("taskStatus", ["SUCCESS"]),
        ("triggerMethod", "API"), ("triggerMethod", []),
        ("pageNum", 0), ("pageNum", -1), ("pageNum", "x"), ("pageNum", 1.5), ("pageNum", True), ("pageNum", 10**30),
        ("pageSize", 0), ("pageSize", 1001), ("pageSize", "1e3"), ("pageSize", []),
        ("workId", 5), ("workId", []), ("workId", {"a": 1}), ("workId", "x" * 513), ("workId", True),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_refused_by_name(name, value):
    with pytest.raises(InvalidParameter, match=f"^{name}: ") as refusal:
        load(SCHEMAS["records_by_id"], {"workId": "a", name: value})
    assert refusal.value.details["problems"][0][0] == name


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(InvalidParameter) as refusal:
        load(SCHEMAS["records_by_name"], {"latest": "?", "pageNum": "?"})
    assert {name for name, _ in refusal.value.details["problems"]} == {"workName", "latest", "pageNum"}


@pytest.mark.parametrize(
    "params", [{"day": "2025-01-01", "n": 1}, [{"name": "day", "value": "2025-01-01"}, {"name": "n", "value": 1}]]
)
def test_parameters_come_as_object_or_list(params):
    assert load(SCHEMAS["execute_by_id"], {"workId": "a", "params": params})["params"] == {"day": "2025-01-01", "n": 1}


@pytest.mark.parametrize(
    "params",
    ["x", 5, True, [1], [{"value": 1}], [{"name": ""}], [{"name": 3}], [{"name": "a"}, {"name": "a"}], [[]], [None]],
)
def test_parameters_of_another_shape_are_refused(params):
    with pytest.raises(InvalidParameter, match=r"^params"):
        load(SCHEMAS["execute_by_id"], {"workId": "a", "params": params})


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [(True, 60), ("true", 60), (False, 0), ("FALSE", 0), (0, 0), (2.5, 2.5), ("3", 3), (10**6, 60)],
)
def test_the_wait_is_a_flag_or_seconds_and_is_bounded(wait, seconds):
    assert load(SCHEMAS["execute_by_id"], {"workId": "a", "wait": wait})["wait"] == seconds


@pytest.mark.parametrize("wait", ["yes please", "nan", "inf", -1, [], {}, 10**400])
def test_a_wait_that_is_neither_is_refused(wait):
    with pytest.raises(InvalidParameter, match=r"^wait: must be true, false or a number of seconds"):
        load(SCHEMAS["execute_by_id"], {"workId": "a", "wait": wait})


@given(st.binary(max_size=200))
def test_any_bytes_are_a_body_or_a_clean_refusal(data):
    try:
        assert isinstance(read_body(data), dict)
    except (InvalidRequest, InvalidParameter) as error:
        assert error.message  # noqa: PT017 - either outcome is right


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(
    st.sampled_from(sorted(SCHEMAS)),
    st.dictionaries(
        st.sampled_from([*SCHEMAS["records_by_id"].fields, "params", "wait", "workName", "recordId"]), JSON
    ),
)
def test_any_values_are_arguments_or_a_clean_refusal(name, values):
    try:
        assert load(SCHEMAS[name], values)
    except InvalidParameter as error:
        assert error.details["problems"]  # noqa: PT017 - either outcome is right


def test_counts_cover_every_field_of_the_record():
    assert len(answers.counts(Counts())) == len(dataclasses.fields(Counts)) + 1
