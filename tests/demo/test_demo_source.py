"""The demo's source API over real HTTP."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from fdl_trigger.demo.source import read_feed, serve_source, source_url
from fdl_trigger.server import Server

TOKEN = "a-token"


@pytest.fixture(scope="module")
def source() -> Iterator[Server]:
    with serve_source(TOKEN) as source:
        yield source


def fetch(source: Server, query: str, token: str | None = TOKEN) -> tuple[int, dict[str, Any]]:
    """Fetch one page; returns the status and the JSON body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urlopen(Request(f"{source_url(source)}?{query}", headers=headers)) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_pages_together_are_the_real_feed(source: Server) -> None:
    pages = [fetch(source, f"pageNum={number}&pageSize=200")[1] for number in range(1, 10)]
    features = [feature for page in pages for feature in page["features"]]
    assert features == read_feed()["features"]
    assert len(features) == 1707
    assert {page["metadata"]["pages"] for page in pages} == {9}
    assert {page["metadata"]["count"] for page in pages} == {1707}


def test_beyond_the_last_page_there_are_no_features(source: Server) -> None:
    assert fetch(source, "pageNum=10&pageSize=200")[1]["features"] == []


@pytest.mark.parametrize("token", [None, "another", "a-token-and-more"])
def test_without_the_token_nothing_is_served(source: Server, token: str | None) -> None:
    status, body = fetch(source, "pageNum=1", token)
    assert status == 401
    assert body["error"] == "unauthorized"
    assert "features" not in body


@pytest.mark.parametrize("query", ["pageNum=0", "pageNum=x", "pageSize=0", "pageSize=100000", "pageNum=-1"])
def test_bad_paging_is_refused(source: Server, query: str) -> None:
    assert fetch(source, query)[0] == 400


def test_a_taken_port_is_left_alone(source: Server) -> None:
    with serve_source("another", port=source.port) as second:
        assert second.port != source.port
        assert fetch(second, "pageNum=1", "another")[0] == 200
