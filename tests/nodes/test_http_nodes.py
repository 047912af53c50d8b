"""HTTP_CALL and PARAM_ASSIGN against a real server: what is sent, what counts as success, what parameters get."""

import json

import pytest
from api_server import Reply
from marshmallow import ValidationError

from fdl_trigger.domain.definition import flatten
from fdl_trigger.domain.records import Connection
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes import NODE_TYPES
from fdl_trigger.nodes.assignments import MAX_ROWS
from fdl_trigger.nodes.errors import BuildError, NodeError

ROWS = {"total": 3, "rows": [{"id": 1, "price": 1.50}, {"id": 2, "price": None}, {"id": 3, "tags": ["a"]}]}


def assign(bench, api, *rows, content=ROWS, **source):
    api.replies["/x"] = content
    config = {"source": {"url": api.url + "/x", "jsonPath": "$.rows", **source}, "assign": list(rows)}
    return bench.run_node("PARAM_ASSIGN", config).assigned


def to(parameter, origin, **more):
    return {"parameter": parameter, "from": origin, **more}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_call_sends_its_method(api, bench, method):
    api.replies["/x"] = Reply(b"", 204)
    bench.run_node("HTTP_CALL", {"url": api.url + "/x", "method": method})
    assert [seen.method for seen in api.seen] == [method]


def test_a_call_sends_params_headers_authorization_and_body(api, bench):
    bench.params = {"day": "2026-11-22", "token": "t0k3n"}
    api.replies["/x"] = {"ok": True}
    config = {
        "url": api.url + "/x?a=1",
        "method": "PUT",
        "params": {"d": "${day}"},
        "headers": {"X-Day": "${day}"},
        "authorization": {"type": "BEARER", "token": "${token}"},
        "body": {"type": "JSON", "content": {"day": "${day}"}},
    }
    run = bench.run_node("HTTP_CALL", config)
    [seen] = api.seen
    assert seen.query == {"a": "1", "d": "2026-11-22"}
    assert seen.headers["X-Day"] == "2026-11-22"
    assert seen.headers["Authorization"] == "Bearer t0k3n"
    assert json.loads(seen.body) == {"day": "2026-11-22"}
    assert "t0k3n" not in str(run.lines)


@pytest.mark.parametrize(
    ("allowed", "status", "succeeds"),
    [
        (None, 201, True),
        (None, 404, False),
        ("200-299,404", 404, True),
        ("404", 200, False),
        ("100-599", 500, True),
    ],
)
def test_the_status_decides_about_success(api, bench, allowed, status, succeeds):
    api.replies["/x"] = Reply(b"what happened", status)
    config = {"url": api.url + "/x", "assign": [to("status", "STATUS")]}
    if allowed:
        config["success"] = {"status": allowed}
    if succeeds:
        assert bench.run_node("HTTP_CALL", config).assigned == {"status": status}
        return
    with pytest.raises(NodeError, match=f"answered {status}: what happened"):
        bench.run_node("HTTP_CALL", config)


@pytest.mark.parametrize(("match", "succeeds"), [("ALL", False), ("ANY", True)])
def test_conditions_on_the_answer_decide_besides(api, bench, match, succeeds):
    api.replies["/x"] = {"code": 0, "state": "late"}
    conditions = [
        {"type": "JSONPATH", "path": "$.code", "operator": "=", "value": "0"},
        {"type": "JSONPATH", "path": "$.state", "operator": "=", "value": "${wanted}"},
    ]
    bench.params = {"wanted": "ready"}
    config = {"url": api.url + "/x", "success": {"match": match, "conditions": conditions}}
    if succeeds:
        bench.run_node("HTTP_CALL", config)
        return
    with pytest.raises(NodeError, match=r"does not meet the success condition; it begins: .*late"):
        bench.run_node("HTTP_CALL", config)


