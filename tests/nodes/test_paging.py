"""Walking the pages of an API (finedatalink-tasks.md section 5.1)."""

import os

import pytest

from fdl_trigger.domain.records import Counts
from fdl_trigger.domain.states import Level
from fdl_trigger.nodes.end_conditions import compare
from fdl_trigger.nodes.errors import BuildError, NodeError

AUTO = {"mode": "AUTO_CREATE"}


def condition(type_, operator, value="", **more):
    return {"type": type_, "operator": operator, "value": value, **more}


def until(*conditions, match="ALL"):
    return {"match": match, "conditions": list(conditions)}


@pytest.fixture
def fetch(api, bench):
    """Fetch pages under a pagination; return the positions asked for. Page n holds the row n."""
    api.replies["/pages"] = lambda seen: {"page": int(seen.query["p"]), "rows": [{"id": int(seen.query["p"])}]}

    def fetch(pagination, parameter="pageNum", **more):
        source = {"url": api.url + "/pages", "params": {"p": f"${{{parameter}}}"}, "jsonPath": "$.rows", **more}
        bench.run({**source, "pagination": pagination}, target=AUTO)

    fetch.positions = lambda: [int(seen.query["p"]) for seen in api.seen]
    return fetch


def test_pages_are_numbered_from_one_and_the_page_that_ends_is_fetched(fetch, bench):
    bench.params = {"pages": 3}
    fetch({"mode": "PAGE_NUMBER", "end": until(condition("PARAMETER", ">=", "${pages}", name="pageNum"))})
    assert fetch.positions() == [1, 2, 3]
    assert bench.execute("SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_an_offset_starts_at_one_and_advances_by_twenty(fetch):
    fetch({"mode": "OFFSET", "end": until(condition("REQUEST_TIMES", ">=", 3))}, "offset")
    assert fetch.positions() == [1, 21, 41]


def test_an_offset_takes_its_own_start_and_step(fetch, bench):
    bench.params = {"first": 0}
    pagination = {"mode": "OFFSET", "initial": "${first}", "step": 50}
    fetch({**pagination, "end": until(condition("REQUEST_TIMES", ">=", 3))}, "offset")
    assert fetch.positions() == [0, 50, 100]


def test_an_initial_value_that_is_no_number_is_a_build_error(fetch, bench):
    bench.params = {"first": "abc"}
    with pytest.raises(BuildError, match="offset must be a whole number"):
        fetch({"mode": "OFFSET", "initial": "${first}", "endOnEmptyPage": True}, "offset")


def test_reaching_the_limit_before_the_end_fails_the_node(fetch, bench):
    bench.params = {"pages": 3}
    with pytest.raises(NodeError, match="after 2 requests"):
        fetch({"mode": "PAGE_NUMBER", "limit": 2, "end": until(condition("PARAMETER", ">=", "${pages}"))})
    assert fetch.positions() == [1, 2]
    assert bench.execute("SELECT count(*) FROM t") == [(2,)]


def test_an_end_on_the_last_allowed_page_is_an_end(fetch):
    fetch({"mode": "PAGE_NUMBER", "limit": 3, "end": until(condition("REQUEST_TIMES", "=", 3))})
    assert fetch.positions() == [1, 2, 3]


def test_the_page_number_wins_over_a_task_parameter_of_the_same_name(fetch, bench):
    bench.params = {"pageNum": 99}
    fetch({"mode": "PAGE_NUMBER", "end": until(condition("PARAMETER", ">=", 2))})
    assert fetch.positions() == [1, 2]


def test_the_paging_parameter_works_in_a_body(api, bench):
    api.replies["/pages"] = [{"id": 1}]
    pagination = {"mode": "PAGE_NUMBER", "end": until(condition("REQUEST_TIMES", ">=", 2))}
    body = {"type": "JSON", "content": '{"page":${pageNum}}'}
    bench.run({"url": api.url + "/pages", "method": "POST", "body": body, "pagination": pagination}, target=AUTO)
    assert [seen.body for seen in api.seen] == [b'{"page":1}', b'{"page":2}']


@pytest.fixture
def cursor_api(api):
    following = {"": "b", "b": "c", "c": None}
    api.replies["/pages"] = lambda seen: {
        "rows": [{"id": seen.query["c"] or "a"}],
        "next": following[seen.query["c"]],
    }
    return {"url": api.url + "/pages", "params": {"c": "${cursor}"}, "jsonPath": "$.rows"}


def test_a_cursor_is_followed_until_there_is_none(cursor_api, bench):
    bench.run({**cursor_api, "pagination": {"mode": "CURSOR", "cursorPath": "$.next"}}, target=AUTO)
    assert bench.execute("SELECT id FROM t ORDER BY id") == [("a",), ("b",), ("c",)]


def test_a_missing_cursor_ends_the_fetch_normally(cursor_api, bench):
    counts = bench.run({**cursor_api, "pagination": {"mode": "CURSOR", "cursorPath": "$.other"}}, target=AUTO)
    assert counts.pages == 1


def test_the_end_is_tested_before_the_cursor_moves_on(cursor_api, bench):
    end = until(condition("PARAMETER", "=", "b", name="cursor"))
    pagination = {"mode": "CURSOR", "cursorPath": "$.next", "end": end}
    assert bench.run({**cursor_api, "pagination": pagination}, target=AUTO).pages == 2


def test_a_cursor_may_start_somewhere(cursor_api, bench):
    pagination = {"mode": "CURSOR", "cursorPath": "$.next", "initial": "b"}
    assert bench.run({**cursor_api, "pagination": pagination}, target=AUTO).pages == 2


def test_an_empty_page_ends_the_fetch_when_asked_for(api, bench):
    api.replies["/pages"] = lambda seen: [{"id": 1}] if int(seen.query["p"]) < 3 else []
    pagination = {"mode": "PAGE_NUMBER", "endOnEmptyPage": True}
    counts = bench.run(
        {"url": api.url + "/pages", "params": {"p": "${pageNum}"}, "pagination": pagination}, target=AUTO
    )
    assert counts == Counts(pages=3, read=2, inserted=2)


@pytest.mark.parametrize(
    ("end", "pages"),
    [
        (until(condition("STATUS", "=", 200)), 1),
        (until(condition("JSONPATH", ">=", 2, path="$.page")), 2),
        (until(condition("JSONPATH", "IS_EMPTY", path="$.nothing")), 1),
        (until(condition("JSONPATH", "IS_NOT_EMPTY", path="$.rows")), 1),
        (until(condition("JSONPATH", "CONTAINS", '"id":2', path="$.rows")), 2),
        (until(condition("JSONPATH", "=", '[{"id":2}]', path="$.rows")), 2),
        (until(condition("JSONPATH", "=", 2, path="$.page"), condition("STATUS", "!=", 200), match="ANY"), 2),
        (until(condition("JSONPATH", ">", 1, path="$.page"), condition("REQUEST_TIMES", ">", 2)), 3),
        (until(condition("JSONPATH", "<", 10, path="$.page")), 1),
    ],
)
def test_end_conditions_look_at_status_answer_requests_and_position(fetch, end, pages):
    fetch({"mode": "PAGE_NUMBER", "limit": 5, "end": end})
    assert len(fetch.positions()) == pages


@pytest.mark.parametrize(
    ("left", "operator", "right", "holds"),
    [
        ("9", "<", "10", True),
        ("1.0", "=", "1", True),
        ("b9", "<", "b10", False),
        ("", "<", "1", True),
        ("x", "!=", "y", True),
        ("2", "<=", "2", True),
        ("nan", "=", "nan", True),
    ],
)
def test_two_numbers_compare_as_numbers_everything_else_as_text(left, operator, right, holds):
    assert compare(left, operator, right) is holds


def test_a_page_without_the_path_is_an_empty_page_with_a_warning(api, bench):
    api.replies["/pages"] = lambda seen: {"rows": [{"id": 1}]} if seen.query["p"] == "1" else {"other": 1}
    context = bench.context()
    pagination = {"mode": "PAGE_NUMBER", "end": until(condition("REQUEST_TIMES", ">=", 2))}
    source = {"url": api.url + "/pages", "params": {"p": "${pageNum}"}, "jsonPath": "$.rows", "pagination": pagination}
    assert bench.run(source, target=AUTO, context=context).read == 1
    assert context.logged(Level.WARN) == ["page 2: $.rows is not in the answer, no rows"]


def test_pages_may_have_different_fields_and_missing_cells_are_null(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER, a TEXT DEFAULT 'default', b TEXT)")
    api.replies["/pages"] = lambda seen: [{"id": 1, "a": "x"}] if seen.query["p"] == "1" else [{"id": 2, "b": "y"}]
    pagination = {"mode": "PAGE_NUMBER", "end": until(condition("REQUEST_TIMES", ">=", 2))}
    bench.run({"url": api.url + "/pages", "params": {"p": "${pageNum}"}, "pagination": pagination})
    assert bench.execute("SELECT id, a, b FROM t ORDER BY id") == [(1, "x", None), (2, None, "y")]


def test_each_page_is_written_before_the_next_is_fetched(api, bench):
    bench.execute("CREATE TABLE t (id INTEGER)")
    rows_seen = []

    def page(seen):
        rows_seen.append(bench.execute("SELECT count(*) FROM t")[0][0])
        return [{"id": 1}, {"id": 2}]

    api.replies["/pages"] = page
    pagination = {"mode": "PAGE_NUMBER", "end": until(condition("REQUEST_TIMES", ">=", 3))}
    bench.run({"url": api.url + "/pages", "pagination": pagination})
    assert rows_seen == [0, 2, 4]


def test_a_page_that_fails_fails_the_node_and_keeps_the_pages_before(api, bench):
    api.replies["/pages"] = lambda seen: [{"id": 1}] if seen.query["p"] == "1" else b"not a reply"
    pagination = {"mode": "PAGE_NUMBER", "endOnEmptyPage": True}
    context = bench.context()
    with pytest.raises(NodeError, match="is not JSON"):
        bench.run(
            {"url": api.url + "/pages", "params": {"p": "${pageNum}"}, "pagination": pagination},
            target=AUTO,
            context=context,
        )
    assert bench.execute("SELECT id FROM t") == [(1,)]
    assert context.last_progress == Counts(pages=1, read=1, inserted=1)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files by /proc")
def test_a_source_that_closes_every_connection_leaves_none_open(api, bench):
    open_files = []

    def page(handler):
        open_files.append(len(os.listdir("/proc/self/fd")))
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + b'[{"id": 1}]')

    api.raw["/pages"] = page
    pagination = {"mode": "PAGE_NUMBER", "end": until(condition("REQUEST_TIMES", ">=", 60))}
    bench.run({"url": api.url + "/pages", "pagination": pagination}, target=AUTO)
    assert max(open_files[30:]) <= max(open_files[:30]) + 5


def test_pages_share_one_connection(api, bench):
    ports = set()
    api.raw["/pages"] = lambda handler: ports.add(handler.client_address[1]) or _keep(handler)
    pagination = {"mode": "PAGE_NUMBER", "end": until(condition("REQUEST_TIMES", ">=", 10))}
    bench.run({"url": api.url + "/pages", "pagination": pagination}, target=AUTO)
    assert len(ports) == 1


def _keep(handler):
    handler.close_connection = False
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n[{"id": 1}]')
