"""The main job in small: an API answers, a table holds the rows."""

import json
from pathlib import Path

import pytest

from fdl_trigger.domain.records import Counts
from fdl_trigger.domain.states import Level

FEED = Path(__file__).parents[2] / "fdl_trigger" / "demo" / "data" / "usgs-earthquakes-week.json"


def test_rows_of_an_api_arrive_in_a_table_made_for_them(api, bench):
    api.replies["/orders"] = {"data": [{"id": 1, "name": "Li"}, {"id": 2, "name": "王"}]}
    counts = bench.run({"url": api.url + "/orders", "jsonPath": "$.data"}, target={"mode": "AUTO_CREATE"})
    assert counts == Counts(pages=1, read=2, inserted=2)
    assert bench.execute("SELECT id, name FROM t ORDER BY id") == [(1, "Li"), (2, "王")]


def test_the_log_tells_how_many_rows_were_read_and_written(api, bench):
    api.replies["/orders"] = [{"id": 1}]
    context = bench.context()
    bench.run({"url": api.url + "/orders"}, target={"mode": "AUTO_CREATE"}, context=context)
    assert context.logged(Level.BASIC) == [
        "1 pages, 1 rows read, 1 written (1 inserted, 0 updated), 0 skipped, 0 dirty"
    ]


@pytest.mark.parametrize("size", [100, 250])
def test_the_real_feed_arrives_page_by_page_and_a_second_run_changes_no_row_count(api, bench, size):
    features = json.loads(FEED.read_text())["features"]

    def page(seen):
        start = (int(seen.query["page"]) - 1) * size
        return {"type": "FeatureCollection", "features": features[start : start + size]}

    api.replies["/feed"] = page
    source = {
        "url": api.url + "/feed",
        "params": {"page": "${pageNum}"},
        "jsonPath": "$.features[*].properties",
        "pagination": {"mode": "PAGE_NUMBER", "endOnEmptyPage": True},
    }
    target = {"table": "earthquakes", "mode": "AUTO_CREATE"}
    first = bench.run(source, target=target, write={"keys": ["code"]})
    second = bench.run(source, target=target, write={"keys": ["code"]})
    assert first == Counts(pages=-(-1707 // size) + 1, read=1707, inserted=1707)
    assert (second.inserted, second.updated, second.dirty) == (0, 1707, 0)
    assert bench.execute("SELECT count(*), count(DISTINCT code), sum(mag IS NULL) FROM earthquakes") == [
        (1707, 1707, 0)
    ]