def test_an_answer_gives_values_to_parameters(api, bench):
    api.replies["/x"] = Reply({"data": {"token": "abc", "n": 1.10, "list": [1, {"x": 2.5}]}}, headers={"X-Next": "7"})
    config = {
        "url": api.url + "/x",
        "assign": [
            to("token", "BODY", path="$.data.token"),
            to("n", "BODY", path="$.data.n"),
            to("list", "BODY", path="$.data.list"),
            to("next", "HEADER", name="x-nExt"),
            to("status", "STATUS"),
            to("missing", "BODY", path="$.nothing", default="-"),
        ],
    }
    run = bench.run_node("HTTP_CALL", config)
    assert run.assigned == {
        "token": "abc",
        "n": "1.1",
        "list": [1, {"x": "2.5"}],
        "next": "7",
        "status": 200,
        "missing": "-",
    }


def test_an_answer_that_must_be_json_and_is_not_fails_the_call(api, bench):
    api.replies["/x"] = Reply(b"<html>")
    config = {"url": api.url + "/x", "assign": [to("a", "BODY", path="$.a")]}
    with pytest.raises(NodeError, match="the answer is not JSON"):
        bench.run_node("HTTP_CALL", config)


def test_a_connection_supplies_what_no_task_should_hold(api, bench):
    bench.connections["crm"] = Connection("crm", "api", {"authorization": {"type": "BEARER", "token": "kept"}})
    api.replies["/x"] = {}
    config = {"url": api.url + "/x", "connection": "crm"}
    bench.run_node("HTTP_CALL", config)
    assert api.seen[0].headers["Authorization"] == "Bearer kept"
    kind = NODE_TYPES["HTTP_CALL"]
    assert list(kind.connections(kind.schema().load(config))) == ["crm"]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb"])
@pytest.mark.parametrize("place", [{"headers": {"X-A": "${x}"}}, {"url": "/x/${x}"}])
def test_a_line_break_gets_neither_into_a_header_nor_into_an_address(api, bench, value, place):
    bench.params = {"x": value}
    config = {"method": "GET", **place, "url": api.url + place.get("url", "/x")}
    with pytest.raises(BuildError, match=r"line break|control character"):
        bench.run_node("HTTP_CALL", config)
    assert api.seen == []


@pytest.mark.parametrize("value", ["../admin", "a/../../admin", "%2e%2e/admin", "..\\admin"])
def test_a_parameter_does_not_climb_out_of_a_path(api, bench, value):
    bench.params = {"x": value}
    with pytest.raises(BuildError, match=r"brings '\.\.' into the path"):
        bench.run_node("HTTP_CALL", {"url": api.url + "/x/${x}"})
    assert api.seen == []


def test_cells_of_a_table_become_parameters(api, bench):
    values = assign(
        bench,
        api,
        to("first", "CELL", column="price"),
        to("third", "CELL", row=3, column="tags"),
        to("ids", "COLUMN", column="id"),
        to("rows", "ROWS"),
        to("count", "ROW_COUNT"),
        to("empty", "CELL", row=2, column="price"),
        to("total", "BODY", path="$.total"),
    )
    assert values["first"] == "1.5"
    assert values["third"] == '["a"]'
    assert values["ids"] == [1, 2, 3]
    assert values["rows"][0]["id"] == 1
    assert values["count"] == 3
    assert values["empty"] is None
    assert values["total"] == 3


def test_status_and_headers_become_parameters(api, bench):
    reply = Reply({"rows": []}, 201, {"X-Total": "9"})
    assert assign(bench, api, to("s", "STATUS"), to("t", "HEADER", name="X-Total"), content=reply) == {
        "s": 201,
        "t": "9",
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (to("p", "CELL", row=9, column="id"), "there is no row 9 with a column 'id'"),
        (to("p", "CELL", column="other"), "there is no row 1 with a column 'other'"),
        (to("p", "HEADER", name="X-None"), "the answer has no header X-None"),
        (to("p", "BODY", path="$.none"), r"\$\.none is not in the answer"),
    ],
)
def test_a_value_that_is_not_there_fails_the_node_unless_there_is_a_default(api, bench, row, message):
    with pytest.raises(NodeError, match=message):
        assign(bench, api, row)
    assert assign(bench, api, {**row, "default": "d"}) == {"p": "d"}


def test_cells_of_a_statement_become_parameters(bench):
    bench.execute("CREATE TABLE orders (id INTEGER, total TEXT)")
    bench.execute("INSERT INTO orders VALUES (1, '2.50'), (2, NULL)")
    bench.params = {"least": "2"}
    source = {"type": "SQL", "connection": "warehouse", "sql": "SELECT id, total FROM orders WHERE id >= ${least}"}
    config = {"source": source, "assign": [to("id", "CELL", column="id"), to("rows", "ROWS")]}
    run = bench.run_node("PARAM_ASSIGN", config)
    assert run.assigned == {"id": 2, "rows": [{"id": 2, "total": None}]}
    kind = NODE_TYPES["PARAM_ASSIGN"]
    assert list(kind.connections(kind.schema().load(config))) == ["warehouse"]


def test_a_statement_has_no_status_to_assign(bench):
    source = {"type": "SQL", "connection": "warehouse", "sql": "SELECT 1 AS one"}
    with pytest.raises(NodeError, match="nothing to assign to 's'"):
        bench.run_node("PARAM_ASSIGN", {"source": source, "assign": [to("s", "STATUS")]})


def test_rows_of_every_page_are_assigned(api, bench):
    pages = {"1": [{"id": 1}], "2": [{"id": 2}], "3": []}
    values = assign(
        bench,
        api,
        to("ids", "COLUMN", column="id"),
        content=lambda seen: {"rows": pages[seen.query["p"]]},
        params={"p": "${pageNum}"},
        pagination={"mode": "PAGE_NUMBER", "endOnEmptyPage": True},
    )
    assert values == {"ids": [1, 2]}


def test_parameters_are_not_for_bulk_data(api, bench):
    with pytest.raises(NodeError, match="more than 10000 rows"):
        assign(bench, api, to("n", "ROW_COUNT"), content={"rows": [{"a": 1}] * (MAX_ROWS + 1)})


def test_what_is_assigned_is_told_by_name_never_by_value(api, bench):
    api.replies["/x"] = {"rows": [{"token": "abc"}]}
    config = {"source": {"url": api.url + "/x"}, "assign": [to("token", "CELL", column="rows")]}
    run = bench.run_node("PARAM_ASSIGN", config)
    assert run.logged(Level.BASIC) == ["1 rows read; assigned token"]


def keys(kind, config):
    with pytest.raises(ValidationError) as caught:
        NODE_TYPES[kind].schema().load(config)
    return [key for key, _ in flatten(caught.value.normalized_messages())]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"method": "TRACE"}, "method"),
        ({"body": {"type": "JSON", "content": "{}"}}, "body"),
        ({"success": {"status": "2xx"}}, "success.status"),
        (
            {"success": {"conditions": [{"type": "REQUEST_TIMES", "operator": "=", "value": 1}]}},
            "success.conditions[0].type",
        ),
        ({"assign": [to("a", "CELL", column="x")]}, "assign[0].from"),
        ({"assign": [to("a", "HEADER")]}, "assign[0].name"),
        ({"assign": [to("a b", "STATUS")]}, "assign[0].parameter"),
        ({"assign": [to("a", "STATUS"), to("a", "STATUS")]}, "assign"),
        ({"pagination": {}}, "pagination"),
    ],
)
def test_a_mistake_in_a_call_is_named_by_its_key(more, key):
    assert keys("HTTP_CALL", {"url": "http://example.com", **more}) == [key]


@pytest.mark.parametrize(
    ("source", "rows", "key"),
    [
        ({"url": "x"}, [to("a", "ROWS")], "source.url"),
        ({"type": "TAPE"}, [to("a", "ROWS")], "source.type"),
        ("text", [to("a", "ROWS")], "source"),
        ({"url": "http://x"}, [], "assign"),
        ({"url": "http://x"}, [to("a", "CELL")], "assign[0].column"),
        ({"url": "http://x"}, [to("a", "CELL", column="b", row=0)], "assign[0].row"),
    ],
)
def test_a_mistake_in_an_assignment_is_named_by_its_key(source, rows, key):
    assert keys("PARAM_ASSIGN", {"source": source, "assign": rows}) == [key]
